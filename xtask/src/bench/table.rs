//! The comparison as a table.

use super::load::Report;

pub struct Row<'a> {
    pub connections: usize,
    pub name: &'a str,
    pub report: Report,
}

pub fn print_comparison(rows: &[Row<'_>]) {
    println!(
        "{:>11}  {:<28} {:>9}  {:>8}  {:>8}  {:>7}  {:>7}",
        "connections", "what", "req/s", "p50 ms", "p99 ms", "to (a)", "to (b)"
    );
    for row in rows {
        let ratio = |baseline: &str| ratio_text(rows, row, baseline);
        println!(
            "{:>11}  {:<28} {:>9.0}  {:>8.2}  {:>8.2}  {:>7}  {:>7}",
            row.connections,
            row.name,
            row.report.rate(),
            row.report.p50_ms,
            row.report.p99_ms,
            ratio("(a)"),
            ratio("(b)")
        );
    }
}

/// The ratio to the baseline with the same number of connections, if there is one.
fn ratio_text(rows: &[Row<'_>], row: &Row<'_>, baseline: &str) -> String {
    let found =
        rows.iter().find(|other| other.connections == row.connections && other.name.starts_with(baseline));
    found.map_or_else(String::new, |other| format!("{:.2}", row.report.rate() / other.report.rate()))
}
