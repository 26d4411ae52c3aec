//! What SQLite's planner is told about the sizes of tables. Without statistics it takes `book = ?` for a handful of rows
//! and so prefers the clustering key to every index: with 100,000 withdrawals in one book, a look-up of one user's reads
//! them all. The figures are made up from the shape of each index, not measured: plans are the same in every
//! installation and on every day. Not here: PostgreSQL, which measures by itself.

use super::Failure;
use rusqlite::{Connection, TransactionBehavior};

/// Rows of a table that has grown.
const ROWS: u64 = 1_000_000;
/// Rows of it that a partial index holds.
const ROWS_OF_A_PART: u64 = 100_000;
/// Columns with few different values.
const COARSE: [&str; 9] =
    ["book", "business", "mode", "kind", "state", "status", "active", "enabled", "method"];

/// Table, index, and what `sqlite_stat1` says of it (SQLite's file format, 2.6.3): rows in all, then rows that are alike
/// in the first column, in the first two, and so on.
type Figures = (String, String, String);

/// Writes the figures where they are missing or different. To be called after the migrations, before the first read.
pub(super) fn settle(connection: &mut Connection) -> Result<(), Failure> {
    let wanted = wanted(connection)?;
    if present(connection)? == wanted {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // The table cannot be created by hand; looking at one small table makes it.
    transaction.execute_batch("ANALYZE setting; DELETE FROM sqlite_stat1;")?;
    if has_table(&transaction, "sqlite_stat4")? {
        transaction.execute_batch("DELETE FROM sqlite_stat4;")?;
    }
    for (table, index, figures) in &wanted {
        transaction.execute(
            "INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?1, ?2, ?3)",
            [table, index, figures],
        )?;
    }
    // Makes this connection read them; those that are opened later do so by themselves. Under the write lock, since it wants
    // one, and alone would not wait for another process's.
    transaction.execute_batch("ANALYZE sqlite_schema;")?;
    Ok(transaction.commit()?)
}

fn present(connection: &Connection) -> Result<Vec<Figures>, Failure> {
    if !has_table(connection, "sqlite_stat1")? {
        return Ok(Vec::new());
    }
    let mut all = connection.prepare("SELECT tbl, idx, stat FROM sqlite_stat1 ORDER BY tbl, idx")?;
    let rows = all.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn has_table(connection: &Connection, name: &str) -> Result<bool, Failure> {
    let sql = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?1";
    Ok(connection.query_row(sql, [name], |row| row.get::<_, i64>(0))? == 1)
}

fn wanted(connection: &Connection) -> Result<Vec<Figures>, Failure> {
    let mut indexes = connection.prepare(
        "SELECT t.name, t.wr, i.name, i.\"unique\", i.origin, i.partial FROM pragma_table_list AS t \
         JOIN pragma_index_list(t.name) AS i WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'",
    )?;
    let mut columns = connection.prepare("SELECT name FROM pragma_index_info(?1) ORDER BY seqno")?;
    let mut wanted = Vec::new();
    let mut rows = indexes.query([])?;
    while let Some(row) = rows.next()? {
        let (table, index): (String, String) = (row.get(0)?, row.get(2)?);
        let (is_unique, is_partial): (bool, bool) = (row.get(3)?, row.get(5)?);
        let names = columns.query_map([&index], |row| row.get::<_, Option<String>>(0))?;
        let names: Vec<String> =
            names.map(|name| name.map(Option::unwrap_or_default)).collect::<Result<_, _>>()?;
        // A table that is clustered by its key goes by its own name.
        let is_clustering = row.get::<_, bool>(1)? && row.get::<_, String>(4)? == "pk";
        let name = if is_clustering { table.clone() } else { index };
        wanted.push((table, name, figures(&names, is_unique, is_partial)));
    }
    wanted.sort();
    Ok(wanted)
}

fn figures(columns: &[String], is_unique: bool, is_partial: bool) -> String {
    let rows = if is_partial { ROWS_OF_A_PART } else { ROWS };
    let mut text = rows.to_string();
    let mut alike = rows;
    for (at, column) in columns.iter().enumerate() {
        alike = (alike / if COARSE.contains(&column.as_str()) { 10 } else { 1000 }).max(2);
        if is_unique && at + 1 == columns.len() {
            alike = 1;
        }
        text.push_str(&format!(" {alike}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::Sqlite;
    use crate::store::driver::Driver;
    use crate::store::migrations;

    async fn opened(folder: &std::path::Path) -> Sqlite {
        let sqlite = Sqlite::open(&folder.join("outpay.db")).unwrap();
        migrations::run(&Driver::Sqlite(sqlite.clone())).await.unwrap();
        sqlite
    }

    /// What the planner does with a statement, in its own words.
    fn plan(sqlite: &Sqlite, sql: &str) -> String {
        let reader = sqlite.reader().unwrap();
        let mut explained = reader.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let count = explained.parameter_count();
        let rows = explained
            .query_map(rusqlite::params_from_iter(vec![1; count]), |row| row.get::<_, String>(3))
            .unwrap();
        rows.map(Result::unwrap).collect::<Vec<_>>().join("; ")
    }

    #[tokio::test]
    async fn a_look_up_takes_the_index_made_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let sqlite = opened(folder.path()).await;
        let of = "FROM withdrawal WHERE book = ?1 AND";
        for (sql, index) in [
            (format!("SELECT sum(amount) {of} payout_user = ?2 AND state < 5"), "withdrawal_pending"),
            (format!("SELECT * {of} payout_user = ?2 ORDER BY number DESC LIMIT 20"), "withdrawal_of_user"),
            (format!("SELECT * {of} state = ?2 ORDER BY number DESC LIMIT 20"), "withdrawal_of_state"),
            (
                "SELECT * FROM journal WHERE book = ?1 AND withdrawal = ?2 AND withdrawal > 0 ORDER BY sequence".to_owned(),
                "journal_of_withdrawal",
            ),
            ("SELECT * FROM payout_user WHERE book = ?1 AND email = ?2".to_owned(), "PRIMARY KEY"),
            (
                "SELECT * FROM webhook_delivery WHERE book = ?1 AND state = 3 ORDER BY number LIMIT 9".to_owned(),
                "webhook_delivery_failed",
            ),
        ] {
            let plan = plan(&sqlite, &sql);
            assert!(plan.contains(index), "{sql}: {plan}");
        }
    }

    #[tokio::test]
    async fn what_stands_there_is_not_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let sqlite = opened(folder.path()).await;
        let changes = || sqlite.writer.lock().total_changes();
        let before = changes();
        migrations::run(&Driver::Sqlite(sqlite.clone())).await.unwrap();
        assert_eq!(changes(), before);
    }
}
