//! The search index: which rows of a list have a part of a text. Filled behind a cursor for each book and kind of row, so that the books'
//! own writes do nothing for it. Not here: what the text of a row is (search/), sets of numbers (postings.rs), lists (lists.rs).
//!
//! Invariant: a set is changed only together with the revision of its cursor, so of two processes that change one set, one changes
//! nothing and reads again.

use super::driver::{Statement, WriteError};
use super::list_sql::ListSql;
use super::postings::{Candidates, Positions, Wanted, grams, segment_of};
use super::{Failure, Store};
use ledger::{BookId, Cents};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// What can be searched. The numbers are stored: never change one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SearchKind {
    People = 1,
    Withdrawals = 2,
    Deliveries = 3,
    /// Of a business as a whole, under its live book.
    AuditLog = 4,
    Imports = 5,
    Batches = 6,
}

impl SearchKind {
    pub const ALL: [Self; 6] =
        [Self::People, Self::Withdrawals, Self::Deliveries, Self::AuditLog, Self::Imports, Self::Batches];

    /// As measures call it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::People => "people",
            Self::Withdrawals => "withdrawals",
            Self::Deliveries => "deliveries",
            Self::AuditLog => "audit_log",
            Self::Imports => "imports",
            Self::Batches => "batches",
        }
    }

    /// The rows after one, as [`SearchSource`]: `$1` book or business, `$2` after which number, `$3` how many.
    fn sources(self) -> &'static str {
        match self {
            Self::People => {
                "SELECT r.number, 0, r.email, '', '' FROM payout_user r WHERE r.book = $1 AND r.number > $2 ORDER BY r.number LIMIT $3"
            }
            Self::Withdrawals => {
                "SELECT r.number, r.amount, coalesce(u.email, ''), r.destination, '' FROM withdrawal r \
                 LEFT JOIN payout_user u ON u.book = r.book AND u.number = r.payout_user \
                 WHERE r.book = $1 AND r.number > $2 ORDER BY r.number LIMIT $3"
            }
            Self::Deliveries => {
                "SELECT r.number, coalesce(w.amount, 0), coalesce(u.email, ''), coalesce(w.destination, ''), CAST(r.kind AS TEXT) \
                 FROM webhook_delivery r LEFT JOIN withdrawal w ON w.book = r.book AND w.number = r.withdrawal \
                 LEFT JOIN payout_user u ON u.book = w.book AND u.number = w.payout_user \
                 WHERE r.book = $1 AND r.number > $2 ORDER BY r.number LIMIT $3"
            }
            Self::AuditLog => {
                "SELECT r.number, 0, r.action, r.subject, r.detail FROM audit_log r \
                 WHERE r.business = $1 AND r.number > $2 ORDER BY r.number LIMIT $3"
            }
            Self::Imports => {
                "SELECT r.number, r.total, r.name, '', '' FROM import r WHERE r.book = $1 AND r.number > $2 ORDER BY r.number LIMIT $3"
            }
            Self::Batches => {
                "SELECT r.number, r.total, CAST(r.number AS TEXT), r.method, r.currency FROM payment_batch r \
                 WHERE r.book = $1 AND r.number > $2 ORDER BY r.number LIMIT $3"
            }
        }
    }

    /// The table, and the column of its book or business.
    pub(super) fn table(self) -> (&'static str, &'static str) {
        match self {
            Self::People => ("payout_user", "book"),
            Self::Withdrawals => ("withdrawal", "book"),
            Self::Deliveries => ("webhook_delivery", "book"),
            Self::AuditLog => ("audit_log", "business"),
            Self::Imports => ("import", "book"),
            Self::Batches => ("payment_batch", "book"),
        }
    }

    /// The books `b` with their cursors, and a book's rows after its cursor. `?`: the kind.
    fn behind(self) -> (&'static str, String) {
        let (table, column) = self.table();
        // A live book's number is twice its business's, of which the audit log is.
        let (books, scope) = if self == Self::AuditLog {
            (
                "book b LEFT JOIN search_cursor c ON c.book = b.id AND c.kind = ? WHERE b.id % 2 = 0",
                "b.business",
            )
        } else {
            ("book b LEFT JOIN search_cursor c ON c.book = b.id AND c.kind = ? WHERE b.id > 0", "b.id")
        };
        (books, format!("{table} r WHERE r.{column} = {scope} AND r.number > coalesce(c.number, 0)"))
    }

    /// The value of that column.
    pub(super) fn scope(self, book: BookId) -> i64 {
        if self == Self::AuditLog { book.business() } else { book.0 }
    }
}

