//! A machine of the page: a folder that stands for its root directory, on an address of the loopback network. The page's commands run
//! in it as they are written, but for paths, addresses and ports.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::{self, Command},
};

use tempfile::TempDir;

use crate::{
    documents::{pages::project_file, shell::run},
    support::{
        build::built,
        http_server::directory,
        ports::free_port,
        tools::{system_program, tool_path},
    },
};

/// Paths of the page that are a machine's own.
const OWN: [&str; 5] = ["/etc/", "/var/", "/run/", "/usr/", " -C /"];
/// Ports of the page, the ones that contain another one first.
const PORTS: [&str; 6] = ["26379", "6379", "8080", "8081", "8000", "443"];

/// The ports that stand for those of the page, on addresses that no other run uses.
pub struct Ports(Vec<(&'static str, u16)>);

impl Ports {
    /// Takes free ones.
    pub fn new() -> Self {
        Self(PORTS.map(|port| (port, free_port())).into())
    }

    /// Returns the text with these ports, and addresses of the loopback network.
    fn translate(&self, text: &str) -> String {
        let [.., high, low] = process::id().to_be_bytes();
        let network = format!("127.{}.{low}.", high | 128);
        let text = text.replace("10.0.0.", &network).replace("https://$SITE/", "https://$SITE:443/");
        // By way of letters, since digits of one port might be another one.
        let named = self
            .0
            .iter()
            .enumerate()
            .fold(text, |text, (place, (port, _))| text.replace(port, &format!("<port {place}>")));
        self.0
            .iter()
            .enumerate()
            .fold(named, |text, (place, (_, own))| text.replace(&format!("<port {place}>"), &own.to_string()))
    }
}

/// One of the machines. Its processes end with it.
pub struct Machine<'a> {
    root: TempDir,
    ports: &'a Ports,
}

impl<'a> Machine<'a> {
    /// A fresh machine, on which the packages of the page are installed.
    pub fn new(ports: &'a Ports) -> Self {
        let machine = Self { root: directory(), ports };
        for folder in [
            "bin",
            "root",
            "run",
            "etc/hallpass",
            "etc/redis",
            "etc/systemd/system",
            "etc/nginx/conf.d",
            "etc/prometheus",
            "etc/default",
            "var/lib/redis",
            "var/log/redis",
            "usr/local/sbin",
            "usr/lib/hallpass",
            "usr/lib/redis/modules",
            "usr/share/hallpass",
            "usr/share/doc/hallpass/examples",
            "run/sentinel",
        ] {
            fs::create_dir_all(machine.path(folder)).expect("a folder");
        }
        machine.install_hallpass();
        machine.install_others();
        machine
    }

    /// Returns a path below its root directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Lays out what the Debian package has.
    fn install_hallpass(&self) {
        let shipped = project_file("redis.conf");
        let (_, ours) = shipped.split_once("\ndir ./\n").expect("the part that is for any Redis");
        let ours = ours.replace("./target/release/", "/usr/lib/redis/modules/");
        self.write("etc/hallpass/redis.conf", &ours.replace("./keyring.json", "/etc/hallpass/keyring.json"));
        symlink(&built().module, self.path("usr/lib/redis/modules/libhallpass.so")).expect("a link");
        for name in ["users.acl", "nginx.conf", "alerts.yml"] {
            self.write(&format!("usr/share/hallpass/{name}"), &project_file(&format!("examples/{name}")));
        }
        let rotate = project_file("examples/rotate-everywhere.sh");
        self.program("usr/lib/hallpass/rotate-everywhere.sh", &rotate);
        for name in ["redis-password.conf", "redis-tls.conf"] {
            let drop_in = format!("hallpass-server.service.d/{name}");
            let text = project_file(&format!("packaging/systemd/{drop_in}"));
            let place = self.path("usr/share/doc/hallpass/examples/hallpass-server.service.d");
            fs::create_dir_all(place).expect("a folder");
            self.write(&format!("usr/share/doc/hallpass/examples/{drop_in}"), &text);
        }
        symlink(&built().server, self.path("bin/hallpass-server")).expect("a link");
        self.write("root/hallpass_0_amd64.deb", "");
    }

    /// Lays out what other packages have, and stands in for what needs a machine of its own.
    fn install_others(&self) {
        let root = self.root.path().display();
        self.write(
            "etc/redis/redis.conf",
            "bind 127.0.0.1\nport 6379\ndir /var/lib/redis\nlogfile /var/log/redis/redis.log\n",
        );
        self.program("bin/systemctl", include_str!("systemctl"));
        self.program("bin/apt-get", "#!/bin/sh\n");
        // Users and groups of Debian's packages need not exist here.
        self.program("bin/install", "#!/bin/sh\nfor word; do\n  shift\n  case $word in -o | -g) skip=yes; continue ;; esac\n  \
            if [ \"${skip-}\" = yes ]; then skip=; else set -- \"$@\" \"$word\"; fi\ndone\nexec /usr/bin/install \"$@\"\n");
        let nginx = system_program("nginx");
        let kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let places = kinds.map(|kind| format!("{kind}_temp_path {root}/var/{kind};")).concat();
        fs::write(
            self.path("etc/nginx/nginx.conf"),
            format!("pid {root}/run/nginx.pid;\nevents {{}}\nhttp {{ access_log off; {places} include {root}/etc/nginx/conf.d/*.conf; }}\n"),
        )
        .expect("its configuration");
        self.program(
            "bin/nginx",
            &format!(
                "#!/bin/sh\nexec {} -e {root}/var/nginx.log -c {root}/etc/nginx/nginx.conf \"$@\"\n",
                nginx.display()
            ),
        );
        // The page's Redis has the port that redis-cli asks by itself.
        let (_, port) = self.ports.0.iter().find(|(port, _)| *port == "6379").expect("the port of Redis");
        let cli = system_program("redis-cli");
        self.program("bin/redis-cli", &format!("#!/bin/sh\nexec {} -p {port} \"$@\"\n", cli.display()));
        // A busy machine may be told to ask again.
        let curl = system_program("curl");
        self.program("bin/curl", &format!("#!/bin/sh\nexec {} --retry 20 \"$@\"\n", curl.display()));
        self.program("bin/ssh-keyscan", "#!/bin/sh\n");
        self.program(
            "bin/ssh-keygen",
            "#!/bin/sh\nfor file; do :; done\necho private > \"$file\"\necho public > \"$file.pub\"\n",
        );
    }

    /// Has `ssh` run the one command that `other` allows to a key.
    pub fn reaches(&self, other: &Machine<'_>) {
        let there = other.root.path().display();
        self.program(
            "bin/ssh",
            &format!(
                "#!/bin/sh\nallowed=$(sed -n 's/^restrict,command=\"\\(.*\\)\" public$/\\1/p' {there}/root/.ssh/authorized_keys)\n\
                 [ -n \"$allowed\" ] && exec sh -c \"$allowed\"\n"
            ),
        );
    }

    /// Gives this machine a folder of another one.
    pub fn receives(&self, folder: &Path) {
        let copied = Command::new("cp").arg("-r").arg(folder).arg(self.path("root/hallpass")).status();
        assert!(copied.expect("it runs").success());
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), self.translate(text)).expect("a file");
    }

    fn program(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("a program");
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o755)).expect("its mode");
    }

    /// Returns the text with this machine's paths, addresses and ports.
    fn translate(&self, text: &str) -> String {
        let root = self.root.path().to_str().expect("a plain path");
        let text = self.ports.translate(text);
        // Programs of this machine stay where they are.
        let text = text.replace("/usr/bin/install", "<install>");
        // The root comes last: its own path may begin with one of these.
        let own = OWN.iter().fold(text, |text, path| text.replace(path, &path.replacen('/', "<root>/", 1)));
        let own = own.replace("<root>", root).replace("<install>", "/usr/bin/install");
        own.replace("do sleep 1; done", "do again; done")
    }

    /// Runs commands of the page in the place where the ones before left off; each must succeed. Returns their output.
    #[track_caller]
    pub fn run(&self, commands: &str) -> String {
        let root = self.root.path().display();
        let own = format!("{root}/usr/local/sbin:{root}/bin:{}", tool_path().display());
        let before = format!(
            "export ROOT={root} HOME={root}/root PATH={own}:/usr/sbin\n\
             again() {{ sleep 0.1; tries=$((${{tries-0}} + 1)); [ $tries -lt 3000 ]; }}\n\
             cd \"$(cat {root}/place 2> {root}/none || echo {root}/root)\"\n[ ! -e names ] || . ./names\n"
        );
        run(
            self.root.path(),
            &format!("{before}{}\npwd > {root}/place\ncd {root}\n", self.translate(commands)),
        )
    }
}

impl Drop for Machine<'_> {
    fn drop(&mut self) {
        let units = "redis-sentinel hallpass-server nginx redis-server";
        self.run(&format!("cd; systemctl stop {units} > \"$ROOT/stopped\" 2>&1 || true"));
    }
}
