//! Failover, written once for Sentinel and Cluster: a command goes to the node in charge. When its answer hints that
//! another node has taken over, the new one is looked up, and the command is sent again if it was certainly not carried
//! out.

use crate::contract::code;
use crate::limits::LOOK_UP_PACE;
use crate::node::Node;
use redis::{Cmd, RedisError, RedisResult, Value};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::{Interval, MissedTickBehavior, interval};

/// Knows which node is in charge, and finds out again.
pub trait Directory: Sized + Send + Sync + 'static {
    /// A thing that one node is in charge of: a slot of a cluster, or everything.
    type Place: Copy + Send;

    /// Returns the node in charge, as far as it is known.
    fn in_charge(&self, place: Self::Place) -> RedisResult<Arc<Node>>;

    /// Returns the node to begin with: the one in charge, or one that may know it. `round` is the number of look-ups so
    /// far.
    fn first_choice(&self, place: Self::Place, _round: usize) -> RedisResult<Arc<Node>> {
        self.in_charge(place)
    }

    /// Finds out which node is in charge. `round` is the number of look-ups so far.
    fn look_up(&self, round: usize) -> impl Future<Output = ()> + Send;

    /// Makes one attempt at a command, beginning with this node.
    fn attempt(
        failover: &Failover<Self>,
        place: Self::Place,
        node: Arc<Node>,
        command: &Cmd,
    ) -> impl Future<Output = RedisResult<Value>> + Send;
}

/// Sends commands by a directory, and keeps the directory current.
pub struct Failover<D>(Arc<Shared<D>>);

struct Shared<D> {
    directory: D,
    /// Held by the one look-up at a time.
    turn: Mutex<Interval>,
    rounds: AtomicUsize,
}

/// Both send by the same directory.
impl<D> Clone for Failover<D> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<D: Directory> Failover<D> {
    /// Begins with a directory in which nothing was looked up yet. Must be called inside a tokio runtime.
    pub fn new(directory: D) -> Self {
        let mut pace = interval(LOOK_UP_PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self(Arc::new(Shared { directory, turn: Mutex::new(pace), rounds: AtomicUsize::new(0) }))
    }

    /// Returns the directory.
    pub fn directory(&self) -> &D {
        &self.0.directory
    }

    /// Returns the number of look-ups so far.
    pub fn rounds(&self) -> usize {
        self.0.rounds()
    }

    /// Sends a command to the node in charge, and once more if it was not carried out there and another node has taken
    /// over.
    pub async fn send(&self, place: D::Place, command: &Cmd) -> RedisResult<Value> {
        let seen = self.rounds();
        let (former, result) = match self.directory().first_choice(place, seen) {
            Ok(node) => (Some(node.clone()), D::attempt(self, place, node, command).await),
            Err(error) => (None, Err(error)),
        };
        let Err(error) = &result else { return result };
        if former.is_some() && !hints_at_change(error) {
            return result;
        }
        let look_up = self.look_up(seen);
        if former.is_some() && !was_not_carried_out(error) {
            return result;
        }
        // It fails only when the runtime stops.
        let _ = look_up.await;
        match (self.directory().in_charge(place), former) {
            (Ok(heir), Some(former)) if Arc::ptr_eq(&heir, &former) => result,
            (Ok(heir), _) => D::attempt(self, place, heir, command).await,
            (Err(_), Some(_)) => result,
            (Err(error), None) => Err(error),
        }
    }

    /// Looks up the node in charge, unless that has happened since there were `seen` look-ups. Goes on when the caller
    /// does not wait.
    pub fn look_up(&self, seen: usize) -> JoinHandle<()> {
        let shared = self.0.clone();
        tokio::spawn(async move { shared.look_up_unless_after(seen).await })
    }
}

impl<D: Directory> Shared<D> {
    fn rounds(&self) -> usize {
        self.rounds.load(Ordering::Acquire)
    }

