//! A bare system in a folder, made by debootstrap once and used through an overlay, so that every test has a fresh one.

use std::{fs, path::PathBuf, process::Command};

use tempfile::TempDir;

use crate::support::{name, repository, shell};

/// A fresh system.
pub struct Root {
    /// The system that all tests share, which is only read.
    pub base: PathBuf,
    own: TempDir,
}

/// What is in reach of a script: mounts, processes and addresses of its own. None of them is left behind.
const NAMESPACES: [&str; 6] = ["--mount", "--net", "--pid", "--uts", "--ipc", "--fork"];

const OVERLAY: &str = r#"
    mount -t overlay overlay -o "lowerdir=$BASE,upperdir=$OWN/upper,workdir=$OWN/work" "$OWN/root"
    mount -t proc proc /proc
"#;

/// Runs the script, and nothing else, in the system.
const ENTER: &str = r#"
    mount -t proc proc "$OWN/root/proc"
    mount -t tmpfs tmpfs "$OWN/root/run"
    ip link set lo up
    exec chroot "$OWN/root" /bin/sh -euc "$SCRIPT"
"#;

/// Boots the system, with a unit that runs the script and ends the system with it.
const BOOT: &str = r#"
    cd "$OWN/root"
    printf '%s' "$SCRIPT" >root/script
    printf '%s\n' '[Service]' 'WorkingDirectory=/root' 'Environment=HOME=/root' 'ExecStart=/bin/sh -eu /root/script' \
        'StandardOutput=file:/root/output' 'StandardError=inherit' \
        'ExecStopPost=/bin/sh -c "echo $$EXIT_STATUS >/root/status; systemctl --no-block poweroff"' >etc/systemd/system/script.service
    ln -sf /etc/systemd/system/script.service etc/systemd/system/multi-user.target.wants/script.service
    rm -f root/output root/status
    timeout 600 systemd-nspawn --quiet --register=no --keep-unit --private-network --console=pipe --directory=. --boot \
        </dev/null >"$OWN/console" 2>&1
    cat root/output || cat "$OWN/console"
    exit "$(cat root/status)"
"#;

impl Root {
    /// A minimal Debian with these packages besides.
    pub fn debian(suite: &str, architecture: &str, packages: &str) -> Self {
        let kind = packages.replace(',', "-");
        let base = repository().join(format!("target/test-roots/{suite}-{architecture}-{kind}"));
        if !base.exists() {
            debootstrap(&base, suite, architecture, packages);
        }
        let own = tempfile::tempdir().unwrap();
        for folder in ["upper", "work", "root"] {
            fs::create_dir(own.path().join(folder)).unwrap();
        }
        Self { base, own }
    }

    /// Puts a file or folder into the system's `/root`.
    pub fn put(&self, path: &std::path::Path) {
        let folder = self.own.path().join("upper/root");
        shell(&format!("mkdir -p {0} && cp -r {1} {0}", folder.display(), path.display()));
    }

    /// Puts a file where it is to lie.
    pub fn put_at(&self, path: &std::path::Path, place: &str) {
        let place = format!("{}/upper{place}", self.own.path().display());
        shell(&format!("mkdir -p $(dirname {place}) && cp {} {place}", path.display()));
    }

    /// Runs a script in the system that must succeed, and returns what it printed. A process that it leaves is ended.
    #[track_caller]
    pub fn run(&self, script: &str) -> String {
        let (succeeded, said) = self.attempt(script);
        assert!(succeeded, "{script}\n{said}");
        said
    }

    /// The same, whether or not it succeeds.
    pub fn attempt(&self, script: &str) -> (bool, String) {
        self.within(ENTER, &format!("cd /root; exec 2>&1; {script}"))
    }

    /// Boots the system by its systemd, and runs a script in it that must succeed.
    #[track_caller]
    pub fn boot(&self, script: &str) -> String {
        let (succeeded, said) = self.within(BOOT, script);
        assert!(succeeded, "{script}\n{said}");
        said
    }

    fn within(&self, how: &str, script: &str) -> (bool, String) {
        let output = Command::new("unshare")
            .args(NAMESPACES)
            .args(["--kill-child", "sh", "-euc", &format!("{OVERLAY}{how}")])
            .env_clear()
            .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", "/root")
            .env("LC_ALL", "C.UTF-8")
            .env("BASE", &self.base)
            .env("OWN", self.own.path())
            .env("SCRIPT", script)
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&said).into_owned())
    }

    /// All paths, with modes and owners, but for what dpkg, apt and the system write down for themselves.
    pub fn paths(&self) -> String {
        self.run(
            "find / -xdev \\( -path /proc -o -path /run -o -path /root -o -path /tmp -o -path /var/lib/dpkg -o -path /var/lib/apt \
             -o -path /var/log -o -path '/etc/*-' -o -path /etc/.pwd.lock \\) -prune -o -printf '%p %M %u %g\\n' | sort",
        )
    }
}

/// What is left of an interrupted run is made again.
fn debootstrap(base: &std::path::Path, suite: &str, architecture: &str, packages: &str) {
    let part = base.with_extension("part");
    println!("Installing {} with debootstrap", name(base));
    shell(&format!(
        "if [ {architecture} = arm64 ]; then {EMULATOR} fi
         archive=$(apt-get update --print-uris | sed -n \"0,/debian\\/dists/s/^'\\(.*\\/debian\\)\\/dists\\/.*/\\1/p\")
         rm -rf {part} && mkdir -p $(dirname {part})
         debootstrap --variant=minbase --arch={architecture} --include={packages} {suite} {part} $archive >{part}.log
         rm -rf {part}/var/cache/apt/archives/*.deb && mv {part} {base}",
        part = part.display(),
        base = base.display(),
    ));
}

/// Has the kernel run programs for arm64 by qemu, in roots as well (flag F), if it does not do so yet.
const EMULATOR: &str = r"
    formats=/proc/sys/fs/binfmt_misc
    [ -e $formats/register ] || mount -t binfmt_misc binfmt_misc $formats
    [ -e $formats/qemu-aarch64 ] ||
        echo ':qemu-aarch64:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:/usr/bin/qemu-aarch64-static:F' >$formats/register;
";
