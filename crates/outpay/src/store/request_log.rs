//! Lines of the request log. What comes here is redacted already (requests/); what is too old, or too much, is deleted.

use super::driver::{Row, Statement};
use super::list_page::{ListCount, ListOrder, ListPage, ListPlace, MOST_COUNTED};
use super::list_sql::ListSql;
use super::sql::sql;
use super::{Failure, Store};
use ledger::{BookId, Micros};
use std::ops::Range;

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
    /// Only those with this in id, path, caller's body or answer, in any case; empty for all.
    pub text: String,
    /// From this status to that one.
    pub statuses: (i64, i64),
    /// Only those that came at these moments.
    pub at: Option<Range<Micros>>,
}

impl RequestFilter {
    /// All of a book.
    #[must_use]
    pub fn of(book: BookId) -> Self {
        Self { book, key: None, path: String::new(), text: String::new(), statuses: (0, 999), at: None }
    }
}

/// A line's place in the list.
pub type RequestPlace = (Micros, String);

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

    /// A page of lines, newest or oldest first. The log is short (requests/), so each page may look at all of it.
    pub async fn list_requests(
        &self,
        filter: &RequestFilter,
        order: ListOrder,
        place: &ListPlace<RequestPlace>,
        limit: i64,
    ) -> Result<ListPage<RequestLine, RequestPlace>, Failure> {
        let conditions = self.request_conditions(filter);
        let mut sql = ListSql::new("SELECT count(*) FROM (SELECT 1 FROM request_log WHERE ", []);
        sql.append(&conditions);
        sql.push(" LIMIT ?) AS found", [(MOST_COUNTED + 1).into()]);
        let (sql, values) = sql.finish();
        let found = self.driver.query_one(sql, values).await?.map_or(Ok(0), |row| row.int(0))?;
        let count = ListCount { found, is_all: found <= MOST_COUNTED };
        let (is_backward, start) = match place {
            ListPlace::Start => (false, None),
            ListPlace::After(start) => (false, Some(start)),
            ListPlace::Before(start) => (true, Some(start)),
        };
        let mut rows = self.lines_from(&conditions, (order, is_backward), start, limit + 1).await?;
        let size = usize::try_from(limit)?;
        if is_backward && rows.len() <= size {
            let mut first = self.lines_from(&conditions, (order, false), None, limit + 1).await?;
            let next = cut_lines(&mut first, size);
            return Ok(ListPage { rows: first, previous: None, next, count });
        }
        let on = cut_lines(&mut rows, size);
        if is_backward {
            rows.reverse();
        }
        let of = |line: Option<&RequestLine>| line.map(|line| (line.at, line.request_id.clone()));
        let (previous, next) = match (is_backward, start) {
            (true, _) => (on, of(rows.last())),
            (false, None) => (None, on),
            (false, Some(_)) => (of(rows.first()), on),
        };
        Ok(ListPage { rows, previous, next, count })
    }

    fn request_conditions(&self, filter: &RequestFilter) -> ListSql {
        let mut sql = ListSql::new("book = ?", [filter.book.0.into()]);
        if filter.statuses != (0, 999) {
            sql.and("status BETWEEN ? AND ?", [filter.statuses.0.into(), filter.statuses.1.into()]);
        }
        if let Some(key) = filter.key {
            sql.and("key = ?", [key.into()]);
        }
        if let Some(at) = &filter.at {
            sql.and("at >= ? AND at < ?", [at.start.into(), at.end.into()]);
        }
        if !filter.path.is_empty() {
            sql.and_part(&self.has("route", &filter.path));
        }
        if !filter.text.is_empty() {
            let all = "lower(request_id || ' ' || method || ' ' || route || ' ' || path_id || ' ' || request || ' ' || response)";
            sql.and_part(&self.has(all, &filter.text.to_lowercase()));
        }
        sql
    }

    async fn lines_from(
        &self,
        conditions: &ListSql,
        (order, is_backward): (ListOrder, bool),
        start: Option<&RequestPlace>,
        limit: i64,
    ) -> Result<Vec<RequestLine>, Failure> {
        let descends = (order == ListOrder::Oldest) == is_backward;
        let (sign, way) = if descends { ("<", " DESC") } else { (">", "") };
        let mut sql = ListSql::new(&format!("SELECT {COLUMNS} FROM request_log WHERE "), []);
        sql.append(conditions);
        if let Some((at, id)) = start {
            sql.and(&format!("(at, request_id) {sign} (?, ?)"), [(*at).into(), id.as_str().into()]);
        }
        sql.push(&format!(" ORDER BY at{way}, request_id{way} LIMIT ?"), [limit.into()]);
        let (sql, values) = sql.finish();
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

/// Cuts a page to its size; the place of its last line, where there are more.
fn cut_lines(lines: &mut Vec<RequestLine>, size: usize) -> Option<RequestPlace> {
    let is_more = lines.len() > size;
    lines.truncate(size);
    lines.last().filter(|_| is_more).map(|last| (last.at, last.request_id.clone()))
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
