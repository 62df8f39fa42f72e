//! Several holders of one shared session, each with a token of its own: the processes of an agent, or a server-side
//! renderer whose cookies are dropped. Nobody tells anybody of a new token.

use crate::rules::{Budget, Rules, TICK};
use crate::server::{Answer, Refusal, Server, Token};
use stateright::{Model, Property};

/// No holder is told that its session is over.
pub const NO_HOLDER_IS_LOGGED_OUT: &str = "no holder is logged out";
/// A holder is refused only because the longest lifetime is over.
pub const ONLY_THE_LONGEST_LIFETIME_ENDS_IT: &str = "only the longest lifetime ends it";
/// No token further behind is answered.
pub const NONE_FROM_FURTHER_BACK: &str = "no token from further back is answered";
/// No generation is followed by the next one before half an access TTL is over.
pub const GENERATIONS_LAST: &str = "a generation lasts at least half an access token";

/// Happens: an older token is answered without any change.
pub const A_SHARED_ANSWER: &str = "an older token is answered";
/// Happens: an older token keeps the session alive.
pub const A_RENEWAL: &str = "an older token renews the session";
/// Happens: the session is rotated.
pub const A_ROTATION: &str = "a token rotates the session";
/// Happens: a token ahead of the store.
pub const A_LOST_ROTATION: &str = "a token ahead of the store goes on";
/// Happens: a token from further back ends the session.
pub const AN_END: &str = "a token from further back ends the session";

/// What holders do, besides what the rules say of the server and of how often things happen.
#[derive(Clone, Debug)]
pub struct Holders {
    /// The settings, what is switched off, and the bounds.
    pub rules: Rules,
    /// How many there are.
    pub count: usize,
    /// Whether one that is further behind than the session is shared stays away.
    pub keep_up: bool,
    /// How many ticks after it got its token each has come again, if it is so regular.
    pub patience: Option<u64>,
    /// How many ticks nobody comes at most.
    pub habit: Option<u64>,
    /// Whether every answer is lost on the way, so that all go on with their first token.
    pub drop_answers: bool,
}

/// A token, and when its holder got it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Held {
    token: Token,
    since: u64,
}

/// Everything there is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Shared {
    now: u64,
    server: Server,
    /// The ones alike in a fixed order.
    holders: Vec<Held>,
    left: Budget,
    last_use: u64,
    refused: Option<Refusal>,
    refused_at: u64,
    /// A token further behind than allowed was answered.
    answered_from_further_back: bool,
    /// A generation was too short.
    is_too_short: bool,
    last: Option<Happened>,
}

/// What the last refresh came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Happened {
    SharedAnswer,
    Renewal,
    Rotation,
    LostRotation,
    End,
}

/// One thing that can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Time passes.
    Tick,
    /// A holder refreshes and gets the answer.
    Refresh(usize),
    /// A holder refreshes, and the answer is lost.
    RefreshInVain(usize),
    /// A holder's access token is verified.
    Verify(usize),
    /// The server loses its memory, and nothing else.
    Crash,
    /// From now on the replica gets nothing new.
    FallBehind,
    /// The replica takes over.
    FailOver,
}

impl Holders {
    /// Holders of a session that is shared by `generations`, whose access tokens last four ticks; one stays away when
    /// it has fallen behind. Nothing is lost.
    pub fn new(count: usize, generations: u64, end: u64, refreshes: u8) -> Self {
        let mut rules = Rules::new(end, refreshes).with_windows(1, 2);
        (rules.policy.shared, rules.policy.access_ttl) = (generations, 4);
        Self { rules, count, keep_up: true, patience: None, habit: None, drop_answers: false }
    }

    /// Returns how many ticks a generation lasts at least.
    pub fn youth(&self) -> u64 {
        self.rules.policy.access_ttl * 1000 / 2 / TICK
    }

    fn may_wait(&self, world: &Shared) -> bool {
        let soon = world.now + 1;
        soon <= self.rules.end
            && self
                .patience
                .is_none_or(|patience| world.holders.iter().all(|held| soon < held.since + patience))
            && self.habit.is_none_or(|habit| soon <= world.last_use + habit)
    }

    fn may_refresh(&self, world: &Shared, holder: usize) -> bool {
        let behind = world.server.distance(world.holders[holder].token);
        world.left.asks > 0 && !(self.keep_up && behind > self.rules.policy.shared)
    }
}

impl Model for Holders {
    type State = Shared;
    type Action = Event;

    fn init_states(&self) -> Vec<Shared> {
        let first = Held { token: Token { login: 0, generation: 0 }, since: 0 };
        vec![Shared {
            now: 0,
            server: Server::new(&self.rules),
            holders: vec![first; self.count],
            left: self.rules.budget.clone(),
            last_use: 0,
            refused: None,
            refused_at: 0,
            answered_from_further_back: false,
            is_too_short: false,
            last: None,
        }]
    }

