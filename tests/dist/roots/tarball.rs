//! The tarballs, unpacked and used where they are.

use std::path::{Path, PathBuf};

use super::{
    documents::{install, tour_with_curl, tour_with_redis_cli},
    root::Root,
};
use crate::support::{VERSION, artefacts, repository, shell};

/// Follows docs/install.md with a platform's tarball, and takes both tours.
fn use_it(root: &Root, platform: &str) {
    root.put(&artefacts().join(format!("hallpass-{VERSION}-{platform}.tar.gz")));
    let path = "cd hallpass; PATH=$PWD:$PATH";
    let ready = "timeout 60 sh -c 'until redis-cli PING | grep -q PONG; do sleep 0.1; done' >ready.txt";
    let said = root.run(&[&install("Any Linux"), ready, &tour_with_redis_cli()].join("\n"));
    assert!(said.contains(r#""role":"admin""#) && said.contains("NOSESSION"), "{said}");
    let said = root.run(&format!("{path}\nhallpass-server &\n{}", tour_with_curl("data")));
    assert!(said.contains("200 OK") && said.contains("Ed25519"), "{said}");
}

/// A server or client that is not Debian's, as `make test-servers` installs it.
fn installed(name: &str) -> PathBuf {
    shell(&format!("tests/servers/install {name}"));
    repository().join("target/test-servers").join(name)
}

/// glibc 2.31, the oldest that can be had as a whole system. Its own Redis is too old for modules like this.
#[test]
fn debian_11() {
    let root = Root::debian("bullseye", "amd64", "curl,libssl1.1");
    root.put_at(&installed("redis-8.2").join("redis-server"), "/usr/local/bin/redis-server");
    root.put_at(&installed("redis-cli").join("redis-cli"), "/usr/local/bin/redis-cli");
    use_it(&root, "x86_64-linux-gnu");
}

/// A Redis that was built with musl, as Alpine's is, loads musl's module; and one that was built with glibc does not.
#[test]
fn musl() {
    let root = Root::debian("bookworm", "amd64", "redis-server,curl");
    let redis = installed("redis-musl");
    for program in ["redis-server", "redis-cli"] {
        root.put_at(&redis.join(program), &format!("/usr/local/bin/{program}"));
    }
    root.put_at(Path::new("/usr/lib/x86_64-linux-musl/libc.so"), "/usr/lib/ld-musl-x86_64.so.1");
    use_it(&root, "x86_64-linux-musl");
    let (loads, said) =
        root.attempt("cd hallpass; timeout 60 /usr/bin/redis-server ./redis.conf --port 6400");
    assert!(!loads && said.contains("libc.so"), "{said}");
}
