//! The bounds of a world, the behaviour of its clients, and the mechanisms that are switched off.

use hallpass_engine::rotation::Policy;

/// The unit of time, in ms.
pub const TICK: u64 = 1000;

/// A mechanism that is switched off, to see why it is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Everything works.
    None,
    /// A retry mints another generation instead of repeating the answer.
    RetryMintsAgain,
    /// An older token is answered like a retry, however old.
    ReuseIsForgiven,
    /// Proofs of receipt are ignored.
    ReceiptsAreIgnored,
    /// A refresh reads the session in one step and writes it in another.
    WritesLater,
    /// A refresh brings a missing session back.
    RefreshInserts,
    /// A token is taken for whatever session has its session id.
    AnyLogin,
    /// Of a shared session, the current token rotates however young its generation is.
    YoungTokensRotate,
    /// Of a shared session, an older token ends it outside the windows.
    NoRenewals,
    /// Of a shared session, an older token is answered and keeps nothing alive.
    RenewalsDoNotExtend,
}

/// The number of times that each event may happen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Budget {
    /// Refreshes that the tabs send.
    pub asks: u8,
    /// Requests and answers that get lost.
    pub losses: u8,
    /// Crashes of the server, which forget the receipts.
    pub crashes: u8,
    /// Failovers to an earlier state.
    pub failovers: u8,
    /// Copies that the thief takes of the cookie.
    pub thefts: u8,
    /// Refreshes of the thief.
    pub stolen_asks: u8,
    /// Logouts.
    pub revocations: u8,
    /// Logins with a session id that was used before.
    pub reissues: u8,
}

/// The parameters of a run.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The settings, windows in multiples of [`TICK`].
    pub policy: Policy,
    /// The longest lifetime of a session, in ticks, if it matters.
    pub lifetime: Option<u64>,
    /// The mechanism that is switched off.
    pub fault: Fault,
    /// When the world ends, in ticks.
    pub end: u64,
    /// Tabs that share one cookie: 1 or 2.
    pub tabs: usize,
    /// The number of events.
    pub budget: Budget,
    /// The longest time of a message, in ticks; then it has arrived or is lost.
    pub delay: u64,
    /// The lifetime of an access token, in ticks: nobody refreshes earlier.
    pub pace: u64,
    /// The latest time, in ticks after a rotation, at which requests of the tabs with the older token arrive, if the
    /// tabs must be in time.
    pub patience: Option<u64>,
    /// The longest pause of victim and thief between their refreshes, if both use the session.
    pub habit: Option<u64>,
    /// The last tick at which the thief copies the cookie.
    pub theft_until: u64,
    /// Whether thief and victim may use the windows that the other's refreshes open.
    pub in_step: bool,
}

impl Rules {
    /// Returns rules for one tab without faults, a race window of 2 and a retry window of 4 ticks.
    pub fn new(end: u64, asks: u8) -> Self {
        Self {
            policy: Policy {
                race_window: 2 * TICK,
                retry_window: 4 * TICK,
                access_ttl: 900,
                idle_ttl: 1000,
                shared: 0,
                recovery: true,
                not_before: 0,
            },
            lifetime: None,
            fault: Fault::None,
            end,
            tabs: 1,
            budget: Budget { asks, ..Budget::default() },
            delay: 1,
            pace: 0,
            patience: None,
            habit: None,
            theft_until: end,
            in_step: true,
        }
    }

    /// Returns the same rules with a mechanism switched off.
    pub fn with_fault(mut self, fault: Fault) -> Self {
        self.fault = fault;
        self
    }

    /// Returns the same rules with these windows, in ticks.
    pub fn with_windows(mut self, race: u64, retry: u64) -> Self {
        self.policy.race_window = race * TICK;
        self.policy.retry_window = retry * TICK;
        self
    }
}
