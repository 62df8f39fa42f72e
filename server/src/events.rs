//! The newest security events, for those who follow them. A follower reads at its own pace and keeps only its place; who
//! falls too far behind, or comes from another server, is told that there is a gap.

use hallpass_client::Notice;
use serde_json::{Map, Value};
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::watch;

/// The notices that are kept, a few MB at most.
const MEMORY: usize = 512;
/// The size limit for an event: a hundred sessions of the longest subject fit. Anything longer is not the module's.
const MAX_EVENT_BYTES: usize = 16 * 1024;

/// The newest events.
pub struct Events {
    /// Distinguishes the ids of this server from those of another, or of another start.
    epoch: u128,
    kept: Mutex<Kept>,
    /// Is told of every change; true once the server ends.
    changes: watch::Sender<bool>,
}

#[derive(Default)]
struct Kept {
    /// The number of notices that were dropped before these.
    dropped: u64,
    notices: VecDeque<Notice>,
}

/// Somebody who reads the notices.
pub struct Follower {
    /// The number of notices that are read; `None` if nothing is known of them here.
    place: Option<u64>,
    changes: watch::Receiver<bool>,
}

impl Events {
    /// Begins with nothing.
    pub fn new() -> Self {
        let epoch = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_millis());
        Self { epoch, kept: Mutex::default(), changes: watch::Sender::new(false) }
    }

    /// Sends all followers away.
    pub fn end(&self) {
        self.changes.send_replace(true);
    }

    /// Keeps a notice and wakes the followers. Whatever the module does not publish is dropped.
    pub fn add(&self, notice: Notice) {
        if matches!(&notice, Notice::Event(text) if !is_event(text)) {
            return;
        }
        let mut kept = self.kept();
        kept.notices.push_back(notice);
        if kept.notices.len() > MEMORY {
            kept.notices.pop_front();
            kept.dropped += 1;
        }
        self.changes.send_modify(|_| {});
    }

    /// Begins to follow behind the notice with this id, or with all that is kept if there is none.
    pub fn follow(&self, last_id: Option<&str>) -> Follower {
        let place = match last_id.map(|id| id.split_once('-')) {
            None => Some(self.kept().dropped),
            Some(Some((epoch, place))) if epoch.parse() == Ok(self.epoch) => place.parse().ok(),
            Some(_) => None,
        };
        Follower { place, changes: self.changes.subscribe() }
    }

    /// Returns the next notice for a follower with its id, or `None` if there is none yet.
    pub fn next(&self, follower: &mut Follower) -> Option<(String, Notice)> {
        let kept = self.kept();
        let behind = follower.place.and_then(|place| usize::try_from(place.checked_sub(kept.dropped)?).ok());
        let (place, notice) = match behind.filter(|behind| *behind <= kept.notices.len()) {
            Some(index) => (kept.dropped + index as u64 + 1, kept.notices.get(index)?.clone()),
            None => (kept.dropped, Notice::Gap),
        };
        follower.place = Some(place);
        Some((format!("{}-{place}", self.epoch), notice))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // A panic cannot leave more than one notice too many.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Follower {
    /// Waits until there may be another notice. Returns false at the end.
    pub async fn wait(&mut self) -> bool {
        // Whoever begins to follow after the end is told of no change.
        let has_ended = *self.changes.borrow();
        !has_ended && self.changes.changed().await.is_ok() && !*self.changes.borrow()
    }
}

/// Returns whether a text can be an event: one line, a JSON object.
fn is_event(text: &str) -> bool {
    let is_line = text.len() <= MAX_EVENT_BYTES && !text.contains(['\r', '\n']);
    is_line && serde_json::from_str::<Map<String, Value>>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(number: usize) -> Notice {
        Notice::Event(format!(r#"{{"event":{number}}}"#))
    }

    fn read(events: &Events, follower: &mut Follower) -> Vec<(String, Notice)> {
        std::iter::from_fn(|| events.next(follower)).collect()
    }

    #[tokio::test]
    async fn whoever_begins_to_follow_after_the_end_does_not_wait() {
        let events = Events::new();
        let mut early = events.follow(None);
        events.end();
        assert!(!early.wait().await && !events.follow(None).wait().await);
    }

    #[test]
    fn a_follower_goes_on_where_it_was_and_is_told_of_gaps() {
        let events = Events::new();
        (0..3).for_each(|number| events.add(event(number)));
        let all = read(&events, &mut events.follow(None));
        assert_eq!(all.iter().map(|(_, notice)| notice.clone()).collect::<Vec<_>>(), [0, 1, 2].map(event));
        assert_eq!(read(&events, &mut events.follow(Some(&all[1].0))), all[2..]);
        assert_eq!(read(&events, &mut events.follow(Some(&all[2].0))), []);
        for unknown in ["", "1-1", "x", &all[2].0.replace("-3", "-4"), &all[2].0.replace("-3", "--3")] {
            let told = read(&events, &mut events.follow(Some(unknown)));
            assert_eq!((&told[0].1, &told[1..]), (&Notice::Gap, &all[..]), "{unknown}");
            assert_eq!(read(&events, &mut events.follow(Some(&told[0].0))), all, "{unknown}");
        }
    }

    #[test]
    fn memory_is_bounded_and_whoever_is_too_slow_is_told() {
        let events = Events::new();
        events.add(event(0));
        let mut slow = events.follow(None);
        assert_eq!(read(&events, &mut slow).len(), 1);
        (0..MEMORY + 1).for_each(|number| events.add(event(number)));
        let told = read(&events, &mut slow);
        assert_eq!((told.len(), &told[0].1), (MEMORY + 1, &Notice::Gap));
        assert_eq!(told[MEMORY].1, event(MEMORY));
        assert_eq!(read(&events, &mut events.follow(None)).len(), MEMORY);
    }

    #[test]
    fn only_what_the_module_could_have_published_is_passed_on() {
        let events = Events::new();
        let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(MAX_EVENT_BYTES));
        for text in ["", "text", "[]", "null", "{\"a\":1}\n\ndata: {}", "{", &long] {
            events.add(Notice::Event(text.into()));
        }
        assert_eq!(events.next(&mut events.follow(None)), None);
    }
}
