//! `/dashboard/balance`: every movement of the payout or the main balance, newest first, with the balance after it; the same under the
//! same filter as a CSV. Not here: where movements come from (store/own_movements.rs).

use crate::audit_log::Names;
use crate::clock::rfc3339;
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::download;
use crate::dashboard::door::frame::Frame;
use crate::dashboard::door::query::{self, Query};
use crate::dashboard::door::signed_in::SignedIn;
use crate::dashboard::money::{days, withdrawal_row};
use crate::format;
use crate::ids::IdKind;
use crate::sheet::{self, CURRENCY, Sheet};
use crate::statement;
use crate::store::{Failure, MovementFilter, MovementKinds, OwnMovement};
use crate::web::{page, ui};
use axum::response::Response;
use http::StatusCode;
use ledger::{AccountId, Cents, EntryKind, Micros};

const PAGE: i64 = 50;
const EXPORT_PAGE: i64 = 1_000;

/// Name in the address, label, what it admits.
type Kinds = &'static [(&'static str, &'static str, MovementKinds)];

const OF_MAIN: Kinds = &[
    ("deposited", "Deposits", MovementKinds::One(EntryKind::Deposited)),
    ("deposit_reversed", "Deposits reversed", MovementKinds::One(EntryKind::DepositReversed)),
    ("to_payout", "To the payout balance", MovementKinds::One(EntryKind::MovedToPayout)),
    ("to_main", "From the payout balance", MovementKinds::One(EntryKind::MovedToMain)),
    ("paid_out", "Paid out to the business", MovementKinds::One(EntryKind::PaidOut)),
    ("fees", "Fees", MovementKinds::One(EntryKind::FeesSweptToMain)),
    ("fee_returned", "Fees given back", MovementKinds::One(EntryKind::WithdrawalFeeReturned)),
];
const OF_PAYOUT: Kinds = &[
    ("payouts", "Payouts to people", MovementKinds::Payouts),
    ("debited", "Reclaimed from people", MovementKinds::One(EntryKind::UserDebited)),
    ("expired", "Expired and reclaimed", MovementKinds::One(EntryKind::UserMoneyExpired)),
    ("to_payout", "From the main balance", MovementKinds::One(EntryKind::MovedToPayout)),
    ("to_main", "To the main balance", MovementKinds::One(EntryKind::MovedToMain)),
];

#[derive(askama::Template)]
#[template(path = "dashboard/money/balance.html")]
struct BalancePage {
    frame: Frame,
    /// Main and payout balance.
    balances: (i64, i64),
    wanted: WantedMovements,
    /// What is wrong with the filter.
    error: Option<String>,
    rows: Vec<MovementRow>,
    export: String,
    /// Leads back to the first page; `None` there.
    newest: Option<String>,
    older: Option<String>,
}

/// The filter as the address has it.
#[derive(Default)]
struct WantedMovements {
    is_main: bool,
    kind: String,
    from: String,
    until: String,
}

struct MovementRow {
    id: String,
    at: Micros,
    kind: EntryKind,
    title: &'static str,
    amount: i64,
    balance: i64,
    /// The person, or the balance on the other side.
    other: String,
    /// Its page; empty for none.
    href: String,
    note: String,
    by: String,
}

impl WantedMovements {
    fn read(query: &Query) -> Self {
        let get = |name: &str| query.get(name).to_owned();
        Self {
            is_main: query.get("account") == "main",
            kind: get("kind"),
            from: get("from"),
            until: get("until"),
        }
    }

    fn kinds(&self) -> Kinds {
        if self.is_main { OF_MAIN } else { OF_PAYOUT }
    }

    fn account(&self) -> AccountId {
        if self.is_main { AccountId::MAIN } else { AccountId::PAYOUT }
    }

    /// Does it leave anything out?
    fn is_narrow(&self) -> bool {
        [&self.kind, &self.from, &self.until].iter().any(|field| !field.is_empty())
    }

    fn cleared(&self) -> &'static str {
        if self.is_main { "/dashboard/balance?account=main" } else { "/dashboard/balance" }
    }

    fn path(&self, path: &str, before: &str) -> String {
        let account = if self.is_main { "main" } else { "" };
        let fields = [
            ("account", account),
            ("kind", self.kind.as_str()),
            ("from", self.from.as_str()),
            ("until", self.until.as_str()),
            ("before", before),
        ];
        query::path(path, &fields)
    }

    fn filter(&self, query: &Query) -> Result<MovementFilter, String> {
        let kinds = self.kinds().iter().find(|kind| kind.0 == self.kind);
        Ok(MovementFilter {
            account: self.account(),
            kinds: kinds.map_or(MovementKinds::All, |kind| kind.2),
            days: days::between(query)?,
            before: None,
        })
    }
}

impl BalancePage {
    fn is_main(&self) -> bool {
        self.wanted.is_main
    }

    fn kinds(&self) -> Kinds {
        self.wanted.kinds()
    }
}

