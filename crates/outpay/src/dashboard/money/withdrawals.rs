//! `/dashboard/withdrawals`: all withdrawals, by what withdrawal_filter.rs says, and as a CSV. Those that await review can be approved one by
//! one, or chosen for a decision about many (withdrawals_review.rs).

use crate::clock::rfc3339;
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::download;
use crate::dashboard::door::frame::Frame;
use crate::dashboard::door::list::ListBar;
use crate::dashboard::door::query::Query;
use crate::dashboard::door::signed_in::SignedIn;
use crate::dashboard::money::withdrawal_filter;
use crate::dashboard::money::withdrawal_row::{WithdrawalRow, rows};
use crate::roles::Permission;
use crate::sheet::{self, CURRENCY};
use crate::store::ListPage;
use crate::web::page;
use axum::response::Response;
use http::StatusCode;

#[derive(askama::Template)]
#[template(path = "dashboard/money/withdrawals.html")]
struct WithdrawalsPage {
    frame: Frame,
    reviews: bool,
    state: String,
    method: String,
    in_doubt: bool,
    list: ListBar,
    /// Name and title of every method.
    methods: Vec<(String, String)>,
    rows: Vec<WithdrawalRow>,
}

impl WithdrawalsPage {
    fn offers_review(&self) -> bool {
        self.reviews && self.rows.iter().any(WithdrawalRow::is_in_review)
    }

    /// The ids of those on this page that await review.
    fn in_review(&self) -> Vec<&str> {
        self.rows.iter().filter(|row| row.is_in_review()).map(|row| row.id.as_str()).collect()
    }

    /// Where a decision about one leads back to.
    fn queue(&self) -> &str {
        if self.frame.here.is_empty() { "/dashboard/withdrawals" } else { &self.frame.here }
    }
}

/// The page.
pub async fn view(who: SignedIn, query: Query) -> Result<Response, Declined> {
    let list = withdrawal_filter::asked(&query);
    let (mut page, mut behind, mut error) = (ListPage::default(), 0, None);
    match withdrawal_filter::wanted(&who, &list).await? {
        Ok((wanted, typed)) => {
            behind = list.behind(&who, &typed).await?;
            page = who.platform.store.list_withdrawals(who.book, &wanted, &list.window(&who)).await?;
        }
        Err(sentence) => error = Some(sentence),
    }
    let found = std::mem::take(&mut page.rows);
    let shown = WithdrawalsPage {
        frame: Frame::new(&who, "withdrawals", "Withdrawals"),
        reviews: who.may(Permission::ReviewWithdrawals),
        methods: methods(&who),
        state: list.own("state").to_owned(),
        method: list.own("method").to_owned(),
        in_doubt: !list.own("doubt").is_empty(),
        list: list.bar(&who, &page, error, behind),
        rows: rows(&who, found).await?,
    };
    Ok(page::html(StatusCode::OK, &shown))
}

fn methods(who: &SignedIn) -> Vec<(String, String)> {
    let named = who.platform.rails.of(who.mode).map(|mounted| mounted.facts());
    named.map(|facts| (facts.name.clone(), facts.title.english())).collect()
}

const COLUMNS: [&str; 13] = [
    "id",
    "created_at",
    "changed_at",
    "email",
    "method",
    "provider",
    "amount",
    "fees",
    "net_amount",
    "currency",
    "status",
    "outcome_unknown",
    "reason",
];

/// The list as a CSV, with the filter and the order that the page has.
pub async fn export(who: SignedIn, query: Query) -> Result<Response, Declined> {
    let list = withdrawal_filter::asked(&query);
    let (wanted, typed) = withdrawal_filter::wanted(&who, &list).await?.map_err(Declined::sentence)?;
    list.behind(&who, &typed).await?;
    Ok(download::csv_stream("withdrawals.csv", &COLUMNS, (who, list, wanted), move |of, after| async move {
        let (who, list, wanted) = &*of;
        let store = &who.platform.store;
        let page = store.list_withdrawals(who.book, wanted, &list.export_window(after)).await?;
        let rows = rows(who, page.rows).await?;
        Ok((rows.iter().map(cells).collect(), page.next))
    }))
}

/// In the order of the columns.
fn cells(row: &WithdrawalRow) -> Vec<String> {
    let of = &row.of;
    vec![
        row.id.clone(),
        rfc3339(of.created_at),
        rfc3339(of.changed_at),
        row.email.clone(),
        of.method.clone(),
        of.provider.word().to_owned(),
        sheet::money(of.amount),
        sheet::money(of.fees),
        sheet::money(of.net()),
        CURRENCY.to_owned(),
        of.state.word().to_owned(),
        of.outcome_unknown.to_string(),
        of.reason.clone(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::door::list::sample_bar;
    use crate::dashboard::money::withdrawal_row;
    use crate::dashboard::snapshot;
    use ledger::WithdrawalState;

    #[test]
    fn page_withdrawals() {
        let states = [WithdrawalState::Review, WithdrawalState::Succeeded, WithdrawalState::Failed];
        snapshot(
            "withdrawals",
            &WithdrawalsPage {
                frame: Frame::sample("withdrawals", "Withdrawals"),
                reviews: true,
                state: "review".to_owned(),
                method: String::new(),
                in_doubt: false,
                list: sample_bar("/dashboard/withdrawals", "ada", "3 withdrawals"),
                methods: vec![("bank".to_owned(), "Bank transfer".to_owned())],
                rows: (1..)
                    .zip(states)
                    .map(|(number, state)| withdrawal_row::sample(number, state))
                    .collect(),
            },
        );
    }
}