/// A row that is to be found: its own fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchSource {
    pub number: i64,
    pub amount: Cents,
    pub fields: [String; 3],
}

/// How far the index of a book and kind is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SearchCursor {
    pub(super) number: i64,
    /// `None` before there is a row of it.
    pub(super) revision: Option<i64>,
}

/// Rows that one statement writes.
const ROWS_AT_ONCE: usize = 2_000;

impl Store {
    /// Adds at most `most` rows to the index, under the text that `text` makes of each; true once all are in. Where another process adds
    /// them at the same time, one of them does.
    pub async fn add_to_search(
        &self,
        book: BookId,
        kind: SearchKind,
        most: i64,
        text: impl Fn(&SearchSource) -> String,
    ) -> Result<bool, Failure> {
        let cursor = self.search_cursor(book, kind).await?;
        let values = vec![kind.scope(book).into(), cursor.number.into(), most.into()];
        let rows = self.driver.query(kind.sources(), values).await?;
        let source = |row: &super::Row| -> Result<SearchSource, Failure> {
            let field = |column| row.text(column).map(str::to_owned);
            let fields = [field(2)?, field(3)?, field(4)?];
            Ok(SearchSource { number: row.int(0)?, amount: Cents(row.int(1)?), fields })
        };
        let sources = rows.iter().map(source).collect::<Result<Vec<_>, _>>()?;
        let Some(last) = sources.last().map(|source| source.number) else { return Ok(true) };
        let is_end = i64::try_from(sources.len()).is_ok_and(|found| found < most);
        let mut rows = Vec::with_capacity(sources.len());
        let mut sets: BTreeMap<(i64, i64), Positions> = BTreeMap::new();
        for source in &sources {
            let text = text(source).to_lowercase();
            for gram in grams(&text) {
                sets.entry((segment_of(source.number), gram))
                    .or_insert_with(Positions::none)
                    .put(source.number);
            }
            rows.push(json!([source.number, source.amount.0, text]));
        }
        self.add_stored(book, kind, cursor, &mut sets).await?;
        let mut statements = vec![step(book, kind, cursor, last)];
        statements.extend(self.put_rows(book, kind, &rows));
        statements.extend(self.put_sets(book, kind, &sets));
        match self.driver.write(statements).await {
            Ok(()) => Ok(is_end),
            Err(WriteError::Conflict) => Ok(false),
            Err(WriteError::Failure(failure)) => Err(failure),
        }
    }

    /// Takes a row out of the index, for a person whose data are erased. A row that is not in it yet is read later as it is then.
    pub async fn forget_in_search(&self, book: BookId, kind: SearchKind, number: i64) -> Result<(), Failure> {
        loop {
            let cursor = self.search_cursor(book, kind).await?;
            let sql = "SELECT text FROM search_row WHERE book = $1 AND kind = $2 AND number = $3";
            let values = vec![book.0.into(), (kind as i64).into(), number.into()];
            let Some(row) = self.driver.query_one(sql, values.clone()).await? else { return Ok(()) };
            let (text, segment) = (row.text(0)?.to_owned(), segment_of(number));
            let grams: Vec<i64> = grams(&text).into_iter().collect();
            let mut sets = self.sets_of(book, kind, segment, &grams).await?;
            sets.values_mut().for_each(|set| set.remove(number));
            let delete = "DELETE FROM search_row WHERE book = $1 AND kind = $2 AND number = $3";
            let mut statements =
                vec![step(book, kind, cursor, cursor.number), Statement::new(delete, values)];
            statements.extend(self.put_sets(book, kind, &sets));
            match self.driver.write(statements).await {
                Ok(()) => return Ok(()),
                Err(WriteError::Conflict) => {}
                Err(WriteError::Failure(failure)) => return Err(failure),
            }
        }
    }

