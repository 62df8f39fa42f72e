//! The images, built by buildah on a base made by debootstrap, and run by podman as compose.yaml says. Needs root.

use std::fs;

use tempfile::TempDir;

use crate::{
    ports::free_port,
    roots::{documents::blocks, root::Root},
    support::{artefacts, shell},
};

/// Images, containers, volumes and networks of a test, all of which end with it.
struct Containers(TempDir);

impl Containers {
    fn new() -> Self {
        let containers = Self(tempfile::tempdir().unwrap());
        let path = |name: &str| containers.0.path().join(name);
        let [graph, run] = ["storage", "run"].map(path);
        let storage = format!(
            "[storage]\ndriver = \"overlay\"\ngraphroot = \"{}\"\nrunroot = \"{}\"\n",
            graph.display(),
            run.display()
        );
        fs::write(path("storage.conf"), storage).unwrap();
        // Limits that a root without all of its capabilities may set, too.
        let settings = format!(
            "[containers]\ndefault_ulimits = [\"nofile=4096:4096\", \"nproc=4096:4096\"]\n\
             [engine]\nruntime = \"runc\"\ncgroup_manager = \"cgroupfs\"\n\
             [network]\nnetwork_config_dir = \"{}\"\n",
            path("networks").display()
        );
        fs::write(path("containers.conf"), settings).unwrap();
        containers
    }

    /// Runs a script in which buildah, podman and podman-compose know only what is of this test.
    #[track_caller]
    fn run(&self, script: &str) -> String {
        let path = |name: &str| self.0.path().join(name).display().to_string();
        let [storage, settings] = ["storage.conf", "containers.conf"].map(path);
        // Without systemd nothing runs health checks by itself: the test does.
        shell(&format!(
            "export CONTAINERS_STORAGE_CONF={storage} CONTAINERS_CONF={settings} DISABLE_HC_SYSTEMD=true
             export PATH=target/dist-tools/bin:$PATH
             exec 2>&1; {script}"
        ))
    }

    /// Builds an image from the shipped Dockerfile.
    fn build(&self, target: &str) {
        self.run(&format!(
            "buildah bud --isolation chroot --format docker --build-arg BASE=localhost/base --target {target} \
             -t localhost/{target} -f packaging/images/Dockerfile {}",
            artefacts().display()
        ));
    }
}

impl Drop for Containers {
    fn drop(&mut self) {
        // Each round leaves those that others depend on.
        self.run(
            "for round in 1 2 3 4 5; do podman rm --all --force --volumes && break; done || true
             podman network prune --force || true
             podman rmi --all --force || true",
        );
    }
}

/// The base, both images, and an nginx.
fn built() -> Containers {
    let containers = Containers::new();
    let base = Root::debian("bookworm", "amd64", "ca-certificates").base;
    containers.run(&format!("tar -C {} -c . | podman import --quiet - localhost/base", base.display()));
    containers.build("hallpass-redis");
    containers.build("hallpass");
    containers.run(
        r#"printf 'FROM localhost/base\nRUN apt-get update && apt-get install --yes nginx && rm /etc/nginx/sites-enabled/*\n
CMD ["nginx", "-g", "daemon off;"]\n' | buildah bud --isolation chroot --format docker -t localhost/nginx -f - ."#,
    );
    containers
}

