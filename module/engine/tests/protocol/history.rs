//! The answers so far: the past as far as the properties need it.

use crate::rules::{Rules, TICK};
use crate::server::{Answer, Refusal, Server, Token};

/// Generations that a run can reach, and one more.
const GENERATIONS: usize = 8;

/// The first answer to a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Exchange {
    generation: u64,
    /// In ticks.
    rotated_at: u64,
    /// The store has forgotten it.
    is_forgotten: bool,
}

/// The past, as far as the properties need it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct History {
    /// By the generation of the token that was presented.
    exchanges: [Option<Exchange>; GENERATIONS],
    /// The session ended, and since then the store has not rolled back and its id was not issued again.
    pub has_ended: bool,
    /// A tab was refused, for this reason.
    pub refused: Option<Refusal>,
    /// One token got answers of different generations.
    pub has_two_successors: bool,
    /// One generation was minted at different times, so that its tokens differ.
    pub is_minted_twice: bool,
    /// A token was answered although its window was over.
    pub is_answered_late: bool,
    /// The thief's copy is older than the last logout.
    pub stolen_before_log_out: bool,
    /// The thief's copy, older than the last logout, was exchanged.
    pub outlived_log_out: bool,
    /// An ended session answered.
    pub is_revived: bool,
    /// The stored generation became smaller without a failover.
    pub went_back: bool,
    /// A reuse was detected.
    pub found_out: bool,
    /// A retry was answered.
    pub retried: bool,
    /// A token ahead of the store was honoured.
    pub recovered: bool,
}

impl History {
    /// Records an answer to `token`, given the server's previous state.
    pub fn note(&mut self, token: Token, answer: Answer, before: &Server, now: u64, rules: &Rules) {
        match answer {
            Answer::Refused(refusal) => self.note_refusal(refusal),
            Answer::Tokens { token: Token { generation, .. }, rotated_at } => {
                self.is_revived |= self.has_ended;
                self.retried |= before.generation() == Some(generation);
                self.recovered |= before.generation() < Some(token.generation);
                self.note_lateness(token.generation, before, now, rules);
                let exchange = Exchange { generation, rotated_at, is_forgotten: false };
                self.note_exchange(token.generation, exchange);
            }
        }
    }

    /// Marks all exchanges as forgotten by the store.
    pub fn forget_exchanges(&mut self) {
        self.has_ended = false;
        for exchange in self.exchanges.iter_mut().flatten() {
            exchange.is_forgotten = true;
        }
    }

    fn note_refusal(&mut self, refusal: Refusal) {
        self.found_out |= refusal == Refusal::Reused;
        self.has_ended |= refusal != Refusal::NoSession;
    }

    /// Records whether an answer is late: after the retry window, or after the race window if the successor was
    /// verified.
    fn note_lateness(&mut self, token: u64, before: &Server, now: u64, rules: &Rules) {
        let Some(first) = self.exchanges[index(token)].filter(|first| !first.is_forgotten) else {
            return;
        };
        let age = (now - first.rotated_at) * TICK;
        let is_needed = age < rules.policy.retry_window && !before.has_seen(token + 1);
        self.is_answered_late |= age >= rules.policy.race_window && !is_needed;
    }

    fn note_exchange(&mut self, token: u64, exchange: Exchange) {
        let place = &mut self.exchanges[index(token)];
        if let Some(first) = place {
            self.has_two_successors |= first.generation != exchange.generation;
            self.is_minted_twice |= first.rotated_at != exchange.rotated_at;
        }
        if place.is_none_or(|first| first.is_forgotten) {
            *place = Some(exchange);
        }
    }
}

fn index(token: u64) -> usize {
    usize::try_from(token).expect("few generations")
}
