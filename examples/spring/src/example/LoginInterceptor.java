package example;

import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;
import org.springframework.web.servlet.handler.HandlerInterceptorAdapter;

/** Lets no request reach a controller below /api without a valid access token. One that has expired is only good for /token. */
public class LoginInterceptor extends HandlerInterceptorAdapter {
    private final Hallpass hallpass;

    public LoginInterceptor(Hallpass hallpass) {
        this.hallpass = hallpass;
    }

    @Override
    public boolean preHandle(HttpServletRequest request, HttpServletResponse response, Object handler) {
        String token = bearer(request);
        if (token == null) {
            throw new Hallpass.TokenRefused();
        }
        request.setAttribute("login", hallpass.verify(token));
        return true;
    }

    /** Returns the access token of a request, or null. */
    static String bearer(HttpServletRequest request) {
        String header = request.getHeader("Authorization");
        boolean isBearer = header != null && header.regionMatches(true, 0, "Bearer ", 0, 7);
        return isBearer ? header.substring(7).trim() : null;
    }
}
