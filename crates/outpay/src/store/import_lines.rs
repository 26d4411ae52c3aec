//! The lines of imported files: whom to pay, and what became of it.

use super::codes::{IMPORT_DONE, IMPORT_RUNNING, IMPORT_WAITING, LINE_NOT_PAID, LINE_OPEN};
use super::driver::{Row, Statement};
use super::sql::sql;
use super::states::LineState;
use super::{Failure, Store};
use anyhow::Context;
use ledger::{BookId, Cents, Metadata, Micros};

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportLine {
    /// Its number in the file, as an editor counts.
    pub line: i64,
    /// Whom to pay, in normal form.
    pub email: String,
    /// How much.
    pub amount: Cents,
    /// The business's own name for it; empty for none.
    pub reference: String,
    /// The business's own notes about it.
    pub metadata: Metadata,
    /// What became of it.
    pub state: LineState,
    /// Why; empty where there is nothing to say.
    pub detail: String,
}

pub(super) fn insert_line(book: BookId, import: i64, line: &ImportLine) -> Vec<Statement> {
    let mut statements = vec![insert_bare_line(book, import, line)];
    if !line.metadata.is_empty() {
        let sql = "INSERT INTO import_line_metadata (book, import, line, content) VALUES ($1, $2, $3, $4)";
        let content = serde_json::to_string(line.metadata.pairs()).expect("texts can be written as JSON");
        let values = vec![book.0.into(), import.into(), line.line.into(), content.as_str().into()];
        statements.push(Statement::one(sql, values));
    }
    statements
}

fn insert_bare_line(book: BookId, import: i64, line: &ImportLine) -> Statement {
    Statement::one(
        "INSERT INTO import_line (book, import, line, email, amount, reference, state, detail) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        vec![
            book.0.into(),
            import.into(),
            line.line.into(),
            line.email.as_str().into(),
            line.amount.0.into(),
            line.reference.as_str().into(),
            (line.state as i64).into(),
            line.detail.as_str().into(),
        ],
    )
}

/// The columns that `line` reads, in its order.
const COLUMNS: &str = "line, email, amount, reference, state, detail, (SELECT content FROM import_line_metadata m \
    WHERE m.book = import_line.book AND m.import = import_line.import AND m.line = import_line.line)";

impl Store {
    /// Adds lines to an import that was kept a moment ago.
    pub async fn add_import_lines(
        &self,
        book: BookId,
        import: i64,
        lines: &[ImportLine],
    ) -> Result<(), Failure> {
        Ok(self.driver.write(lines.iter().flat_map(|line| insert_line(book, import, line)).collect()).await?)
    }

    /// An import's lines after this one, in order, at most `limit`.
    pub async fn import_lines(
        &self,
        book: BookId,
        import: i64,
        after: i64,
        limit: i64,
    ) -> Result<Vec<ImportLine>, Failure> {
        let sql = sql!(
            "SELECT {COLUMNS} FROM import_line WHERE book = $1 AND import = $2 AND line > $3 ORDER BY line LIMIT $4"
        );
        let values = vec![book.0.into(), import.into(), after.into(), limit.into()];
        self.driver.query(sql, values).await?.iter().map(line).collect()
    }

    /// An import's lines that were not tried yet, in order, at most `limit`.
    pub async fn open_import_lines(
        &self,
        book: BookId,
        import: i64,
        limit: i64,
    ) -> Result<Vec<ImportLine>, Failure> {
        let sql = sql!(
            "SELECT {COLUMNS} FROM import_line WHERE book = $1 AND import = $2 AND state = {LINE_OPEN} \
             ORDER BY line LIMIT $3"
        );
        self.driver
            .query(sql, vec![book.0.into(), import.into(), limit.into()])
            .await?
            .iter()
            .map(line)
            .collect()
    }

    /// Other confirmed imports, of other files (the same file cannot pay twice), that have lines for the same addresses and amounts: number, and how many of this one's lines without a
    /// reference; newest first.
    pub async fn import_twins(
        &self,
        book: BookId,
        import: i64,
        limit: i64,
    ) -> Result<Vec<(i64, i64)>, Failure> {
        let sql = sql!(
            "SELECT o.import, count(DISTINCT l.line) FROM import_line l JOIN import_line o ON o.book = l.book \
             AND o.email = l.email AND o.amount = l.amount JOIN import i ON i.book = o.book AND i.number = o.import \
             WHERE l.book = $1 AND l.import = $2 AND l.reference = '' AND o.import <> $2 \
             AND i.state IN ({IMPORT_WAITING}, {IMPORT_RUNNING}, {IMPORT_DONE}) AND i.digest <> (SELECT digest FROM import \
             WHERE book = $1 AND number = $2) GROUP BY o.import ORDER BY o.import DESC LIMIT $3"
        );
        let rows = self.driver.query(sql, vec![book.0.into(), import.into(), limit.into()]).await?;
        rows.iter().map(|row| Ok((row.int(0)?, row.int(1)?))).collect()
    }

