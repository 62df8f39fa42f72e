//! The properties of a route, decided where the router declares it.

use super::rate_limit::Purpose;

/// The properties of one route.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// The path as declared, which is the route's name in logs and metrics.
    pub path: &'static str,
    /// Whether requests are refused while too many are in flight.
    pub is_bounded: bool,
    /// Whether scripts of allowed origins may call it.
    pub is_for_browsers: bool,
    /// Whether probes or gateways call it constantly, so that successes are logged at debug level.
    pub is_frequent: bool,
    /// The purpose of a call for the rate limit, if it is limited.
    pub counts_as: Option<Purpose>,
}

impl Policy {
    /// Creates the properties of a route for applications, users and gateways.
    pub const fn public(path: &'static str) -> Self {
        Self { path, is_bounded: true, is_for_browsers: false, is_frequent: false, counts_as: None }
    }

    /// Creates the properties of a route for the operator, which answers even under overload.
    pub const fn operator(path: &'static str) -> Self {
        Self { is_bounded: false, ..Self::public(path) }
    }

    /// Creates the properties of paths that are not a route.
    pub const fn unknown() -> Self {
        Self::operator("-")
    }

    /// Lets scripts of allowed origins call the route.
    pub const fn for_browsers(self) -> Self {
        Self { is_for_browsers: true, ..self }
    }

    /// Logs the route's successes at debug level.
    pub const fn frequent(self) -> Self {
        Self { is_frequent: true, ..self }
    }

    /// Counts the route's calls for the rate limit.
    pub const fn counted_as(self, purpose: Purpose) -> Self {
        Self { counts_as: Some(purpose), ..self }
    }

    /// Returns the properties for methods that the route does not take: refusing them costs next to nothing.
    pub const fn for_other_methods(self) -> Self {
        Self { is_bounded: false, ..self }
    }
}
