//! The filters of the dashboard's lists, and what each means in the database. A condition with an index leads through the list (the
//! driver); the rest are looked up row by row. Not here: how a page is read (lists.rs), its rows (list_rows.rs). The request log has keys of another kind
//! (request_log.rs).

use super::codes::USER_INACTIVE;
use super::list_sql::ListSql;
use super::search_index::SearchKind;
use super::states::{BatchState, DeliveryState, ImportState};
use ledger::{BookId, Cents, EntryKind, Micros, UserStatus, WithdrawalState};
use std::ops::Range;

/// A list as the database has it. Conditions are about its table as `r`.
pub(super) struct ListSource {
    pub(super) book: BookId,
    pub(super) kind: SearchKind,
    pub(super) table: &'static str,
    /// The column with the row's number.
    pub(super) number: &'static str,
    /// Whose rows.
    pub(super) scope: ListSql,
    /// One condition that has an index in the order of numbers; may be empty.
    pub(super) driver: ListSql,
    /// The other conditions; may be empty.
    pub(super) rest: ListSql,
    /// Rows that one page looks at where there are other conditions.
    pub(super) most_looked: i64,
    /// In lower case; empty for any.
    pub(super) text: String,
    pub(super) amount: Option<Cents>,
    pub(super) created: Option<Range<Micros>>,
}

/// What every list can be narrowed by.
#[derive(Clone, Debug, Default)]
pub struct ListFilter {
    /// What its text has somewhere, in any case; empty for anything. Fewer than two bytes find everything.
    pub text: String,
    /// Only this amount.
    pub amount: Option<Cents>,
    /// Only rows that were made at these moments.
    pub created: Option<Range<Micros>>,
}

#[derive(Clone, Debug, Default)]
pub struct UserList {
    pub any: ListFilter,
    pub number: Option<i64>,
    /// Only this status (expiry aside).
    pub status: Option<UserStatus>,
    /// Balances from this to that.
    pub balance: Option<(Cents, Cents)>,
}

#[derive(Clone, Debug, Default)]
pub struct WithdrawalList {
    pub any: ListFilter,
    pub number: Option<i64>,
    pub state: Option<WithdrawalState>,
    pub user: Option<i64>,
    pub method: Option<String>,
    /// Only withdrawals with an unknown outcome.
    pub in_doubt: bool,
    /// Not this user's.
    pub not_user: Option<i64>,
    /// Only those whose destination has exactly this value in one of its fields.
    pub value: Option<String>,
    /// Only these numbers; without a text to search for.
    pub among: Option<Vec<i64>>,
}

#[derive(Clone, Debug, Default)]
pub struct DeliveryList {
    pub any: ListFilter,
    pub number: Option<i64>,
    pub state: Option<DeliveryState>,
    pub endpoint: Option<i64>,
    pub event: Option<EntryKind>,
    pub withdrawal: Option<i64>,
}

#[derive(Clone, Debug, Default)]
pub struct ImportList {
    pub any: ListFilter,
    pub number: Option<i64>,
    pub state: Option<ImportState>,
}

#[derive(Clone, Debug, Default)]
pub struct BatchList {
    pub any: ListFilter,
    pub number: Option<i64>,
    pub state: Option<BatchState>,
    pub method: Option<String>,
}

#[derive(Clone, Debug)]
pub struct AuditList {
    pub any: ListFilter,
    /// Actors from this number to that one.
    pub actors: (i64, i64),
    /// Only this action; empty for all.
    pub action: String,
}

impl Default for AuditList {
    fn default() -> Self {
        Self { any: ListFilter::default(), actors: (i64::MIN, i64::MAX), action: String::new() }
    }
}

/// Rows that one page looks at: less than 50 ms on either engine, also where each is looked up in another table.
const MOST_LOOKED: i64 = 20_000;
const MOST_ACCOUNTS: i64 = 50_000;
const MOST_LOOKED_UP: i64 = 8_000;

impl ListSource {
    fn new(book: BookId, kind: SearchKind, any: &ListFilter, number: Option<i64>) -> Self {
        let (table, column) = kind.table();
        let mut scope = ListSql::new(&format!("r.{column} = ?"), [kind.scope(book).into()]);
        if let Some(number) = number {
            scope.and("r.number = ?", [number.into()]);
        }
        Self {
            book,
            kind,
            table,
            number: "number",
            scope,
            driver: ListSql::default(),
            rest: ListSql::default(),
            most_looked: MOST_LOOKED,
            text: any.text.to_lowercase(),
            amount: any.amount,
            created: any.created.clone(),
        }
    }

    pub(super) fn has_no_filter(&self) -> bool {
        self.driver.is_empty() && self.rest.is_empty()
    }

    /// A condition that has an index: the first one leads.
    fn indexed(&mut self, condition: &str, values: impl IntoIterator<Item = super::driver::Value>) {
        let part = if self.driver.is_empty() { &mut self.driver } else { &mut self.rest };
        part.and(condition, values);
    }

