//! Statements that are put together from constants: column lists, so that each table's stand in one place, and codes, so that
//! a statement says `state = {MAIL_PENDING}`. Codes stand in the text and are not parameters, because the engines use a
//! partial index only where they see its condition.

/// The text of a statement as `format!` makes it from constants, made once. Its type is `&'static str`, as the drivers' caches
/// of prepared statements want it.
macro_rules! sql {
    ($($text:tt)*) => {{
        static SQL: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| format!($($text)*));
        SQL.as_str()
    }};
}
pub(super) use sql;

/// A list of columns, each of the table that the statement calls `alias`.
pub(super) fn of(alias: &str, columns: &str) -> String {
    let columns: Vec<String> = columns.split(", ").map(|column| format!("{alias}.{column}")).collect();
    columns.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_put_together_once() {
        const COLUMNS: &str = "number, name";
        let text = || sql!("SELECT {COLUMNS}, {of_a} FROM a", of_a = of("a", COLUMNS));
        assert_eq!(text(), "SELECT number, name, a.number, a.name FROM a");
        assert!(std::ptr::eq(text(), text()));
    }
}
