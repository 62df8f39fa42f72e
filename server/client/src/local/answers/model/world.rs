//! The state of a world, and the steps in it.

use super::{Budget, Fault, Rules};
use crate::limits::{HEARTBEAT, TRUST};
use crate::local::answers::{Answers, Beat, OVERHEAD, Standing, Ticket};
use crate::local::moment::Moment;
use crate::local::question::Question;
use std::hash::{Hash, Hasher};
use std::time::Duration;

const SUBJECT: u64 = 0;
const TOKEN: Question = Question::number(1);

/// Everything there is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct World {
    /// In quarters of a second since the start.
    pub now: u8,
    /// When the token became void.
    pub void_since: Option<u8>,
    verify_epoch: u64,
    /// The newest comes last.
    pub connections: Vec<Connection>,
    pub tasks: Vec<Task>,
    pub link: Link,
    answers: Answers<()>,
    /// Pushes that were read and not applied yet, only with [`Fault::PushesWait`].
    pub waiting: Vec<Push>,
    /// True once what made the token void was read, and applied.
    is_heard: bool,
    pub left: Budget,
}

/// A connection: both ends, and what is under way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Connection {
    pub requests: Vec<Request>,
    pub messages: Vec<Message>,
    /// The server knows that the subject was read over this connection.
    is_tracked: bool,
    /// Nothing arrives any more.
    pub is_cut: bool,
}

/// What goes to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Request {
    /// The question of a task.
    Verify(usize),
    Beat,
}

/// What comes from the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Message {
    /// Tells a task whether the token is valid.
    Answer(usize, bool),
    /// The answer to a heartbeat.
    Standing(Standing),
    Push(Push),
}

/// What Redis says unasked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Push {
    /// The subject has changed.
    Changed,
    /// Anything may have changed.
    AllChanged,
}

/// A task that asks about the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Task {
    Idle,
    /// It may keep the answer.
    Permitted(Ticket),
    /// It knows the connection, only with [`Fault::ConnectionComesFirst`].
    Connected(usize),
    /// It waits for the answer.
    Asking(Ticket),
    /// The token is valid, by an answer that was read, and that the task will see.
    Answered(Ticket),
    Done,
}

/// The task that keeps the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Link {
    Down,
    /// The first heartbeat of a new connection was answered.
    Connecting(Beat),
    Up,
    /// A heartbeat was sent at this moment.
    Beating(Moment),
    /// It was answered, and the task will see it.
    Beaten(Beat),
}

impl World {
    /// One connection is up, nothing is kept, and the token is valid.
    pub fn new(rules: &Rules) -> Self {
        let mut world = Self {
            now: 0,
            void_since: None,
            verify_epoch: 0,
            connections: vec![],
            tasks: vec![Task::Idle; usize::from(rules.budget.asks)],
            link: Link::Down,
            answers: Answers::new(Duration::from_secs(9), 1),
            waiting: vec![],
            is_heard: false,
            left: rules.budget,
        };
        world.connect();
        world.adopt();
        world
    }

    /// Returns whether the token passes now, by what is kept.
    pub fn passes(&self, rules: &Rules) -> bool {
        let now = match (rules.fault, self.answers.beat) {
            (Fault::HeartbeatsAreIgnored, Some(beat)) => beat.sent,
            _ => self.moment(),
        };
        self.answers.get(&TOKEN, now).is_some()
    }

    /// Returns whether it passes as stale, should Redis be away.
    pub fn passes_as_stale(&self) -> bool {
        self.answers.get_stale(&TOKEN, self.moment()).is_some()
    }

    /// Returns whether the client has heard that the token is void.
    pub fn is_heard(&self) -> bool {
        self.is_heard
    }

    /// Returns whether the token is void for as long as a push may get lost.
    pub fn is_long_void(&self) -> bool {
        self.void_since.is_some_and(|since| u32::from(self.now - since) * HEARTBEAT >= TRUST)
    }

    /// The link prepares a new connection: its first heartbeat is answered.
    pub fn connect(&mut self) {
        self.connections.push(Connection::default());
        self.link = Link::Connecting(self.beat(self.moment(), self.standing()));
    }

    /// The link uses the new connection.
    pub fn adopt(&mut self) {
        let Link::Connecting(beat) = self.link else { return };
        self.answers.connected(self.number(), beat);
        self.answers.resize(OVERHEAD);
        self.link = Link::Up;
    }

    /// The newest connection breaks; what is under way is lost.
    pub fn lose(&mut self) {
        let newest = self.newest();
        self.connections[newest] = Connection { is_cut: true, ..Connection::default() };
        self.give_up();
    }

    /// The link gives up the newest connection, which lives on.
    pub fn give_up(&mut self) {
        self.answers.lost(self.number());
        self.link = Link::Down;
    }

    /// A task takes its next step before the question.
    pub fn prepare(&mut self, task: usize, rules: &Rules) {
        let newest = (!matches!(self.link, Link::Down | Link::Connecting(_))).then(|| self.newest());
        let ticket = self.answers.ask(SUBJECT, self.moment());
        let connection_first = rules.fault == Fault::ConnectionComesFirst;
        self.tasks[task] = match (self.tasks[task], ticket, newest) {
            (Task::Idle, Some(ticket), _) if !connection_first => Task::Permitted(ticket),
            (Task::Idle, _, Some(newest)) if connection_first => Task::Connected(newest),
            (Task::Permitted(ticket), _, Some(newest)) | (Task::Connected(newest), Some(ticket), _) => {
                self.connections[newest].requests.push(Request::Verify(task));
                Task::Asking(ticket)
            }
            _ => Task::Done,
        };
    }

