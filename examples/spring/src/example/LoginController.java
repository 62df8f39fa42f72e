package example;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import javax.servlet.http.Cookie;
import javax.servlet.http.HttpServletRequest;
import org.springframework.dao.DataAccessException;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.stereotype.Controller;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RequestAttribute;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestMethod;

/** Login, refresh, and what is for users who are logged in. */
@Controller
public class LoginController {
    private static final boolean IS_DEV = "1".equals(System.getenv("DEV_COOKIE"));
    private static final String COOKIE = IS_DEV ? "hallpass" : "__Host-hallpass";

    private final ObjectMapper mapper = new ObjectMapper();
    private final Hallpass hallpass;
    private final Accounts accounts;

    public LoginController(Hallpass hallpass, Accounts accounts) {
        this.hallpass = hallpass;
        this.accounts = accounts;
    }

    /** Takes JSON only, which a form on another site cannot send: so it cannot log anybody in. */
    @RequestMapping(value = "/login", method = RequestMethod.POST, consumes = "application/json")
    public ResponseEntity<byte[]> logIn(@RequestBody byte[] body) throws IOException {
        JsonNode login = mapper.readTree(body);
        String device = login.path("device").asText("browser");
        return handOver(accounts.logIn(login.path("name").asText(), login.path("password").asText(), device));
    }

    /** The reissue. An access token, which may have expired, is compared with the refresh token if the caller sends it. */
    @RequestMapping(value = "/token", method = RequestMethod.POST)
    public ResponseEntity<byte[]> refresh(HttpServletRequest request, @RequestHeader("X-Hallpass") String asks) {
        String token = cookieOf(request);
        // A page asks in this way whether somebody is logged in.
        if (token.isEmpty() && asks.equals("optional")) {
            return new ResponseEntity<>(HttpStatus.NO_CONTENT);
        }
        try {
            return handOver(hallpass.refresh(token, LoginInterceptor.bearer(request)));
        } catch (Hallpass.TokenRefused refused) {
            return withoutCookie(HttpStatus.BAD_REQUEST, mapper.createObjectNode().put("error", "invalid_grant"));
        }
    }

    @RequestMapping(value = "/revoke", method = RequestMethod.POST)
    public ResponseEntity<byte[]> logOut(HttpServletRequest request, @RequestHeader("X-Hallpass") String asks) {
        try {
            hallpass.end(cookieOf(request));
        } catch (Hallpass.TokenRefused refused) {
            // It has ended already.
        }
        return withoutCookie(HttpStatus.OK, mapper.createObjectNode());
    }

    @RequestMapping(value = "/api/hello", method = RequestMethod.GET)
    public ResponseEntity<byte[]> hello(@RequestAttribute("login") Hallpass.Login login) {
        ObjectNode body = mapper.createObjectNode();
        body.put("user", login.name + " (" + login.id + ")").put("message", "Hello " + login.name);
        return answer(HttpStatus.OK, new HttpHeaders(), body);
    }

    @RequestMapping(value = "/api/devices", method = RequestMethod.GET)
    public ResponseEntity<byte[]> devices(@RequestAttribute("login") Hallpass.Login login) {
        ObjectNode body = mapper.createObjectNode();
        body.set("sessions", hallpass.sessions(login));
        return answer(HttpStatus.OK, new HttpHeaders(), body);
    }

    @RequestMapping(value = "/api/devices", method = RequestMethod.DELETE)
    public ResponseEntity<byte[]> logOutEverywhere(@RequestAttribute("login") Hallpass.Login login) {
        ObjectNode body = mapper.createObjectNode().put("revoked", hallpass.logOutEverywhere(login.id));
        return answer(HttpStatus.OK, new HttpHeaders(), body);
    }

    @ExceptionHandler(Hallpass.TokenRefused.class)
    public ResponseEntity<byte[]> refused() {
        HttpHeaders headers = new HttpHeaders();
        headers.set("WWW-Authenticate", "Bearer");
        return error(HttpStatus.UNAUTHORIZED, headers, "invalid_token");
    }

    /** An outage is no logout: the browser keeps its cookie, and asks again. */
    @ExceptionHandler(Hallpass.Outage.class)
    public ResponseEntity<byte[]> outage(Hallpass.Outage outage) {
        System.err.println("Redis: " + outage.getMessage());
        HttpHeaders headers = new HttpHeaders();
        headers.set("Retry-After", "1");
        return error(HttpStatus.SERVICE_UNAVAILABLE, headers, "temporarily_unavailable");
    }

    @ExceptionHandler(Accounts.Denied.class)
    public ResponseEntity<byte[]> denied() {
        return error(HttpStatus.UNAUTHORIZED, new HttpHeaders(), "access_denied");
    }

    @ExceptionHandler({DataAccessException.class, IOException.class})
    public ResponseEntity<byte[]> unusable() {
        return error(HttpStatus.BAD_REQUEST, new HttpHeaders(), "invalid_request");
    }

    /** Puts the refresh token into the cookie, where no script can read it, and answers with the rest. */
    private static ResponseEntity<byte[]> handOver(ObjectNode tokens) {
        String token = tokens.remove("refresh_token").asText();
        return answer(HttpStatus.OK, cookie(token, tokens.path("refresh_expires_in").asLong()), tokens);
    }

    private static ResponseEntity<byte[]> withoutCookie(HttpStatus status, ObjectNode body) {
        return answer(status, cookie("", 0), body);
    }

    private static HttpHeaders cookie(String value, long seconds) {
        String line = COOKIE + "=" + value + "; Max-Age=" + seconds + "; Path=/; HttpOnly; SameSite=Strict";
        HttpHeaders headers = new HttpHeaders();
        headers.set("Set-Cookie", IS_DEV ? line : line + "; Secure");
        return headers;
    }

    private static String cookieOf(HttpServletRequest request) {
        if (request.getCookies() != null) {
            for (Cookie cookie : request.getCookies()) {
                if (cookie.getName().equals(COOKIE)) {
                    return cookie.getValue();
                }
            }
        }
        return "";
    }

    private ResponseEntity<byte[]> error(HttpStatus status, HttpHeaders headers, String code) {
        return answer(status, headers, mapper.createObjectNode().put("error", code));
    }

    private static ResponseEntity<byte[]> answer(HttpStatus status, HttpHeaders headers, JsonNode body) {
        headers.setContentType(MediaType.APPLICATION_JSON);
        headers.setCacheControl("no-store");
        return new ResponseEntity<>(body.toString().getBytes(StandardCharsets.UTF_8), headers, status);
    }
}
