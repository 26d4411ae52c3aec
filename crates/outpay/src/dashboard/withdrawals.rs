//! `/dashboard/withdrawals`: all withdrawals, newest first, by state, person, method and doubt. Those that wait for review
//! can be approved or rejected here, one or many at once.

use super::frame::Frame;
use super::query::Query;
use super::signed_in::SignedIn;
use super::stop::Stop;
use super::withdrawal_filter::Wanted;
use super::withdrawal_row::{self, WithdrawalRow, rows};
use crate::members::Permission;
use crate::web::page;
use axum::response::Response;
use http::StatusCode;
use ledger::WithdrawalState;

const PAGE: i64 = 50;

#[derive(askama::Template)]
#[template(path = "dashboard/withdrawals.html")]
struct WithdrawalsPage {
    frame: Frame,
    reviews: bool,
    wanted: Wanted,
    /// Name and title of every method.
    methods: Vec<(String, String)>,
    rows: Vec<WithdrawalRow>,
    /// Where the same is to be had as a file.
    export: String,
    /// Leads to those after these.
    older: Option<String>,
}

impl WithdrawalsPage {
    fn offers_review(&self) -> bool {
        self.reviews && self.rows.iter().any(WithdrawalRow::is_in_review)
    }
}

/// The page.
///
/// # Errors
/// [`Stop`].
pub async fn handle(who: SignedIn, query: Query) -> Result<Response, Stop> {
    let wanted = Wanted::read(&query);
    let below = withdrawal_row::number(&who, who.book, query.get("before"));
    let mut found = wanted.find(&who, below, PAGE + 1).await?;
    let more = found.len() > PAGE as usize;
    found.truncate(PAGE as usize);
    let rows = rows(&who, found).await?;
    let older = rows.last().filter(|_| more).map(|last| wanted.path("/dashboard/withdrawals", &last.id));
    let shown = WithdrawalsPage {
        frame: Frame::new(&who, "withdrawals", "Withdrawals"),
        reviews: who.may(Permission::ReviewWithdrawals),
        methods: methods(&who),
        export: wanted.path("/dashboard/withdrawals/export", ""),
        wanted,
        rows,
        older,
    };
    Ok(page::html(StatusCode::OK, &shown))
}

fn methods(who: &SignedIn) -> Vec<(String, String)> {
    let named = who.platform.rails.of(who.mode).map(|mounted| mounted.facts());
    named.map(|facts| (facts.name.clone(), facts.title.clone())).collect()
}

/// For the snapshot.
#[must_use]
pub fn sample() -> String {
    let states = [WithdrawalState::Review, WithdrawalState::Succeeded, WithdrawalState::Failed];
    super::sample(&WithdrawalsPage {
        frame: Frame::sample("withdrawals", "Withdrawals"),
        reviews: true,
        wanted: Wanted { email: "ada@example.com".to_owned(), ..Wanted::default() },
        methods: vec![("bank".to_owned(), "Bank transfer".to_owned())],
        rows: (1..).zip(states).map(|(number, state)| withdrawal_row::sample(number, state)).collect(),
        export: "/dashboard/withdrawals/export?email=ada%40example.com".to_owned(),
        older: Some("/dashboard/withdrawals?before=ord_1".to_owned()),
    })
}
