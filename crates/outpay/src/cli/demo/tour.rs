//! The tour: the documented requests as a story, each with its response. Withdrawals are in way_out.rs.

use super::exchange::{Asked, Exchange};
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
    let transfer = Asked::post("/balance/transfer", FIVE_THOUSAND);
    show(&exchange, &transfer.header(bearer), 200).await?;

    step("It gives 100.00 to a recipient; the response is the hash that opens that balance")?;
    let create = Asked::post("/payout/create", EMAIL_AND_100);
    let answer = show(&exchange, &create.header(bearer), 201).await?;
    let answer: Value = serde_json::from_str(&answer).map_err(anyhow::Error::from)?;
    let hash = answer["hash"].as_str().context("the answer has no hash")?;

    step("… or opens this link in a browser: it shows the balance and the ways to withdraw it")?;
    output::line(format_args!("  http://{address}/p#{hash}"))?;

    step("It gives the same recipient 25.00 more; the hash stays the same")?;
    let top_up = Asked::post("/payout/create", EMAIL_AND_25);
    show(&exchange, &top_up.header(bearer), 201).await?;

    step("The recipient reads balance and history, with the hash in a header (preferred)")?;
    let header = format!("X-Payout-Hash: {hash}");
    let operations = Asked::get("/payout/operations").header(&header);
    show(&exchange, &operations.header("Content-Type: application/json"), 200).await?;

    step("… with the hash in the body")?;
    let body = format!(r#"{{"payout_hash":"{hash}"}}"#);
    show(&exchange, &Asked::post("/payout/operations", &body), 200).await?;

    step("… with the hash in the query (for older clients)")?;
    let path = format!("/payout/operations?payout_hash={hash}");
    show(&exchange, &Asked::get(&path), 200).await?;

    step("The business reads its balances")?;
    show(&exchange, &Asked::get("/balance").header(bearer), 200).await?;

    step("Every invalid credential gets the same response")?;
    let guess = Asked::get("/balance").header("Authorization: Bearer sk_live_a_guess");
    show(&exchange, &guess, 401).await?;

    way_out::gift_card(&exchange, hash).await?;
    way_out::sandbox(&exchange, business.test_secret_key.expose_secret()).await
}

pub(super) fn step(text: &str) -> Result<(), CliError> {
    output::line(format_args!("\n# {text}"))
}

pub(super) async fn show(exchange: &Exchange, asked: &Asked, expected: u16) -> Result<String, CliError> {
    output::line(format_args!("$ {}", exchange.curl(asked)))?;
    let answer = exchange.send(asked).await?;
    output::line(format_args!("{}\n{}", answer.status, indented(&answer.body)))?;
    if answer.status != expected {
        return Err(anyhow::anyhow!("the response should have been {expected}; this is a bug").into());
    }
    Ok(answer.body)
}

/// Long JSON is split over several lines, with the fields in their order.
fn indented(json: &str) -> String {
    const SHORT: usize = 100;
    if json.len() <= SHORT {
        return json.to_owned();
    }
    let mut text = String::with_capacity(json.len() * 2);
    let (mut depth, mut in_string, mut escaped) = (0, false, false);
    for character in json.chars() {
        if in_string {
            text.push(character);
            in_string = escaped || character != '"';
            escaped = !escaped && character == '\\';
            continue;
        }
        match character {
            '{' | '[' => {
                depth += 1;
                text.push(character);
                break_line(&mut text, depth);
            }
            '}' | ']' => {
                depth -= 1;
                break_line(&mut text, depth);
                text.push(character);
            }
            ',' => {
                text.push(character);
                break_line(&mut text, depth);
            }
            ':' => text.push_str(": "),
            _ => {
                in_string = character == '"';
                text.push(character);
            }
        }
    }
    text
}

fn break_line(text: &mut String, depth: usize) {
    text.push('\n');
    text.extend(std::iter::repeat_n("  ", depth));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_json_is_indented_and_means_the_same() {
        let long = "x".repeat(100);
        let json = format!(r#"{{"b":"{{[,:\"\\","a":[1,{{"c":null}}],"long":"{long}"}}"#);
        let text = indented(&json);
        assert!(text.starts_with("{\n  \"b\": \"{[,:\\\"\\\\\",\n  \"a\": [\n    1,\n    {\n"), "{text}");
        let values: [Value; 2] = [&text, &json].map(|text| serde_json::from_str(text).unwrap());
        assert_eq!(values[0], values[1]);
        assert_eq!(indented(r#"{"a":1}"#), r#"{"a":1}"#);
    }
}
