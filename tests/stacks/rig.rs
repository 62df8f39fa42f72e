//! What one row of the table needs: a Redis with the module, hallpass-server before it, and an example.

use std::{
    fs::{self, File, Permissions},
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::{
    documents::OVERVIEW,
    pages::{blocks, script},
    store::Store,
    support::{
        Con, SOON,
        build::repository,
        http::{HttpAnswer, HttpRequest},
        http_server::{Server, directory},
        outside_issuer::{IssuerKey, OutsideIssuer},
        ports::free_port,
        process::Process,
        tools::{succeeds, tool_path},
        wait_until,
    },
    table::{Kind, Row},
};

/// A started row.
pub struct Rig {
    app: Option<App>,
    front: Server,
    redis: Store,
    key: IssuerKey,
    issuer: OutsideIssuer,
    /// Whether it hears of a revocation by a push of Redis, instead of asking with each request.
    pub hears_by_push: bool,
    /// The commands that its page gives, for an example that does not stay running.
    pub commands: String,
    dir: TempDir,
}

/// A running web application. All processes that its commands started end with it.
struct App {
    process: Process,
    address: String,
}

impl Rig {
    /// Starts everything, and waits until the example answers.
    pub fn start(row: &Row) -> Self {
        let redis = Store::start(row.in_a_cluster);
        let dir = directory();
        let (key, issuer) = trusted_issuer(&dir.path().join("issuers.json"));
        let issuers = dir.path().join("issuers.json");
        let flags = ["--dev-cookie", "--issuers-file", issuers.to_str().unwrap()];
        let front = Server::before_url(&redis.url(), &[&flags, row.flags].concat());
        let commands = script(&page(row.stack), row.section);
        let mut rig =
            Self { app: None, front, redis, key, issuer, hears_by_push: row.hears_by_push, commands, dir };
        if row.kind == Kind::Web {
            rig.app = Some(rig.launch(row));
        }
        rig
    }

    fn launch(&self, row: &Row) -> App {
        let port = free_port();
        let log = File::create(self.path("log")).unwrap();
        let mut command = shell_command(&self.commands);
        command.envs(self.variables()).env("PORT", port.to_string());
        let redis = format!("redis://127.0.0.1:{}", self.redis.port());
        command.envs(row.variables.iter().map(|(name, value)| (name, value.replace("{redis}", &redis))));
        command.process_group(0).stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let mut app =
            App { process: Process::new(command.spawn().unwrap()), address: format!("127.0.0.1:{port}") };
        wait_until("the example answers", 3 * SOON, || {
            assert!(app.process.is_running(), "it ended: {}", self.log());
            HttpRequest::new("GET", &app.url("/api/hello")).try_send().is_ok()
        });
        app
    }

    /// Returns the environment variables that tell every example where Hallpass is.
    pub fn variables(&self) -> [(&'static str, String); 4] {
        [
            ("PATH", tool_path().into_string().unwrap()),
            ("HALLPASS_URL", format!("http://{}", self.front.address())),
            ("HALLPASS_CLIENT_SECRET", self.front.secret().to_owned()),
            ("REDIS_URL", format!("redis://127.0.0.1:{}", self.redis.port())),
        ]
    }

    /// Returns a request to the web application.
    pub fn request(&self, method: &str, path: &str) -> HttpRequest {
        HttpRequest::new(method, &self.app().url(path))
    }

    /// Returns `host:port` of the web application.
    pub fn address(&self) -> &str {
        &self.app().address
    }

    fn app(&self) -> &App {
        self.app.as_ref().expect("a web application")
    }

    /// Opens a session at Hallpass itself, and returns the token response.
    pub fn issue(&self, body: &Json) -> HttpAnswer {
        let answer = self.front.sessions(body);
        assert_eq!(answer.status, 201, "{answer:?}");
        answer
    }

    /// Returns `host:port` of hallpass-server.
    pub fn front_address(&self) -> &str {
        self.front.address()
    }

    /// Returns the secret of the client `local`.
    pub fn secret(&self) -> &str {
        self.front.secret()
    }

    /// Asks Hallpass itself about an access token.
    pub fn verify(&self, access: &str) -> HttpAnswer {
        self.front.verify(access)
    }

    /// Returns a token of the outside issuer, about this user.
    pub fn outside_token(&self, subject: &str) -> String {
        self.key.token(&self.issuer.claims(subject))
    }

    /// Returns a connection to Redis.
    pub fn con(&self) -> Con {
        self.redis.connect()
    }

    /// Stops Redis.
    pub fn redis_is_away(&mut self) {
        self.redis.stop();
    }

    /// Starts Redis again, if it is away.
    pub fn redis_is_back(&mut self) {
        self.redis.restart();
    }

    /// Returns its own directory.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Returns a path in its own directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir().join(name)
    }

    /// Returns what the example has printed.
    pub fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }
}

impl App {
    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for App {
    fn drop(&mut self) {
        let group = i32::try_from(self.process.id()).ok().and_then(Pid::from_raw);
        kill_process_group(group.expect("a process id"), Signal::KILL).ok();
    }
}

/// Starts an outside issuer, and writes a file that makes Hallpass trust it.
fn trusted_issuer(path: &Path) -> (IssuerKey, OutsideIssuer) {
    let key = IssuerKey::new("ES256", "k1");
    let issuer = OutsideIssuer::with(&[&key]);
    let entry =
        json!({"issuer": issuer.url(), "audience": "app", "subject": "firebase:{sub}", "claims": ["name"]});
    fs::write(path, json!([entry]).to_string()).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
    (key, issuer)
}

/// Returns the page of a stack.
pub fn page(stack: &str) -> String {
    format!("docs/stacks/{stack}.md")
}

/// Returns a shell that runs documented commands in the root of the project.
pub fn shell_command(commands: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-ec", commands]).current_dir(repository());
    shell
}

/// Installs what an example needs, as its page says.
pub fn install(stack: &str) {
    let page = page(stack);
    if blocks(&page).iter().any(|block| block.section == "Install" && block.language == "sh") {
        let mut commands = shell_command(&script(&page, "Install"));
        succeeds(&format!("{page}, Install"), commands.env("PATH", tool_path()));
    }
}

/// Runs the commands under `section` of the page that is about all stacks, with this web application, in `dir`.
pub fn run_documented(section: &str, address: &str, dir: &Path) -> String {
    let commands = script(OVERVIEW, section).replace("127.0.0.1:3000", address);
    crate::shell::run(dir, &commands)
}
