//! Traces, as a third-party collector gets them: Rotel, from PyPI, which prints what it received. `./test` installs it into
//! target/peers/collector.

use crate::http::api::Api;
use crate::http::process::Process;
use crate::receiver::Receiver;
use serde_json::json;
use std::collections::BTreeMap;
use std::io::Read;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

crate::world::on_both_engines! {
    a_withdrawal_is_one_trace,
    clients_have_no_say_in_what_is_traced,
    a_server_goes_on_without_its_collector,
}

/// Of a caller that a trusted proxy lets through.
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

async fn a_withdrawal_is_one_trace(world: &Api) {
    let (mut collector, receiver) = (Collector::start(), Receiver::open().await);
    let person = world.recipient(5_000).await;
    let process = served(world, &collector, &["--traced-share", "0", "--trusted-proxies", "127.0.0.1"]);
    let hook = json!({ "url": receiver.url("/hook") }).to_string();
    world
        .call("PUT", "/payout/webhook")
        .at(process.address)
        .key(&person.key)
        .json(hook)
        .send()
        .await
        .value(200);
    let withdraw = person.withdraw(world, "sandbox", 2_500, &json!({ "account": "a-destination" }));
    let parent = format!("00-{TRACE}-{CALLER}-01");
    let answer = withdraw.at(process.address).header("traceparent", parent).send().await;
    let id = answer.value(202)["id"].as_str().unwrap().to_owned();
    receiver.until(1).await;
    process.log().await;

    let (spans, printed) = collector.stop();

    assert!(spans.iter().all(|span| span.trace == TRACE), "nothing else is traced: {printed}");
    let [request] = named(&spans, "POST /payout/withdraw")[..] else { panic!("{printed}") };
    assert_eq!((request.parent.as_str(), request.kind.as_str()), (CALLER, "SPAN_KIND_SERVER"));
    let traced = format!("00-{TRACE}-{}-01", request.id);
    assert_eq!(answer.header("traceparent"), Some(traced.as_str()));
    assert_eq!(request.attributes["http.response.status_code"], "202");
    let turns = named(&spans, "withdrawal");
    assert!(!turns.is_empty() && turns.iter().all(|turn| turn.parent == request.id), "{printed}");
    assert!(turns.iter().all(|turn| turn.attributes["outpay.withdrawal"] == id));
    let of_turn = |span: &&Span| turns.iter().any(|turn| turn.id == span.parent);
    let [submit] = named(&spans, "rail submit")[..] else { panic!("{printed}") };
    assert!(of_turn(&submit) && submit.attributes["outpay.answer"] == "succeeded", "{printed}");
    let tellers = named(&spans, "teller");
    assert!(
        tellers.iter().any(|teller| teller.parent == request.id) && tellers.iter().any(of_turn),
        "{printed}"
    );
    let [webhook] = named(&spans, "webhook")[..] else { panic!("{printed}") };
    assert_eq!(
        (&webhook.parent, webhook.attributes["http.response.status_code"].as_str()),
        (&request.id, "200")
    );
    if std::env::var_os("OUTPAY_SCREENSHOTS").is_some() {
        let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/screenshots/trace.svg");
        std::fs::write(file, picture(spans.iter().collect())).unwrap();
    }
    for secret in [&person.hash, &person.key, "a-destination", "example.com", &receiver.url("")] {
        assert!(!printed.contains(secret), "{secret}");
    }
}

async fn clients_have_no_say_in_what_is_traced(world: &Api) {
    let mut collector = Collector::start();
    let process = served(world, &collector, &["--traced-share", "0"]);
    let traced = world.get("/balance").header("traceparent", format!("00-{TRACE}-{CALLER}-01"));
    let answer = traced.at(process.address).send().await;
    assert!(answer.header("traceparent").unwrap().ends_with("-00"), "{answer:?}");
    process.log().await;
    let (spans, printed) = collector.stop();
    assert!(spans.is_empty(), "{printed}");
}

async fn a_server_goes_on_without_its_collector(world: &Api) {
    let mut collector = Collector::start();
    let process = served(world, &collector, &["--traced-share", "1"]);
    collector.stop();
    let business = world.paying_business(100).await;
    world.create(&business.key, "user@example.com", 10).at(process.address).send().await.value(201);
    let log = process.log().await;
    assert!(log.contains("the last traces could not be sent"), "{log}");
}

fn served(world: &Api, collector: &Collector, flags: &[&str]) -> Process {
    let endpoint = format!("http://{}", collector.address);
    let flags = [&["--otlp-endpoint", &endpoint, "--allow-http-webhooks", "--allow-private-webhooks"], flags];
    Process::serve_with(&world.database, &flags.concat())
}

/// A span as the collector prints it.
#[derive(Default)]
struct Span {
    trace: String,
    parent: String,
    id: String,
    name: String,
    kind: String,
    /// Nanoseconds since 1970.
    start: u64,
    end: u64,
    attributes: BTreeMap<String, String>,
}

