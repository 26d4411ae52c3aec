//! Lines of the request log. What comes here is redacted already (requests/); what is too old, or too much, is deleted.

use super::driver::{Row, Statement};
use super::sql::sql;
use super::{Failure, Store};
use ledger::{BookId, Micros};

/// One request of a business, or of one of its people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestLine {
    pub book: BookId,
    /// When it came.
    pub at: Micros,
    /// As the answer's `X-Request-Id` says.
    pub request_id: String,
    /// The key's number; 0 for a person's request.
    pub key: i64,
    /// The person's number; 0 for a key's request.
    pub payout_user: i64,
    /// `GET`, `POST`, …
    pub method: String,
    /// The path's template.
    pub route: String,
    /// The public id in place of `{id}`; empty for none.
    pub path_id: String,
    /// Of the answer.
    pub status: i64,
    /// How long it took.
    pub micros: Micros,
    /// How many requests of the book before this one were not written down.
    pub skipped: i64,
    /// What was sent, redacted.
    pub request: String,
    /// What was answered, redacted.
    pub response: String,
}

/// Which lines.
#[derive(Clone, Debug)]
pub struct RequestFilter {
    pub book: BookId,
    /// Only this key's; `None` for all.
    pub key: Option<i64>,
    /// Only those with this in the path's template; empty for all.
    pub path: String,
    /// From this status to that one.
    pub statuses: (i64, i64),
    /// Only those before this one.
    pub before: Option<(Micros, String)>,
    /// At most so many.
    pub limit: i64,
}

const INSERT: &str = "INSERT INTO request_log (book, at, request_id, key, payout_user, method, route, path_id, status, micros, \
     skipped, request, response) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING";

/// The columns, in the order in which a row is read.
const COLUMNS: &str = "book, at, request_id, key, payout_user, method, route, path_id, status, micros, skipped, request, response";

impl Store {
    /// Writes lines, all in one transaction. A line whose request is written already is left out.
    pub async fn write_request_lines(&self, lines: &[RequestLine]) -> Result<(), Failure> {
        let insert = |line: &RequestLine| {
            let values = vec![
                line.book.0.into(),
                line.at.into(),
                line.request_id.as_str().into(),
                line.key.into(),
                line.payout_user.into(),
                line.method.as_str().into(),
                line.route.as_str().into(),
                line.path_id.as_str().into(),
                line.status.into(),
                line.micros.into(),
                line.skipped.into(),
                line.request.as_str().into(),
                line.response.as_str().into(),
            ];
            Statement::new(INSERT, values)
        };
        Ok(self.driver.write(lines.iter().map(insert).collect()).await?)
    }

    /// Lines, newest first.
    pub async fn request_lines(&self, filter: &RequestFilter) -> Result<Vec<RequestLine>, Failure> {
        let sql = sql!(
            "SELECT {COLUMNS} FROM request_log WHERE book = $1 AND (at, request_id) < ($2, $3) AND status BETWEEN $4 \
             AND $5 AND (CAST($6 AS BIGINT) < 0 OR key = $6) AND ($7 = '' OR strpos(route, $7) > 0) \
             ORDER BY at DESC, request_id DESC LIMIT $8"
        );
        let for_sqlite = sql!(
            "SELECT {COLUMNS} FROM request_log WHERE book = $1 AND (at, request_id) < ($2, $3) AND status BETWEEN $4 \
             AND $5 AND ($6 < 0 OR key = $6) AND ($7 = '' OR instr(route, $7) > 0) \
             ORDER BY at DESC, request_id DESC LIMIT $8"
        );
        let sql = if self.engine() == "sqlite" { for_sqlite } else { sql };
        let (at, id) = filter.before.clone().unwrap_or((i64::MAX, String::new()));
        let values = vec![
            filter.book.0.into(),
            at.into(),
            id.as_str().into(),
            filter.statuses.0.into(),
            filter.statuses.1.into(),
            filter.key.unwrap_or(-1).into(),
            filter.path.as_str().into(),
            filter.limit.into(),
        ];
        self.driver.query(sql, values).await?.iter().map(line).collect()
    }

    /// The line of the request with this id.
    pub async fn request_line(&self, book: BookId, request_id: &str) -> Result<Option<RequestLine>, Failure> {
        let sql = sql!("SELECT {COLUMNS} FROM request_log WHERE book = $1 AND request_id = $2");
        let row = self.driver.query_one(sql, vec![book.0.into(), request_id.into()]).await?;
        row.as_ref().map(line).transpose()
    }

    /// Deletes lines older than `before`, and for each of these books all but the newest `most`.
    pub async fn forget_request_lines(
        &self,
        books: &[BookId],
        most: i64,
        before: Micros,
    ) -> Result<(), Failure> {
        let old = Statement::new("DELETE FROM request_log WHERE at < $1", vec![before.into()]);
        let surplus = |book: &BookId| {
            let sql = "DELETE FROM request_log WHERE book = $1 AND at <= \
                       (SELECT at FROM request_log WHERE book = $1 ORDER BY at DESC, request_id DESC LIMIT 1 OFFSET $2)";
            Statement::new(sql, vec![book.0.into(), most.into()])
        };
        let all = std::iter::once(old).chain(books.iter().map(surplus));
        Ok(self.driver.write(all.collect()).await?)
    }
}

fn line(row: &Row) -> Result<RequestLine, Failure> {
    Ok(RequestLine {
        book: BookId(row.int(0)?),
        at: row.int(1)?,
        request_id: row.text(2)?.to_owned(),
        key: row.int(3)?,
        payout_user: row.int(4)?,
        method: row.text(5)?.to_owned(),
        route: row.text(6)?.to_owned(),
        path_id: row.text(7)?.to_owned(),
        status: row.int(8)?,
        micros: row.int(9)?,
        skipped: row.int(10)?,
        request: row.text(11)?.to_owned(),
        response: row.text(12)?.to_owned(),
    })
}
