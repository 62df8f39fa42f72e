//! An outside issuer of the test's own: signing keys, tokens, and a small HTTP server with its keys, which can misbehave.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_SHA256},
};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value as Json, json};

use super::{
    Key,
    tokens::{base64, unbase64},
};

/// A signing key of an issuer.
pub enum IssuerKey {
    /// EdDSA or ES256.
    Plain(Key),
    /// RS256, which a keyring of the tests does not have.
    Rsa { kid: String, pair: KeyPair },
}

impl IssuerKey {
    /// A key for `alg`: EdDSA, ES256 or RS256.
    pub fn new(alg: &str, kid: &str) -> Self {
        match alg {
            "RS256" => {
                Self::Rsa { kid: kid.into(), pair: KeyPair::generate(KeySize::Rsa2048).expect("a key") }
            }
            _ => Self::Plain(Key::signing(alg, kid)),
        }
    }

    /// Its algorithm.
    pub fn alg(&self) -> &str {
        match self {
            Self::Plain(key) => key.text("alg"),
            Self::Rsa { .. } => "RS256",
        }
    }

    /// Its id.
    pub fn kid(&self) -> &str {
        match self {
            Self::Plain(key) => key.kid(),
            Self::Rsa { kid, .. } => kid,
        }
    }

    /// The public half, as in a JWK Set.
    pub fn public(&self) -> Json {
        match self {
            Self::Plain(key) => {
                let mut public = key.0.clone();
                public.as_object_mut().expect("a JWK").remove("d");
                public
            }
            Self::Rsa { kid, pair } => {
                let public = pair.public_key();
                let n = base64(public.modulus().big_endian_without_leading_zero());
                let e = base64(public.exponent().big_endian_without_leading_zero());
                json!({"kty": "RSA", "alg": "RS256", "use": "sig", "kid": kid, "n": n, "e": e})
            }
        }
    }

    /// Its signature for a text, in base64url.
    pub fn sign(&self, text: &str) -> String {
        match self {
            Self::Plain(key) => base64(key.sign(text.as_bytes())),
            Self::Rsa { pair, .. } => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let random = SystemRandom::new();
                pair.sign(&RSA_PKCS1_SHA256, &random, text.as_bytes(), &mut signature).expect("a signature");
                base64(signature)
            }
        }
    }

    /// The header of its tokens.
    pub fn header(&self) -> Json {
        json!({"alg": self.alg(), "kid": self.kid(), "typ": "JWT"})
    }

    /// A token over these claims.
    pub fn token(&self, claims: &Json) -> String {
        self.token_with(&self.header(), claims)
    }

    /// A token over any header and claims, signed by this key whatever the header says.
    pub fn token_with(&self, header: &Json, claims: &Json) -> String {
        self.token_of_text(&header.to_string(), &claims.to_string())
    }

    /// A token over two texts that need not be JSON.
    pub fn token_of_text(&self, header: &str, claims: &str) -> String {
        let signed = format!("{}.{}", base64(header), base64(claims));
        format!("{signed}.{}", self.sign(&signed))
    }

    /// The same token with another signature that is right, too, where the algorithm allows that.
    pub fn sign_again(&self, token: &str) -> String {
        let (signed, _) = token.rsplit_once('.').expect("a signature");
        format!("{signed}.{}", self.sign(signed))
    }

    /// The bytes of its public half that a careless verifier might take for an HMAC key.
    pub fn public_bytes(&self) -> Vec<u8> {
        let public = self.public();
        let member = |name: &str| public[name].as_str().map(unbase64).unwrap_or_default();
        ["x", "y", "n"].into_iter().flat_map(member).collect()
    }
}

/// What the server of an issuer does when it is asked for keys.
#[derive(Clone, Debug, Default)]
pub enum Behaviour {
    /// Answers with the keys.
    #[default]
    Keys,
    /// Accepts the connection, and says nothing.
    Hangs,
    /// Closes the connection.
    HangsUp,
    /// Answers with this status.
    Status(u16),
    /// Redirects to this URL.
    RedirectsTo(String),
    /// Answers with something that is no JSON.
    Garbage,
    /// Answers with a gigabyte of spaces.
    Gigabyte,
}

/// A running issuer; its threads end with the process.
pub struct OutsideIssuer {
    url: String,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    keys: Mutex<Vec<Json>>,
    behaviour: Mutex<Behaviour>,
    cache_control: Mutex<String>,
    asked: AtomicUsize,
}

impl OutsideIssuer {
    /// An issuer that publishes these keys.
    pub fn with(keys: &[&IssuerKey]) -> Self {
        Self::listen("http", keys, None)
    }

