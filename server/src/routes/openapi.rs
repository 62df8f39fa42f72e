//! `GET /openapi.json` and `GET /docs`: the description of this API, for programs and for people.

use crate::http::page::{self, NO_CACHE};
use crate::state::AppState;
use aws_lc_rs::digest::{SHA256, digest};
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use base64::{Engine, prelude::BASE64_STANDARD};
use std::sync::{Arc, LazyLock};

/// The OpenAPI 3.1 document, with two placeholders: the version and the address of the server.
pub const DOCUMENT: &str = include_str!("../../assets/openapi.json");
/// A self-contained page that renders the document.
const PAGE: &str = include_str!("../../assets/docs.html");

/// 200 with the OpenAPI document. Does not ask Redis.
pub async fn document(State(state): State<Arc<AppState>>) -> Response {
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, NO_CACHE)];
    (headers, filled(state.module().ok().and_then(|module| module.info.issuer.as_deref()))).into_response()
}

/// 200 with the page, which may load nothing but the document and run nothing but its own script.
pub async fn page() -> Response {
    static SOURCES: LazyLock<[String; 2]> = LazyLock::new(|| ["script", "style"].map(hash));
    let [script, style] = &*SOURCES;
    page::page(script, style, PAGE)
}

/// Returns the document for this version, with the issuer as the address of the server.
fn filled(issuer: Option<&str>) -> String {
    let server = issuer.map_or("/", |issuer| issuer.trim_end_matches('/'));
    // A JSON string, including its quotes.
    let server = serde_json::Value::from(server).to_string();
    DOCUMENT.replacen("@VERSION@", env!("CARGO_PKG_VERSION"), 1).replacen("\"@SERVER@\"", &server, 1)
}

/// Returns the source expression for the content of the page's only element of this name.
fn hash(element: &str) -> String {
    let (start, end) = (format!("<{element}>"), format!("</{element}>"));
    let inside = PAGE.split_once(&start).and_then(|(_, rest)| rest.split_once(&end)).map_or("", |it| it.0);
    format!("'sha256-{}'", BASE64_STANDARD.encode(digest(&SHA256, inside.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn the_gaps_are_filled() {
        for (issuer, url) in [
            (Some("https://id.example/"), "https://id.example"),
            (Some("https://id.example/\"t"), "https://id.example/\"t"),
            (None, "/"),
        ] {
            let document: Value = serde_json::from_str(&filled(issuer)).expect("JSON");
            assert_eq!(document["servers"][0]["url"], url);
            assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
        }
    }

    #[test]
    fn the_page_has_one_script_and_one_style_and_asks_nobody_else() {
        for element in ["script", "style"] {
            assert_eq!(PAGE.matches(&format!("<{element}")).count(), 1);
            assert!(hash(element) != hash("nothing"), "{element} is not empty");
        }
        for outside in ["http:", "https:", "//cdn", "@import", " url(", " style=", " onclick="] {
            assert!(!PAGE.contains(outside), "{outside}");
        }
    }
}
