//! `--demo`: users, devices and now and then a theft in the private Redis, for those who want to see what the console shows.
//! The subjects of all begin with `demo-`, and their sessions end with the server.

use crate::state::AppState;
use anyhow::{Result, anyhow};
use hallpass_client::{CommandError, IssueOptions, RefreshOptions, Revocation, Tokens};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::sleep;

const USERS: [(&str, &str); 6] = [
    ("demo-ada", "admin"),
    ("demo-grace", "editor"),
    ("demo-linus", "reader"),
    ("demo-mary", "reader"),
    ("demo-alan", "editor"),
    ("demo-katherine", "admin"),
];
/// Class, device, place and address; the addresses are those of documentation (RFC 5737).
const DEVICES: [[&str; 4]; 6] = [
    ["web", "Firefox on Linux", "Lisbon, Portugal", "192.0.2.17"],
    ["mobile", "Pixel 9", "Porto, Portugal", "192.0.2.201"],
    ["web", "Safari on Mac", "Kyoto, Japan", "198.51.100.4"],
    ["mobile", "iPhone 16", "Osaka, Japan", "198.51.100.77"],
    ["cli", "Release robot", "Frankfurt, Germany", "203.0.113.9"],
    ["web", "Edge on Windows", "Oslo, Norway", "203.0.113.140"],
];
/// What a user has at first.
const DEVICES_EACH: usize = 3;
/// The time from one thing that somebody does to the next.
const PACE: Duration = Duration::from_millis(80);
/// After how many of them something rare happens again.
const ROUND: usize = 1000;

/// A device that holds a session.
struct Device {
    user: usize,
    kind: usize,
    key: String,
    tokens: Tokens,
}

/// A demo that goes on.
pub struct Demo {
    state: Arc<AppState>,
    task: JoinHandle<()>,
}

impl Demo {
    /// Logs the users in, lets a thief be found, and lets the users go on in the background.
    pub async fn begin(state: &Arc<AppState>) -> Result<Self> {
        let state = Arc::clone(state);
        let mut users = Users { state: Arc::clone(&state), devices: vec![] };
        let begun = users.log_in_all().await;
        begun.map_err(|error| anyhow!("cannot fill Redis with the demo: {error}"))?;
        Ok(Self { state, task: tokio::spawn(users.go_on()) })
    }

    /// Ends everything that began with it.
    pub async fn end(self) {
        self.task.abort();
        // Nobody may log in any more once all sessions are ended.
        let _ = self.task.await;
        if let Err(error) = end_all(&self.state).await {
            tracing::warn!("sessions of the demo are left: {error}");
        }
    }
}

/// The users, and what they do.
struct Users {
    state: Arc<AppState>,
    devices: Vec<Device>,
}

impl Users {
    async fn log_in_all(&mut self) -> Result<(), CommandError> {
        end_all(&self.state).await?;
        for number in 0..USERS.len() * DEVICES_EACH {
            self.log_in(number % USERS.len(), (number + number / USERS.len()) % DEVICES.len(), None).await?;
        }
        self.steal(1).await
    }

    async fn go_on(mut self) {
        for step in 0.. {
            // While Redis is away nobody can do anything.
            let _ = self.act(step).await;
            sleep(PACE).await;
        }
    }

    /// Lets somebody do something. Most of it is everyday.
    async fn act(&mut self, step: usize) -> Result<(), CommandError> {
        let chosen = scattered(step) % self.devices.len();
        match step % ROUND {
            400 => self.steal(chosen).await,
            600 => self.log_in(self.devices[chosen].user, chosen % DEVICES.len(), Some(2)).await,
            750 => self.promote(chosen).await,
            900 => self.log_out(chosen).await,
            _ if step.is_multiple_of(4) => self.refresh(chosen, step.is_multiple_of(20)).await,
            _ => self.verify(chosen).await,
        }
    }

