#!/usr/bin/env python3
"""Makes the package that Redis Software takes: a zip archive of the module and a description of it, module.json.

    packaging/redis_software.py PLATFORM VERSION MODULE FOLDER

The description has the format of Redis' own packer, RAMP. That asks a redis-server for the commands, with no setting for
the module, which does not load without a keyring. So this starts one with a keyring, and for every platform the
machine's own build of the module.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

NATIVE = Path("target") / f"{os.uname().machine}-unknown-linux-gnu" / "dist"
SHAPE = ["command_name", "command_arity", "flags", "first_key", "last_key", "step"]


def main(platform, version, module, folder):
    architecture = platform.split("-")[0]
    description = describe(architecture, version, Path(module).read_bytes())
    made = time.gmtime(max(int(os.environ["SOURCE_DATE_EPOCH"]), 315532800))[:6]
    with zipfile.ZipFile(Path(folder) / f"hallpass-{version}-redis-software-{architecture}.zip", "w") as archive:
        add(archive, made, "libhallpass.so", Path(module).read_bytes())
        add(archive, made, "module.json", json.dumps(description, indent=4, sort_keys=True).encode())


def add(archive, made, name, content):
    entry = zipfile.ZipInfo(name, made)
    entry.external_attr = 0o644 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, content)


def describe(architecture, version, module):
    major, minor, patch = map(int, version.split("."))
    return {
        "architecture": architecture,
        "author": "The Hallpass maintainers",
        "bigstore_version_2_support": False,
        "capabilities": [
            "replica_of",
            "backup_restore",
            "failover_migrate",
            "persistence_aof",
            "persistence_rdb",
            "reshard_rebalance",
            "eviction_expiry",
            "no_multi_key",
            "hash_policy",
        ],
        "capability_name": "Sessions and tokens",
        "command_line_args": "",
        "commands": commands(),
        "compatible_redis_version": "7.0",
        "config_command": "",
        "crdb": {},
        "dependencies": {},
        "description": "AUTH.* commands for rotating refresh tokens and JWT access tokens",
        "display_name": "Hallpass",
        "email": "",
        "exclude_commands": [],
        "git_sha": os.environ["HALLPASS_COMMIT"],
        "homepage": "",
        "license": "MIT",
        "min_redis_pack_version": "7.4",
        "min_redis_version": "7.0",
        "module_file": "libhallpass.so",
        "module_name": "hallpass",
        "operating_systems": [],
        "optional-dependencies": {},
        "os": "Linux",
        "overide_command": [],
        "add_command": [],
        "ramp_format_version": 1,
        "semantic_version": version,
        "sha256": hashlib.sha256(module).hexdigest(),
        "version": major * 10000 + minor * 100 + patch,
    }


def commands():
    """What COMMAND INFO says of every command of the module."""
    with tempfile.TemporaryDirectory() as folder:
        keyring, socket = Path(folder) / "keyring.json", Path(folder) / "redis.sock"
        subprocess.run([NATIVE / "hallpass-server", "keys", "generate", "--keyring", keyring], check=True, capture_output=True)
        setting = ["--loadmodule", NATIVE.absolute() / "libhallpass.so", "--hallpass.keyring-file", keyring]
        command = ["redis-server", "--port", "0", "--unixsocket", socket, "--save", "", "--dir", folder, *setting]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            return ask(server, socket)
        finally:
            server.terminate()
            server.wait()


def ask(server, socket):
    cli = ["redis-cli", "-3", "--json", "-s", socket]
    # --wait is not in every redis-cli: ask until it answers, or the server is gone.
    while subprocess.run([*cli, "PING"], capture_output=True).stdout.strip() != b'"PONG"':
        if server.poll() is not None:
            sys.exit("redis-server does not start with the module")
        time.sleep(0.05)
    answer = lambda *words: json.loads(subprocess.run([*cli, *words], check=True, capture_output=True).stdout)
    names = sorted(answer("COMMAND", "LIST", "FILTERBY", "MODULE", "hallpass"))
    return [{**dict(zip(SHAPE, info)), "flags": sorted(info[2])} for info in answer("COMMAND", "INFO", *names)]


if __name__ == "__main__":
    main(*sys.argv[1:])