#[test]
fn the_services_of_compose_run_and_outlive_a_front_and_a_restart_of_redis() {
    let containers = built();
    let project = Project::start(&containers);
    let issued = project.ask(
        "POST /sessions",
        "-d '{\"subject\":\"alice\"}' -H 'Content-Type: application/json' -u \"app:$SECRET\"",
    );
    assert!(issued.contains(r#""access_token":"#), "{issued}");
    let refresh = issued.split(r#""refresh_token":""#).nth(1).unwrap().split('"').next().unwrap();
    let exchange =
        || project.ask("POST /token", &format!("-d grant_type=refresh_token -d refresh_token={refresh}"));
    let answers = || {
        let said = exchange();
        assert!(said.contains(r#""access_token":"#), "{said}");
    };
    answers();

    // The same answer by whichever front, and when there is only one.
    project.podman("stop front-1");
    answers();
    // Podman's own restart refuses where a service that has done its work, as `setup`, comes first.
    project.podman("stop redis");
    project.podman("start redis");
    project.wait_for_redis();
    answers();
    assert!(project.ask("GET /metrics", "").contains("404"), "the operator's routes are not published");
}

#[test]
fn the_server_alone_has_a_private_redis_and_a_health_check() {
    let containers = built();
    containers.run(
        "podman run --detach --name alone --publish 127.0.0.1::8080 -e HALLPASS_ISSUER=http://127.0.0.1:8080 localhost/hallpass",
    );
    containers.run("timeout 120 sh -c 'until podman healthcheck run alone; do sleep 0.2; done'");
    assert_eq!(containers.run("podman exec alone id -u").trim(), "10001");
    let said = containers.run(
        "SECRET=$(podman exec alone cat client-secret)
         curl -sS -u local:$SECRET -H 'Content-Type: application/json' -d '{\"subject\":\"alice\"}' \
            http://$(podman port alone 8080)/sessions",
    );
    assert!(said.contains(r#""access_token":"#), "{said}");
    // It stops Redis, and itself, before podman loses patience.
    containers.run("podman stop --time 60 alone");
    assert_eq!(containers.run("podman inspect alone --format '{{.State.ExitCode}}'").trim(), "0");
}

#[test]
fn the_module_can_be_copied_into_another_image() {
    let containers = built();
    let file = containers.0.path().join("Dockerfile");
    let shown = blocks("docs/install.md", "Containers", "dockerfile").replace("redis:8", "localhost/base");
    fs::write(&file, shown.replace("=hallpass-redis", "=localhost/hallpass-redis")).unwrap();
    containers.run(&format!(
        "buildah bud --isolation chroot -t localhost/own -f {} {}",
        file.display(),
        artefacts().display()
    ));
    containers.run("podman run --rm localhost/own test -x /usr/lib/redis/modules/libhallpass.so");
}

/// compose.yaml, up.
struct Project<'a> {
    containers: &'a Containers,
    port: u16,
}

impl<'a> Project<'a> {
    fn start(containers: &'a Containers) -> Self {
        let port = free_port();
        let project = Self { containers, port };
        // Compose waits for Redis to be healthy.
        project.compose("up --detach setup redis");
        project.wait_for_redis();
        project.compose("up --detach");
        project.run("timeout 120 sh -c 'until curl -sf http://127.0.0.1:$HALLPASS_PORT/.well-known/jwks.json; do sleep 0.2; done'");
        project
    }

    fn compose(&self, arguments: &str) -> String {
        self.run(&format!("podman-compose -p hallpass -f packaging/images/compose.yaml {arguments}"))
    }

    fn run(&self, script: &str) -> String {
        self.containers.run(&format!(
            "export HALLPASS_IMAGE=localhost/hallpass HALLPASS_REDIS_IMAGE=localhost/hallpass-redis
             export NGINX_IMAGE=localhost/nginx HALLPASS_PORT={}
             {script}",
            self.port
        ))
    }

    /// A command of podman for a service.
    fn podman(&self, command: &str) -> String {
        let (verb, service) = command.split_once(' ').unwrap();
        self.run(&format!("podman {verb} hallpass_{service}_1"))
    }

    fn wait_for_redis(&self) {
        self.run("timeout 120 sh -c 'until podman healthcheck run hallpass_redis_1; do sleep 0.2; done'");
    }

    /// Sends a request to nginx and returns the answer, with its head.
    fn ask(&self, request: &str, arguments: &str) -> String {
        let (method, path) = request.split_once(' ').unwrap();
        self.run(&format!(
            "SECRET=$(podman exec hallpass_front-2_1 cat /config/app-secret)
             curl -sS -i -X {method} {arguments} http://127.0.0.1:$HALLPASS_PORT{path}"
        ))
    }
}
