//! Traces by OpenTelemetry (<https://opentelemetry.io/docs/specs/otlp/>): a span for a request, and in it one for what the teller
//! did; for each turn of a worker at a withdrawal, with a span per call of its rail; and for each webhook. The steps of a
//! withdrawal belong to the trace of the request that asked for it, in whatever process they are made.
//! Not here: the identity of a request (http/request_id.rs).
//!
//! Invariants: a span holds route templates, fixed words, numbers and public ids; never an address, a destination, a credential
//! or a body. Where traces are off, or a request is not sampled, a span costs a look at an atomic.

use crate::clock::Entropy;
use crate::store::{Failure, Store};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::TryFutureExt;
use ledger::BookId;
use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState, TracerProvider,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio_rustls::rustls::crypto::ring;
use tracing::{Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;
use url::Url;

/// The target of all spans here; the program's log leaves it out.
pub const TARGET: &str = "outpay::trace";

const FAREWELL: Duration = Duration::from_secs(3);
/// One call of the collector.
const LONGEST_EXPORT: Duration = Duration::from_secs(10);

/// Sends what is left when the process ends.
pub struct TraceExport(SdkTracerProvider);

impl TraceExport {
    /// Begins to send spans to a collector, in batches, from a thread of its own. What a collector does not take is dropped, and
    /// no request waits. `endpoint` is its base address for OTLP over HTTP, as `http://127.0.0.1:4318`. Headers, which may hold
    /// a secret, come from `OTEL_EXPORTER_OTLP_HEADERS`.
    ///
    /// # Errors
    /// When the address is none, or the machine has no list of trusted certificates.
    pub fn begin(endpoint: &Url) -> Result<Self, Failure> {
        let is_plain = endpoint.username().is_empty() && endpoint.password().is_none();
        anyhow::ensure!(
            is_plain && endpoint.query().is_none() && endpoint.fragment().is_none(),
            "--otlp-endpoint takes an address without user and query; give headers in OTEL_EXPORTER_OTLP_HEADERS"
        );
        let endpoint = format!("{}/v1/traces", endpoint.as_str().trim_end_matches('/'));
        let exporter = SpanExporter::builder()
            .with_http()
            .with_endpoint(endpoint)
            .with_timeout(LONGEST_EXPORT)
            .with_http_client(ExportClient::new()?)
            .build()?;
        let about = [KeyValue::new("service.version", env!("CARGO_PKG_VERSION"))];
        let resource = Resource::builder().with_service_name("outpay").with_attributes(about).build();
        Ok(Self(SdkTracerProvider::builder().with_resource(resource).with_batch_exporter(exporter).build()))
    }

    /// What takes part in the program's log. Spans are made from now on.
    pub fn layer<S: Subscriber + for<'a> LookupSpan<'a>>(&self) -> impl Layer<S> + use<S> {
        ON.store(true, Ordering::Relaxed);
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer("outpay"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_level(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(|metadata| metadata.target() == TARGET))
    }

    /// Sends what is left, within [`FAREWELL`]: a collector that hangs must not hold the end of the process.
    pub async fn end(self) {
        let (tell, told) = oneshot::channel();
        // A thread of its own, which the end of the runtime does not wait for.
        std::thread::spawn(move || {
            // Ending alone would say nothing of spans that were not taken.
            let ended = self.0.force_flush().and(self.0.shutdown_with_timeout(FAREWELL));
            let _unheard = tell.send(ended.is_ok());
        });
        if !matches!(tokio::time::timeout(FAREWELL, told).await, Ok(Ok(true))) {
            tracing::warn!("the last traces could not be sent");
        }
    }
}

/// The exporter's thread has no runtime, so its requests are sent by ours.
#[derive(Debug)]
struct ExportClient {
    http: reqwest::Client,
    runtime: Handle,
}

impl ExportClient {
    fn new() -> Result<Self, Failure> {
        // An error means that the provider is installed already; only one is compiled in.
        ring::default_provider().install_default().ok();
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(LONGEST_EXPORT)
            .build()?;
        Ok(Self { http, runtime: Handle::current() })
    }
}

#[async_trait]
impl HttpClient for ExportClient {
    async fn send_bytes(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, HttpError> {
        let http = self.http.clone();
        let exchange = async move {
            let answer = http.execute(request.try_into()?).await?.error_for_status()?;
            let status = answer.status();
            let mut response = http::Response::new(answer.bytes().await?);
            *response.status_mut() = status;
            Ok::<_, reqwest::Error>(response)
        };
        // The address may hold a secret.
        let exchange = exchange.map_err(reqwest::Error::without_url);
        Ok(self.runtime.spawn(exchange).await??)
    }
}

/// Whether there is a collector. Kept here because the log's filter does not know: `tracing::enabled!` says yes to every target
/// that the log would show, and with filters per layer it makes the thread's next line vanish.
static ON: AtomicBool = AtomicBool::new(false);

/// Are traces sent at all?
#[must_use]
pub fn are_on() -> bool {
    ON.load(Ordering::Relaxed)
}

/// Of this share of all requests, in millionths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TracedShare(pub u32);

impl TracedShare {
    /// Reads a share between 0 and 1, as `0.01`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let share: f64 = text.parse().ok().filter(|share| (0.0..=1.0).contains(share))?;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 1,000,000")]
        Some(Self((share * 1e6).round() as u32))
    }

    /// By chance, and nothing that a client sends.
    #[must_use]
    pub fn draws(self, entropy: &Entropy) -> bool {
        let mut bytes = [0; 8];
        entropy.fill(&mut bytes);
        u64::from_le_bytes(bytes) % 1_000_000 < u64::from(self.0)
    }
}

/// The span of a request that is traced.
#[must_use]
pub fn of_request(method: &str, route: &str, request_id: &str) -> Span {
    let name = format!("{method} {route}");
    tracing::info_span!(target: TARGET, "request", otel.name = name, otel.kind = "server",
        http.request.method = method, http.route = route, outpay.request_id = request_id,
        http.response.status_code = tracing::field::Empty, otel.status_code = tracing::field::Empty)
}

/// Tells a span the status of its response. A 5xx of a server is an error (semantic conventions for HTTP spans).
pub fn responded(span: &Span, status: u16) {
    span.record("http.response.status_code", i64::from(status));
    if status >= 500 {
        span.record("otel.status_code", "ERROR");
    }
}

/// A part of what is done now; no span where that is not traced.
#[must_use]
pub fn part(name: &'static str) -> Span {
    if !are_on() || Span::current().is_none() {
        return Span::none();
    }
    tracing::info_span!(target: TARGET, "part", otel.name = name)
}

/// A call of a counterpart, as a part of what is done now.
#[must_use]
pub fn call(name: &'static str) -> Span {
    if !are_on() || Span::current().is_none() {
        return Span::none();
    }
    tracing::info_span!(target: TARGET, "call", otel.name = name, otel.kind = "client", outpay.answer = tracing::field::Empty)
}

/// A step of a withdrawal whose request was traced: `trace` as [`current`] gave it.
#[must_use]
pub fn step(name: &'static str, trace: Option<&str>) -> Span {
    let Some(parent) = trace.and_then(parse).filter(|_| are_on()) else { return Span::none() };
    let span = tracing::info_span!(target: TARGET, "step", otel.name = name, otel.kind = "consumer",
        outpay.withdrawal = tracing::field::Empty, outpay.rail = tracing::field::Empty, outpay.answer = tracing::field::Empty,
        http.response.status_code = tracing::field::Empty, otel.status_code = tracing::field::Empty);
    join(&span, parent);
    span
}

/// A step of this withdrawal, if its request was traced. A trace that cannot be read stops nothing.
pub async fn step_of_withdrawal(
    name: &'static str,
    store: &Store,
    (book, withdrawal): (BookId, i64),
) -> Span {
    if withdrawal == 0 || !are_on() {
        return Span::none();
    }
    match store.trace_of(book, withdrawal).await {
        Ok(trace) => step(name, trace.as_deref()),
        Err(failure) => {
            tracing::warn!(error = format!("{failure:#}"), "the trace of a withdrawal could not be read");
            Span::none()
        }
    }
}

/// Makes the span a part of this trace.
pub fn join(span: &Span, parent: SpanContext) {
    let joined = span.set_parent(Context::new().with_remote_span_context(parent));
    debug_assert!(joined.is_ok() || span.is_none(), "a span is joined before it is entered: {joined:?}");
}

/// What is done now, as a `traceparent`; `None` where it is not traced.
#[must_use]
pub fn current() -> Option<String> {
    let context = context_of(&Span::current()).filter(|_| are_on())?;
    Some(format!("00-{}-{}-01", context.trace_id(), context.span_id()))
}

/// Trace and span id, where the span is sent.
#[must_use]
pub fn context_of(span: &Span) -> Option<SpanContext> {
    if span.is_none() {
        return None;
    }
    let context = span.context().span().span_context().clone();
    context.is_sampled().then_some(context)
}

/// The parent that these ids name. Sampled, because only the parents of what is traced are asked for.
#[must_use]
pub fn parent(trace_id: &str, span_id: &str) -> Option<SpanContext> {
    let (trace, span) = (TraceId::from_hex(trace_id).ok()?, SpanId::from_hex(span_id).ok()?);
    let context = SpanContext::new(trace, span, TraceFlags::SAMPLED, true, TraceState::default());
    context.is_valid().then_some(context)
}

fn parse(trace: &str) -> Option<SpanContext> {
    let mut fields = trace.split('-');
    let (_version, trace_id, span_id) = (fields.next()?, fields.next()?, fields.next()?);
    parent(trace_id, span_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_draws_that_many() {
        let entropy = Entropy::seeded(7);
        let drawn = |share| (0..10_000).filter(|_| TracedShare(share).draws(&entropy)).count();
        assert_eq!((drawn(0), drawn(1_000_000)), (0, 10_000));
        assert!((900..1_100).contains(&drawn(100_000)));
        assert_eq!(TracedShare::parse("0.01"), Some(TracedShare(10_000)));
        assert_eq!(["2", "-0.1", "nan", "1%"].map(TracedShare::parse), [None; 4]);
    }

    #[test]
    fn a_parent_has_both_ids() {
        let (trace, span) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        let read = parse(&format!("00-{trace}-{span}-01")).unwrap();
        assert_eq!((read.trace_id().to_string(), read.span_id().to_string()), (trace.into(), span.into()));
        for text in ["", "00", "00-0-0-01", &format!("00-{}-{span}-01", "0".repeat(32))] {
            assert!(parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn without_a_collector_there_is_no_span() {
        assert!(!are_on() && part("teller").is_none() && current().is_none());
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert!(step("withdrawal", Some(trace)).is_disabled());
    }
}
