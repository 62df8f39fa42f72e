//! The program of a gateway: its ports, its example configuration, and its start.

use std::{
    fs,
    net::TcpStream,
    path::Path,
    process::{Command, Stdio},
};

use crate::support::{SOON, build::repository, process::Process, tools::system_program, wait_until};

/// The ports of the gateway, Hallpass and the application.
pub struct Ports<'a> {
    /// The port of the gateway.
    pub gateway: u16,
    /// `host:port` of Hallpass.
    pub hallpass: &'a str,
    /// `host:port` of the application.
    pub application: &'a str,
}

impl Ports<'_> {
    /// Returns an example configuration, with these ports instead of its own.
    #[track_caller]
    pub fn example(&self, name: &str) -> String {
        let text = fs::read_to_string(repository().join("examples").join(name)).expect("an example");
        let servers = [("127.0.0.1:8080", self.hallpass), ("127.0.0.1:3000", self.application)];
        let text = servers.iter().fold(text, |text, (example, own)| {
            // Envoy has host and port in members of their own.
            let envoy = |address: &str| address.replace(':', ", port_value: ");
            text.replace(example, own).replace(&envoy(example), &envoy(own))
        });
        text.replace("8000", &self.gateway.to_string())
    }
}

/// Returns the command that runs nginx in `dir` with this configuration.
pub fn nginx(dir: &Path, configuration: &str) -> Command {
    // Its own paths, since only root may write to the defaults.
    let kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let own = kinds.map(|kind| format!("{kind}_temp_path {}/{kind};\n", dir.display())).concat();
    let text = configuration.replace("http {", &format!("http {{\n{own}"));
    fs::write(dir.join("nginx.conf"), text).expect("its configuration");
    let pid = format!("daemon off; master_process off; pid {}/nginx.pid;", dir.display());
    let mut command = Command::new(system_program("nginx"));
    command.args(["-c", "nginx.conf", "-e", "stderr", "-g", &pid]).arg("-p").arg(dir);
    command
}

/// Starts a gateway, and waits until it listens.
#[track_caller]
pub fn serving(mut command: Command, port: u16) -> Process {
    let mut process = Process::new(command.stdin(Stdio::null()).spawn().expect("the gateway starts"));
    wait_until("the gateway listens", SOON, || {
        assert!(process.is_running(), "the gateway ended");
        TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    process
}