    pub(super) fn users(book: BookId, list: &UserList) -> Self {
        let mut source = Self::new(book, SearchKind::People, &list.any, list.number);
        let in_accounts =
            list.balance.filter(|_| list.status != Some(UserStatus::Inactive) && source.text.len() < 2);
        if let Some((least, most)) = in_accounts {
            // Balances have no index, since every payment rewrites them; accounts stand side by side.
            source.table = "account";
            source.number = "id";
            source.scope = ListSql::new("r.book = ? AND r.id > 0", [book.0.into()]);
            source.rest.and("r.balance BETWEEN ? AND ?", [least.0.into(), most.0.into()]);
            source.most_looked = MOST_ACCOUNTS;
            if let Some(number) = list.number {
                source.scope.and("r.id = ?", [number.into()]);
            }
            if list.status == Some(UserStatus::Active) {
                let active = format!(
                    "EXISTS (SELECT 1 FROM payout_user u WHERE u.book = r.book AND u.number = r.id AND u.status <> {USER_INACTIVE})"
                );
                source.rest.and(&active, []);
                source.most_looked = MOST_LOOKED_UP;
            }
            return source;
        }
        match list.status {
            // A constant, so that the engines use the index over the few.
            Some(UserStatus::Inactive) => source.indexed(&format!("r.status = {USER_INACTIVE}"), []),
            Some(UserStatus::Active) => source.rest.and(&format!("r.status <> {USER_INACTIVE}"), []),
            None => {}
        }
        if let Some((least, most)) = list.balance {
            let balance = "EXISTS (SELECT 1 FROM account a WHERE a.book = r.book AND a.id = r.number AND a.balance BETWEEN ? AND ?)";
            source.rest.and(balance, [least.0.into(), most.0.into()]);
            source.most_looked = MOST_LOOKED_UP;
        }
        source
    }

    pub(super) fn withdrawals(book: BookId, list: &WithdrawalList) -> Self {
        let mut source = Self::new(book, SearchKind::Withdrawals, &list.any, list.number);
        if list.in_doubt {
            source.indexed("r.outcome_unknown = 1", []);
        }
        if let Some(user) = list.user {
            source.indexed("r.payout_user = ?", [user.into()]);
        }
        if let Some(state) = list.state {
            source.indexed("r.state = ?", [state.code().into()]);
        }
        if let Some(method) = &list.method {
            source.indexed("r.method = ?", [method.as_str().into()]);
        }
        if let Some(user) = list.not_user {
            source.rest.and("r.payout_user <> ?", [user.into()]);
        }
        source
    }

    pub(super) fn deliveries(book: BookId, list: &DeliveryList) -> Self {
        let mut source = Self::new(book, SearchKind::Deliveries, &list.any, list.number);
        match list.state {
            // A constant, so that the engines use the index over the few.
            Some(DeliveryState::Failed) => {
                source.indexed(&format!("r.state = {}", DeliveryState::Failed as i64), [])
            }
            Some(state) => source.rest.and("r.state = ?", [(state as i64).into()]),
            None => {}
        }
        if let Some(endpoint) = list.endpoint {
            source.indexed("r.endpoint = ?", [endpoint.into()]);
        }
        if let Some(event) = list.event {
            source.rest.and("r.kind = ?", [event.code().into()]);
        }
        if let Some(withdrawal) = list.withdrawal {
            source.rest.and("r.withdrawal = ?", [withdrawal.into()]);
        }
        source
    }

    pub(super) fn imports(book: BookId, list: &ImportList) -> Self {
        let mut source = Self::new(book, SearchKind::Imports, &list.any, list.number);
        if let Some(state) = list.state {
            source.rest.and("r.state = ?", [(state as i64).into()]);
        }
        source
    }

    pub(super) fn batches(book: BookId, list: &BatchList) -> Self {
        let mut source = Self::new(book, SearchKind::Batches, &list.any, list.number);
        if let Some(state) = list.state {
            source.rest.and("r.state = ?", [(state as i64).into()]);
        }
        if let Some(method) = &list.method {
            source.rest.and("r.method = ?", [method.as_str().into()]);
        }
        source
    }

    pub(super) fn audit_log(business: i64, list: &AuditList) -> Self {
        let book = BookId::new(business, ledger::Mode::Live);
        let mut source = Self::new(book, SearchKind::AuditLog, &list.any, None);
        let (first, last) = list.actors;
        if first == last {
            source.indexed("r.actor = ?", [first.into()]);
        } else if list.actors != (i64::MIN, i64::MAX) {
            source.rest.and("r.actor BETWEEN ? AND ?", [first.into(), last.into()]);
        }
        if !list.action.is_empty() {
            source.rest.and("r.action = ?", [list.action.as_str().into()]);
        }
        source
    }

    /// The column with the moment at which a row was made.
    pub(super) fn created_column(&self) -> &'static str {
        match self.kind {
            SearchKind::AuditLog => "at",
            SearchKind::Batches => "made_at",
            _ => "created_at",
        }
    }
}
