//! Around every request: an id, a log line, the metrics, `no-store`; what a business sees of it (requests/). What the
//! program's log gets is a fixed list: method, route template, status, duration, the request's
//! ids and trace (request_id.rs), key id. Never a path as it
//! was sent, a query, a header or a body. Whatever is copied for the business is copied after the answer is made.

use super::door::Door;
use super::health;
use super::metrics::method_label;
use super::problem::Problem;
use super::protocol;
use super::request_id::{FromTrustedProxy, RequestId};
use crate::attacks::AttackSign;
use crate::auth::{Caller, For};
use crate::commit::NoVerdict;
use crate::ids::IdKind;
use crate::requests::{KeptRequest, MOST_KEPT_BYTES, SeenRequest, redact};
use crate::store::RequestLine;
use crate::traces;
use crate::web::{client, page};
use axum::body::{Body, HttpBody};
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL};
use http::{Extensions, HeaderValue, Method, StatusCode, Uri};
use http_body_util::BodyExt;
use ledger::{BookId, Cents, Micros};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tracing::{Instrument, Span};

/// A 401 is sent a whole number of these steps after its request came, in microseconds. Causes differ by some microseconds (whether
/// a body is read, what is found in a cache), which a client that asks often enough could measure; a step is longer than
/// all of them.
const REFUSAL_STEP: Micros = 5_000;

/// What a handler reports of a request: the caller, the body, the money moved. What is not reported stays empty.
#[derive(Clone, Default)]
pub struct Observed(Arc<ObservedFacts>);

#[derive(Default)]
struct ObservedFacts {
    asked_by: OnceLock<(Caller, For)>,
    refused: OnceLock<(BookId, i64)>,
    sent: OnceLock<KeptRequest>,
    moved: AtomicI64,
}

impl Observed {
    pub(super) fn asked_by(of: &Extensions, caller: Caller, purpose: For) {
        if let Some(Self(told)) = of.get::<Self>() {
            // A request authenticates once; should it ever do so twice, the first stands.
            let _first = told.asked_by.set((caller, purpose));
        }
    }

    /// An API key that was recognised and does not authenticate.
    pub(super) fn refused(of: &Extensions, key: Option<(BookId, i64)>) {
        if let (Some(Self(told)), Some(key)) = (of.get::<Self>(), key) {
            let _first = told.refused.set(key);
        }
    }

    pub(super) fn sent(of: &Extensions, body: &Bytes) {
        if let Some(Self(told)) = of.get::<Self>() {
            let _first = told.sent.set(KeptRequest::of(body));
        }
    }

    pub(super) fn moved(of: &Extensions, amount: Cents) {
        if let Some(Self(told)) = of.get::<Self>() {
            told.moved.fetch_add(amount.0, Ordering::Relaxed);
        }
    }

    /// The business whose recipient authenticated.
    pub(super) fn business(&self) -> Option<i64> {
        let caller = self.caller().filter(|(_, purpose)| *purpose == For::Recipient);
        caller.map(|(caller, _)| caller.book.business())
    }

    fn caller(&self) -> Option<(Caller, For)> {
        self.0.asked_by.get().copied()
    }
}

/// The layer around all routes.
pub async fn observe(State(door): State<Arc<Door>>, mut request: Request, next: Next) -> Response {
    let (at, started) = (door.platform.clock.now(), door.platform.clock.monotonic());
    let is_from_trusted_proxy = request.extensions().get::<FromTrustedProxy>().is_some();
    let mut id = RequestId::new(request.headers(), is_from_trusted_proxy, &door.platform.entropy);
    let observed = Observed::default();
    request.extensions_mut().insert(observed.clone());
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let route = matched.as_ref().map_or("-", MatchedPath::as_str);
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let address = client::address(request.extensions());

    let span = span(&door, &mut id, is_from_trusted_proxy, (&method, route));

    let mut response = answer(&door, request, next).instrument(span.clone()).await;
    dress(&mut response, &id);

    let status = response.status().as_u16();
    traces::responded(&span, status);
    drop(span);
    // Pages tell of it themselves, since they know what was refused.
    let is_refusal = response.status() == StatusCode::UNAUTHORIZED && !page::is_page(uri.path());
    if is_refusal {
        tell_refused(&door, &observed, &address);
    }
    let micros = door.platform.clock.monotonic() - started;
    door.metrics.request(&method, route, status, micros);
    if tracing::enabled!(target: "outpay::request", tracing::Level::INFO) {
        let key = observed.caller().filter(|(_, purpose)| *purpose == For::Business);
        let label = |(caller, _)| door.metrics.key_label(caller, &door.platform.secrets);
        let key = key.map_or_else(|| Arc::from("-"), label);
        tracing::info!(target: "outpay::request", %method, route, status, micros, request_id = id.own, client_request_id = id.of_client, trace_id = id.trace_id(), key = &*key, "request");
    }
    let ended = Ended { id: id.own, method, uri, route, status, at, micros };
    let response = remember(&door, &observed, ended, response).await;
    if is_refusal {
        wait_for_step(door.platform.clock.monotonic() - started).await;
    }
    response
}

/// Waits until the next step, for a request that came this long ago.
async fn wait_for_step(ago: Micros) {
    let left = REFUSAL_STEP - ago.rem_euclid(REFUSAL_STEP);
    tokio::time::sleep(Duration::from_micros(left.unsigned_abs())).await;
}

