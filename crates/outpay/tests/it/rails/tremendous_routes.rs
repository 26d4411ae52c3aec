//! The endpoints of the stand-in for Tremendous. Not here: its books (tremendous_fake.rs).

use crate::rails::never_twice::Fault;
use crate::rails::tremendous_fake::{Books, FakeOrder, KEY, SOURCE};
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::panic::resume_unwind;
use std::sync::Arc;

type Shared = State<Arc<Mutex<Books>>>;

pub fn routes(books: Arc<Mutex<Books>>) -> Router {
    let routes = Router::new()
        .route("/orders", post(create_order).get(list_orders))
        .route("/orders/{id}", get(order))
        .route("/rewards/{id}", get(reward))
        .route("/rewards/{id}/generate_link", post(generate_link))
        .route("/products", get(products))
        .route("/funding_sources/{id}", get(funding_source))
        .with_state(books);
    Router::new().nest("/api/v2", routes)
}

fn declined(status: u16, message: &str) -> Response {
    let body = json!({ "status": status, "errors": { "message": message } });
    (StatusCode::from_u16(status).unwrap(), Json(body)).into_response()
}

/// Ends the connection without an answer.
fn hang_up() -> ! {
    resume_unwind(Box::new("the connection is closed"))
}

/// Counts a call and gives the answer that all calls get, if there is one.
fn enter(books: &Mutex<Books>, headers: &HeaderMap, path: &str) -> Option<Response> {
    let mut books = books.lock();
    *books.calls.entry(path.to_owned()).or_default() += 1;
    if let Some(status) = books.answers {
        return Some(StatusCode::from_u16(status).unwrap().into_response());
    }
    let is_known = headers.get("authorization").is_some_and(|value| *value == *format!("Bearer {KEY}"));
    (!is_known).then(|| declined(401, "Unauthorized"))
}

/// What is wrong with a request for an order.
fn problem(request: &Value) -> Option<&'static str> {
    let reward = &request["reward"];
    let amount = reward["value"]["denomination"].as_f64().filter(|amount| *amount > 0.0);
    let cases = [
        (request["payment"]["funding_source_id"] != SOURCE, "funding source"),
        (amount.is_none() || reward["value"]["currency_code"] != "USD", "value"),
        (reward["delivery"]["method"] != "LINK", "delivery"),
        (reward["products"].as_array().is_none_or(Vec::is_empty), "products"),
        (!reward["recipient"]["name"].is_string() || !reward["recipient"]["email"].is_string(), "recipient"),
        (reward["recipient"]["name"] == "Refused", "This recipient is not allowed"),
    ];
    cases.into_iter().find(|(is_wrong, _)| *is_wrong).map(|(_, what)| what)
}

async fn create_order(State(books): Shared, headers: HeaderMap, body: Bytes) -> Response {
    if let Some(answer) = enter(&books, &headers, "POST /orders") {
        return answer;
    }
    let mut held = books.lock();
    held.posted.push(body.clone());
    let Ok(request) = serde_json::from_slice::<Value>(&body) else { return declined(400, "no JSON") };
    let key = request["external_id"].as_str().unwrap_or_default().to_owned();
    let fault = held.connection(&key);
    if fault == Some(Fault::LostBeforeExecution) {
        drop(held);
        hang_up();
    }
    let known = held.orders.iter().position(|order| !key.is_empty() && order.external_id == key);
    let (status, number, is_new) = match known {
        Some(number) if held.orders[number].request != request => return declined(409, "Another order"),
        Some(number) => (201, number, false),
        None => match begin(&mut held, request) {
            Ok(number) => (200, number, true),
            Err((status, what)) => return declined(status, what),
        },
    };
    match fault {
        Some(Fault::TimeoutAfterExecution | Fault::NotFoundThenSettled) => {
            drop(held);
            hang_up();
        }
        Some(Fault::Status500AfterExecution) => return declined(500, "Internal error"),
        _ => {}
    }
    let link = is_new.then(|| held.link(number));
    let order = held.orders[number].clone();
    let shown = held.shown(&order, link);
    (StatusCode::from_u16(status).unwrap(), Json(json!({ "order": shown }))).into_response()
}

/// Makes an order, which is executed unless something else is to happen.
fn begin(books: &mut Books, request: Value) -> Result<usize, (u16, &'static str)> {
    if let Some(what) = problem(&request) {
        return Err((422, what));
    }
    let fault = books.fault_of(request["external_id"].as_str().unwrap_or_default());
    let begins = match fault {
        Some(Fault::LateSuccess) => Some("PENDING APPROVAL"),
        Some(Fault::NotFoundThenSettled) => Some("HIDDEN"),
        _ => books.begins,
    };
    let number = books.make(request, begins.unwrap_or("OPEN"));
    if begins.is_some() {
        return Ok(number);
    }
    if books.funds < books.orders[number].cents {
        if books.keeps_failed {
            books.orders[number].status = "FAILED";
        } else {
            books.orders.pop();
        }
        return Err((402, "Insufficient funds"));
    }
    books.execute(number);
    Ok(number)
}

