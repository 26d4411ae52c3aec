//! `/dashboard/withdrawals/{id}`: one withdrawal: why it waits, what is known of its recipient, the decision, and its evidence in words.
//! Not here: ending it by hand (withdrawal_end.rs), the queue (withdrawals.rs).

use crate::audit_log::Names;
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::frame::Frame;
use crate::dashboard::door::signed_in::SignedIn;
use crate::dashboard::money::withdrawal_end::{self, End};
use crate::dashboard::money::withdrawal_person::{self, PersonHistory, ShownPayee};
use crate::dashboard::money::withdrawal_row::{self, WithdrawalRow, rows};
use crate::dashboard::money::withdrawal_story::{self, ShownEntry, Tried};
use crate::dashboard::money::withdrawals_review;
use crate::ids::IdKind;
use crate::roles::Permission;
use crate::web::page;
use crate::withdrawals::expected::{self, ExpectedTime};
use crate::withdrawals::{evidence, waiting, why_review};
use axum::extract::Path;
use axum::response::Response;
use http::StatusCode;
use serde_json::{Map, Value};

#[derive(askama::Template)]
#[template(path = "dashboard/money/withdrawal.html")]
struct WithdrawalPage {
    frame: Frame,
    row: WithdrawalRow,
    /// Why it is not sent; empty where nothing holds it back.
    waits: String,
    expected: Option<ExpectedTime>,
    user_id: String,
    order_id: String,
    destination: Vec<(String, String)>,
    reviews: bool,
    /// Why it waits for review; empty where it does not.
    why: Vec<String>,
    /// Another one that awaits review.
    skip: Option<String>,
    history: Option<PersonHistory>,
    payee: Option<ShownPayee>,
    ends: Vec<End>,
    entries: Vec<ShownEntry>,
    attempts: Vec<Tried>,
}

/// The page.
pub async fn view(who: SignedIn, Path(id): Path<String>) -> Result<Response, Declined> {
    let number = withdrawal_row::number(&who, who.book, &id).ok_or(Declined::NotFound)?;
    let found = evidence::of(&who.platform, who.book, number).await?.ok_or(Declined::NotFound)?;
    let names = Names::load(&who.platform, who.business.number).await?;
    let ids = who.platform.secrets.ids();
    let waits = waiting::one(&who.platform, who.book, &found.withdrawal).await?;
    let expected = expected::one(&who.platform, who.book, &found.withdrawal).await?;
    let ends = withdrawal_end::possible(&found.withdrawal, found.attempts.is_empty());
    let history = withdrawal_person::history(&who, &found.withdrawal).await?;
    let payee = withdrawal_person::payee(&who, &found.withdrawal).await?;
    let attempts = withdrawal_story::attempts(&who, &found.withdrawal, found.attempts).await?;
    let row = rows(&who, vec![found.withdrawal]).await?.pop().ok_or(Declined::NotFound)?;
    let reviews = who.may(Permission::ReviewWithdrawals);
    let said = why_review::sentences(&row.of, &row.method, &found.entries, waits.as_ref());
    let decides = reviews && row.is_in_review();
    let skip = if decides { withdrawals_review::next_in_review(&who, number).await? } else { None };
    let entry = |stored| withdrawal_story::entry(stored, &names, &row);
    let shown = WithdrawalPage {
        frame: Frame::new(
            &who,
            "withdrawals",
            format!("Withdrawal of {}", crate::format::money(row.of.amount.0)),
        )
        .under("/dashboard/withdrawals", "Withdrawals"),
        waits: waits.map(|waits| waits.sentence()).unwrap_or_default(),
        expected,
        user_id: ids.seal(IdKind::PayoutUser, who.book, row.of.user),
        order_id: ids.order_id(row.of.provider, who.book, number),
        destination: fields(&row.of.destination),
        reviews,
        why: if row.is_in_review() { said } else { Vec::new() },
        skip: skip.filter(|next| *next != row.id),
        history,
        payee,
        ends: if reviews { ends } else { Vec::new() },
        entries: found.entries.iter().map(entry).collect(),
        attempts,
        row,
    };
    Ok(page::html(StatusCode::OK, &shown))
}

/// A destination's fields, in their canonical order.
pub(crate) fn fields(destination: &str) -> Vec<(String, String)> {
    let fields: Map<String, Value> = serde_json::from_str(destination).unwrap_or_default();
    let text = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    fields.into_iter().map(|(name, value)| (name, text(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::snapshot;
    use ledger::WithdrawalState;

    fn shown(row: WithdrawalRow) -> WithdrawalPage {
        WithdrawalPage {
            frame: Frame::sample("withdrawals", "Withdrawal of $125.00"),
            waits: String::new(),
            expected: None,
            user_id: "usr_1".to_owned(),
            order_id: "CRX-1".to_owned(),
            destination: fields(&row.of.destination),
            reviews: true,
            why: Vec::new(),
            skip: None,
            history: Some(withdrawal_person::sample_history()),
            payee: None,
            ends: withdrawal_end::possible(&row.of, false),
            entries: withdrawal_story::sample_entries(&row),
            attempts: Vec::new(),
            row,
        }
    }

    #[test]
    fn page_withdrawal() {
        let mut row = withdrawal_row::sample(7, WithdrawalState::Sending);
        row.of.outcome_unknown = true;
        row.of.provider = crate::rails::SAMPLE_BY_RAIL;
        let at = row.of.created_at;
        let page = shown(row);
        let expected = Some(ExpectedTime { at, is_delayed: true });
        snapshot(
            "withdrawal",
            &WithdrawalPage { expected, attempts: vec![withdrawal_story::sample_attempt(at)], ..page },
        );
    }

    #[test]
    fn page_withdrawal_in_review() {
        let page = shown(withdrawal_row::sample(7, WithdrawalState::Review));
        let why = [
            "The amount of $125.00 is above this method’s review limit of $100.00.",
            "This recipient has not been paid to this destination before.",
        ];
        snapshot(
            "withdrawal_in_review",
            &WithdrawalPage {
                why: why.map(str::to_owned).to_vec(),
                skip: Some("ord_6".to_owned()),
                payee: Some(withdrawal_person::sample_payee()),
                ..page
            },
        );
    }
}
