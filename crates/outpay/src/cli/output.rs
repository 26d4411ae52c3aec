//! What commands print: JSON for programs, tables and lines for people, on standard output; logs on standard error. A
//! closed pipe (`| head`) is not an error.

use super::cli_error::CliError;
use comfy_table::{ContentArrangement, Table, presets};
use ledger::Cents;
use serde::Serialize;
use std::fmt::Display;
use std::io::{ErrorKind, IsTerminal, Write};
use tracing_subscriber::EnvFilter;

/// The log filter, as in `info` or `outpay=debug`.
pub(super) const LOG_VARIABLE: &str = "OUTPAY_LOG";

pub(super) fn line(text: impl Display) -> Result<(), CliError> {
    let mut stdout = std::io::stdout().lock();
    match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

pub(super) fn json(value: &impl Serialize) -> Result<(), CliError> {
    line(serde_json::to_string_pretty(value).map_err(anyhow::Error::from)?)
}

/// Prints rows under a header, fitted to the terminal.
pub(super) fn table<const N: usize>(
    header: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> Result<(), CliError> {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(header);
    table.add_rows(rows.into_iter().map(|row| row.map(|cell| printable(&cell))));
    line(table)
}

/// Replaces control characters in text from API clients: terminal escapes must not reach the operator's terminal.
fn printable(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { '\u{fffd}' } else { character }).collect()
}

/// Prints names and values, one pair per line.
pub(super) fn facts<const N: usize>(facts: [(&str, String); N]) -> Result<(), CliError> {
    let width = facts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    facts.iter().try_for_each(|(name, value)| line(format_args!("{name:width$}  {value}")))
}

/// `1,234.50`
pub(super) fn dollars(cents: Cents) -> String {
    let whole = (cents.0 / 100).unsigned_abs().to_string();
    let groups: Vec<&str> = whole
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| std::str::from_utf8(group).expect("digits are ASCII"))
        .collect();
    let sign = if cents.0 < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", groups.join(","), (cents.0 % 100).unsigned_abs())
}

/// Logs warnings and errors to standard error, for commands that end by themselves.
pub(super) fn log_warnings() {
    let filter = EnvFilter::try_from_env(LOG_VARIABLE).unwrap_or_else(|_| EnvFilter::new("warn"));
    let colours = std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    log.with_ansi(colours).compact().init();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_cannot_steer_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\nc"), "a\u{fffd}[2Jb\u{fffd}c");
    }

    #[test]
    fn money_is_written_with_two_places_and_grouped() {
        for (cents, text) in [
            (0, "0.00"),
            (5, "0.05"),
            (-5, "-0.05"),
            (99_999, "999.99"),
            (100_000, "1,000.00"),
            (1_234_567_890, "12,345,678.90"),
            (-150_000, "-1,500.00"),
            (i64::MIN, "-92,233,720,368,547,758.08"),
        ] {
            assert_eq!(dollars(Cents(cents)), text);
        }
    }
}
