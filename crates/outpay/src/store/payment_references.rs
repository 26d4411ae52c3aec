//! Withdrawals by what their rails call the payments: transaction hashes, numbers of rewards and payouts, proofs of people. What the
//! journal says of them is copied behind a cursor; attempts and the counterparts' numbers have indexes of their own. Not here: which
//! parts of an entry are references (`crate::search`).
//!
//! Invariant: every look-up is by a whole reference and has an index, however many withdrawals there are.

use super::driver::{Statement, WriteError};
use super::list_sql::ListSql;
use super::search_index::{SearchCursor, step_to};
use super::{Failure, Store};
use ledger::{BookId, EntryKind};
use serde_json::{Value as Json, json};

/// The cursor's place among those of the search index (`SearchKind`). Stored: never change it.
pub(super) const REFERENCES: i64 = 7;
/// Withdrawals of one reference that are found. A bank's reference of a whole file is that of many.
const MOST_OF_A_REFERENCE: i64 = 100;

/// An entry of a withdrawal, with what may name its payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferenceSource {
    pub kind: EntryKind,
    pub note: String,
    /// As published by the rail; a JSON text, or empty.
    pub detail: String,
}

impl Store {
    /// Copies the references of at most `most` entries; true once all are copied. Where another process does it at the same time, one
    /// of them does.
    pub async fn add_references(
        &self,
        book: BookId,
        most: i64,
        of: impl Fn(&ReferenceSource) -> Vec<String>,
    ) -> Result<bool, Failure> {
        let cursor = self.cursor_of_kind(book, REFERENCES).await?;
        // The partial index over entries of withdrawals leads, so that payouts cost nothing here.
        let sql = "SELECT sequence, kind, withdrawal, note, detail FROM journal \
                   WHERE book = $1 AND sequence > $2 AND withdrawal > 0 ORDER BY sequence LIMIT $3";
        let rows = self.driver.query(sql, vec![book.0.into(), cursor.number.into(), most.into()]).await?;
        let (mut found, mut last): (Vec<Json>, Option<i64>) = (Vec::new(), None);
        for row in &rows {
            last = Some(row.int(0)?);
            let Some(kind) = EntryKind::from_code(row.int(1)?) else { continue };
            let source =
                ReferenceSource { kind, note: row.text(3)?.to_owned(), detail: row.text(4)?.to_owned() };
            let withdrawal = row.int(2)?;
            found.extend(of(&source).into_iter().map(|text| json!([text.to_lowercase(), withdrawal])));
        }
        let Some(last) = last else { return Ok(true) };
        let is_end = i64::try_from(rows.len()).is_ok_and(|read| read < most);
        let mut statements = vec![step_to(book, REFERENCES, cursor, last)];
        statements.extend(self.put_references(book, &found));
        match self.driver.write(statements).await {
            Ok(()) => Ok(is_end),
            Err(WriteError::Conflict) => Ok(false),
            Err(WriteError::Failure(failure)) => Err(failure),
        }
    }

    fn put_references(&self, book: BookId, found: &[Json]) -> Option<Statement> {
        let sql = if self.engine() == "sqlite" {
            "INSERT INTO payment_reference (book, reference, withdrawal) SELECT $1, value ->> 0, value ->> 1 \
             FROM json_each($2) WHERE true ON CONFLICT DO NOTHING"
        } else {
            "INSERT INTO payment_reference (book, reference, withdrawal) SELECT CAST($1 AS BIGINT), e ->> 0, CAST(e ->> 1 AS BIGINT) \
             FROM json_array_elements(CAST(CAST($2 AS TEXT) AS JSON)) AS t(e) ON CONFLICT DO NOTHING"
        };
        let list = Json::Array(found.to_vec()).to_string();
        (!found.is_empty()).then(|| Statement::new(sql, vec![book.0.into(), list.as_str().into()]))
    }

    /// The books that have entries of withdrawals whose references are not copied.
    pub async fn books_with_new_references(&self) -> Result<Vec<BookId>, Failure> {
        let sql = "SELECT b.id FROM book b LEFT JOIN search_cursor c ON c.book = b.id AND c.kind = $1 \
                   WHERE b.id > 0 AND EXISTS (SELECT 1 FROM journal j WHERE j.book = b.id AND j.withdrawal > 0 \
                   AND j.sequence > coalesce(c.number, 0)) ORDER BY b.id";
        let rows = self.driver.query(sql, vec![REFERENCES.into()]).await?;
        rows.iter().map(|row| Ok(BookId(row.int(0)?))).collect()
    }

    /// The withdrawals of a book whose payment a rail or a person calls exactly so, in any case; newest first.
    pub async fn withdrawals_of_reference(&self, book: BookId, text: &str) -> Result<Vec<i64>, Failure> {
        let small = text.to_lowercase();
        let most = MOST_OF_A_REFERENCE;
        let copied = "SELECT withdrawal FROM payment_reference WHERE book = $1 AND reference = $2 \
                      ORDER BY withdrawal DESC LIMIT $3";
        let values = vec![book.0.into(), small.as_str().into(), most.into()];
        let mut rows = self.driver.query(copied, values).await?;
        // The key of an attempt begins an index behind the rail's name, of which there are few.
        let attempts = "WITH RECURSIVE rails(rail) AS (SELECT (SELECT min(a.rail) FROM attempt a) UNION ALL \
                        SELECT (SELECT min(a.rail) FROM attempt a WHERE a.rail > r.rail) FROM rails r WHERE r.rail IS NOT NULL) \
                        SELECT a.withdrawal FROM rails r JOIN attempt a ON a.rail = r.rail AND a.key IN ($1, $2) \
                        WHERE a.book = $3 ORDER BY a.withdrawal DESC LIMIT $4";
        let values = || vec![text.into(), small.as_str().into(), book.0.into(), most.into()];
        rows.extend(self.driver.query(attempts, values()).await?);
        for column in ["number", "transaction_number"] {
            let named = format!(
                "SELECT a.withdrawal FROM rail_number n JOIN attempt a ON a.rail = n.rail AND a.key = n.key \
                 WHERE n.{column} IN (?, ?) AND n.{column} <> '' AND a.book = ? ORDER BY a.withdrawal DESC LIMIT ?"
            );
            let values = [text.into(), text.to_uppercase().as_str().into(), book.0.into(), most.into()];
            let (sql, values) = ListSql::new(&named, values).finish();
            rows.extend(self.driver.query(sql, values).await?);
        }
        let mut found = rows.iter().map(|row| row.int(0)).collect::<Result<Vec<_>, _>>()?;
        found.sort_unstable_by(|one, other| other.cmp(one));
        found.dedup();
        Ok(found)
    }

    pub(super) async fn cursor_of_kind(&self, book: BookId, kind: i64) -> Result<SearchCursor, Failure> {
        let sql = "SELECT number, revision FROM search_cursor WHERE book = $1 AND kind = $2";
        let row = self.driver.query_one(sql, vec![book.0.into(), kind.into()]).await?;
        row.map_or(Ok(SearchCursor::default()), |row| {
            Ok(SearchCursor { number: row.int(0)?, revision: Some(row.int(1)?) })
        })
    }
}
