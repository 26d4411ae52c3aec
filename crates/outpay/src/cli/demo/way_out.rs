//! The second half of the tour: withdrawals. A gift card from the live stock, revealed; and, with test money, payments by the sandbox
//! and by a simulated PayPal.

use super::exchange::{DemoRequest, Exchange};
use super::narration::{show, step};
use crate::cli::cli_error::CliError;
use anyhow::Context;
use serde_json::Value;
use std::time::Duration;

/// The worker polls several times a second; this is far longer than it needs.
const LOOKS: u32 = 100;
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

const CARD: &str = r#"{"method":"gift_card","amount":2500,"destination":{"brand":"Bookshop"}}"#;
const SANDBOX: &str = r#"{"method":"sandbox","amount":2500,"destination":{"account":"any"}}"#;
const PAYPAL: &str = r#"{"method":"paypal","amount":2500,"destination":{"email":"mine@example.net"}}"#;
const UNREVIEWED: &str = r#"{"methods":{"paypal":{"review":{"always":false}}}}"#;
const TEST_USER: &str = r#"{"email":"tester@example.com","amount":10000}"#;
const TEST_FUNDS: &str = r#"{"from":"balance","to":"payout_balance","amount":100000}"#;

/// Live money: a gift card for the holder of `hash`.
pub(super) async fn gift_card(exchange: &Exchange, hash: &str) -> Result<(), CliError> {
    let header = format!("X-Payout-Hash: {hash}");
    step("The recipient asks for the withdrawal methods")?;
    show(exchange, &DemoRequest::get("/payout/methods").header(&header), 200).await?;

    step("… and withdraws 25.00 as a gift card; the money is held from now on")?;
    let withdraw = DemoRequest::post("/payout/withdraw", CARD);
    let id = id_of(&show(exchange, &withdraw.header(&header), 202).await?)?;

    step("A moment later the card is delivered")?;
    wait(exchange, &header, &id).await?;
    let path = format!("/payout/operations/{id}");
    show(exchange, &DemoRequest::get(&path).header(&header), 200).await?;

    step("Its code is shown to the holder of the hash, and every reveal is recorded")?;
    let path = format!("/payout/operations/{id}/reveal");
    show(exchange, &DemoRequest::post(&path, "{}").header(&header), 200).await?;
    Ok(())
}

/// Test money, with its own balances, users and rails.
pub(super) async fn test_money(exchange: &Exchange, test_key: &str) -> Result<(), CliError> {
    let bearer = format!("Authorization: Bearer {test_key}");
    step("The test key works on test money, with a sandbox that makes no real payments")?;
    show(exchange, &DemoRequest::post("/balance/transfer", TEST_FUNDS).header(&bearer), 200).await?;
    let created =
        show(exchange, &DemoRequest::post("/payout/create", TEST_USER).header(&bearer), 201).await?;
    let created: Value = serde_json::from_str(&created).map_err(anyhow::Error::from)?;
    let hash = created["hash"].as_str().context("the answer has no hash")?;
    let header = format!("X-Payout-Hash: {hash}");

    step("The last two digits of the amount choose what the sandbox does: 00 succeeds")?;
    let withdraw = DemoRequest::post("/payout/withdraw", SANDBOX);
    let id = id_of(&show(exchange, &withdraw.header(&header), 202).await?)?;
    wait(exchange, &header, &id).await?;
    let path = format!("/payout/operations/{id}");
    show(exchange, &DemoRequest::get(&path).header(&header), 200).await?;

    paypal(exchange, (&bearer, &header)).await?;

    step("The business reads all its events, without a gap")?;
    show(exchange, &DemoRequest::get("/payout/events?after=2").header(&bearer), 200).await?;
    Ok(())
}

/// PayPal, simulated as every method of test mode.
async fn paypal(exchange: &Exchange, (bearer, header): (&str, &str)) -> Result<(), CliError> {
    step("A person looks at PayPal payments first, unless the business says otherwise, as it does here")?;
    let settings = DemoRequest::put("/payout/settings", UNREVIEWED).header(bearer);
    show(exchange, &settings, 200).await?;
    step("With test money PayPal is simulated; the address may be another one than the business has")?;
    let withdraw = DemoRequest::post("/payout/withdraw", PAYPAL);
    let id = id_of(&show(exchange, &withdraw.header(header), 202).await?)?;
    wait(exchange, header, &id).await?;
    let path = format!("/payout/operations/{id}");
    show(exchange, &DemoRequest::get(&path).header(header), 200).await?;
    Ok(())
}

fn id_of(answer: &str) -> Result<String, CliError> {
    let answer: Value = serde_json::from_str(answer).map_err(anyhow::Error::from)?;
    Ok(answer["id"].as_str().context("the answer has no id")?.to_owned())
}

/// Waits until a rail has paid.
async fn wait(exchange: &Exchange, header: &str, id: &str) -> Result<(), CliError> {
    let path = format!("/payout/operations/{id}");
    let asked = DemoRequest::get(&path).header(header);
    for _ in 0..LOOKS {
        let answer = exchange.send(&asked).await?;
        let operation: Value = serde_json::from_str(&answer.body).map_err(anyhow::Error::from)?;
        if operation["status"] == "succeeded" {
            return Ok(());
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    Err(anyhow::anyhow!("the withdrawal {id} should have succeeded by now; this is a bug").into())
}
