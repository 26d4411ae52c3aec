//! The tour: the documented requests as a story, each with its response. Withdrawals are in way_out.rs.

use super::exchange::{DemoRequest, Exchange};
use super::narration::{show, step};
use super::way_out;
use crate::business::CreatedBusiness;
use crate::cli::cli_error::CliError;
use crate::cli::output;
use anyhow::Context;
use secrecy::ExposeSecret;
use serde_json::Value;
use std::net::SocketAddr;

const EMAIL_AND_100: &str = r#"{"email":"user@example.com","amount":10000}"#;
const EMAIL_AND_25: &str = r#"{"email":"user@example.com","amount":2500}"#;
const FIVE_THOUSAND: &str = r#"{"from":"balance","to":"payout_balance","amount":500000}"#;

pub(super) async fn all(address: SocketAddr, business: &CreatedBusiness) -> Result<(), CliError> {
    let key = business.secret_key.expose_secret();
    let exchange = Exchange::new(address);
    let bearer = format!("Authorization: Bearer {key}");
    let bearer = bearer.as_str();
    let name = &business.business.name;
    output::line(format_args!("Outpay listens on http://{address}. Every line after $ can be pasted."))?;
    output::line(format_args!(
        "The business \"{name}\" has 10,000.00 in its main balance. Its secret key:\n\n  {key}"
    ))?;

    step("It moves 5,000.00 to its payout balance, which pays recipients")?;
    let transfer = DemoRequest::post("/balance/transfer", FIVE_THOUSAND);
    show(&exchange, &transfer.header(bearer), 200).await?;

    step("It gives 100.00 to a recipient; the response is the hash that opens that balance")?;
    let create = DemoRequest::post("/payout/create", EMAIL_AND_100);
    let answer = show(&exchange, &create.header(bearer), 201).await?;
    let answer: Value = serde_json::from_str(&answer).map_err(anyhow::Error::from)?;
    let hash = answer["hash"].as_str().context("the answer has no hash")?;

    step("… or opens this link in a browser: it shows the balance and the ways to withdraw it")?;
    output::line(format_args!("  http://{address}/p#{hash}"))?;

    step("It gives the same recipient 25.00 more; the hash stays the same")?;
    let top_up = DemoRequest::post("/payout/create", EMAIL_AND_25);
    show(&exchange, &top_up.header(bearer), 201).await?;

    step("The recipient reads balance and history, with the hash in a header (preferred)")?;
    let header = format!("X-Payout-Hash: {hash}");
    let operations = DemoRequest::get("/payout/operations").header(&header);
    show(&exchange, &operations.header("Content-Type: application/json"), 200).await?;

    step("… with the hash in the body")?;
    let body = format!(r#"{{"payout_hash":"{hash}"}}"#);
    show(&exchange, &DemoRequest::post("/payout/operations", &body), 200).await?;

    step("… with the hash in the query (for older clients)")?;
    let path = format!("/payout/operations?payout_hash={hash}");
    show(&exchange, &DemoRequest::get(&path), 200).await?;

    step("The business reads its balances")?;
    show(&exchange, &DemoRequest::get("/balance").header(bearer), 200).await?;

    step("Every invalid credential gets the same response")?;
    let guess = DemoRequest::get("/balance").header("Authorization: Bearer sk_live_a_guess");
    show(&exchange, &guess, 401).await?;

    way_out::gift_card(&exchange, hash).await?;
    way_out::test_money(&exchange, business.test_secret_key.expose_secret()).await
}
