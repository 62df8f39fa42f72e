//! Security events: one JSON message per command on the channel `hallpass:events`, and a keyspace event.
//!
//! ```json
//! {"event":"reused","key":"auth:42","sub":"42","sids":["0199…"],"count":1,"gen":3,"reason":"…","at":1790000000000,…}
//! ```
//! `at` is in Unix milliseconds, as are other times and ages. Tokens never appear.

use crate::config::Config;
use crate::event_kind::EventKind;
use crate::redis::args::Arg;
use crate::redis::{effects, log};
use redis_module::{CallOptions, CallOptionsBuilder, CallResult, Context, ContextFlags, NotifyEvent};
use serde_json::{Map, Value, json};
use std::ffi::CString;
use std::sync::LazyLock;
use uuid::Uuid;

/// The channel of events.
pub const CHANNEL: &[u8] = b"hallpass:events";

static HERE: LazyLock<CallOptions> = LazyLock::new(|| CallOptionsBuilder::new().errors_as_replies().build());
static REPLICATED: LazyLock<CallOptions> =
    LazyLock::new(|| CallOptionsBuilder::new().replicate().errors_as_replies().build());

/// An event names at most this many sessions; `count` tells how many there were.
const MAX_SIDS: usize = 100;

/// A change of sessions of one user.
pub struct Event<'a> {
    /// What happened.
    pub kind: EventKind,
    /// The user.
    pub subject: &'a str,
    /// The sessions concerned.
    pub sids: &'a [Uuid],
    /// The reason, for people.
    pub reason: &'static str,
    /// Unix ms.
    pub now: u64,
    /// The members of this kind of event only.
    pub details: Vec<(&'static str, Value)>,
}

impl Event<'_> {
    /// Publishes the event, if it is one of those that `hallpass.events` names, to subscribers here and on replicas.
    /// The state has changed already, so a failure is logged.
    pub fn publish(&self, ctx: &Context, key: &Arg, config: &Config) {
        if !config.publishes(self.kind) {
            return;
        }
        let message = self.message(key).to_string();
        // In a cluster PUBLISH reaches every node over the bus; replicated as well, it would arrive twice.
        let options = if ctx.get_flags().contains(ContextFlags::CLUSTER) { &*HERE } else { &*REPLICATED };
        let reply: CallResult<'_> = ctx.call_ext("PUBLISH", options, &[CHANNEL, message.as_bytes()]);
        if reply.is_err() {
            log::warning("a security event could not be published");
        }
        if let Ok(event) = CString::new(format!("hallpass.{}", self.kind.name())) {
            effects::notify_keyspace(ctx, NotifyEvent::MODULE, &event, key);
        }
    }

    fn message(&self, key: &Arg) -> Value {
        let sids: Vec<String> = self.sids.iter().take(MAX_SIDS).map(Uuid::to_string).collect();
        let mut members = Map::new();
        members.insert("event".into(), json!(self.kind.name()));
        members.insert("key".into(), json!(String::from_utf8_lossy(key)));
        members.insert("sub".into(), json!(self.subject));
        members.insert("sids".into(), json!(sids));
        members.insert("count".into(), json!(self.sids.len()));
        members.insert("reason".into(), json!(self.reason));
        members.insert("at".into(), json!(self.now));
        members.extend(self.details.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        Value::Object(members)
    }
}
