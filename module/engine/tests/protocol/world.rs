//! One browser, whose tabs share a cookie, the network between it and the server, a thief, and time.

use crate::history::History;
use crate::rules::{Budget, Rules, TICK};
use crate::server::{Answer, Server, Token};

/// The state of a tab's refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tab {
    /// No refresh.
    Idle,
    /// A request with this token, sent at this time.
    Asking(Token, u64),
    /// An answer, a token or a refusal, sent at this time.
    Answered(Option<Token>, u64),
}

/// A user of the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    /// The owner, with the cookie.
    Tab,
    /// The thief, who copied the cookie.
    Thief,
}

/// A token of the owner or the thief.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Held {
    /// The token.
    pub token: Token,
    /// The time since which it is held.
    pub since: u64,
}

/// The whole world.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct World {
    /// In ticks.
    pub now: u64,
    /// The server.
    pub server: Server,
    /// The cookie that the tabs share; none after a refusal.
    pub cookie: Option<Held>,
    /// The tabs, in a canonical order.
    pub tabs: Vec<Tab>,
    /// The thief's token.
    pub thief: Option<Held>,
    /// The user whose refresh minted the current generation, if that matters.
    pub last_rotation_by: Who,
    /// The events that may still happen.
    pub left: Budget,
    /// The past events.
    pub history: History,
}

impl World {
    /// Creates the world right after the login.
    pub fn new(rules: &Rules) -> Self {
        Self {
            now: 0,
            server: Server::new(rules),
            cookie: Some(Held { token: Token { login: 0, generation: 0 }, since: 0 }),
            tabs: vec![Tab::Idle; rules.tabs],
            thief: None,
            last_rotation_by: Who::Tab,
            left: rules.budget.clone(),
            history: History::default(),
        }
    }

    /// Returns whether time may pass: not if a message would travel too long, or if a client would be late.
    pub fn may_wait(&self, rules: &Rules) -> bool {
        self.now < rules.end
            && self.tabs.iter().all(|tab| self.may_be_underway(*tab, rules))
            && rules.patience.is_none_or(|patience| self.is_in_time(patience))
            && rules.habit.is_none_or(|habit| self.keeps_habit(habit, rules))
    }

    fn may_be_underway(&self, tab: Tab, rules: &Rules) -> bool {
        match tab {
            Tab::Idle => true,
            Tab::Asking(token, _) if self.must_wait(Who::Tab, token, rules) => true,
            Tab::Asking(_, since) | Tab::Answered(_, since) => self.now < since + rules.delay,
        }
    }

    /// Returns whether no exchanged token of the tabs would come too late.
    fn is_in_time(&self, patience: u64) -> bool {
        let asking = self.tabs.iter().filter_map(|tab| match tab {
            Tab::Asking(token, _) => Some(*token),
            _ => None,
        });
        let mut tokens = asking.chain(self.cookie.map(|held| held.token));
        let is_exchanged = tokens.any(|token| self.server.is_just_ahead_of(token));
        !is_exchanged || self.server.age(self.now) + 1 < patience
    }

    /// Returns whether, once there is a thief, neither side has paused longer than allowed.
    fn keeps_habit(&self, habit: u64, rules: &Rules) -> bool {
        let is_here = |who, held: Option<Held>| {
            held.is_none_or(|held| self.now < held.since + habit || self.must_wait(who, held.token, rules))
        };
        self.thief.is_none() || (is_here(Who::Tab, self.cookie) && is_here(Who::Thief, self.thief))
    }

    /// Returns whether a holder's access token has expired, so that it refreshes.
    pub fn is_due(&self, held: Held, rules: &Rules) -> bool {
        self.now >= held.since + rules.pace
    }

    /// Returns whether a token falls into a window of the other side's refresh, which it may not use.
    pub fn must_wait(&self, who: Who, token: Token, rules: &Rules) -> bool {
        let age = self.server.age(self.now) * TICK;
        let is_retry = age < rules.policy.race_window
            || (age < rules.policy.retry_window && !self.server.has_seen(token.generation + 1));
        let is_previous = self.server.is_just_ahead_of(token);
        !rules.in_step && is_previous && is_retry && self.last_rotation_by != who
    }

    /// Lets a tab send the cookie.
    pub fn ask(&mut self, tab: usize) {
        if let Some(cookie) = self.cookie {
            self.tabs[tab] = Tab::Asking(cookie.token, self.now);
        }
    }

    /// Lets the server receive a tab's request, and answer.
    pub fn hear(&mut self, tab: usize, rules: &Rules) {
        if let Tab::Asking(token, _) = self.tabs[tab] {
            let answer = self.refresh(Who::Tab, token, rules);
            if let Answer::Refused(refusal) = answer {
                self.history.refused.get_or_insert(refusal);
            }
            self.tabs[tab] = Tab::Answered(brought(answer), self.now);
        }
    }

    /// Lets the answer arrive. The browser has one cookie, set by the answer that arrives last.
    pub fn receive(&mut self, tab: usize, rules: &Rules) {
        if let Tab::Answered(answer, _) = self.tabs[tab] {
            self.cookie = answer.map(|token| self.held(token, rules));
            self.tabs[tab] = Tab::Idle;
        }
    }

    /// Lets the thief copy the cookie.
    pub fn steal(&mut self) {
        self.thief = self.cookie;
    }

    /// Lets the thief, whose network is perfect, refresh. It keeps a refused token, since it has nothing to lose.
    pub fn refresh_stolen(&mut self, rules: &Rules) {
        if let Some(Held { token: stolen, .. }) = self.thief {
            let new = brought(self.refresh(Who::Thief, stolen, rules));
            self.history.outlived_log_out |= self.history.stolen_before_log_out && new.is_some();
            self.thief = Some(self.held(new.unwrap_or(stolen), rules));
        }
    }

    /// Lets a holder use an access token where it is verified.
    pub fn verify(&mut self, held: Option<Held>, rules: &Rules) {
        if let Some(held) = held {
            self.server.verify(held.token, self.now, rules);
        }
    }

    /// Makes the replica the server, with or without its own receipts.
    pub fn fail_over(&mut self) {
        if let Some(session) = self.server.replica.take() {
            self.server.session = session;
            self.history.forget_exchanges();
        }
    }

    /// Logs the user out.
    pub fn revoke(&mut self) {
        self.server.revoke();
        self.history.has_ended = true;
        self.history.stolen_before_log_out = self.thief.is_some();
    }

    /// Logs the user in with the same session id as before.
    pub fn reissue(&mut self, rules: &Rules) {
        let token = self.server.reissue(self.now, rules);
        self.cookie = Some(self.held(token, rules));
        self.history.forget_exchanges();
    }

    /// Returns a token that was just received. The time is kept only if it matters.
    fn held(&self, token: Token, rules: &Rules) -> Held {
        let matters = rules.pace > 0 || rules.habit.is_some();
        Held { token, since: if matters { self.now } else { 0 } }
    }

    fn refresh(&mut self, who: Who, token: Token, rules: &Rules) -> Answer {
        let before = self.server.clone();
        let answer = self.server.refresh(token, self.now, rules);
        self.history.note(token, answer, &before, self.now, rules);
        if !rules.in_step && before.generation() != self.server.generation() {
            self.last_rotation_by = who;
        }
        answer
    }
}

/// Returns the token in an answer.
fn brought(answer: Answer) -> Option<Token> {
    match answer {
        Answer::Tokens { token, .. } => Some(token),
        Answer::Refused(_) => None,
    }
}