    /// Calls that got their hint before the same look-up share its outcome.
    async fn look_up_unless_after(&self, seen: usize) {
        let mut pace = self.turn.lock().await;
        if self.rounds() == seen {
            pace.tick().await;
            self.directory.look_up(seen).await;
            self.rounds.fetch_add(1, Ordering::AcqRel);
        }
    }
}

/// Returns whether another node may be in charge now: no answer came, or one that a node in charge does not give.
pub fn hints_at_change(error: &RedisError) -> bool {
    error.code().is_none_or(|code| code::NOT_IN_CHARGE.contains(&code))
}

/// Returns whether another node may safely be sent the same command.
fn was_not_carried_out(error: &RedisError) -> bool {
    error.is_connection_refusal() || error.code().is_some_and(|code| code::NOT_IN_CHARGE.contains(&code))
}

/// Returns whether a command that changes nothing may be answered if it is sent again in another way: no answer came, or
/// one of a node that is not in charge or redirects.
pub fn may_be_answered_elsewhere(error: &RedisError) -> bool {
    hints_at_change(error) || error.redirect_node().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use redis::{ErrorKind, cmd, parse_redis_value};
    use std::io;
    use std::sync::Mutex as SyncMutex;

    /// One place, whose nodes come into charge one after the other, each by a look-up.
    struct Succession {
        nodes: SyncMutex<Vec<RedisResult<Arc<Node>>>>,
        /// The answer of the node `a`; all others carry the command out.
        answer_of_a: RedisResult<Value>,
        asked: SyncMutex<Vec<String>>,
    }

    impl Directory for Succession {
        type Place = ();

        fn in_charge(&self, (): ()) -> RedisResult<Arc<Node>> {
            self.nodes.lock().expect("nodes")[0].clone()
        }

        async fn look_up(&self, _round: usize) {
            let mut nodes = self.nodes.lock().expect("nodes");
            if nodes.len() > 1 {
                drop(nodes.remove(0));
            }
        }

        async fn attempt(this: &Failover<Self>, (): (), node: Arc<Node>, _: &Cmd) -> RedisResult<Value> {
            let succession = this.directory();
            succession.asked.lock().expect("names").push(node.address().to_owned());
            if node.address() == "a:1" { succession.answer_of_a.clone() } else { Ok(Value::Okay) }
        }
    }

    fn nobody() -> RedisError {
        (ErrorKind::MasterNameNotFoundBySentinel, "nobody is in charge").into()
    }

    /// Nodes of these names; a dash is nobody.
    fn succession(names: &[&str], answer_of_a: RedisResult<Value>) -> Failover<Succession> {
        let node = |name: &&str| match *name {
            "-" => Err(nobody()),
            name => Node::new(format!("redis://{name}:1")).map(Arc::new),
        };
        let nodes = SyncMutex::new(names.iter().map(node).collect());
        Failover::new(Succession { nodes, answer_of_a, asked: SyncMutex::default() })
    }

    fn reply(text: &str) -> RedisError {
        parse_redis_value(text.as_bytes()).and_then(Value::extract_error).expect_err("an error")
    }

    fn broken(kind: io::ErrorKind) -> RedisError {
        io::Error::from(kind).into()
    }

    #[test]
    fn only_what_was_certainly_not_carried_out_may_be_sent_elsewhere() {
        for (error, hints, is_safe) in [
            (reply("-READONLY You can't write\r\n"), true, true),
            (reply("-CLUSTERDOWN Hash slot not served\r\n"), true, true),
            (reply("-NOSESSION the session has ended\r\n"), false, false),
            (reply("-ERR unknown command\r\n"), false, false),
            (broken(io::ErrorKind::ConnectionRefused), true, true),
            (broken(io::ErrorKind::TimedOut), true, false),
            (broken(io::ErrorKind::BrokenPipe), true, false),
        ] {
            assert_eq!((hints_at_change(&error), was_not_carried_out(&error)), (hints, is_safe), "{error}");
        }
    }

    #[tokio::test]
    async fn the_heir_is_sent_what_the_former_node_did_not_carry_out() {
        for (names, answer, expected) in [
            (&["a", "b"][..], Ok(Value::Okay), &["a:1"][..]),
            (&["a", "b"], Err(reply("-READONLY x\r\n")), &["a:1", "b:1"]),
            (&["a", "b"], Err(broken(io::ErrorKind::ConnectionRefused)), &["a:1", "b:1"]),
            (&["a", "b"], Err(broken(io::ErrorKind::BrokenPipe)), &["a:1"]),
            (&["a", "b"], Err(reply("-NOSESSION x\r\n")), &["a:1"]),
            (&["a"], Err(reply("-READONLY x\r\n")), &["a:1"]),
            (&["a", "-"], Err(reply("-READONLY x\r\n")), &["a:1"]),
            (&["-", "b"], Ok(Value::Okay), &["b:1"]),
            (&["-"], Ok(Value::Okay), &[]),
        ] {
            let failover = succession(names, answer.clone());
            let result = failover.send((), &cmd("PING")).await;
            let asked = failover.directory().asked.lock().expect("names").clone();
            assert_eq!(asked, expected, "{names:?}");
            let was_carried_out = answer.is_ok() && !asked.is_empty() || asked.len() == 2;
            assert_eq!(result.is_ok(), was_carried_out, "{names:?}: {result:?}");
        }
    }

    #[tokio::test]
    async fn a_lost_answer_starts_a_look_up_that_nobody_waits_for() {
        let failover = succession(&["a", "b"], Err(broken(io::ErrorKind::TimedOut)));
        assert!(failover.send((), &cmd("PING")).await.is_err());
        assert_eq!(failover.rounds(), 0);
        failover.look_up(0).await.expect("a runtime");
        assert_eq!(failover.rounds(), 1, "the two share a look-up");
        let heir = failover.directory().in_charge(()).expect("somebody");
        assert_eq!(heir.address(), "b:1");
    }

    #[tokio::test]
    async fn whoever_saw_the_same_shares_a_look_up() {
        let failover = succession(&["a"], Ok(Value::Okay));
        let (first, second) = tokio::join!(failover.look_up(0), failover.look_up(0));
        assert!(first.is_ok() && second.is_ok() && failover.rounds() == 1);
        failover.look_up(1).await.expect("a runtime");
        assert_eq!(failover.rounds(), 2);
    }
}
