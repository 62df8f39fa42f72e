#!/usr/bin/env python3
"""Tells what a release is made of, from Cargo.lock and the sources of the crates.

    packaging/inventory.py licences TARGET…        the licences of every crate, and of what is linked besides, as text
    packaging/inventory.py sbom VERSION TARGET…    the same as a CycloneDX document
"""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

PACKAGES = ["hallpass-module", "hallpass-server"]
STANDARD = Path(__file__).parent / "licences"
CODE = {".c", ".h", ".rs"}
UNSHIPPED = {"tests", "test", "benches", "examples", "docs"}
LICENCE_FILE = re.compile(r"(licen[cs]e|copying|copyright|notice|unlicense)", re.IGNORECASE)


def run(*command):
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout


def crates(targets):
    """The crates from elsewhere that are part of the binaries, by name and version."""
    known, names = {}, set()
    for target in targets:
        metadata = ["cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", target]
        for package in json.loads(run(*metadata))["packages"]:
            known[package["name"], package["version"]] = package
        tree = ["cargo", "tree", "--locked", "--edges", "normal", "--prefix", "none", "--target", target]
        for package in PACKAGES:
            lines = run(*tree, "--package", package).splitlines()
            names.update((line.split()[0], line.split()[1].removeprefix("v")) for line in lines)
    return [known[name] for name in sorted(names) if known[name]["source"]]


def licence_texts(package):
    """The licence files of a crate, and of the sources in other languages that it brings."""
    folder = Path(package["manifest_path"]).parent
    paths = [path.relative_to(folder) for path in folder.rglob("*") if LICENCE_FILE.match(path.name)]
    wanted = [path for path in paths if path.suffix not in CODE and not set(path.parts) & UNSHIPPED]
    return {str(path): (folder / path).read_text(errors="replace").strip() for path in sorted(wanted)}


def linked_besides():
    """What the compilers add to the binaries, as (name, version, licence, texts)."""
    rust = run("rustc", "--version").split()[1]
    folder = Path(run("rustc", "--print", "sysroot").strip()) / "share/doc/rust/licenses"
    texts = {name: (folder / name).read_text().strip() for name in ["MIT.txt", "Apache-2.0.txt"]}
    yield "The Rust standard library", rust, "MIT OR Apache-2.0", texts
    zig = Path(run(sys.executable, "-c", "import ziglang; print(ziglang.__path__[0])").strip())
    version = run(sys.executable, "-m", "ziglang", "version").strip()
    texts = {name: (zig / name).read_text().strip() for name in ["LICENSE", "lib/libunwind/LICENSE.TXT"]}
    yield "compiler-rt and libunwind, as built by Zig", version, "MIT AND Apache-2.0 WITH LLVM-exception", texts
    texts = {"COPYRIGHT": (zig / "lib/libc/musl/COPYRIGHT").read_text().strip()}
    yield "musl, in the static hallpass-server", "", "MIT", texts


def licences(targets):
    """Lists every part, then every text once, with the parts that it is the text of."""
    parts = [(p["name"], p["version"], licence_of(p), licence_texts(p) or borrowed(p)) for p in crates(targets)]
    parts += linked_besides()
    print("Hallpass is under the MIT licence, see LICENSE. It contains:\n")
    users = {}
    for name, version, licence, texts in parts:
        print(f"{name} {version}".strip() + f": {licence}")
        for file, text in texts.items():
            users.setdefault(text, []).append(f"{name} {version}, {file}")
    for text, names in users.items():
        print("\n" + "=" * 78 + "\n" + "\n".join(names) + "\n" + "-" * 78 + "\n\n" + text)


def licence_of(package):
    return package["license"] or "see its licence file"


def borrowed(package):
    """The standard text of its licence, for a crate that comes without one."""
    authors = ", ".join(package["authors"]) or package["repository"]
    text = (STANDARD / f"{package['license']}.txt").read_text().strip()
    return {"(the crate has no licence file)": f"Copyright (c) {authors}\n\n{text}"}


def sbom(version, targets):
    locked = checksums()
    made = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(os.environ["SOURCE_DATE_EPOCH"])))
    product = {"type": "application", "name": "hallpass", "version": version, "licenses": [{"expression": "MIT"}]}
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"timestamp": made, "component": product},
        "components": [component(package, locked) for package in crates(targets)],
    }
    json.dump(document, sys.stdout, indent=1)
    print()


def component(package, locked):
    name, version = package["name"], package["version"]
    return {
        "type": "library",
        "bom-ref": f"pkg:cargo/{name}@{version}",
        "purl": f"pkg:cargo/{name}@{version}",
        "name": name,
        "version": version,
        # SPDX has no slash; older crates write one for OR.
        "licenses": [{"expression": licence_of(package).replace("/", " OR ")}],
        "hashes": [{"alg": "SHA-256", "content": locked[name, version]}],
    }


def checksums():
    entries = Path("Cargo.lock").read_text().split("[[package]]")[1:]
    fields = [dict(re.findall(r'^(name|version|checksum) = "(.*)"$', entry, re.MULTILINE)) for entry in entries]
    return {(entry["name"], entry["version"]): entry.get("checksum") for entry in fields}


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["licences", *targets] if targets:
            licences(targets)
        case ["sbom", version, *targets] if targets:
            sbom(version, targets)
        case _:
            sys.exit(__doc__)
