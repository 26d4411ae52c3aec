//! The dashboard's lists as rows: people, withdrawals, deliveries, imports, batches, the audit log. Not here: filters (list_filters.rs),
//! which rows are on a page (lists.rs).

use super::audit_log::{self, AuditEntry};
use super::imports::{self, Import};
use super::list_filters::{
    AuditList, BatchList, DeliveryList, ImportList, ListSource, UserList, WithdrawalList,
};
use super::list_page::{ListPage, ListWindow};
use super::list_sql::ListSql;
use super::payment_batches::{self, PaymentBatch};
use super::webhook_deliveries::{self, Delivery};
use super::withdrawals::{self, withdrawal};
use super::{Failure, Row, Store, UserRow, users};
use ledger::{BookId, Micros, Withdrawal};
use std::ops::RangeInclusive;

impl Store {
    /// Payout users; what they have pending is looked up too.
    pub async fn list_users(
        &self,
        book: BookId,
        list: &UserList,
        window: &ListWindow,
    ) -> Result<ListPage<UserRow>, Failure> {
        let page = self.listed(&ListSource::users(book, list), window).await?;
        let from =
            "payout_user u JOIN account a ON a.book = u.book AND a.id = u.number WHERE u.book = ? AND ";
        let columns = format!("{}, {}", users::COLUMNS, *users::PENDING);
        self.rows_of(page, (&columns, from, "u.number"), book.0, users::user, |row| row.user.number).await
    }

    pub async fn list_withdrawals(
        &self,
        book: BookId,
        list: &WithdrawalList,
        window: &ListWindow,
    ) -> Result<ListPage<Withdrawal>, Failure> {
        let mut source = ListSource::withdrawals(book, list);
        if let Some(value) = &list.value {
            // As the canonical form writes it: `"address":"0xAb…"`.
            let written = format!(":{}", serde_json::Value::from(value.as_str()));
            source.rest.and_part(&self.has("r.destination", &written));
        }
        if let Some(numbers) = &list.among {
            source.scope.and_part(&self.among("r.number", numbers));
        }
        let page = self.listed(&source, window).await?;
        let from = "withdrawal WHERE book = ? AND ";
        self.rows_of(page, (withdrawals::COLUMNS, from, "number"), book.0, withdrawal, |row| row.number).await
    }

    pub async fn list_deliveries(
        &self,
        book: BookId,
        list: &DeliveryList,
        window: &ListWindow,
    ) -> Result<ListPage<Delivery>, Failure> {
        let page = self.listed(&ListSource::deliveries(book, list), window).await?;
        let from = "webhook_delivery WHERE book = ? AND ";
        let columns = (webhook_deliveries::COLUMNS, from, "number");
        self.rows_of(page, columns, book.0, webhook_deliveries::delivery, |row| row.number).await
    }

    pub async fn list_imports(
        &self,
        book: BookId,
        list: &ImportList,
        window: &ListWindow,
    ) -> Result<ListPage<Import>, Failure> {
        let page = self.listed(&ListSource::imports(book, list), window).await?;
        let columns = (imports::COLUMNS, "import WHERE book = ? AND ", "number");
        self.rows_of(page, columns, book.0, imports::import, |row| row.number).await
    }

    pub async fn list_batches(
        &self,
        book: BookId,
        list: &BatchList,
        window: &ListWindow,
    ) -> Result<ListPage<PaymentBatch>, Failure> {
        let page = self.listed(&ListSource::batches(book, list), window).await?;
        let columns = (payment_batches::COLUMNS, "payment_batch WHERE book = ? AND ", "number");
        self.rows_of(page, columns, book.0, payment_batches::batch, |row| row.number).await
    }

    pub async fn list_audit_log(
        &self,
        business: i64,
        list: &AuditList,
        window: &ListWindow,
    ) -> Result<ListPage<AuditEntry>, Failure> {
        let page = self.listed(&ListSource::audit_log(business, list), window).await?;
        let columns = (audit_log::COLUMNS, "audit_log WHERE business = ? AND ", "number");
        self.rows_of(page, columns, business, audit_log::entry, |row| row.number).await
    }

    /// The rows of a page, in its order.
    async fn rows_of<T>(
        &self,
        mut page: ListPage<i64>,
        (columns, from, number): (&str, &str, &str),
        scope: i64,
        read: impl Fn(&Row) -> Result<T, Failure>,
        number_of: impl Fn(&T) -> i64,
    ) -> Result<ListPage<T>, Failure> {
        let numbers = std::mem::take(&mut page.rows);
        if numbers.is_empty() {
            return Ok(page.with(Vec::new()));
        }
        let mut sql = ListSql::new(&format!("SELECT {columns} FROM {from}"), [scope.into()]);
        sql.append(&self.among(number, &numbers));
        let (sql, values) = sql.finish();
        let found = self.driver.query(sql, values).await?;
        let mut rows = found.iter().map(read).collect::<Result<Vec<T>, _>>()?;
        rows.sort_by_key(|row| numbers.iter().position(|number| *number == number_of(row)));
        Ok(page.with(rows))
    }

    /// The numbers of the rows that were made when the list says. Numbers rise with time, so the ends are found by halving, without an
    /// index that every payment would have to keep.
    pub(super) async fn numbers_created(&self, source: &ListSource) -> Result<RangeInclusive<i64>, Failure> {
        let Some(created) = &source.created else { return Ok(0..=i64::MAX) };
        let first = self.first_number_since(source, created.start).await?;
        let end = self.first_number_since(source, created.end).await?;
        Ok(first..=end.saturating_sub(1))
    }

    /// The number of the first row that was made then or later; the largest there is, where there is none.
    async fn first_number_since(&self, source: &ListSource, moment: Micros) -> Result<i64, Failure> {
        let (table, scope) = source.kind.table();
        let of = source.kind.scope(source.book);
        let text = format!("SELECT max(r.number) FROM {table} r WHERE r.{scope} = ?");
        let (sql, values) = ListSql::new(&text, [of.into()]).finish();
        let row = self.driver.query_one(sql, values).await?;
        let Some(newest) = row.map_or(Ok(None), |row| row.maybe_int(0))? else { return Ok(i64::MAX) };
        let next = format!(
            "SELECT r.number, r.{} FROM {table} r WHERE r.{scope} = ? AND r.number >= ? ORDER BY r.number LIMIT 1",
            source.created_column()
        );
        let (mut from, mut until) = (0, newest.saturating_add(1));
        while from < until {
            let middle = from + (until - from) / 2;
            let (sql, values) = ListSql::new(&next, [of.into(), middle.into()]).finish();
            match self.driver.query_one(sql, values).await? {
                Some(row) if row.int(1)? < moment => from = row.int(0)? + 1,
                _ => until = middle,
            }
        }
        Ok(if from > newest { i64::MAX } else { from })
    }
}
