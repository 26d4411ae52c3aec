//! How endpoints, deliveries and test sends are printed.

use crate::cli::cli_error::CliError;
use crate::cli::output;
use crate::clock::rfc3339;
use crate::ids::IdKind;
use crate::platform::Platform;
use crate::store::{Delivery, DeliveryState, EndpointKey};
use crate::webhooks::{self, Endpoint, Sample, WhichEndpoint};
use ledger::BookId;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::process::ExitCode;

/// Prints an endpoint; `with_keys` if they have just been created.
pub(super) fn endpoint(
    platform: &Platform,
    endpoint: Option<&Endpoint>,
    with_keys: bool,
    json: bool,
) -> Result<(), CliError> {
    let Some(endpoint) = endpoint else {
        return if json {
            output::json(&json!({ "url": null, "enabled": false }))
        } else {
            output::line("There is no webhook. Set one with: outpay webhook set BUSINESS --url https://…")
        };
    };
    let previous_ends = endpoint.overlap_ends_at(platform.clock.now()).map(rfc3339);
    let keys = Some(endpoint.keys()).filter(|_| with_keys);
    if json {
        let mut all = endpoint_as_json(platform, endpoint);
        if let Some(keys) = keys {
            all["token"] = keys.token.expose_secret().into();
            all["secret"] = keys.secret.expose_secret().into();
        }
        return output::json(&all);
    }
    output::facts([
        ("id", platform.webhooks.endpoint_id(endpoint.key())),
        ("url", endpoint.url().to_owned()),
        ("description", endpoint.description().to_owned()),
        ("state", state(endpoint).to_owned()),
        ("failing since", endpoint.failing_since().map_or_else(|| "-".to_owned(), rfc3339)),
        ("events", endpoint.events().names().join(", ")),
        ("schedule", endpoint.schedule().word().to_owned()),
        ("token", endpoint.keys().hint()),
        ("previous token ends", previous_ends.unwrap_or_else(|| "-".to_owned())),
        ("changed", rfc3339(endpoint.changed_at())),
    ])?;
    let Some(keys) = keys else { return Ok(()) };
    output::facts([
        ("token", keys.token.expose_secret().to_owned()),
        ("secret", keys.secret.expose_secret().to_owned()),
    ])?;
    output::line("\nStore token and secret now: they are not shown again.")
}

fn state(endpoint: &Endpoint) -> &'static str {
    match (endpoint.is_enabled(), endpoint.disabled_at()) {
        (true, _) => "on",
        (false, None) => "off",
        (false, Some(_)) => "off, because it only failed",
    }
}

fn endpoint_as_json(platform: &Platform, endpoint: &Endpoint) -> Value {
    json!({
        "id": platform.webhooks.endpoint_id(endpoint.key()),
        "primary": endpoint.is_primary(),
        "url": endpoint.url(),
        "description": endpoint.description(),
        "enabled": endpoint.is_enabled(),
        "events": endpoint.events().names(),
        "schedule": endpoint.schedule().word(),
        "disabled_at": endpoint.disabled_at().map(rfc3339),
        "failing_since": endpoint.failing_since().map(rfc3339),
        "token_hint": endpoint.keys().hint(),
        "previous_token_ends_at": endpoint.overlap_ends_at(platform.clock.now()).map(rfc3339),
        "created_at": rfc3339(endpoint.created_at()),
        "changed_at": rfc3339(endpoint.changed_at()),
    })
}

/// Prints a list of endpoints.
pub(super) fn endpoints(platform: &Platform, found: &[Endpoint], json: bool) -> Result<(), CliError> {
    if json {
        let data: Vec<Value> = found.iter().map(|endpoint| endpoint_as_json(platform, endpoint)).collect();
        return output::json(&json!({ "data": data }));
    }
    let row = |endpoint: &Endpoint| {
        [
            platform.webhooks.endpoint_id(endpoint.key()),
            endpoint.url().to_owned(),
            state(endpoint).to_owned(),
            endpoint.events().names().join(", "),
            endpoint.description().to_owned(),
        ]
    };
    output::table(["id", "url", "state", "events", "description"], found.iter().map(row))
}

