//! What became of every line of an import, as a CSV.

use super::signed_in::SignedIn;
use super::stop::Stop;
use super::{download, import};
use crate::sheet::Sheet;
use axum::extract::Path;
use axum::response::Response;

const PAGE: i64 = 1_000;

/// See the module.
///
/// # Errors
/// [`Stop`].
pub async fn handle(who: SignedIn, Path(id): Path<String>) -> Result<Response, Stop> {
    let found = import::find(&who, &id).await?;
    let mut sheet = Sheet::new(&["line", "email", "amount", "reference", "status", "detail"]);
    let mut after = 0;
    loop {
        let lines = who.platform.store.import_lines(who.book, found.number, after, PAGE).await?;
        let Some(last) = lines.last() else { break };
        after = last.line;
        for line in lines {
            let (number, amount, state) =
                (line.line.to_string(), line.amount.0.to_string(), line.state.word());
            sheet.row(&[&number, &line.email, &amount, &line.reference, state, &line.detail]);
        }
    }
    Ok(download::csv("import-result.csv", sheet))
}
