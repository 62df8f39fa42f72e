//! docs/moving.md: who is logged in by a hash or by a JWT gets a session by the functions of the page, once.

use std::{fs, process::Command};

use crate::{
    documents::pages::blocks,
    http::redis_with,
    support::{
        http_server::{Server, add_client, clients_file, directory},
        tools::{succeeds, tool},
    },
};

/// What both tests need besides the page's code: a busy machine's patience, and ways to look at what came out.
const HEAD: &str = r#"
from concurrent.futures import ThreadPoolExecutor

post = requests.post
requests.post = lambda *args, **options: post(*args, **{**options, "timeout": 120})


def at_once(move, *old):
    """Two tabs."""
    with ThreadPoolExecutor(2) as tabs:
        return [tab.result() for tab in [tabs.submit(move, *old) for _ in range(2)]]


def sessions(user):
    return store.execute_command("AUTH.SESSIONS", f"auth:{user}")


def goes_on(answer):
    """Asserts that the browser which got this answer stays logged in."""
    assert answer.status_code == 201, answer.text
    cookie = answer.headers["set-cookie"].split(";")[0]
    form = {"grant_type": "refresh_token"}
    renewed = requests.post(f"{hallpass}/token", headers={"X-Hallpass": "1", "Cookie": cookie}, data=form)
    assert renewed.status_code == 200, renewed.text
    bearer = {"Authorization": "Bearer " + renewed.json()["access_token"]}
    assert requests.post(f"{hallpass}/verify", headers=bearer).status_code == 200
    return answer.json()
"#;

const HASH: &str = r#"
GRACE = 3600
for number in range(16):
    user = f"user{number}"
    store.hset(f"user:{user}", mapping={"UserID": user, "AuthToken": f"token-{user}"})
    store.expire(f"user:{user}", 7200)

for number in range(16):
    user, token = f"user{number}", f"token-user{number}"
    assert move_hash(user, "another") is None
    # While Hallpass cannot be reached nothing is lost.
    here, hallpass = hallpass, "http://127.0.0.1:1"
    try:
        move_hash(user, token)
        raise SystemExit("nobody is there")
    except requests.ConnectionError:
        hallpass = here
    assert store.ttl(f"user:{user}") > GRACE
    one, other = [answer.json() for answer in at_once(move_hash, user, token)]
    assert one["session_id"] == other["session_id"] and len(sessions(user)) == 1
    assert GRACE < one["refresh_expires_in"] <= 7200, "the session ends with the old login"
    assert 0 < store.ttl(f"user:{user}") <= GRACE
    goes_on(move_hash(user, token))
    store.delete(f"user:{user}")
    assert move_hash(user, token) is None and len(sessions(user)) == 1

store.hset("user:forever", mapping={"AuthToken": "t"})
assert goes_on(move_hash("forever", "t"))["refresh_expires_in"] == 1209600
assert move_hash("nobody", "t") is None and not store.exists("user:nobody")
print("moved")
"#;

const JWT: &str = r#"
GRACE = 3600
secret = os.environ["OLD_SECRET"]


def old_login(user, lifetime=604800, key=secret):
    return jwt.encode({"sub": user, "exp": int(time.time()) + lifetime}, key, algorithm="HS256")


def with_other_padding(token):
    """The same signature, with other bits behind its end."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return token[:-1] + letters[letters.index(token[-1]) ^ 1]


for number in range(16):
    user = f"user{number}"
    old = old_login(user)
    one, other = [answer.json() for answer in at_once(move_jwt, old)]
    assert one["session_id"] == other["session_id"] and len(sessions(user)) == 1
    assert 600000 < one["refresh_expires_in"] <= 604800, "the session ends with the old login"
    goes_on(move_jwt(old))
    same = move_jwt(with_other_padding(old))
    assert same is None or same.json().get("session_id") in (one["session_id"], None)
    assert len(sessions(user)) == 1
    again = move_jwt(old)
    assert again.status_code == 400 and "session_id is already in use" in again.text, "another tab has moved"
    store.execute_command("AUTH.REVOKE", f"auth:{user}", "ALL")
    assert move_jwt(old).json()["session_id"] == one["session_id"], "a logout within the minute"
    GRACE = -1
    assert move_jwt(old) is None and move_jwt(with_other_padding(old)) is None, "replayed"
    store.execute_command("AUTH.REVOKE", f"auth:{user}", "ALL")
    assert move_jwt(old) is None and not sessions(user), "replayed after a logout"
    GRACE = 3600

for bad in ["", "a.b.c", old_login("x", -10), old_login("x", key="k" * 32), jwt.encode({"sub": "x"}, secret),
            jwt.encode({"sub": "x", "exp": int(time.time()) + 60}, "", algorithm="none")]:
    assert move_jwt(bad) is None, bad
assert not store.keys("auth:x")
print("moved")
"#;

/// Runs the page's functions and then `tail`, with a server in front of the Redis where the old logins are.
#[track_caller]
fn moves(tail: &str) {
    let redis = redis_with(&["hallpass.retry-window 86400", "hallpass.max-ttl 7776000"]);
    let dir = directory();
    let secret = add_client(dir.path(), "app", &["--scope", "issue"]);
    let clients = clients_file(dir.path());
    let server = Server::before(&redis, &["--clients-file", clients.to_str().unwrap(), "--rate-limit", "0"]);
    let page = blocks("docs/moving.md").into_iter().filter(|block| block.language == "python");
    let code: String = page.map(|block| block.text + "\n").collect();
    fs::write(dir.path().join("move.py"), format!("{code}{HEAD}{tail}")).unwrap();
    let mut python = Command::new(tool("python"));
    python.current_dir(dir.path()).arg("move.py");
    python.env("REDIS_URL", format!("unix://{}", redis.socket().display()));
    python.env("HALLPASS_URL", format!("http://{}", server.address()));
    python.env("HALLPASS_CLIENT_SECRET", secret).env("OLD_SECRET", "an old secret of thirty-two bytes");
    assert_eq!(succeeds("move.py", &mut python), "moved\n");
}

#[test]
fn nobody_who_is_logged_in_by_a_hash_has_to_log_in_again() {
    moves(HASH);
}

#[test]
fn nobody_who_is_logged_in_by_a_jwt_has_to_log_in_again_and_no_jwt_is_good_twice() {
    moves(JWT);
}