/// Prints that an endpoint is gone.
pub(super) fn deleted(id: &str, json: bool) -> Result<(), CliError> {
    if json {
        return output::json(&json!({ "id": id, "deleted": true }));
    }
    output::line(format_args!("{id} is deleted."))
}

/// Prints a list of deliveries.
pub(super) fn deliveries(
    platform: &Platform,
    book: BookId,
    found: &[Delivery],
    json: bool,
) -> Result<(), CliError> {
    if json {
        let data: Vec<Value> = found.iter().map(|delivery| as_json(platform, book, delivery)).collect();
        return output::json(&json!({ "data": data }));
    }
    let row = |delivery: &Delivery| {
        [
            platform.webhooks.delivery_id(book, delivery.number),
            delivery.kind.event_name().to_owned(),
            order_id(platform, book, delivery)
                .unwrap_or_else(|| if delivery.sequence.is_some() { "-" } else { "test" }.to_owned()),
            delivery.state.word().to_owned(),
            delivery.attempts.to_string(),
            delivery.due_at.map_or_else(|| "-".to_owned(), rfc3339),
        ]
    };
    output::table(["id", "event", "order", "status", "attempts", "next attempt"], found.iter().map(row))
}

/// Sends an invented event and prints the response. Exit 1 unless it was delivered.
pub(in crate::cli) async fn trial(
    platform: &Platform,
    which: impl Into<WhichEndpoint>,
    sample: Sample,
    json: bool,
) -> Result<ExitCode, CliError> {
    let which = which.into();
    let (book, trial) = (which.book(), platform.webhooks.test_endpoint(which, sample).await?);
    let is_delivered = trial.delivery.state == DeliveryState::Delivered;
    let attempt = &trial.attempt;
    let answer = attempt.status.map_or_else(|| attempt.error.clone(), |status| status.to_string());
    let body = String::from_utf8_lossy(&attempt.body).into_owned();
    if json {
        let mut all = as_json(platform, book, &trial.delivery);
        all["response_status"] = attempt.status.into();
        all["error"] = Some(attempt.error.as_str()).filter(|error| !error.is_empty()).into();
        all["milliseconds"] = (attempt.micros / 1000).into();
        all["response_body"] = body.into();
        output::json(&all)?;
    } else {
        output::facts([
            ("id", platform.webhooks.delivery_id(book, trial.delivery.number)),
            ("event", sample.kind.event_name().to_owned()),
            ("url", attempt.url.clone()),
            ("answer", answer),
            ("milliseconds", (attempt.micros / 1000).to_string()),
            ("status", trial.delivery.state.word().to_owned()),
        ])?;
    }
    Ok(if is_delivered { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn order_id(platform: &Platform, book: BookId, delivery: &Delivery) -> Option<String> {
    let is_event = delivery.sequence.is_some() && delivery.withdrawal > 0;
    is_event.then(|| platform.secrets.ids().seal(IdKind::Withdrawal, book, delivery.withdrawal))
}

fn as_json(platform: &Platform, book: BookId, delivery: &Delivery) -> Value {
    json!({
        "id": platform.webhooks.delivery_id(book, delivery.number),
        "type": delivery.kind.event_name(),
        "webhook_id": platform.webhooks.endpoint_id(EndpointKey { book, number: delivery.endpoint }),
        "order_id": order_id(platform, book, delivery),
        "status": delivery.state.word(),
        "test_mode": webhooks::is_test(book, delivery),
        "attempt_count": delivery.attempts,
        "created_at": rfc3339(delivery.created_at),
        "next_attempt_at": delivery.due_at.map(rfc3339),
        "finished_at": delivery.finished_at.map(rfc3339),
    })
}