    async fn log_in(&mut self, user: usize, kind: usize, limit: Option<u64>) -> Result<(), CommandError> {
        let (subject, role) = USERS[user];
        let [class, device, place, ip] = DEVICES[kind];
        let key = self.state.key_of_subject(subject).map_err(|_| CommandError::InvalidToken)?;
        let meta = json!({ "device": device, "place": place, "ip": ip, "demo": true }).to_string();
        let claims = json!({ "role": role, "scope": "read write" }).to_string();
        let options = IssueOptions {
            claims: Some(&claims),
            class: Some(class),
            meta: Some(&meta),
            limit,
            ..IssueOptions::default()
        };
        let tokens = self.state.store.issue(&key, &options).await?;
        self.devices.push(Device { user, kind, key, tokens });
        Ok(())
    }

    async fn verify(&mut self, chosen: usize) -> Result<(), CommandError> {
        let Device { key, tokens, .. } = &self.devices[chosen];
        match self.state.store.verify(key, &tokens.access_token, None).await.map(drop) {
            Err(CommandError::StaleToken | CommandError::ExpiredToken) => self.refresh(chosen, false).await,
            Err(CommandError::NoSession) => self.log_in_again(chosen).await,
            answer => answer,
        }
    }

    /// Exchanges the refresh token, and once more if the answer gets lost.
    async fn refresh(&mut self, chosen: usize, answer_gets_lost: bool) -> Result<(), CommandError> {
        let Device { key, tokens, .. } = &self.devices[chosen];
        let options = RefreshOptions::default();
        let exchange = || self.state.store.refresh(key, &tokens.refresh_token, &options);
        let mut answer = exchange().await;
        if answer_gets_lost {
            sleep(PACE * u32::try_from(chosen).unwrap_or_default()).await;
            answer = exchange().await;
        }
        match answer {
            Ok(next) => self.devices[chosen].tokens = next,
            Err(CommandError::Unavailable(reason)) => return Err(CommandError::Unavailable(reason)),
            Err(_) => self.log_in_again(chosen).await?,
        }
        Ok(())
    }

    /// Lets a thief use a copy of a refresh token that its owner has exchanged twice since. The session ends.
    async fn steal(&mut self, chosen: usize) -> Result<(), CommandError> {
        let stolen = self.devices[chosen].tokens.refresh_token.clone();
        self.refresh(chosen, false).await?;
        self.refresh(chosen, false).await?;
        let key = &self.devices[chosen].key;
        match self.state.store.refresh(key, &stolen, &RefreshOptions::default()).await {
            Err(CommandError::ReusedToken) | Ok(_) => self.log_in_again(chosen).await,
            Err(error) => Err(error),
        }
    }

    async fn promote(&self, chosen: usize) -> Result<(), CommandError> {
        let claims = r#"{"role":"admin","scope":"read write audit"}"#;
        self.state.store.set_claims(&self.devices[chosen].key, None, claims).await.map(drop)
    }

    async fn log_out(&mut self, chosen: usize) -> Result<(), CommandError> {
        let Device { key, tokens, .. } = &self.devices[chosen];
        let session = Revocation::Sessions(&[&tokens.session_id]);
        self.state.store.revoke(key, session).await?;
        self.log_in_again(chosen).await
    }

    async fn log_in_again(&mut self, chosen: usize) -> Result<(), CommandError> {
        let Device { user, kind, .. } = self.devices.swap_remove(chosen);
        self.log_in(user, kind, None).await
    }
}

/// Ends the sessions of all users of the demo.
async fn end_all(state: &AppState) -> Result<(), CommandError> {
    for (subject, _) in USERS {
        let key = state.key_of_subject(subject).map_err(|_| CommandError::InvalidToken)?;
        state.store.revoke(&key, Revocation::All { except: None }).await?;
    }
    Ok(())
}

/// Returns a number that looks as if it was random.
fn scattered(number: usize) -> usize {
    number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33
}
