//! Metrics in the Prometheus text format, on an address of their own (`--metrics-listen`). Labels are route templates,
//! methods and statuses: nothing that a client can make up.

use super::connections::ConnectionMeasures;
use super::door::Door;
use crate::auth::{Caller, Secrets};
use crate::background::BackgroundStatus;
use crate::commit::{State as TellerState, Teller, TellerMeasures};
use crate::ids::IdKind;
use crate::platform::Platform;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::Method;
use http::header::CONTENT_TYPE;
use parking_lot::Mutex;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// What is counted around requests, and the registry of everything that is counted.
pub struct Metrics {
    requests: Family<RequestLabels, Counter>,
    seconds: Family<RouteLabels, Histogram, fn() -> Histogram>,
    registry: Registry,
    teller: Teller,
    sending: Gauge,
    outcome_unknown: Gauge,
    left_alone: Family<RailLabels, Counter>,
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
struct RailLabels {
    rail: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: String,
}

impl Metrics {
    pub(super) fn new(platform: &Platform, background: &BackgroundStatus) -> Self {
        let Platform { teller, webhooks, mail, attacks, .. } = platform;
        let mut registry = Registry::with_prefix("outpay");
        let requests = Family::default();
        let seconds: Family<RouteLabels, Histogram, fn() -> Histogram> = Family::new_with_constructor(|| {
            Histogram::new([0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.0])
        });
        registry.register("http_requests", "Requests by method, route and status", requests.clone());
        registry.register("http_request_seconds", "Time to answer by route", seconds.clone());
        let measures: &Arc<TellerMeasures> = teller.measures();
        registry.register("teller_batch_size", "Commands per transaction", measures.batch_size.clone());
        registry.register(
            "teller_batch_seconds",
            "Time from taking a batch to its durable commit",
            measures.batch_seconds.clone(),
        );
        registry.register(
            "teller_settled",
            "Commands carried out or answered again",
            measures.settled.clone(),
        );
        registry.register("teller_refused", "Commands refused by a rule", measures.refused.clone());
        registry.register(
            "teller_busy",
            "Commands turned away because the queue was full",
            measures.busy.clone(),
        );
        registry.register("teller_waiting", "Commands waiting", measures.waiting.clone());
        let (sending, outcome_unknown) = (Gauge::default(), Gauge::default());
        registry.register("withdrawals_sending", "Withdrawals that a rail is at work on", sending.clone());
        registry.register(
            "withdrawals_outcome_unknown",
            "Withdrawals of which the rail has not said what it did",
            outcome_unknown.clone(),
        );
        let left_alone = Family::default();
        registry.register(
            "rail_left_alone",
            "How often a rail that did not answer was left alone for a while",
            left_alone.clone(),
        );
        let clock_steps = Counter::default();
        registry.register(
            "clock_steps",
            "How often this machine's clock was set by more than a second",
            clock_steps.clone(),
        );
        attacks.register(&mut registry);
        let connections = ConnectionMeasures::default();
        connections.register(&mut registry);
        webhooks.measures().register(&mut registry);
        mail.measures().register(&mut registry);
        background.register(&mut registry);
        Self {
            requests,
            seconds,
            registry,
            teller: teller.clone(),
            sending,
            outcome_unknown,
            left_alone,
            connections,
            clock_steps,
            key_labels: Mutex::default(),
        }
    }

    pub(super) fn request(&self, method: &Method, route: &str, status: u16, micros: i64) {
        let method = match *method {
            Method::GET => "GET",
            Method::POST => "POST",
            Method::PUT => "PUT",
            Method::DELETE => stringify!(DELETE),
            Method::HEAD => "HEAD",
            Method::OPTIONS => "OPTIONS",
            _ => "other",
        };
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

    fn text(&self) -> String {
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("a String takes any text");
        let up = i32::from(self.teller.state() == TellerState::Working);
        text.replace("# EOF\n", &format!("# HELP outpay_teller_up Is the teller at work.\n# TYPE outpay_teller_up gauge\noutpay_teller_up {up}\n# EOF\n"))
    }
}

/// The routes of the metrics address.
pub fn router(door: Arc<Door>) -> Router {
    Router::new().route("/metrics", get(handle)).with_state(door)
}

async fn handle(State(door): State<Arc<Door>>) -> Response {
    match door.platform.store.withdrawals_under_way().await {
        Ok((sending, unknown)) => {
            door.metrics.sending.set(sending);
            door.metrics.outcome_unknown.set(unknown);
        }
        Err(failure) => tracing::error!(error = format!("{failure:#}"), "withdrawals could not be counted"),
    }
    for (rail, openings) in door.platform.rails.openings() {
        let labels = RailLabels { rail: rail.to_owned() };
        door.metrics.left_alone.get_or_create(&labels).inner().store(openings.get(), Ordering::Relaxed);
    }
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(CONTENT_TYPE, kind)], door.metrics.text()).into_response()
}