fn named<'a>(spans: &'a [Span], name: &str) -> Vec<&'a Span> {
    spans.iter().filter(|span| span.name == name).collect()
}

/// The trace as bars over time: a child under its parent, each with its milliseconds.
fn picture(mut spans: Vec<&Span>) -> String {
    let (width, left, row_height) = (620.0, 240.0, 26);
    spans.sort_by_key(|span| span.start);
    let (first, last) = (spans[0].start, spans.iter().map(|span| span.end).max().unwrap());
    let place = |at: u64| left + (at - first) as f64 / (last - first) as f64 * width;
    let mut rows = String::new();
    for (row, span) in spans.iter().enumerate() {
        let depth = std::iter::successors(Some(*span), |of| {
            spans.iter().copied().find(|other| other.id == of.parent)
        })
        .count();
        let (y, x, end) =
            (row * row_height + 20, place(span.start), place(span.end).max(place(span.start) + 2.0));
        let millis = (span.end - span.start) as f64 / 1e6;
        let note = span.attributes.get("outpay.answer").or(span.attributes.get("http.response.status_code"));
        let note = note.map_or(String::new(), |note| format!(" · {note}"));
        // The text stands on the side that has room.
        let (text, anchor) = if x < left + width * 0.7 { (end + 6.0, "start") } else { (x - 6.0, "end") };
        rows += &format!(
            r##"<text x="{}" y="{y}">{}</text><rect x="{x:.1}" y="{}" width="{:.1}" height="14" rx="2" fill="#0a7d5c"/><text x="{text:.1}" y="{y}" text-anchor="{anchor}" fill="#667">{millis:.2} ms{note}</text>"##,
            depth * 14,
            span.name,
            y - 12,
            end - x,
        );
        rows.push('\n');
    }
    let height = spans.len() * row_height + 16;
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 900 {height}" font-family="system-ui, sans-serif" font-size="13" fill="#223">
<rect width="900" height="{height}" fill="#fff"/>
{rows}</svg>
"##
    )
}

/// Lines as `    Trace ID       : 4bf9…` and `     -> http.route: Str(/balance)`, those of each span after `Span #0`.
fn spans(printed: &str) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for line in printed.lines().map(str::trim) {
        if line.starts_with("Span #") {
            spans.push(Span::default());
        }
        let (Some(span), Some((name, value))) = (spans.last_mut(), line.split_once(':')) else { continue };
        let value = value.trim();
        match (name.strip_prefix("-> "), name.trim()) {
            (Some(attribute), _) => {
                let inner = value.split_once('(').map_or(value, |(_, inner)| inner.trim_end_matches(')'));
                span.attributes.insert(attribute.to_owned(), inner.to_owned());
            }
            (None, "Trace ID") => span.trace = value.to_owned(),
            (None, "Parent ID") => span.parent = value.to_owned(),
            (None, "ID") => span.id = value.to_owned(),
            (None, "Name") => span.name = value.to_owned(),
            (None, "Kind") => span.kind = value.to_owned(),
            (None, "Start time") => span.start = value.parse().unwrap(),
            (None, "End time") => span.end = value.parse().unwrap(),
            _ => {}
        }
    }
    spans
}

struct Collector {
    process: Child,
    address: SocketAddr,
    printing: Option<JoinHandle<String>>,
}

impl Collector {
    fn start() -> Self {
        let address = free_address();
        let mut command = Command::new(program());
        command.arg("start").args(["--exporter", "blackhole", "--debug-log", "traces"]);
        command.args(["--debug-log-verbosity", "detailed", "--otlp-http-endpoint", &address.to_string()]);
        command.args(["--otlp-grpc-endpoint", &free_address().to_string()]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().unwrap();
        let mut output = process.stdout.take().unwrap();
        let printing = std::thread::spawn(move || {
            let mut text = String::new();
            output.read_to_string(&mut text).unwrap();
            text
        });
        while TcpStream::connect(address).is_err() {
            assert!(process.try_wait().unwrap().is_none(), "the collector ended");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { process, address, printing: Some(printing) }
    }

    /// Ends it; the spans that it received, and all that it printed.
    fn stop(&mut self) -> (Vec<Span>, String) {
        // It prints what it still has.
        let ended = Command::new("kill").arg("-TERM").arg(self.process.id().to_string()).status();
        assert!(ended.unwrap().success());
        let printed = self.printing.take().unwrap().join().unwrap();
        (spans(&printed), printed)
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// Each Python keeps its packages in a folder of its own.
fn program() -> PathBuf {
    let repository = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| repository.join("target"), PathBuf::from);
    let library = target.join("peers/collector/lib");
    let pythons = std::fs::read_dir(&library).into_iter().flatten().filter_map(Result::ok);
    let programs = pythons.map(|python| python.path().join("site-packages/rotel/rotel-agent"));
    let found = programs.into_iter().find(|program| program.exists());
    found.unwrap_or_else(|| panic!("{} has no collector: run ./test, which installs it", library.display()))
}