    /// How many rows of a book are not in the index yet, counted up to `most`.
    pub async fn search_lag(&self, book: BookId, kind: SearchKind, most: i64) -> Result<i64, Failure> {
        let cursor = self.search_cursor(book, kind).await?;
        let (table, column) = kind.table();
        let text = format!(
            "SELECT count(*) FROM (SELECT 1 FROM {table} r WHERE r.{column} = ? AND r.number > ? LIMIT ?) AS behind"
        );
        let values = [kind.scope(book).into(), cursor.number.into(), most.into()];
        let (sql, values) = ListSql::new(&text, values).finish();
        self.driver.query_one(sql, values).await?.map_or(Ok(0), |row| row.int(0))
    }

    /// The same over all books, for each kind.
    pub async fn search_lags(&self, most: i64) -> Result<Vec<(SearchKind, i64)>, Failure> {
        let mut lags = Vec::new();
        for kind in SearchKind::ALL {
            let (books, behind) = kind.behind();
            let text = format!(
                "SELECT CAST(coalesce(sum((SELECT count(*) FROM (SELECT 1 FROM {behind} LIMIT ?) AS behind)), 0) AS BIGINT) FROM {books}"
            );
            let (sql, values) = ListSql::new(&text, [most.into(), (kind as i64).into()]).finish();
            let row = self.driver.query_one(sql, values).await?;
            lags.push((kind, row.map_or(Ok(0), |row| row.int(0))?));
        }
        Ok(lags)
    }

    /// The books that have rows which are not in the index.
    pub async fn books_to_index(&self, kind: SearchKind) -> Result<Vec<BookId>, Failure> {
        let (books, behind) = kind.behind();
        let text = format!("SELECT b.id FROM {books} AND EXISTS (SELECT 1 FROM {behind}) ORDER BY b.id");
        let (sql, values) = ListSql::new(&text, [(kind as i64).into()]).finish();
        self.driver.query(sql, values).await?.iter().map(|row| Ok(BookId(row.int(0)?))).collect()
    }

    /// The rows that may have a text, by their grams, in the segments of these numbers.
    pub(super) async fn search_candidates(
        &self,
        book: BookId,
        kind: SearchKind,
        wanted: &Wanted,
        between: &RangeInclusive<i64>,
    ) -> Result<Candidates, Failure> {
        let mut sql = ListSql::new(
            "SELECT segment, numbers FROM search_posting WHERE book = ? AND kind = ? AND ",
            [book.0.into(), (kind as i64).into()],
        );
        match wanted {
            Wanted::Grams(grams) => sql.append(&self.among("gram", grams)),
            Wanted::Beginning(range) => {
                sql.push("gram BETWEEN ? AND ?", [(*range.start()).into(), (*range.end()).into()]);
            }
        }
        let segments = [segment_of(*between.start()).into(), segment_of(*between.end()).into()];
        sql.push(" AND segment BETWEEN ? AND ?", segments);
        let (sql, values) = sql.finish();
        let rows = self.driver.query(sql, values).await?;
        let set = |row: &super::Row| Ok::<_, Failure>((row.int(0)?, Positions::read(row.bytes(1)?)?));
        Ok(Candidates::of(wanted, rows.iter().map(set).collect::<Result<Vec<_>, _>>()?))
    }

    async fn search_cursor(&self, book: BookId, kind: SearchKind) -> Result<SearchCursor, Failure> {
        self.cursor_of_kind(book, kind as i64).await
    }

    /// Adds to each of the new sets what is stored of it: only the last segment can have any.
    async fn add_stored(
        &self,
        book: BookId,
        kind: SearchKind,
        cursor: SearchCursor,
        sets: &mut BTreeMap<(i64, i64), Positions>,
    ) -> Result<(), Failure> {
        let segment = segment_of(cursor.number);
        let grams: Vec<i64> =
            sets.range((segment, i64::MIN)..=(segment, i64::MAX)).map(|(key, _)| key.1).collect();
        if cursor.revision.is_none() || grams.is_empty() {
            return Ok(());
        }
        for (key, stored) in self.sets_of(book, kind, segment, &grams).await? {
            sets.entry(key).and_modify(|set| set.add(&stored));
        }
        Ok(())
    }

    async fn sets_of(
        &self,
        book: BookId,
        kind: SearchKind,
        segment: i64,
        grams: &[i64],
    ) -> Result<BTreeMap<(i64, i64), Positions>, Failure> {
        let mut sql = ListSql::new(
            "SELECT gram, numbers FROM search_posting WHERE book = ? AND kind = ? AND segment = ? AND ",
            [book.0.into(), (kind as i64).into(), segment.into()],
        );
        sql.append(&self.among("gram", grams));
        let (sql, values) = sql.finish();
        let rows = self.driver.query(sql, values).await?;
        rows.iter().map(|row| Ok(((segment, row.int(0)?), Positions::read(row.bytes(1)?)?))).collect()
    }

