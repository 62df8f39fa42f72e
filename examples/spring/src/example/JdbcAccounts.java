package example;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.security.SecureRandom;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import javax.sql.DataSource;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.transaction.support.TransactionSynchronizationAdapter;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/** Users in a database. A login writes there and to Redis: both or neither. */
public class JdbcAccounts implements Accounts {
    private final SecureRandom random = new SecureRandom();
    private final JdbcTemplate jdbc;
    private final Hallpass hallpass;

    public JdbcAccounts(DataSource database, Hallpass hallpass) {
        this.jdbc = new JdbcTemplate(database);
        this.hallpass = hallpass;
    }

    @Override
    @Transactional
    public ObjectNode logIn(String name, String password, String device) {
        // A real application compares a hash.
        List<Map<String, Object>> found =
                jdbc.queryForList("select id, shown from account where name = ? and password = ?", name, password);
        if (found.isEmpty()) {
            throw new Denied();
        }
        String id = (String) found.get(0).get("id");
        String sid = newSessionId();
        endIfNotCommitted(id, sid);
        ObjectNode tokens = hallpass.issue(id, sid, (String) found.get(0).get("shown"));
        jdbc.update("insert into device (sid, account, name) values (?, ?, ?)", sid, id, device);
        return tokens;
    }

    /** Redis takes no part in the transaction; but the session id is known beforehand, so the session can be ended. */
    private void endIfNotCommitted(String id, String sid) {
        TransactionSynchronizationManager.registerSynchronization(new TransactionSynchronizationAdapter() {
            @Override
            public void afterCompletion(int status) {
                if (status != STATUS_COMMITTED) {
                    hallpass.end(id, sid);
                }
            }
        });
    }

    /** Returns a UUIDv7. */
    private String newSessionId() {
        long high = System.currentTimeMillis() << 16 | 0x7000 | random.nextInt(0x1000);
        long low = random.nextLong() & 0x3fffffffffffffffL | 0x8000000000000000L;
        return new UUID(high, low).toString();
    }
}
