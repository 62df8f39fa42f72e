//! `GET /metrics`: metrics for Prometheus.

use crate::metrics::CONTENT_TYPE;
use crate::state::AppState;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use hallpass_client::ModuleInfo;
use std::sync::Arc;

/// Answers 200 with the metrics of this server and, while Redis answers, those of INFO hallpass, of each node in a
/// cluster.
pub async fn metrics(State(state): State<Arc<AppState>>) -> Response {
    let mut infos = state.store.infos().await;
    for node in &mut infos {
        node.info.take_if(|text| ModuleInfo::parse(text).is_none());
    }
    let text = state.middleware.metrics.render(&infos, &state.store.verify_cache());
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response()
}
