package example;

import com.fasterxml.jackson.databind.node.ObjectNode;

/** The application's users. An interface, so that Spring can put a transaction around it without CGLIB. */
public interface Accounts {
    /** Name or password is wrong. */
    final class Denied extends RuntimeException {}

    /** Checks the password, begins a session, and remembers the device. Returns the token response. */
    ObjectNode logIn(String name, String password, String device);
}
