//! Cross-origin requests of browsers to the hash endpoints (Fetch Standard, "CORS protocol"). A request that authenticated is
//! readable by the origins of its business alone. A preflight has no hash, and a 401 must not tell hashes apart, so they are
//! readable by every origin that any business of the installation allows. Never `*`, and never with credentials: the hash is
//! sent by the script. Not here: which origins a business allows (business/origins.rs).

use super::door::Door;
use super::observe::Observed;
use super::problem::Problem;
use super::routes::ApiRoute;
use crate::store::Failure;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderValue, Method, StatusCode};
use std::collections::HashSet;
use std::sync::Arc;

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST");
/// What scripts send: the hash, and what POSTs need.
const SENT: HeaderValue =
    HeaderValue::from_static("Content-Type, Idempotency-Key, X-Payout-Hash, X-Request-Id");
/// What scripts may read, beside what they always may.
const READ: HeaderValue =
    HeaderValue::from_static("Idempotent-Replayed, Outpay-Request-Id, Retry-After, X-Request-Id");
/// Seconds for which a browser need not ask again; an origin that was taken away is refused by the answers at once.
const AGE: HeaderValue = HeaderValue::from_static("600");

/// The door, and the paths of the hash endpoints.
#[derive(Clone)]
pub(super) struct Cors {
    door: Arc<Door>,
    paths: Arc<HashSet<String>>,
}

impl Cors {
    pub(super) fn new(door: Arc<Door>, endpoints: &[ApiRoute]) -> Self {
        let paths = endpoints.iter().filter(|endpoint| endpoint.takes_hash()).map(ApiRoute::path);
        Self { door, paths: Arc::new(paths.collect()) }
    }
}

/// The layer around all routes; the routes of a business and the pages pass through it unchanged.
pub(super) async fn cors(State(cors): State<Cors>, request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>();
    if !path.is_some_and(|path| cors.paths.contains(path.as_str())) {
        return next.run(request).await;
    }
    let observed = request.extensions().get::<Observed>().cloned();
    let headers = request.headers();
    // A header that is sent twice, or is no text, is no origin.
    let mut origins = headers.get_all(ORIGIN).iter();
    let origin = origins.next().filter(|_| origins.next().is_none()).cloned();
    let is_preflight =
        request.method() == Method::OPTIONS && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if is_preflight {
        match is_readable(&cors.door, None, origin.as_ref()).await {
            Ok(true) => preflight(),
            Ok(false) => return next.run(request).await,
            Err(failure) => return Problem::Failure(failure).into_response(),
        }
    } else {
        next.run(request).await
    };
    let readable = match is_readable(&cors.door, observed.as_ref(), origin.as_ref()).await {
        Ok(readable) => readable,
        Err(failure) => return Problem::Failure(failure).into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin.filter(|_| readable) {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, READ);
    }
    response
}

fn preflight() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, SENT);
    headers.insert(ACCESS_CONTROL_MAX_AGE, AGE);
    response
}

/// May pages of this origin read the answer to a request of this caller?
async fn is_readable(
    door: &Door,
    observed: Option<&Observed>,
    origin: Option<&HeaderValue>,
) -> Result<bool, Failure> {
    let Some(Ok(origin)) = origin.map(HeaderValue::to_str) else { return Ok(false) };
    let business = observed.and_then(Observed::business);
    door.platform.store.is_allowed_origin(business, origin).await
}