    fn actions(&self, world: &Shared, events: &mut Vec<Event>) {
        let (left, server) = (&world.left, &world.server);
        events.extend(self.may_wait(world).then_some(Event::Tick));
        for holder in 0..world.holders.len() {
            if self.may_refresh(world, holder) {
                events.extend((!self.drop_answers).then_some(Event::Refresh(holder)));
                events.extend((self.drop_answers || left.losses > 0).then_some(Event::RefreshInVain(holder)));
            }
            events.extend((!self.drop_answers).then_some(Event::Verify(holder)));
        }
        let possible = [
            (left.crashes > 0 && server.seen.is_some(), Event::Crash),
            (left.failovers > 0 && server.replica.is_none(), Event::FallBehind),
            (left.failovers > 0 && server.replica.is_some(), Event::FailOver),
        ];
        events.extend(possible.iter().filter(|(is_possible, _)| *is_possible).map(|(_, event)| *event));
    }

    fn next_state(&self, before: &Shared, event: Event) -> Option<Shared> {
        let mut world = before.clone();
        world.take(event, self);
        // Which holder is which makes no difference.
        world.holders.sort_unstable();
        (world != *before).then_some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(NO_HOLDER_IS_LOGGED_OUT, |_, world: &Shared| world.refused.is_none()),
            Property::always(ONLY_THE_LONGEST_LIFETIME_ENDS_IT, |holders: &Self, world: &Shared| {
                let is_over = |end| world.refused_at >= end;
                world.refused.is_none() || holders.rules.lifetime.is_some_and(is_over)
            }),
            Property::always(NONE_FROM_FURTHER_BACK, |_, world: &Shared| !world.answered_from_further_back),
            Property::always(GENERATIONS_LAST, |_, world: &Shared| !world.is_too_short),
            Property::sometimes(A_SHARED_ANSWER, |_, world: &Shared| {
                world.last == Some(Happened::SharedAnswer)
            }),
            Property::sometimes(A_RENEWAL, |_, world: &Shared| world.last == Some(Happened::Renewal)),
            Property::sometimes(A_ROTATION, |_, world: &Shared| world.last == Some(Happened::Rotation)),
            Property::sometimes(A_LOST_ROTATION, |_, world: &Shared| {
                world.last == Some(Happened::LostRotation)
            }),
            Property::sometimes(AN_END, |_, world: &Shared| world.last == Some(Happened::End)),
        ]
    }
}

impl Shared {
    fn take(&mut self, event: Event, holders: &Holders) {
        match event {
            Event::Tick => self.now += 1,
            Event::Refresh(holder) => {
                if let Some(token) = self.refresh(holder, holders) {
                    self.holders[holder] = Held { token, since: self.since(holders) };
                }
            }
            Event::RefreshInVain(holder) => {
                self.left.losses -= u8::from(!holders.drop_answers);
                self.refresh(holder, holders);
            }
            Event::Verify(holder) => {
                self.server.verify(self.holders[holder].token, self.now, &holders.rules);
            }
            Event::Crash => {
                self.left.crashes -= 1;
                self.server.seen = None;
            }
            Event::FallBehind => self.server.replica = Some(self.server.session.clone()),
            Event::FailOver => {
                self.left.failovers -= 1;
                if let Some(session) = self.server.replica.take() {
                    self.server.session = session;
                }
            }
        }
    }

    /// Returns the time, where it matters when a token was got.
    fn since(&self, holders: &Holders) -> u64 {
        if holders.patience.is_some() { self.now } else { 0 }
    }

    fn refresh(&mut self, holder: usize, holders: &Holders) -> Option<Token> {
        let token = self.holders[holder].token;
        let before = self.server.clone();
        self.left.asks -= 1;
        self.last_use = if holders.habit.is_some() { self.now } else { 0 };
        let answer = self.server.refresh(token, self.now, &holders.rules);
        self.note(token, answer, &before, holders);
        match answer {
            Answer::Tokens { token, .. } => Some(token),
            Answer::Refused(_) => None,
        }
    }

    fn note(&mut self, token: Token, answer: Answer, before: &Server, holders: &Holders) {
        let behind = before.distance(token);
        let new = match answer {
            Answer::Refused(refusal) => {
                self.last = (refusal == Refusal::Reused).then_some(Happened::End);
                if self.refused.is_none() {
                    (self.refused, self.refused_at) = (Some(refusal), self.now);
                }
                return;
            }
            Answer::Tokens { token, .. } => token,
        };
        let is_rotation = before.generation() != Some(new.generation);
        self.answered_from_further_back |= behind > holders.rules.policy.shared;
        self.is_too_short |= is_rotation && before.age(self.now) < holders.youth();
        self.last = if is_rotation && before.generation() < Some(token.generation) {
            Some(Happened::LostRotation)
        } else if is_rotation {
            Some(Happened::Rotation)
        } else if before.session != self.server.session {
            Some(Happened::Renewal)
        } else {
            (behind > 0).then_some(Happened::SharedAnswer)
        };
    }
}
