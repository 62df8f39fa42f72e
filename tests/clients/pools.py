"""The pools of redis-py, logged in with roles of examples/users.acl."""

import json
from concurrent.futures import ThreadPoolExecutor

from redis import Redis
from redis.cluster import ClusterNode, RedisCluster
from redis.exceptions import ResponseError
from redis.sentinel import Sentinel

from support import SERVER, raises, run


def single():
    """One server, and checks of idle connections."""
    server = SERVER["single"]

    def pool(**login):
        return Redis(**server, **login, db=1, client_name="pool", health_check_interval=1)

    drill(pool)


def sentinel():
    """A primary that Sentinels name."""
    sentinels = Sentinel([(server["host"], server["port"]) for server in SERVER["sentinels"]])
    drill(lambda **login: sentinels.master_for(SERVER["master"], **login, db=1))


def cluster():
    """A cluster, whose replicas verify, too."""
    nodes = [ClusterNode(**node) for node in SERVER["cluster"]]
    drill(lambda **login: RedisCluster(startup_nodes=nodes, **login))


def drill(pool):
    """Eight users at once log in, are verified by another program, stay logged in, and log out."""
    app, verifier = (pool(username=role, password=SERVER["password"]) for role in ("app", "verifier"))
    with ThreadPoolExecutor(8) as users:
        list(users.map(lambda user: session(app, verifier, f"auth:pool{user}"), range(8)))
    app.close()
    verifier.close()


def session(app, verifier, key):
    tokens = json.loads(app.execute_command("AUTH.ISSUE", key, "FORMAT", "JSON"))
    answer = app.execute_command("AUTH.REFRESH", key, tokens["refresh_token"], "FORMAT", "JSON")
    access = json.loads(answer)["access_token"]
    claims = json.loads(verifier.execute_command("AUTH.VERIFY", key, access))
    assert claims["sid"] == tokens["session_id"], claims
    with app.pipeline(transaction=True) as transaction:
        transaction.execute_command("AUTH.REVOKE", key, "SESSION", claims["sid"])
        transaction.execute_command("AUTH.SESSIONS", key)
        assert transaction.execute()[0] == 1
    if not isinstance(app, RedisCluster):
        app.wait(0, 100)
    with raises(ResponseError, lambda error: "NOSESSION" in str(error)):
        verifier.execute_command("AUTH.VERIFY", key, access)


run(single, sentinel, cluster)
