//! A certificate authority of the test's own, and a server certificate of it.

use std::{fs, process::Command, sync::Arc};

use rustls::{
    ServerConfig,
    crypto::aws_lc_rs::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tempfile::TempDir;

use super::{
    http_server::directory,
    tools::{succeeds, system_program},
};

/// Makes the authority, `ca.pem`, and its certificate for localhost, `server.pem`.
const CERTIFICATES: &str = "
    new() { openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=test \"$@\"; }
    new -x509 -days 2 -keyout ca.key -out ca.pem
    new -keyout server.key -out server.csr
    echo subjectAltName=DNS:localhost > names
    openssl x509 -req -days 2 -in server.csr -CA ca.pem -CAkey ca.key -extfile names -out server.pem -set_serial 1";

/// An authority that no system trusts.
pub struct Authority(TempDir);

impl Authority {
    /// Makes one.
    #[track_caller]
    pub fn new() -> Self {
        system_program("openssl");
        let dir = directory();
        succeeds("openssl", Command::new("sh").args(["-e", "-c", CERTIFICATES]).current_dir(dir.path()));
        Self(dir)
    }

    /// Returns its certificate in PEM, for those who are to trust it.
    pub fn pem(&self) -> String {
        fs::read_to_string(self.0.path().join("ca.pem")).expect("a certificate")
    }

    /// Returns the TLS configuration of a server on localhost.
    pub fn server_config(&self) -> Arc<ServerConfig> {
        let path = |name: &str| self.0.path().join(name);
        let certificate = CertificateDer::from_pem_file(path("server.pem")).expect("a certificate");
        let key = PrivateKeyDer::from_pem_file(path("server.key")).expect("a key");
        let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()));
        let builder = builder.with_safe_default_protocol_versions().expect("versions").with_no_client_auth();
        Arc::new(builder.with_single_cert(vec![certificate], key).expect("a key that fits"))
    }
}
