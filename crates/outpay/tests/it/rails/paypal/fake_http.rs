//! HTTP of the fake PayPal.

use super::fake::{Books, CLIENT, Mishap, Reply, SECRET, decimal, error};
use super::fake_notices;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use data_encoding::BASE64;
use http::{HeaderMap, Method, StatusCode};
use outpay::testing::clock::Clock;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A PayPal on a free port; it ends with this.
pub struct Paypal {
    pub url: String,
    pub books: Arc<Books>,
    serving: JoinHandle<()>,
}

impl Paypal {
    pub async fn open(clock: &Clock) -> Self {
        let books = Books::new(clock);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        books.state.lock().base = url.clone();
        let router = Router::new().fallback(serve).with_state(Arc::clone(&books));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, books, serving }
    }
}

impl Drop for Paypal {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(State(books): State<Arc<Books>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let (method, path) = (parts.method, parts.uri.path().to_owned());
    books.state.lock().calls.push(format!("{method} {path}"));
    let query = parts.uri.query().unwrap_or_default();
    match answer(&books, &method, &path, query, &parts.headers, &body) {
        Ok((status, value)) => json_answer(status, value.to_string()),
        Err(Mishap::Status(status)) => {
            json_answer(status, error(status, "INTERNAL_ERROR", &[]).1.to_string())
        }
        Err(Mishap::Garbage) => json_answer(201, "<html>".to_owned()),
        Err(Mishap::Lost | Mishap::Silence | Mishap::Hidden) => silence(),
    }
}

fn json_answer(status: u16, body: String) -> Response {
    let answer = Response::builder().status(StatusCode::from_u16(status).unwrap());
    answer.header("content-type", "application/json").body(Body::from(body)).unwrap()
}

/// The connection ends before the answer is complete.
fn silence() -> Response {
    let broken = futures_util::stream::once(async { Err::<Bytes, _>(std::io::Error::other("cut")) });
    Response::builder().header("content-length", "10").body(Body::from_stream(broken)).unwrap()
}

fn answer(
    books: &Books,
    method: &Method,
    path: &str,
    query: &str,
    headers: &HeaderMap,
    body: &Bytes,
) -> Reply {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    if segments == ["v1", "oauth2", "token"] {
        return Ok(token(books, header("authorization"), body));
    }
    let bearer = header("authorization").strip_prefix("Bearer ").unwrap_or_default();
    let now = books.clock.now();
    if books.state.lock().tokens.get(bearer).is_none_or(|until| *until <= now) {
        return Ok(error(401, "AUTHENTICATION_FAILURE", &[]));
    }
    match (method.as_str(), segments.as_slice()) {
        ("POST", ["v1", "payments", "payouts"]) => match serde_json::from_slice(body) {
            Ok(request) => books.create(&request),
            Err(_) => Ok(error(400, "MALFORMED_REQUEST", &[])),
        },
        ("GET", ["v1", "payments", "payouts", batch]) => books.show(batch),
        ("GET", ["v1", "payments", "payouts-item", item]) => books.show_item(item),
        ("POST", ["v1", "payments", "payouts-item", item, "cancel"]) => books.cancel(item),
        ("POST", ["v1", "notifications", "verify-webhook-signature"]) => {
            Ok(fake_notices::verify(&mut books.state.lock(), body))
        }
        ("GET", ["v1", "reporting", "balances"]) => Ok(balances(books)),
        ("GET", ["v1", "reporting", "transactions"]) => Ok(transactions(books, query)),
        _ => Ok(error(404, "RESOURCE_NOT_FOUND", &[])),
    }
}

fn token(books: &Books, authorization: &str, body: &Bytes) -> (u16, Value) {
    let expected = format!("Basic {}", BASE64.encode(format!("{CLIENT}:{SECRET}").as_bytes()));
    let mut state = books.state.lock();
    state.token_requests += 1;
    if authorization != expected || &body[..] != b"grant_type=client_credentials" {
        return (401, json!({ "error": "invalid_client" }));
    }
    let token = format!("A21AA-{}", state.token_requests);
    let until = books.clock.now() + state.token_life * 1_000_000;
    state.tokens.insert(token.clone(), until);
    (200, json!({ "access_token": token, "token_type": "Bearer", "expires_in": state.token_life }))
}

fn balances(books: &Books) -> (u16, Value) {
    let Some(float) = books.state.lock().float else { return error(403, "NOT_AUTHORIZED", &[]) };
    let available = json!({ "currency_code": "USD", "value": decimal(float) });
    (200, json!({ "balances": [{ "currency": "USD", "primary": true, "available_balance": available }] }))
}

fn transactions(books: &Books, query: &str) -> (u16, Value) {
    let state = books.state.lock();
    if state.float.is_none() {
        return error(403, "NOT_AUTHORIZED", &[]);
    }
    let asked: std::collections::HashMap<String, String> =
        form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let at = |name: &str| asked[name].parse::<jiff::Timestamp>().unwrap().as_microsecond();
    let (start, end) = (at("start_date"), at("end_date"));
    assert!(end - start <= 31 * super::fake::DAY && asked["transaction_type"] == "T0001", "{query}");
    let (page, size): (usize, usize) = (asked["page"].parse().unwrap(), asked["page_size"].parse().unwrap());
    let listed = state.payouts.iter().filter(|payout| (start..=end).contains(&payout.at));
    let listed: Vec<Value> = listed
        .map(|payout| {
            let status = match payout.state {
                "SUCCESS" => "S",
                "RETURNED" | "REFUNDED" | "REVERSED" => "V",
                "FAILED" => "D",
                _ => "P",
            };
            json!({ "transaction_info": {
                "transaction_id": payout.transaction,
                "transaction_event_code": "T0001",
                "transaction_initiation_date": super::fake::time(payout.at).replace('Z', "+0000"),
                "transaction_amount": { "currency_code": "USD", "value": format!("-{}", decimal(payout.cents)) },
                "fee_amount": { "currency_code": "USD", "value": "-0.25" },
                "transaction_status": status,
            } })
        })
        .collect();
    let pages = listed.len().div_ceil(size);
    let shown: Vec<Value> = listed.into_iter().skip((page - 1) * size).take(size).collect();
    (200, json!({ "transaction_details": shown, "page": page, "total_pages": pages }))
}