/// The page.
pub async fn view(who: SignedIn, query: Query) -> Result<Response, Declined> {
    let wanted = WantedMovements::read(&query);
    let before = who.platform.secrets.ids().open(IdKind::Operation, who.book, query.get("before"));
    let (filter, error) = match wanted.filter(&query) {
        Ok(filter) => (Some(MovementFilter { before, ..filter }), None),
        Err(sentence) => (None, Some(sentence)),
    };
    let mut found = match &filter {
        Some(filter) => who.platform.store.own_movements(who.book, filter, PAGE + 1).await?,
        None => Vec::new(),
    };
    let more = found.len() > PAGE as usize;
    found.truncate(PAGE as usize);
    let rows = rows(&who, wanted.account(), found).await?;
    let (main, payout) = who.platform.store.own_balances(who.book).await?;
    let shown = BalancePage {
        frame: Frame::new(&who, "balance", "Balance"),
        balances: (main.0, payout.0),
        export: wanted.path("/dashboard/balance/export", ""),
        newest: before.map(|_| wanted.path("/dashboard/balance", "")),
        older: rows.last().filter(|_| more).map(|last| wanted.path("/dashboard/balance", &last.id)),
        wanted,
        error,
        rows,
    };
    Ok(page::html(StatusCode::OK, &shown))
}

async fn rows(
    who: &SignedIn,
    account: AccountId,
    found: Vec<OwnMovement>,
) -> Result<Vec<MovementRow>, Failure> {
    let names = Names::load(&who.platform, who.business.number).await?;
    let users = found.iter().map(|one| one.stored.entry.user).filter(|user| *user > 0).collect();
    let emails = withdrawal_row::emails(who, users).await?;
    let ids = who.platform.secrets.ids();
    let row = |of: OwnMovement| {
        let entry = of.stored.entry;
        let amount = entry.signed_for(account).0;
        let person = emails.get(&entry.user);
        let moved =
            entry.movement.map(|moved| if moved.debit == account { moved.credit } else { moved.debit });
        let other = match (person, moved) {
            (Some(email), _) => email.clone(),
            (None, Some(AccountId::WORLD)) => "Outside".to_owned(),
            (None, other) => other.map(statement::account_title).unwrap_or_default(),
        };
        let href = || format!("/dashboard/users/{}", ids.seal(IdKind::PayoutUser, who.book, entry.user));
        MovementRow {
            id: ids.seal(IdKind::Operation, who.book, entry.sequence),
            at: entry.at,
            kind: entry.kind,
            title: statement::one(entry.kind),
            amount,
            balance: of.balance.0,
            other,
            href: if person.is_some() { href() } else { String::new() },
            note: entry.note,
            by: names.of(entry.actor),
        }
    };
    Ok(found.into_iter().map(row).collect())
}

/// Who asks, and the filter with the place that was reached.
type Rest = (SignedIn, MovementFilter);

const COLUMNS: [&str; 9] =
    ["id", "created_at", "type", "amount", "balance", "currency", "counterparty", "note", "by"];

/// All movements under the filter of the page, as a CSV, newest first.
pub async fn export(who: SignedIn, query: Query) -> Result<Response, Declined> {
    let wanted = WantedMovements::read(&query);
    let filter = wanted.filter(&query).map_err(Declined::sentence)?;
    let name = if wanted.is_main { "main-balance.csv" } else { "payout-balance.csv" };
    Ok(download::csv_in_pieces(name, &COLUMNS, Some((who, filter)), next_piece))
}

/// `rest`: what is left to send; `None` for nothing.
async fn next_piece(rest: Option<Rest>) -> Result<Option<(Sheet, Option<Rest>)>, Failure> {
    let Some((who, mut filter)) = rest else { return Ok(None) };
    let found = who.platform.store.own_movements(who.book, &filter, EXPORT_PAGE).await?;
    let more = found.len() == EXPORT_PAGE as usize;
    filter.before = found.last().map(|last| last.stored.entry.sequence);
    let mut sheet = Sheet::continued();
    for row in rows(&who, filter.account, found).await? {
        sheet.row(&[
            row.id,
            rfc3339(row.at),
            row.kind.event_name().to_owned(),
            sheet::money(Cents(row.amount)),
            sheet::money(Cents(row.balance)),
            CURRENCY.to_owned(),
            row.other,
            row.note,
            row.by,
        ]);
    }
    Ok(Some((sheet, more.then_some((who, filter)))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::snapshot;

    #[test]
    fn page_balance() {
        let row = |kind, amount, balance, other: &str, href: &str, note: &str| MovementRow {
            id: "txn_1".to_owned(),
            at: 1_800_000_000_000_000,
            kind,
            title: statement::one(kind),
            amount,
            balance,
            other: other.to_owned(),
            href: href.to_owned(),
            note: note.to_owned(),
            by: "Ada Example (ada@example.com)".to_owned(),
        };
        let rows = vec![
            row(
                EntryKind::UserCredited,
                -2_500,
                47_500,
                "bob@example.com",
                "/dashboard/users/usr_1",
                "invoice 7",
            ),
            row(EntryKind::MovedToPayout, 50_000, 50_000, "Main balance", "", ""),
        ];
        let wanted = WantedMovements {
            kind: "payouts".to_owned(),
            from: "2026-11-01".to_owned(),
            ..WantedMovements::default()
        };
        let page = BalancePage {
            frame: Frame::sample("balance", "Balance"),
            balances: (1_000_000, 47_500),
            export: wanted.path("/dashboard/balance/export", ""),
            newest: Some("/dashboard/balance".to_owned()),
            older: Some(wanted.path("/dashboard/balance", "txn_1")),
            wanted,
            error: None,
            rows,
        };
        snapshot("balance", &page);
        let empty = WantedMovements { is_main: true, ..WantedMovements::default() };
        let page = BalancePage { wanted: empty, rows: Vec::new(), older: None, newest: None, ..page };
        snapshot("balance_empty", &page);
    }
}
