package example;

import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.servlet.ServletContextHandler;
import org.eclipse.jetty.servlet.ServletHolder;
import org.springframework.web.context.support.XmlWebApplicationContext;
import org.springframework.web.servlet.DispatcherServlet;

/** Starts Jetty with the application of app.xml. */
public final class Main {
    private Main() {}

    public static void main(String[] arguments) throws Exception {
        XmlWebApplicationContext context = new XmlWebApplicationContext();
        context.setConfigLocation("classpath:app.xml");
        ServletContextHandler handler = new ServletContextHandler();
        handler.addServlet(new ServletHolder(new DispatcherServlet(context)), "/");

        HttpConfiguration configuration = new HttpConfiguration();
        // An access token may have 8 KiB, as much as Jetty takes for all headers.
        configuration.setRequestHeaderSize(32 * 1024);
        configuration.setSendServerVersion(false);
        Server server = new Server();
        ServerConnector connector = new ServerConnector(server, new HttpConnectionFactory(configuration));
        connector.setHost("127.0.0.1");
        connector.setPort(Integer.parseInt(System.getenv().getOrDefault("PORT", "3000")));
        server.addConnector(connector);
        server.setHandler(handler);
        server.start();
        System.out.println("The example listens on http://127.0.0.1:" + connector.getLocalPort());
        server.join();
    }
}
