//! The list of withdrawals as a CSV, under the filter that the list had.

use super::download;
use super::query::Query;
use super::signed_in::SignedIn;
use super::stop::Stop;
use super::withdrawal_filter::Wanted;
use super::withdrawal_row::rows;
use crate::clock::rfc3339;
use crate::sheet::Sheet;
use axum::response::Response;

const PAGE: i64 = 500;
/// A file has no more lines than this; the filter takes the rest.
const MOST: usize = 50_000;

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

/// See the module.
///
/// # Errors
/// [`Stop`].
pub async fn handle(who: SignedIn, query: Query) -> Result<Response, Stop> {
    let wanted = Wanted::read(&query);
    let mut sheet = Sheet::new(&COLUMNS);
    let (mut below, mut lines) = (None, 0);
    while lines < MOST {
        let found = wanted.find(&who, below, PAGE).await?;
        let Some(last) = found.last() else { break };
        below = Some(last.number);
        lines += found.len();
        for row in rows(&who, found).await? {
            let of = &row.of;
            sheet.row(&[
                row.id.clone(),
                rfc3339(of.created_at),
                rfc3339(of.changed_at),
                row.email.clone(),
                of.method.clone(),
                of.provider.word().to_owned(),
                of.amount.0.to_string(),
                of.fees.0.to_string(),
                of.net().0.to_string(),
                "USD".to_owned(),
                of.state.word().to_owned(),
                of.outcome_unknown.to_string(),
                of.reason.clone(),
            ]);
        }
    }
    Ok(download::csv("withdrawals.csv", sheet))
}