async fn order(State(books): Shared, headers: HeaderMap, Path(id): Path<String>) -> Response {
    if let Some(answer) = enter(&books, &headers, "GET /orders/{id}") {
        return answer;
    }
    let held = books.lock();
    match held.connection(&id) {
        Some(Fault::LostBeforeExecution | Fault::TimeoutAfterExecution) => {
            drop(held);
            hang_up();
        }
        Some(Fault::Status500AfterExecution) => return declined(500, "Internal error"),
        _ => {}
    }
    let found = held.orders.iter().find(|order| order.id == id || order.external_id == id);
    match found.filter(|order| order.status != "HIDDEN") {
        Some(order) => Json(json!({ "order": held.shown(order, None) })).into_response(),
        None => declined(404, "Not found"),
    }
}

async fn list_orders(
    State(books): Shared,
    headers: HeaderMap,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    if let Some(answer) = enter(&books, &headers, "GET /orders") {
        return answer;
    }
    let number = |name: &str, default: usize| query.get(name).map_or(default, |text| text.parse().unwrap());
    let time = |name: &str| query.get(name).map(|text| text.parse::<jiff::Timestamp>().unwrap());
    let (from, to) = (time("created_at[gte]"), time("created_at[lte]"));
    let held = books.lock();
    let fits = |order: &&FakeOrder| {
        let at: jiff::Timestamp = order.created_at.parse().unwrap();
        from.is_none_or(|from| at >= from) && to.is_none_or(|to| at <= to)
    };
    let all: Vec<&FakeOrder> = held.orders.iter().rev().filter(fits).collect();
    let page = all.iter().skip(number("offset", 0)).take(number("limit", 10).min(500));
    let orders: Vec<Value> = page.map(|order| held.shown(order, None)).collect();
    Json(json!({ "orders": orders, "total_count": all.len() })).into_response()
}

async fn reward(State(books): Shared, headers: HeaderMap, Path(id): Path<String>) -> Response {
    if let Some(answer) = enter(&books, &headers, "GET /rewards/{id}") {
        return answer;
    }
    let held = books.lock();
    match held.orders.iter().find(|order| order.reward == id) {
        Some(order) => Json(json!({ "reward": held.shown(order, None)["rewards"][0] })).into_response(),
        None => declined(404, "Not found"),
    }
}

async fn generate_link(State(books): Shared, headers: HeaderMap, Path(id): Path<String>) -> Response {
    if let Some(answer) = enter(&books, &headers, "POST /rewards/{id}/generate_link") {
        return answer;
    }
    let mut held = books.lock();
    match held.orders.iter().position(|order| order.reward == id && order.status == "EXECUTED") {
        Some(number) => {
            let link = held.link(number);
            Json(json!({ "reward": { "id": id, "link": link } })).into_response()
        }
        None => declined(404, "Not found"),
    }
}

async fn products(
    State(books): Shared,
    headers: HeaderMap,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    if let Some(answer) = enter(&books, &headers, "GET /products") {
        return answer;
    }
    let product = |id: &str, name: &str, category: &str, country: &str, skus: Value| {
        json!({
            "id": id, "name": name, "category": category, "description": name, "disclosure": "", "skus": skus,
            "currency_codes": ["USD"], "countries": [{ "abbr": country }],
            "images": [{ "src": "https://images.example/logo.png", "type": "logo" }],
        })
    };
    let band = |min: f64, max: f64| json!({ "min": min, "max": max, "currency_code": "USD" });
    let all = [
        product("PAYPAL000001", "PayPal International", "paypal", "US", json!([band(1.0, 2_000.0)])),
        product("VISA00000001", "Prepaid Visa", "visa_card", "US", json!([band(5.0, 1_000.0)])),
        product(
            "BOOKS0000001",
            "Bookshop",
            "merchant_card",
            "US",
            json!([band(10.0, 10.0), band(25.0, 25.0)]),
        ),
        product("BUCHER000001", "Buchladen", "merchant_card", "DE", json!([band(0.5, 99.99)])),
    ];
    let wanted = |product: &&Value| {
        let country = product["countries"][0]["abbr"].as_str().unwrap();
        query.get("country").is_none_or(|list| list.split(',').any(|wanted| wanted == country))
    };
    Json(json!({ "products": all.iter().filter(wanted).collect::<Vec<_>>() })).into_response()
}

async fn funding_source(State(books): Shared, headers: HeaderMap, Path(id): Path<String>) -> Response {
    if let Some(answer) = enter(&books, &headers, "GET /funding_sources/{id}") {
        return answer;
    }
    if id != SOURCE {
        return declined(404, "Not found");
    }
    let cents = books.lock().funds;
    let meta = json!({ "available_cents": cents, "pending_cents": 0, "currency_code": "USD" });
    let source = json!({
        "id": SOURCE, "method": "balance", "status": "active", "usage_permissions": ["api_orders"], "meta": meta,
    });
    Json(json!({ "funding_source": source })).into_response()
}
