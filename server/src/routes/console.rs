//! `GET /console`: a page for operators and support, over the routes of this server. What it loads is under `/console/`.

use crate::http::error::ApiError;
use crate::http::page::{NO_CACHE, page};
use crate::http::path::{InPath, decoded};
use crate::state::AppState;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

const PAGE: &str = include_str!("../../assets/console/console.html");

/// Embeds the files that the page loads.
macro_rules! files {
    ($($name:literal)+) => {
        [$(($name, include_str!(concat!("../../assets/console/", $name)))),+]
    };
}

const FILES: [(&str, &str); 19] = files! {
    "api.js" "app.js" "charts.js" "console.css" "device.js" "dialog.js" "dom.js" "event_list.js" "events.js" "format.js"
    "keys.js" "links.js" "live.js" "metrics.js" "overview.js" "sessions.js" "sign_in.js" "token.js" "token_text.js"
};

/// 200 with the page, which may load nothing but these files and the routes of this server.
pub async fn show(State(state): State<Arc<AppState>>) -> Response {
    let text = if state.is_demo { PAGE.replacen("<body>", "<body data-demo>", 1) } else { PAGE.to_owned() };
    page("'self'", "'self'", text)
}

/// 200 with a file of the page.
pub async fn file(name: InPath<String>) -> Result<Response, ApiError> {
    let name = decoded(name)?;
    let (_, text) = FILES.into_iter().find(|(known, _)| *known == name).ok_or(ApiError::NotFound)?;
    let media_type = if name.ends_with(".css") { "text/css" } else { "text/javascript" };
    Ok(([(CONTENT_TYPE, media_type), (CACHE_CONTROL, NO_CACHE)], text).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_nothing_inline_and_asks_nobody_else() {
        for (name, text) in FILES.into_iter().chain([("console.html", PAGE)]) {
            let text = text.replace("http://www.w3.org/2000/svg", "");
            for outside in
                ["://", "innerHTML", "eval(", "style=", "onclick=\"", "<style", "Storage", "document.cookie"]
            {
                assert!(!text.contains(outside), "{name}: {outside}");
            }
        }
    }
}
