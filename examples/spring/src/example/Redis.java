package example;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Deque;
import java.util.concurrent.ConcurrentLinkedDeque;

/** A small Redis client, for want of another one: commands whose reply is a text or a number, which FORMAT JSON makes them. */
public final class Redis {
    private static final int TIMEOUT = 3000;

    /** An error that Redis answered; its first word is the code. */
    public static final class Refused extends Exception {
        private Refused(String line) {
            super(line);
        }

        public String code() {
            return getMessage().split(" ", 2)[0];
        }
    }

    private final InetSocketAddress address;
    private final Deque<Connection> idle = new ConcurrentLinkedDeque<>();

    public Redis(String url) {
        URI uri = URI.create(url);
        address = new InetSocketAddress(uri.getHost(), uri.getPort());
    }

    /**
     * Sends a command and returns a String or a Long. If a connection that was kept has been closed meanwhile, it is sent once
     * more over a new one: so use it for commands that may be repeated.
     */
    public Object command(String... words) throws IOException, Refused {
        Connection kept = idle.pollFirst();
        if (kept != null) {
            try {
                return sendOver(kept, words);
            } catch (IOException closed) {
                kept.close();
            }
        }
        Connection fresh = new Connection(address);
        try {
            return sendOver(fresh, words);
        } catch (IOException error) {
            fresh.close();
            throw error;
        }
    }

    private Object sendOver(Connection connection, String... words) throws IOException, Refused {
        Object reply = connection.send(words);
        idle.addFirst(connection);
        if (reply instanceof Refused) {
            throw (Refused) reply;
        }
        return reply;
    }

    private static final class Connection implements Closeable {
        private final Socket socket = new Socket();
        private final InputStream input;

        Connection(InetSocketAddress address) throws IOException {
            socket.connect(address, TIMEOUT);
            socket.setSoTimeout(TIMEOUT);
            socket.setTcpNoDelay(true);
            input = new BufferedInputStream(socket.getInputStream());
        }

        Object send(String... words) throws IOException {
            ByteArrayOutputStream request = new ByteArrayOutputStream();
            request.write(("*" + words.length + "\r\n").getBytes(StandardCharsets.US_ASCII));
            for (String word : words) {
                byte[] bytes = word.getBytes(StandardCharsets.UTF_8);
                request.write(("$" + bytes.length + "\r\n").getBytes(StandardCharsets.US_ASCII));
                request.write(bytes);
                request.write("\r\n".getBytes(StandardCharsets.US_ASCII));
            }
            socket.getOutputStream().write(request.toByteArray());
            return reply();
        }

        private Object reply() throws IOException {
            String line = line();
            String rest = line.substring(1);
            switch (line.charAt(0)) {
                case '+':
                    return rest;
                case ':':
                    return Long.valueOf(rest);
                case '-':
                    return new Refused(rest);
                case '$':
                    return text(Integer.parseInt(rest));
                default:
                    throw new IOException("a reply of another kind");
            }
        }

        private String text(int length) throws IOException {
            if (length < 0) {
                return null;
            }
            byte[] bytes = new byte[length + 2];
            for (int read = 0; read < bytes.length; ) {
                int more = input.read(bytes, read, bytes.length - read);
                if (more < 0) {
                    throw new EOFException("Redis closed the connection");
                }
                read += more;
            }
            return new String(bytes, 0, length, StandardCharsets.UTF_8);
        }

        private String line() throws IOException {
            ByteArrayOutputStream line = new ByteArrayOutputStream();
            for (int next = input.read(); next != '\n'; next = input.read()) {
                if (next < 0) {
                    throw new EOFException("Redis closed the connection");
                }
                if (next != '\r') {
                    line.write(next);
                }
            }
            return new String(line.toByteArray(), StandardCharsets.UTF_8);
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}