    fn put_rows(&self, book: BookId, kind: SearchKind, rows: &[Json]) -> Vec<Statement> {
        let sql = if self.engine() == "sqlite" {
            "INSERT INTO search_row (book, kind, number, amount, text) SELECT $1, $2, value ->> 0, value ->> 1, value ->> 2 \
             FROM json_each($3) WHERE true ON CONFLICT (book, kind, number) DO UPDATE SET amount = excluded.amount, text = excluded.text"
        } else {
            "INSERT INTO search_row (book, kind, number, amount, text) SELECT CAST($1 AS BIGINT), CAST($2 AS BIGINT), \
             CAST(e ->> 0 AS BIGINT), CAST(e ->> 1 AS BIGINT), e ->> 2 FROM json_array_elements(CAST(CAST($3 AS TEXT) AS JSON)) AS t(e) \
             ON CONFLICT (book, kind, number) DO UPDATE SET amount = excluded.amount, text = excluded.text"
        };
        in_portions(sql, book, kind, rows)
    }

    /// Writes sets; an empty one is kept, since the next row may fill it.
    fn put_sets(
        &self,
        book: BookId,
        kind: SearchKind,
        sets: &BTreeMap<(i64, i64), Positions>,
    ) -> Vec<Statement> {
        let sql = if self.engine() == "sqlite" {
            "INSERT INTO search_posting (book, kind, segment, gram, numbers) SELECT $1, $2, value ->> 0, value ->> 1, unhex(value ->> 2) \
             FROM json_each($3) WHERE true ON CONFLICT (book, kind, gram, segment) DO UPDATE SET numbers = excluded.numbers"
        } else {
            "INSERT INTO search_posting (book, kind, segment, gram, numbers) SELECT CAST($1 AS BIGINT), CAST($2 AS BIGINT), \
             CAST(e ->> 0 AS BIGINT), CAST(e ->> 1 AS BIGINT), decode(e ->> 2, 'hex') \
             FROM json_array_elements(CAST(CAST($3 AS TEXT) AS JSON)) AS t(e) \
             ON CONFLICT (book, kind, gram, segment) DO UPDATE SET numbers = excluded.numbers"
        };
        // In the order of the key, so that neighbours are written together.
        let mut rows: Vec<(i64, i64, &Positions)> =
            sets.iter().map(|((segment, gram), set)| (*gram, *segment, set)).collect();
        rows.sort_unstable_by_key(|(gram, segment, _)| (*gram, *segment));
        let row = |(gram, segment, set): &(i64, i64, &Positions)| {
            json!([segment, gram, data_encoding::HEXLOWER.encode(&set.bytes())])
        };
        let rows: Vec<Json> = rows.iter().map(row).collect();
        in_portions(sql, book, kind, &rows)
    }
}

fn in_portions(sql: &'static str, book: BookId, kind: SearchKind, rows: &[Json]) -> Vec<Statement> {
    let portion = |rows: &[Json]| {
        let list = Json::Array(rows.to_vec()).to_string();
        Statement::new(sql, vec![book.0.into(), (kind as i64).into(), list.as_str().into()])
    };
    rows.chunks(ROWS_AT_ONCE).map(portion).collect()
}

fn step(book: BookId, kind: SearchKind, cursor: SearchCursor, to: i64) -> Statement {
    step_to(book, kind as i64, cursor, to)
}

/// Moves the cursor, if nothing was written since it was read.
pub(super) fn step_to(book: BookId, kind: i64, cursor: SearchCursor, to: i64) -> Statement {
    match cursor.revision {
        None => Statement::one(
            "INSERT INTO search_cursor (book, kind, number, revision) VALUES ($1, $2, $3, 1)",
            vec![book.0.into(), kind.into(), to.into()],
        ),
        Some(revision) => Statement::one(
            "UPDATE search_cursor SET number = $1, revision = $2 WHERE book = $3 AND kind = $4 AND revision = $5",
            vec![to.into(), (revision + 1).into(), book.0.into(), kind.into(), revision.into()],
        ),
    }
}
