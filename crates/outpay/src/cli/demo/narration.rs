//! How the tour is printed: a heading per step, each request as a curl command, and its answer.

use super::exchange::{DemoRequest, Exchange};
use crate::cli::cli_error::CliError;
use crate::cli::output;

pub(super) fn step(text: &str) -> Result<(), CliError> {
    output::line(format_args!("\n# {text}"))
}

pub(super) async fn show(
    exchange: &Exchange,
    asked: &DemoRequest,
    expected: u16,
) -> Result<String, CliError> {
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
    use serde_json::Value;

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
