//! Pages for people. They may load nothing but what they say and this server's own answers, run no other script, and be
//! shown in no frame.

use axum::body::Body;
use axum::http::{HeaderName, header};
use axum::response::{Html, IntoResponse, Response};

/// The next version of the server may change what is asked for.
pub const NO_CACHE: &str = "no-cache";

/// Returns a page whose scripts and styles come from these sources.
pub fn page(script: &str, style: &str, text: impl Into<Body>) -> Response {
    let policy = format!(
        "default-src 'none'; script-src {script}; style-src {style}; connect-src 'self'; img-src data:; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    );
    let headers: [(HeaderName, &str); 5] = [
        (header::CONTENT_SECURITY_POLICY, &policy),
        (header::CACHE_CONTROL, NO_CACHE),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (headers, Html(text.into())).into_response()
}
