//! The Debian packages, as archives. That they can be installed is shown on bare systems.

use crate::support::{VERSION, ending, name, shell};

fn field(package: &std::path::Path, field: &str) -> String {
    shell(&format!("dpkg-deb -f {} {field}", package.display())).trim().to_owned()
}

#[test]
fn they_say_what_they_need() {
    let packages = ending(".deb");
    assert!(!packages.is_empty());
    for package in packages {
        assert_eq!(field(&package, "Package"), "hallpass");
        assert_eq!(field(&package, "Version"), VERSION);
        assert!(name(&package).ends_with(&format!("_{}.deb", field(&package, "Architecture"))));
        assert_eq!(field(&package, "Depends"), "libc6 (>= 2.28), passwd");
        assert_eq!(field(&package, "Recommends"), "redis-server (>= 5:7.0)");
    }
}

#[test]
fn they_put_everything_where_debian_looks_for_it() {
    for package in ending(".deb") {
        let content = shell(&format!("dpkg-deb -c {}", package.display()));
        for (mode, path) in [
            ("-rwxr-xr-x", "/usr/bin/hallpass-server"),
            ("-rwxr-xr-x", "/usr/lib/redis/modules/libhallpass.so"),
            ("-rwxr-xr-x", "/usr/lib/hallpass/rotate-keys"),
            ("-rwxr-xr-x", "/usr/lib/hallpass/rotate-everywhere.sh"),
            ("-rw-r--r--", "/usr/lib/systemd/system/hallpass-server.service"),
            ("-rw-r--r--", "/usr/lib/systemd/system/hallpass-rotate-keys.timer"),
            ("-rw-r--r--", "/usr/share/hallpass/users.acl"),
            ("-rw-r--r--", "/usr/share/hallpass/nginx.conf"),
            ("-rw-r--r--", "/usr/share/hallpass/alerts.yml"),
            ("-rw-------", "/etc/hallpass/hallpass.env"),
            ("-rw-r--r--", "/etc/hallpass/redis.conf"),
            ("-rw-r--r--", "/usr/share/man/man1/hallpass-server-keys-rotate.1.gz"),
            ("-rw-r--r--", "/usr/share/bash-completion/completions/hallpass-server.bash"),
            ("-rw-r--r--", "/usr/share/doc/hallpass/copyright"),
            ("-rw-r--r--", "/usr/share/doc/hallpass/examples/redis-server.service.d/hallpass.conf"),
        ] {
            let is_it = |line: &str| {
                line.starts_with(&format!("{mode} root/root ")) && line.ends_with(&format!(" .{path}"))
            };
            assert!(content.lines().any(is_it), "{mode} {path}: {content}");
        }
    }
}

#[test]
fn what_an_administrator_changes_is_kept_by_an_upgrade() {
    for package in ending(".deb") {
        let kept = shell(&format!("dpkg-deb --ctrl-tarfile {} | tar -xO ./conffiles", package.display()));
        assert_eq!(kept, "/etc/hallpass/hallpass.env\n/etc/hallpass/redis.conf\n");
    }
}

#[test]
fn the_configuration_for_redis_takes_no_address_port_or_directory() {
    for package in ending(".deb") {
        let text = shell(&format!(
            "dpkg-deb --fsys-tarfile {} | tar -xO ./etc/hallpass/redis.conf",
            package.display()
        ));
        let settings: Vec<_> =
            text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
        assert!(settings.contains(&"loadmodule /usr/lib/redis/modules/libhallpass.so"), "{text}");
        assert!(settings.contains(&"hallpass.keyring-file /etc/hallpass/keyring.json"), "{text}");
        for own in ["bind ", "port ", "dir "] {
            assert!(settings.iter().all(|line| !line.starts_with(own)), "{text}");
        }
    }
}