    /// A task keeps its answer.
    pub fn keep(&mut self, task: usize, rules: &Rules) {
        let Task::Answered(mut ticket) = self.tasks[task] else { return };
        match rules.fault {
            Fault::EpochsAreIgnored => ticket.epoch = self.answers.epochs[0],
            Fault::RoundsAreIgnored => ticket.round = self.answers.round,
            _ => {}
        }
        self.answers.keep(ticket, TOKEN, u64::MAX, (), 0);
        self.tasks[task] = Task::Done;
    }

    /// The link sends a heartbeat.
    pub fn send_beat(&mut self) {
        let newest = self.newest();
        self.connections[newest].requests.push(Request::Beat);
        self.link = Link::Beating(self.moment());
    }

    /// The link sees the answer.
    pub fn apply_beat(&mut self, rules: &Rules) {
        let Link::Beaten(mut beat) = self.link else { return };
        if let (Fault::StandingIsIgnored, Some(last)) = (rules.fault, self.answers.beat) {
            beat.standing = last.standing;
        }
        self.answers.beat(self.number(), beat);
        self.is_heard |= beat.standing.verify_epoch > 0;
        self.link = Link::Up;
    }

    /// The server answers the next request of a connection.
    pub fn serve(&mut self, connection: usize) {
        let (is_valid, standing) = (self.void_since.is_none(), self.standing());
        let connection = &mut self.connections[connection];
        let message = match connection.requests.remove(0) {
            Request::Verify(task) => {
                connection.is_tracked = true;
                Message::Answer(task, is_valid)
            }
            Request::Beat => Message::Standing(standing),
        };
        connection.messages.push(message);
    }

    /// The client reads the next message of a connection.
    pub fn read(&mut self, connection: usize, rules: &Rules) {
        let is_newest = connection == self.newest();
        match (self.connections[connection].messages.remove(0), self.link) {
            (Message::Answer(task, is_valid), _) => {
                let Task::Asking(ticket) = self.tasks[task] else { return };
                self.tasks[task] = if is_valid { Task::Answered(ticket) } else { Task::Done };
            }
            (Message::Standing(standing), Link::Beating(sent)) if is_newest => {
                self.link = Link::Beaten(self.beat(sent, standing));
            }
            (Message::Standing(_), _) => {}
            (Message::Push(push), _) if rules.fault == Fault::PushesWait => self.waiting.push(push),
            (Message::Push(push), _) => self.apply(push),
        }
    }

    /// The oldest push that waits is applied.
    pub fn apply_waiting(&mut self) {
        let push = self.waiting.remove(0);
        self.apply(push);
    }

    /// The token is revoked: the server tells whoever has read it, once.
    pub fn revoke(&mut self) {
        self.void_since = Some(self.now);
        for connection in self.connections.iter_mut().filter(|connection| connection.is_tracked) {
            connection.is_tracked = false;
            connection.messages.push(Message::Push(Push::Changed));
        }
    }

    /// Everything is deleted: the server tells everybody who listens.
    pub fn flush(&mut self) {
        self.void_since = Some(self.now);
        for connection in &mut self.connections {
            connection.messages.push(Message::Push(Push::AllChanged));
        }
    }

    /// The key that signed the token is removed: the server tells nobody.
    pub fn reload(&mut self) {
        self.void_since = Some(self.now);
        self.verify_epoch += 1;
    }

    /// The network swallows what the newest connection carries, from now on.
    pub fn cut(&mut self) {
        let newest = self.newest();
        self.connections[newest].is_cut = true;
    }

    fn apply(&mut self, push: Push) {
        match push {
            Push::Changed => self.answers.changed(SUBJECT),
            Push::AllChanged => self.answers.flush(),
        }
        self.is_heard = true;
    }

    fn newest(&self) -> usize {
        self.connections.len() - 1
    }

    fn number(&self) -> u64 {
        self.newest() as u64
    }

    fn moment(&self) -> Moment {
        Moment::after_start(u32::from(self.now) * HEARTBEAT)
    }

    fn standing(&self) -> Standing {
        Standing { is_primary: true, verify_epoch: self.verify_epoch, slots: 0 }
    }

    fn beat(&self, sent: Moment, standing: Standing) -> Beat {
        Beat { sent, clock: 0, standing, is_serving: true }
    }
}

// Two stores are equal if they do the same from now on.

impl Answers<()> {
    fn entry(&self) -> Option<Moment> {
        self.entries.peek(&TOKEN).map(|entry| entry.asked)
    }
}

impl PartialEq for Answers<()> {
    fn eq(&self, other: &Self) -> bool {
        (self.round, self.connection, self.beat, &self.epochs, self.entry())
            == (other.round, other.connection, other.beat, &other.epochs, other.entry())
    }
}

impl Eq for Answers<()> {}

impl Hash for Answers<()> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.round, self.connection, self.beat, &self.epochs, self.entry()).hash(state);
    }
}

impl std::fmt::Debug for Answers<()> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "round {}, kept since {:?}", self.round, self.entry())
    }
}
