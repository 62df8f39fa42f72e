//! `GET /metrics`: for Prometheus.

use crate::metrics::CONTENT_TYPE;
use crate::state::AppState;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use hallpass_client::ModuleInfo;
use std::sync::Arc;

/// INFO hallpass → 200 with this server's own numbers and the module's, by node in a cluster; without the latter while
/// Redis is away.
pub async fn metrics(State(state): State<Arc<AppState>>) -> Response {
    let mut infos = state.store.infos().await;
    for node in &mut infos {
        node.info.take_if(|text| ModuleInfo::parse(text).is_none());
    }
    let text = state.middleware.metrics.render(&infos);
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response()
}
