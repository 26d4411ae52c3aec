//! Around every request: an id, a log line, the metrics, `no-store`. What is logged is a fixed list: method, route
//! template, status, duration, request id, key id. Never a path as it was sent, a query, a header or a body.

use super::door::Door;
use super::problem::Problem;
use crate::auth::Caller;
use crate::clock::Entropy;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, CACHE_CONTROL};
use http::{HeaderName, HeaderValue, StatusCode};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What a handler tells the log: which key was used.
#[derive(Clone, Default)]
pub struct Observed(Arc<OnceLock<Caller>>);

impl Observed {
    pub(super) fn key(&self, caller: Caller) {
        // A request authenticates once; should it ever do so twice, the first stands.
        let _first = self.0.set(caller);
    }
}

/// Names requests: a random start, so that two processes never share names, and a count.
pub struct RequestIds {
    start: u64,
    count: AtomicU64,
}

impl RequestIds {
    pub(super) fn new(entropy: &Entropy) -> Self {
        let mut bytes = [0; 8];
        entropy.fill(&mut bytes);
        Self { start: u64::from_be_bytes(bytes), count: AtomicU64::new(0) }
    }

    fn next(&self) -> String {
        format!("req_{:016x}{:010x}", self.start, self.count.fetch_add(1, Ordering::Relaxed))
    }
}

/// The layer around all routes.
pub async fn observe(State(door): State<Arc<Door>>, mut request: Request, next: Next) -> Response {
    let started = door.platform.clock.now();
    let id = door.metrics.request_ids.next();
    let observed = Observed::default();
    request.extensions_mut().insert(observed.clone());
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let route = matched.as_ref().map_or("-", MatchedPath::as_str);
    let method = request.method().clone();

    let mut response = answer(&door, request, next).await;
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response.headers_mut().entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));

    let status = response.status().as_u16();
    let micros = door.platform.clock.now() - started;
    door.metrics.request(&method, route, status, micros);
    if tracing::enabled!(target: "outpay::request", tracing::Level::INFO) {
        let label = |caller: &Caller| door.metrics.key_label(*caller, &door.platform.secrets);
        let key = observed.0.get().map_or_else(|| Arc::from("-"), label);
        tracing::info!(target: "outpay::request", %method, route, status, micros, request_id = id, key = &*key, "request");
    }
    response
}

async fn answer(door: &Door, request: Request, next: Next) -> Response {
    if let Some(limit) = &door.rate_limit
        && let Err(seconds) = limit.check_address(request.extensions())
    {
        return Problem::RateLimited(seconds).into_response();
    }
    let response = next.run(request).await;
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        return Problem::WrongMethod(response.headers().get(ALLOW).cloned()).into_response();
    }
    response
}