    /// Writes down what became of lines. What was noted as paid stays so, whichever process asks again. `held`: under this lease of the
    /// import, at this time; `None` for a process that is no worker. `false`: the lease is not held; nothing was written.
    pub async fn note_import_lines(
        &self,
        (book, import): (BookId, i64),
        held: Option<(i64, Micros)>,
        lines: &[ImportLine],
    ) -> Result<bool, Failure> {
        // Touches the row, so that no other can take it meanwhile, and nothing where the lease is not held.
        let sql = sql!(
            "UPDATE import SET lease = $1 WHERE book = $2 AND number = $3 AND state = {IMPORT_RUNNING} AND lease = $1 \
             AND leased_until > $4"
        );
        let held = held.map(|(lease, now)| {
            Statement::one(sql, vec![lease.into(), book.0.into(), import.into(), now.into()])
        });
        let sql = sql!(
            "UPDATE import_line SET state = $1, detail = $2 WHERE book = $3 AND import = $4 AND line = $5 \
             AND state IN ({LINE_OPEN}, {LINE_NOT_PAID})"
        );
        let note = |line: &ImportLine| {
            let (state, detail) = ((line.state as i64).into(), line.detail.as_str().into());
            Statement::new(sql, vec![state, detail, book.0.into(), import.into(), line.line.into()])
        };
        self.touches_one(held.into_iter().chain(lines.iter().map(note)).collect()).await
    }

    /// Opens the lines again that were not paid.
    pub async fn reopen_import_lines(&self, book: BookId, import: i64) -> Result<(), Failure> {
        let sql = sql!(
            "UPDATE import_line SET state = {LINE_OPEN}, detail = '' WHERE book = $1 AND import = $2 \
                 AND state = {LINE_NOT_PAID}"
        );
        Ok(self.driver.write(vec![Statement::new(sql, vec![book.0.into(), import.into()])]).await?)
    }

    /// How many lines became what, and their cents.
    pub async fn import_progress(
        &self,
        book: BookId,
        import: i64,
    ) -> Result<Vec<(LineState, i64, Cents)>, Failure> {
        let sql = "SELECT state, count(*), CAST(sum(amount) AS BIGINT) FROM import_line \
                   WHERE book = $1 AND import = $2 GROUP BY state ORDER BY state";
        let rows = self.driver.query(sql, vec![book.0.into(), import.into()]).await?;
        rows.iter().map(|row| Ok((state(row.int(0)?)?, row.int(1)?, Cents(row.int(2)?)))).collect()
    }

    /// The addresses that stand on several of an import's lines, with how many, at most `limit`.
    pub async fn import_repeats(
        &self,
        book: BookId,
        import: i64,
        limit: i64,
    ) -> Result<Vec<(String, i64)>, Failure> {
        let sql = "SELECT email, count(*) FROM import_line WHERE book = $1 AND import = $2 \
                   GROUP BY email HAVING count(*) > 1 ORDER BY count(*) DESC, email LIMIT $3";
        let rows = self.driver.query(sql, vec![book.0.into(), import.into(), limit.into()]).await?;
        rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.int(1)?))).collect()
    }
}

fn state(code: i64) -> Result<LineState, Failure> {
    LineState::ALL.into_iter().find(|of| *of as i64 == code).context("no such state of a line")
}

fn line(row: &Row) -> Result<ImportLine, Failure> {
    let pairs = row.maybe_text(6)?.map(serde_json::from_str).transpose();
    let pairs = pairs.context("the metadata of a line cannot be read")?.unwrap_or_default();
    Ok(ImportLine {
        line: row.int(0)?,
        email: row.text(1)?.to_owned(),
        amount: Cents(row.int(2)?),
        reference: row.text(3)?.to_owned(),
        metadata: Metadata::from_stored(pairs),
        state: state(row.int(4)?)?,
        detail: row.text(5)?.to_owned(),
    })
}