    /// The same over TLS, as `localhost`.
    #[cfg(feature = "tools")]
    pub fn with_tls(keys: &[&IssuerKey], config: Arc<ServerConfig>) -> Self {
        Self::listen("https", keys, Some(config))
    }

    fn listen(scheme: &str, keys: &[&IssuerKey], tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let url = format!("{scheme}://localhost:{port}");
        let shared = Arc::<Shared>::default();
        let issuer = Self { url: url.clone(), shared: Arc::clone(&shared) };
        issuer.publish(keys);
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let (url, shared, tls) = (url.clone(), Arc::clone(&shared), tls.clone());
                // Whoever asks may go away.
                thread::spawn(move || match tls {
                    None => answer(&mut stream, &url, &shared).ok(),
                    Some(config) => {
                        let session = ServerConnection::new(config).expect("a session");
                        answer(&mut StreamOwned::new(session, stream), &url, &shared).ok()
                    }
                });
            }
        });
        issuer
    }

    /// Its name, and where its discovery document is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where its keys are.
    pub fn jwks_uri(&self) -> String {
        format!("{}/jwks", self.url)
    }

    /// Publishes these keys and no others.
    pub fn publish(&self, keys: &[&IssuerKey]) {
        self.publish_jwks(keys.iter().map(|key| key.public()).collect());
    }

    /// The same with JWKs that were made elsewhere.
    pub fn publish_jwks(&self, keys: Vec<Json>) {
        *self.shared.keys.lock().expect("no panic") = keys;
    }

    /// Behaves like this from now on.
    pub fn behaves(&self, behaviour: Behaviour) {
        *self.shared.behaviour.lock().expect("no panic") = behaviour;
    }

    /// Sends this Cache-Control with the keys.
    pub fn caches(&self, cache_control: &str) {
        *self.shared.cache_control.lock().expect("no panic") = cache_control.into();
    }

    /// How often it was asked for its keys.
    pub fn asked(&self) -> usize {
        self.shared.asked.load(Ordering::SeqCst)
    }

    /// The claims of a token that is good in every way, for the audience `app`.
    pub fn claims(&self, subject: &str) -> Json {
        let now = unix_seconds();
        json!({"iss": self.url, "sub": subject, "aud": "app", "iat": now, "exp": now + 3600, "jti": unique()})
    }
}

/// The time in Unix seconds.
pub fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

/// A text that no other call returns, so that two tokens about one user are two.
fn unique() -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::SeqCst))
}

/// Answers one request.
fn answer(stream: &mut (impl Read + Write), url: &str, shared: &Shared) -> std::io::Result<()> {
    let path = path(stream)?;
    if path == "/.well-known/openid-configuration" {
        let document = json!({"issuer": url, "jwks_uri": format!("{url}/jwks")});
        return send(stream, "200 OK", "", &document.to_string());
    }
    shared.asked.fetch_add(1, Ordering::SeqCst);
    let behaviour = shared.behaviour.lock().expect("no panic").clone();
    match behaviour {
        Behaviour::Keys => {
            let keys = json!({ "keys": *shared.keys.lock().expect("no panic") });
            let cache_control = shared.cache_control.lock().expect("no panic").clone();
            send(stream, "200 OK", &format!("cache-control: {cache_control}\r\n"), &keys.to_string())
        }
        // Longer than anybody waits; the connection ends with the process at the latest.
        Behaviour::Hangs => {
            thread::sleep(Duration::from_secs(60));
            Ok(())
        }
        Behaviour::HangsUp => Ok(()),
        Behaviour::Status(status) => send(stream, &format!("{status} x"), "", "{}"),
        Behaviour::RedirectsTo(url) => send(stream, "302 Found", &format!("location: {url}\r\n"), ""),
        Behaviour::Garbage => send(stream, "200 OK", "", "<html>maintenance</html>"),
        Behaviour::Gigabyte => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n")?;
            let spaces = vec![b' '; 1024 * 1024];
            (0..1024).try_for_each(|_| stream.write_all(&spaces))
        }
    }
}

/// Reads the head of a request; returns its path.
fn path(stream: &mut impl Read) -> std::io::Result<String> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut line = String::new();
    while reader.read_line(&mut line)? > 2 {
        line.clear();
    }
    Ok(first.split(' ').nth(1).unwrap_or_default().to_owned())
}

fn send(stream: &mut impl Write, status: &str, headers: &str, body: &str) -> std::io::Result<()> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n");
    stream.write_all(&[head.as_bytes(), body.as_bytes()].concat())
}
