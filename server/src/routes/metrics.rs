//! `GET /metrics`: for Prometheus.

use crate::app::AppState;
use crate::metrics::CONTENT_TYPE;
use crate::wire::ModuleInfo;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// INFO hallpass → 200 with this server's own numbers and the module's; without the latter while Redis is away.
pub async fn metrics(State(state): State<Arc<AppState>>) -> Response {
    let info = state.store.info().await.inspect_err(|error| state.store.report(error)).ok();
    let info = info.filter(|text| ModuleInfo::parse(text).is_some());
    let text = state.metrics.render(state.store.timings(), info.as_deref());
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response()
}
