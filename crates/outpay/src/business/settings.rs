//! Changing what a business has set, by any door: validated as a whole, applied as a whole. Loosening a review rule can
//! release payments that would have been reviewed, so every change is an entry in the journal, made before it takes
//! effect, and in the audit log, with what it was before.

use crate::audit_log;
use crate::platform::Platform;
use crate::stopped::Stopped;
use crate::store::{Failure, NewAuditEntry, SettingsChange};
use crate::withdrawals::offer::standard_terms;
use ledger::{Actor, BookId, Occurrence, Terms};
use serde_json::json;

/// The most days that money may stay unclaimed before it goes back; also the most that can be set.
pub const MOST_DAYS: i64 = 36_500;

/// Sets everything that `change` names. What is the same as before is no change and leaves no entry.
///
/// # Errors
/// [`Stopped`]; nothing was set then.
pub async fn change(
    platform: &Platform,
    book: BookId,
    actor: Actor,
    mut change: SettingsChange,
) -> Result<(), Stopped> {
    let mut entries: Vec<NewAuditEntry> = Vec::new();
    let mut notes: Vec<String> = Vec::new();
    let before = platform.store.business(book.business()).await?;
    let before = before.is_some_and(|business| business.payouts_enabled);
    change.payouts_enabled = change.payouts_enabled.filter(|enabled| *enabled != before);
    if let Some(enabled) = change.payouts_enabled {
        let action = if enabled { "settings.payouts_enabled" } else { "settings.payouts_disabled" };
        entries.push(audit_log::in_business(platform, book.business(), actor, action, "", &json!({})));
        // The operator enables a business before anything has happened in its books: the audit log has it.
        if actor != Actor::OPERATOR {
            notes.push(format!("payouts_enabled: {before} -> {enabled}"));
        }
    }
    let before = platform.store.expiry_days(book).await?;
    change.expiry_days = change.expiry_days.filter(|days| *days != before);
    if let Some(days) = change.expiry_days {
        let detail = json!({ "from": before, "to": days });
        entries.push(audit_log::in_book(platform, book, actor, "settings.expiry_changed", "", &detail));
        let [from, to] =
            [before, days].map(|days| days.map_or_else(|| "never".to_owned(), |days| days.to_string()));
        notes.push(format!("expiry_days: {from} -> {to}"));
    }
    let before = platform.store.all_terms(book).await?;
    let standard = standard_terms(book.mode());
    change.terms.retain(|(method, terms)| before.get(method).unwrap_or(&standard) != terms);
    for (method, terms) in &change.terms {
        let old = before.get(method).unwrap_or(&standard);
        let detail = json!({ "from": old, "to": terms });
        entries.push(audit_log::in_book(platform, book, actor, "settings.method_changed", method, &detail));
        notes.push(format!("method {method}: {} -> {}", text(old)?, text(terms)?));
    }
    if entries.is_empty() {
        return Ok(());
    }
    for note in notes {
        platform.counter(book, actor).record(Occurrence::SettingsChanged, None, note).await?;
    }
    Ok(platform.store.change_settings(book, &change, &entries).await.map_err(Failure::from)?)
}

fn text(terms: &Terms) -> Result<String, Failure> {
    Ok(serde_json::to_string(terms)?)
}
