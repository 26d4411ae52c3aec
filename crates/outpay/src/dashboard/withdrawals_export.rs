//! The list of withdrawals as a CSV, under the filter that the list had.

use super::download;
use super::query::Query;
use super::signed_in::SignedIn;
use super::stop::Stop;
use super::withdrawal_filter::Wanted;
use super::withdrawal_row::rows;
use crate::clock::rfc3339;
use axum::response::Response;

const PAGE: i64 = 500;
/// A file has no more lines than this; the filter takes the rest.
const MOST: usize = 50_000;

/// See the module.
///
/// # Errors
/// [`Stop`].
pub async fn handle(who: SignedIn, query: Query) -> Result<Response, Stop> {
    let wanted = Wanted::read(&query);
    let mut text =
        "id,created_at,changed_at,email,method,provider,amount,fees,net_amount,currency,status,outcome_unknown,reason\n".to_owned();
    let (mut below, mut lines) = (None, 0);
    while lines < MOST {
        let found = wanted.find(&who, below, PAGE).await?;
        let Some(last) = found.last() else { break };
        below = Some(last.number);
        lines += found.len();
        for row in rows(&who, found).await? {
            let of = &row.of;
            let fields = [
                row.id.clone(),
                rfc3339(of.created_at),
                rfc3339(of.changed_at),
                download::field(&row.email),
                download::field(&of.method),
                of.provider.word().to_owned(),
                of.amount.0.to_string(),
                of.fees.0.to_string(),
                of.net().0.to_string(),
                "USD".to_owned(),
                of.state.word().to_owned(),
                of.outcome_unknown.to_string(),
                download::field(&of.reason),
            ];
            text.push_str(&fields.join(","));
            text.push('\n');
        }
    }
    Ok(download::csv("withdrawals.csv", &text))
}
