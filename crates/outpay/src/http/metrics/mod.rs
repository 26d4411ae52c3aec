//! `GET /metrics`, on an address of its own (`--metrics-listen`). Labels are route templates, methods and statuses: nothing
//! that a client can make up. Not here: what is read at each scrape (scraped.rs), the process (process.rs), the two text
//! formats (exposition.rs).

mod exposition;
mod process;
mod scraped;

use super::connections::ConnectionMeasures;
use super::door::Door;
use crate::auth::{Caller, Secrets};
use crate::background::BackgroundStatus;
use crate::commit::TellerMeasures;
use crate::ids::IdKind;
use crate::platform::Platform;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use exposition::Exposition;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method};
use parking_lot::Mutex;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use scraped::Scraped;
use std::collections::HashMap;
use std::sync::Arc;

/// Upper bounds in seconds: requests take milliseconds; what takes longer than 2 s waits for a database or a counterpart.
const REQUEST_SECONDS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 2.0, 5.0, 10.0, 30.0];

/// What is counted around requests, and the registry of everything that is counted.
pub struct Metrics {
    requests: Family<RequestLabels, Counter>,
    seconds: Family<RouteLabels, Histogram, fn() -> Histogram>,
    registry: Registry,
    scraped: Scraped,
    pub(super) connections: ConnectionMeasures,
    /// How often the machine's clock was set while the server ran.
    pub(super) clock_steps: Counter,
    /// Public ids of the keys in use, since making one costs more than a log line.
    key_labels: Mutex<HashMap<i64, Arc<str>>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: String,
}

impl Metrics {
    pub(super) fn new(platform: &Platform, background: &BackgroundStatus) -> Self {
        let Platform { teller, webhooks, mail, attacks, rails, screening, .. } = platform;
        let mut all = Registry::default();
        process::register(&mut all);
        let registry = all.sub_registry_with_prefix("outpay");
        let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The program that is running", version);
        let requests = Family::default();
        let seconds: Family<RouteLabels, Histogram, fn() -> Histogram> =
            Family::new_with_constructor(|| Histogram::new(REQUEST_SECONDS));
        registry.register("http_requests", "Requests by method, route and status", requests.clone());
        registry.register("http_request_seconds", "Time to answer by route", seconds.clone());
        register_teller(registry, teller.measures());
        let scraped = Scraped::default();
        scraped.register(registry);
        rails.measures().register(registry);
        screening.measures().register(registry);
        let clock_steps = Counter::default();
        registry.register(
            "clock_steps",
            "How often this machine's clock was set by more than a second",
            clock_steps.clone(),
        );
        attacks.register(registry);
        let connections = ConnectionMeasures::default();
        connections.register(registry);
        webhooks.measures().register(registry);
        mail.measures().register(registry);
        background.register(registry);
        Self {
            requests,
            seconds,
            registry: all,
            scraped,
            connections,
            clock_steps,
            key_labels: Mutex::default(),
        }
    }

    pub(super) fn request(&self, method: &Method, route: &str, status: u16, micros: i64) {
        let method = method_label(method);
        let route = route.to_owned();
        self.seconds.get_or_create(&RouteLabels { route: route.clone() }).observe(micros as f64 / 1e6);
        self.requests.get_or_create(&RequestLabels { method, route, status }).inc();
    }

    /// Counts what was no request.
    pub(super) fn unparsed(&self, status: u16) {
        self.requests.get_or_create(&RequestLabels { method: "other", route: "-".to_owned(), status }).inc();
    }

    /// The public id of the caller's key, for the log.
    pub(super) fn key_label(&self, caller: Caller, secrets: &Secrets) -> Arc<str> {
        let mut labels = self.key_labels.lock();
        if labels.len() > 10_000 {
            labels.clear();
        }
        let seal = || secrets.ids().seal(IdKind::ApiKey, caller.book, caller.subject).into();
        Arc::clone(labels.entry(caller.subject).or_insert_with(seal))
    }
}

/// One of a fixed list: a client can make methods up.
pub(super) fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => stringify!(DELETE),
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

fn register_teller(registry: &mut Registry, measures: &TellerMeasures) {
    let TellerMeasures { batch_size, batch_seconds, settled, refused, busy, waiting } = measures;
    registry.register("teller_batch_size", "Commands per transaction", batch_size.clone());
    let help = "Time from taking a batch to its durable commit";
    registry.register("teller_batch_seconds", help, batch_seconds.clone());
    registry.register("teller_settled", "Commands carried out or answered again", settled.clone());
    registry.register("teller_refused", "Commands refused by a rule", refused.clone());
    let help = "Commands turned away because the queue was full";
    registry.register("teller_busy", help, busy.clone());
    registry.register("teller_waiting", "Commands waiting", waiting.clone());
}

/// The routes of the metrics address.
pub fn router(door: Arc<Door>) -> Router {
    Router::new().route("/metrics", get(handle)).with_state(door)
}

async fn handle(State(door): State<Arc<Door>>, headers: HeaderMap) -> Response {
    door.metrics.scraped.read(&door.platform).await;
    let exposition = Exposition::asked_for(&headers);
    ([(CONTENT_TYPE, exposition.content_type())], exposition.text(&door.metrics.registry)).into_response()
}
