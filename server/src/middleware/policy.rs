//! The properties of a route, decided where the router declares it.

use super::rate_limit::Purpose;

/// The properties of one route.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// The path as declared, which is the route's name in logs and metrics.
    pub path: &'static str,
    /// Whether it is for the operator. Such a route answers even under overload.
    pub is_operator: bool,
    /// Whether it belongs to the console, which is not everywhere.
    pub is_console: bool,
    /// Whether refusing a request costs next to nothing, so that it needs no slot.
    pub is_refusal: bool,
    /// Whether scripts of allowed origins may call it.
    pub is_for_browsers: bool,
    /// Whether gateways call it, about requests that wait there.
    pub is_for_gateways: bool,
    /// Whether probes or gateways call it constantly, so that successes are logged at debug level.
    pub is_frequent: bool,
    /// What a call counts as until its credentials have proved right, if the route reads a body.
    pub body_counts_as: Option<Purpose>,
}

impl Policy {
    /// Creates the properties of a route for applications, users and gateways.
    pub const fn public(path: &'static str) -> Self {
        Self {
            path,
            is_operator: false,
            is_console: false,
            is_refusal: false,
            is_for_browsers: false,
            is_for_gateways: false,
            is_frequent: false,
            body_counts_as: None,
        }
    }

    /// Creates the properties of a route for the operator.
    pub const fn operator(path: &'static str) -> Self {
        Self { is_operator: true, ..Self::public(path) }
    }

    /// Creates the properties of paths that are not a route.
    pub const fn unknown() -> Self {
        Self { is_refusal: true, ..Self::public("-") }
    }

    /// Makes the route a part of the console.
    pub const fn of_console(self) -> Self {
        Self { is_console: true, ..self }
    }

    /// Lets scripts of allowed origins call the route.
    pub const fn for_browsers(self) -> Self {
        Self { is_for_browsers: true, ..self }
    }

    /// Lets gateways call the route, and logs its successes at debug level.
    pub const fn for_gateways(self) -> Self {
        Self { is_for_gateways: true, ..self.frequent() }
    }

    /// Logs the route's successes at debug level.
    pub const fn frequent(self) -> Self {
        Self { is_frequent: true, ..self }
    }

    /// Lets the route read a body. Until its credentials have proved right, a call counts as this.
    pub const fn with_body(self, purpose: Purpose) -> Self {
        Self { body_counts_as: Some(purpose), ..self }
    }

    /// Returns the properties for methods that the route does not take.
    pub const fn for_other_methods(self) -> Self {
        Self { is_refusal: true, body_counts_as: None, ..self }
    }

    /// Returns whether a request takes a slot before its handler is called. One with a body takes it later, when the
    /// body is there.
    pub const fn takes_slot(self) -> bool {
        !self.is_operator && !self.is_refusal && self.body_counts_as.is_none()
    }
}