/// The span of the request, if it is traced: by the word of a trusted proxy, or by chance.
fn span(
    door: &Door,
    id: &mut RequestId,
    is_from_trusted_proxy: bool,
    (method, route): (&Method, &str),
) -> Span {
    let is_traced = traces::are_on()
        && id.is_sampled(is_from_trusted_proxy).unwrap_or_else(|| door.traced.draws(&door.platform.entropy));
    if is_traced { id.begin_span(method_label(method), route) } else { Span::none() }
}

/// The headers of every answer, where it has no others of the kind.
fn dress(response: &mut Response, id: &RequestId) {
    let headers = response.headers_mut();
    id.write(headers);
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

/// Does the same around what could not be parsed, and so has neither method nor route.
pub(super) fn unparsed(door: &Door, response: &mut Response) {
    let id = RequestId::of_unparsed(&door.platform.entropy);
    dress(response, &id);
    let status = response.status().as_u16();
    door.metrics.unparsed(status);
    tracing::info!(target: "outpay::request", method = "-", route = "-", status, micros = 0, request_id = id.own, key = "-", "request");
}

/// Tells of a credential that was refused. An id is computed whether a key was recognised or not, because the answer waits for
/// it: all refusals take the same time.
fn tell_refused(door: &Door, observed: &Observed, address: &str) {
    let of_caller = observed.caller().filter(|(_, purpose)| *purpose == For::Business);
    let of_caller = of_caller.map(|(caller, _)| (caller.book, caller.subject));
    let known = observed.0.refused.get().copied().or(of_caller);
    let (book, number) = known.unwrap_or((BookId(0), 0));
    let id = door.platform.secrets.ids().seal(IdKind::ApiKey, book, number);
    door.platform.attacks.tell(AttackSign::RefusedCredential, address, known.map(|_| id.as_str()));
}

/// A request that was answered.
struct Ended<'a> {
    id: String,
    method: Method,
    uri: Uri,
    route: &'a str,
    status: u16,
    at: Micros,
    micros: Micros,
}

/// Counts the request and copies it into the log, where it has an owner and there is room.
async fn remember(door: &Door, observed: &Observed, ended: Ended<'_>, response: Response) -> Response {
    let Some((caller, purpose)) = observed.caller() else { return response };
    let Ended { id, method, uri, route, status, at, micros } = ended;
    let requests = &door.platform.requests;
    if purpose == For::Business {
        let moved = Cents(observed.0.moved.load(Ordering::Relaxed));
        requests.count((caller.book, caller.subject), status, at, micros, moved);
    }
    let Some(skipped) = requests.room(caller.book, status, at) else { return response };
    let (response, answered) = copied(response).await;
    let (key, payout_user) = if purpose == For::Business { (caller.subject, 0) } else { (0, caller.subject) };
    let line = RequestLine {
        book: caller.book,
        at,
        request_id: id,
        key,
        payout_user,
        method: method.to_string(),
        route: route.to_owned(),
        path_id: path_id(route, uri.path()).to_owned(),
        status: i64::from(status),
        micros,
        skipped,
        request: String::new(),
        response: String::new(),
    };
    let request = observed.0.sent.get().cloned().unwrap_or_default();
    requests.keep(SeenRequest { line, request, response: answered });
    response
}

/// The answer, and a copy of its body for the request log if it is one piece and not long.
async fn copied(response: Response) -> (Response, KeptRequest) {
    match response.body().size_hint().exact() {
        Some(0) => return (response, KeptRequest::Nothing),
        Some(length) if length <= MOST_KEPT_BYTES as u64 => {}
        length => {
            let length = length.and_then(|length| usize::try_from(length).ok()).unwrap_or(MOST_KEPT_BYTES);
            return (response, KeptRequest::TooLong(length));
        }
    }
    let (parts, body) = response.into_parts();
    match body.collect().await {
        Ok(body) => {
            let bytes = body.to_bytes();
            (Response::from_parts(parts, Body::from(bytes.clone())), KeptRequest::of(&bytes))
        }
        // Answers of known length are in memory; reading one cannot fail.
        Err(error) => (Problem::Failure(error.into()).into_response(), KeptRequest::Nothing),
    }
}

/// The value of `{id}` in this path, if it may be recorded.
fn path_id<'a>(route: &str, path: &'a str) -> &'a str {
    let place = route.split('/').position(|part| part == "{id}");
    place.and_then(|place| path.split('/').nth(place)).map_or("", redact::path_id)
}

/// Put into a request that found no room among the connections: only probes are answered.
#[derive(Clone, Copy)]
pub(super) struct Crowded;

async fn answer(door: &Door, request: Request, next: Next) -> Response {
    let is_page = page::is_page(request.uri().path());
    if health::is_probe(request.uri().path()) {
        // A server under load must not look dead to its load balancer.
        return checked(request, next).await;
    }
    if request.extensions().get::<Crowded>().is_some() {
        return Problem::NoVerdict(NoVerdict::Busy).into_response();
    }
    if let Some(limit) = &door.rate_limit
        && let Err(seconds) = limit.check_address(request.extensions())
    {
        return if is_page { page::too_many(seconds) } else { Problem::RateLimited(seconds).into_response() };
    }
    checked(request, next).await
}

async fn checked(request: Request, next: Next) -> Response {
    if let Err(problem) = protocol::check(&request) {
        return problem.into_response();
    }
    let is_page = page::is_page(request.uri().path());
    let response = next.run(request).await;
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        let allowed = response.headers().get(ALLOW).cloned();
        return if is_page {
            page::wrong_method(allowed)
        } else {
            Problem::WrongMethod(allowed).into_response()
        };
    }
    response
}
