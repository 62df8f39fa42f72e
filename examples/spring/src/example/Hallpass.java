package example;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashSet;
import java.util.Set;

/** The AUTH commands, as this application needs them. */
public class Hallpass {
    /** What the module answers about a token. Everything else is an outage, and logs nobody out. */
    private static final Set<String> ENDED = new HashSet<>(
            Arrays.asList("INVALIDTOKEN", "EXPIREDTOKEN", "NOSESSION", "REUSEDTOKEN", "STALETOKEN"));

    /** The token is good for nothing: for an access token refresh, for a refresh token log in again. */
    public static final class TokenRefused extends RuntimeException {}

    /** Redis cannot tell now. */
    public static final class Outage extends RuntimeException {
        Outage(Exception cause) {
            super(cause);
        }
    }

    /** Who asks. */
    public static final class Login {
        public final String id;
        public final String sid;
        public final String name;

        Login(JsonNode claims) {
            id = claims.path("sub").asText();
            sid = claims.path("sid").asText();
            name = claims.path("name").asText();
        }
    }

    private final ObjectMapper mapper = new ObjectMapper();
    private final Redis redis;

    public Hallpass(Redis redis) {
        this.redis = redis;
    }

    /** Begins the session `sid` of a user whose password was right. Repeated, it gives the same tokens. */
    public ObjectNode issue(String id, String sid, String name) {
        String claims = mapper.createObjectNode().put("name", name).toString();
        return (ObjectNode) parsed(command("AUTH.ISSUE", keyOf(id), "SID", sid, "CLAIMS", claims, "FORMAT", "JSON"));
    }

    /** Returns the next tokens. An access token, which may have expired, must belong to the same session. */
    public ObjectNode refresh(String token, String accessToken) {
        String key = keyOf(subjectOf(token));
        String reply = accessToken == null
                ? command("AUTH.REFRESH", key, token, "FORMAT", "JSON")
                : command("AUTH.REFRESH", key, token, "ACCESS", accessToken, "FORMAT", "JSON");
        return (ObjectNode) parsed(reply);
    }

    /** Returns whose access token this is. */
    public Login verify(String token) {
        return new Login(parsed(command("AUTH.VERIFY", keyOf(subjectOf(token)), token)));
    }

    /** Returns where a user is logged in, the newest first; the session that asks is marked. */
    public JsonNode sessions(Login login) {
        ArrayNode sessions = (ArrayNode) parsed(command("AUTH.SESSIONS", keyOf(login.id), "FORMAT", "JSON"));
        sessions.forEach(session -> ((ObjectNode) session).put("current", session.path("sid").asText().equals(login.sid)));
        return sessions;
    }

    /** Ends all sessions of a user, and returns how many there were. */
    public long logOutEverywhere(String id) {
        return Long.parseLong(command("AUTH.REVOKE", keyOf(id), "ALL"));
    }

    /** Ends one session. */
    public void end(String id, String sid) {
        command("AUTH.REVOKE", keyOf(id), "SESSION", sid);
    }

    /** Ends the session of a refresh token. */
    public void end(String token) {
        command("AUTH.REVOKE", keyOf(subjectOf(token)), "TOKEN", token);
    }

    private String command(String... words) {
        try {
            return String.valueOf(redis.command(words));
        } catch (Redis.Refused refused) {
            if (ENDED.contains(refused.code())) {
                throw new TokenRefused();
            }
            throw new Outage(refused);
        } catch (IOException error) {
            throw new Outage(error);
        }
    }

    private JsonNode parsed(String text) {
        try {
            return mapper.readTree(text);
        } catch (IOException error) {
            throw new Outage(error);
        }
    }

    /** Returns the Redis key of a user; "auth:*" is the default of hallpass.key-pattern. */
    private static String keyOf(String id) {
        return "auth:" + id;
    }

    /** Reads the user from a token of either kind, to find the key. This proves nothing; the command checks the token. */
    private String subjectOf(String token) {
        String[] parts = token.split("\\.");
        boolean isRefresh = parts.length == 6 && parts[0].equals("hp1");
        try {
            byte[] part = Base64.getUrlDecoder().decode(parts[isRefresh ? 2 : 1]);
            JsonNode subject = isRefresh ? null : mapper.readTree(part).path("sub");
            String text = isRefresh ? new String(part, StandardCharsets.UTF_8) : subject.isTextual() ? subject.asText() : "";
            if (!text.isEmpty()) {
                return text;
            }
        } catch (IOException | RuntimeException notAToken) {
            // falls through
        }
        throw new TokenRefused();
    }
}
