//! Everything that is stored about one recipient, as a JSON file (docs/API.md, "Export of a recipient"). Never a hash, a link or a gift
//! card's code: entries and destinations have none, and of mails only kind, state and times are read.

use crate::audit_log::Names;
use crate::clock::rfc3339;
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::download;
use crate::dashboard::door::posted::Posted;
use crate::dashboard::door::signed_in::SignedIn;
use crate::dashboard::people::user;
use crate::ids::IdKind;
use crate::store::{HistoryPlace, MetadataOf, StoredEntry, UserRow, WithdrawalFilter};
use axum::extract::Path;
use axum::response::Response;
use http::StatusCode;
use ledger::{AccountId, Metadata, Withdrawal};
use serde_json::{Value, json};

/// The file is made in memory, so it is bounded. Each withdrawal has an entry, so it bounds those too.
const MOST: usize = 10_000;
const PAGE: i64 = 1_000;
const MAILS: i64 = 10_000;
const NOTES: i64 = 1_000;

/// The file; the export is in the audit log before it is sent.
pub async fn export(Path(id): Path<String>, posted: Posted) -> Result<Response, Declined> {
    let Posted { who, .. } = posted;
    let row = user::find(&who, &id).await?;
    let names = Names::load(&who.platform, who.business.number).await?;
    let text = json!({
        "format": "outpay.recipient.1",
        "recipient": recipient(&id, &row),
        "entries": entries(&who, &row, &names).await?,
        "withdrawals": withdrawals(&who, row.user.number).await?,
        "mails": mails(&who, row.user.number).await?,
        "notes": notes(&who, row.user.number, &names).await?,
    });
    who.note("payout_user.exported", &id, &json!({})).await?;
    Ok(download::file("recipient.json", "application/json", &text.to_string()))
}

fn recipient(id: &str, row: &UserRow) -> Value {
    json!({
        "id": id,
        "email": row.user.email.as_str(),
        "status": row.user.status.word(),
        "balance_cents": row.user.balance.0,
        "pending_cents": row.user.pending.0,
        "created_at": rfc3339(row.user.created_at),
        "expires_at": row.user.expires_at.map(rfc3339),
    })
}

async fn entries(who: &SignedIn, row: &UserRow, names: &Names) -> Result<Vec<Value>, Declined> {
    let (store, account) = (&who.platform.store, AccountId::user(row.user.number));
    let (mut found, mut place) = (Vec::new(), HistoryPlace::At(row.history));
    loop {
        let page = store.history(who.book, account, place, PAGE).await?.ok_or(Declined::NotFound)?;
        let Some(last) = page.last() else { return Ok(found) };
        place = HistoryPlace::Before(last.entry.sequence);
        if found.len() + page.len() > MOST {
            let sentence =
                format!("This recipient has more than {MOST} entries: export the journal instead.");
            return Err(Declined::Sentence(StatusCode::CONFLICT, sentence));
        }
        let of = |stored: &StoredEntry| MetadataOf::Payout(row.user.number, stored.entry.sequence);
        let metadata = store.metadata(who.book, page.iter().map(of).collect()).await?;
        for stored in &page {
            let pairs = metadata.get(&of(stored)).map(Metadata::pairs);
            found.push(entry(who, account, stored, names, &json!(pairs)));
        }
    }
}

fn entry(who: &SignedIn, account: AccountId, stored: &StoredEntry, names: &Names, metadata: &Value) -> Value {
    let (entry, ids) = (&stored.entry, who.platform.secrets.ids());
    let withdrawal = (entry.withdrawal > 0).then(|| ids.seal(IdKind::Withdrawal, who.book, entry.withdrawal));
    json!({
        "id": ids.seal(IdKind::Operation, who.book, entry.sequence),
        "at": rfc3339(entry.at),
        "kind": entry.kind.event_name(),
        "amount_cents": entry.signed_for(account).0,
        "withdrawal": withdrawal,
        "note": entry.note,
        "detail": entry.published(),
        "metadata": metadata,
        "by": names.of(entry.actor),
    })
}

async fn withdrawals(who: &SignedIn, user: i64) -> Result<Vec<Value>, Declined> {
    let mut filter = WithdrawalFilter { user: Some(user), ..WithdrawalFilter::default() };
    let mut found = Vec::new();
    loop {
        let page = who.platform.store.withdrawals(who.book, &filter, PAGE).await?;
        let Some(last) = page.last() else { return Ok(found) };
        filter.below = Some(last.number);
        found.extend(page.iter().map(|of| withdrawal(who, of)));
    }
}

fn withdrawal(who: &SignedIn, of: &Withdrawal) -> Value {
    json!({
        "id": who.platform.secrets.ids().seal(IdKind::Withdrawal, who.book, of.number),
        "method": of.method,
        "amount_cents": of.amount.0,
        "fees_cents": of.fees.0,
        "destination": serde_json::from_str::<Value>(&of.destination).unwrap_or_default(),
        "state": of.state.word(),
        "reason_code": of.reason_code,
        "reason": of.reason,
        "created_at": rfc3339(of.created_at),
        "changed_at": rfc3339(of.changed_at),
    })
}

async fn mails(who: &SignedIn, user: i64) -> Result<Vec<Value>, Declined> {
    let mails = who.platform.store.mails_to_user(who.book, user, MAILS).await?;
    let mail = |row: &crate::store::MailRow| {
        json!({
            "kind": row.mail.kind.word(),
            "to": row.mail.recipient,
            "state": row.state.word(),
            "created_at": rfc3339(row.mail.at),
            "finished_at": row.finished_at.map(rfc3339),
        })
    };
    Ok(mails.iter().map(mail).collect())
}

async fn notes(who: &SignedIn, user: i64, names: &Names) -> Result<Vec<Value>, Declined> {
    let notes = who.platform.store.recipient_notes(who.book, user, NOTES).await?;
    let note = |note: &crate::store::RecipientNote| json!({ "at": rfc3339(note.at), "by": names.of(note.author), "text": note.text });
    Ok(notes.iter().map(note).collect())
}
