//! The fixtures of the unit tests: issuers, keys, and servers that answer every request alike.

use crate::file::parse;
use crate::issuer::Issuer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use hallpass_engine::base64url;
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

/// Returns the only issuer of a file: `https://id.example` with the audience `app` and these further members.
pub fn issuer(members: &Value) -> Issuer {
    let mut entry = json!({"issuer": "https://id.example", "audience": "app"});
    entry.as_object_mut().expect("an object").extend(members.as_object().expect("an object").clone());
    parse(json!([entry]).to_string().as_bytes()).expect("an issuer").remove(0)
}

/// An issuer's signing key.
pub struct SigningKey {
    kid: String,
    pair: Pair,
}

enum Pair {
    Ed25519(Ed25519KeyPair),
    P256(EcdsaKeyPair),
}

impl SigningKey {
    /// Makes a key for EdDSA.
    pub fn ed25519(kid: &str) -> Self {
        Self { kid: kid.into(), pair: Pair::Ed25519(Ed25519KeyPair::generate().expect("a key")) }
    }

    /// Makes a key for ES256.
    pub fn p256(kid: &str) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
        Self { kid: kid.into(), pair: Pair::P256(pair) }
    }

    /// Returns its algorithm.
    pub fn algorithm(&self) -> Algorithm {
        match self.pair {
            Pair::Ed25519(_) => Algorithm::EdDSA,
            Pair::P256(_) => Algorithm::ES256,
        }
    }

    /// Returns its public half.
    pub fn jwk(&self) -> Value {
        match &self.pair {
            Pair::Ed25519(pair) => {
                let x = base64url::encode(pair.public_key());
                json!({"kty": "OKP", "crv": "Ed25519", "kid": self.kid, "x": x})
            }
            Pair::P256(pair) => {
                let point = pair.public_key().as_ref();
                let (x, y) = (base64url::encode(&point[1..33]), base64url::encode(&point[33..]));
                json!({"kty": "EC", "crv": "P-256", "kid": self.kid, "x": x, "y": y})
            }
        }
    }

    /// Returns its signature for a text, in base64url.
    pub fn sign(&self, text: &str) -> String {
        match &self.pair {
            Pair::Ed25519(pair) => base64url::encode(pair.sign(text.as_bytes())),
            Pair::P256(pair) => {
                let signature = pair.sign(&SystemRandom::new(), text.as_bytes()).expect("a signature");
                base64url::encode(signature)
            }
        }
    }

    /// Returns a token over these two objects, signed by this key whatever its header says.
    pub fn token(&self, header: &Value, claims: &Value) -> String {
        let signed =
            format!("{}.{}", base64url::encode(header.to_string()), base64url::encode(claims.to_string()));
        format!("{signed}.{}", self.sign(&signed))
    }
}

/// Returns a successful answer with this document.
pub fn ok(document: &Value) -> String {
    let body = document.to_string();
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

/// A server on the loopback that answers every request alike, until it is dropped.
pub struct Answering {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
    is_away: Arc<AtomicBool>,
    task: AbortHandle,
}

impl Answering {
    /// Answers with this text, and closes the connection.
    pub async fn with(answer: &str) -> Self {
        Self::with_url(|_| answer.to_owned()).await
    }

    /// Returns the same, for an answer that depends on the server's URL.
    pub async fn with_url(answer: impl FnOnce(&str) -> String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a socket");
        // As the client writes it.
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let answer = answer(&base);
        Self::start(listener, base, Some(answer))
    }

    /// Accepts connections and never answers.
    pub async fn silent() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a socket");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        Self::start(listener, base, None)
    }

    fn start(listener: TcpListener, url: String, answer: Option<String>) -> Self {
        let requests = Arc::new(Mutex::new(vec![]));
        let is_away = Arc::new(AtomicBool::new(false));
        let (seen, away) = (Arc::clone(&requests), Arc::clone(&is_away));
        let task = tokio::spawn(async move {
            let mut held = vec![];
            while let Ok((mut stream, _)) = listener.accept().await {
                if away.load(SeqCst) {
                    continue;
                }
                let request = head(&mut stream).await;
                seen.lock().expect("no panic").push(request);
                match &answer {
                    // A client may hang up early.
                    Some(answer) => drop(stream.write_all(answer.as_bytes()).await),
                    None => held.push(stream),
                }
            }
        });
        Self { url, requests, is_away, task: task.abort_handle() }
    }

    /// Hangs up on everybody from now on. It keeps its port, which another test's server would get.
    pub fn goes_away(&self) {
        self.is_away.store(true, SeqCst);
    }

    /// Returns its URL.
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// Returns how many requests there were.
    pub fn connections(&self) -> usize {
        self.requests.lock().expect("no panic").len()
    }

    /// Returns the head of the last request.
    pub fn last_request(&self) -> String {
        self.requests.lock().expect("no panic").last().cloned().unwrap_or_default()
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Reads the head of a request.
async fn head(stream: &mut TcpStream) -> String {
    let mut text = vec![];
    while !text.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => text.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&text).into_owned()
}
