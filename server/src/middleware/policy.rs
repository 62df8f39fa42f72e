//! What holds for a route, decided where the router declares it.

use super::rate_limit::Purpose;

/// The properties of one route.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// The path as declared, which names the route in the log and the metrics.
    pub path: &'static str,
    /// Whether requests are turned away while too many are in flight.
    pub is_bounded: bool,
    /// Whether scripts of the allowed origins may call it.
    pub is_for_browsers: bool,
    /// Whether probes or gateways call it all the time, so that a success is logged at the level debug.
    pub is_frequent: bool,
    /// What each call counts as against the rate limit.
    pub counts_as: Option<Purpose>,
}

impl Policy {
    /// A route of applications, users and gateways.
    pub const fn public(path: &'static str) -> Self {
        Self { path, is_bounded: true, is_for_browsers: false, is_frequent: false, counts_as: None }
    }

    /// A route of the operator, which answers also when the server has too much to do.
    pub const fn operator(path: &'static str) -> Self {
        Self { is_bounded: false, ..Self::public(path) }
    }

    /// A path that is not a route.
    pub const fn unknown() -> Self {
        Self::operator("-")
    }

    /// Shared with the allowed origins.
    pub const fn for_browsers(self) -> Self {
        Self { is_for_browsers: true, ..self }
    }

    /// Called all the time.
    pub const fn frequent(self) -> Self {
        Self { is_frequent: true, ..self }
    }

    /// Counted against the rate limit.
    pub const fn counted_as(self, purpose: Purpose) -> Self {
        Self { counts_as: Some(purpose), ..self }
    }

    /// The same route for methods that it does not take: refusing them costs next to nothing.
    pub const fn for_other_methods(self) -> Self {
        Self { is_bounded: false, ..self }
    }
}
