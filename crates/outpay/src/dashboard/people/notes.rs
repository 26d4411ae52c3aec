//! Notes of the team about a recipient: add, remove. They are on the recipient's page in the dashboard alone.

use crate::audit_log::Names;
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::notice;
use crate::dashboard::door::posted::Posted;
use crate::dashboard::door::signed_in::SignedIn;
use crate::dashboard::people::user;
use crate::line::Line;
use crate::store::{Failure, WriteError};
use crate::web::page;
use axum::extract::Path;
use axum::response::Response;
use http::StatusCode;
use ledger::Micros;
use serde_json::json;

/// Keeps the page short.
const MOST_NOTES: i64 = 20;
const LONGEST: usize = 500;

/// A note as the page shows it.
pub(crate) struct ShownNote {
    pub number: i64,
    pub at: Micros,
    pub author: String,
    pub text: String,
}

/// A recipient's notes, newest first.
pub(crate) async fn notes(who: &SignedIn, user: i64, names: &Names) -> Result<Vec<ShownNote>, Failure> {
    let found = who.platform.store.recipient_notes(who.book, user, MOST_NOTES).await?;
    let shown = found.into_iter().map(|note| ShownNote {
        number: note.number,
        at: note.at,
        author: names.of(note.author),
        text: note.text,
    });
    Ok(shown.collect())
}

/// Adds a note.
pub async fn add(Path(id): Path<String>, posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let row = user::find(&who, &id).await?;
    let text = Line::parse(form.get("note"), LONGEST)
        .map_err(|problem| Declined::sentence(format!("Note: give 1 to {LONGEST} characters: {problem}.")))?;
    let store = &who.platform.store;
    let standing = store.recipient_notes(who.book, row.user.number, MOST_NOTES).await?;
    if standing.len() >= MOST_NOTES as usize {
        let sentence = format!("There are {MOST_NOTES} notes. Remove one before you add another.");
        return Err(Declined::Sentence(StatusCode::CONFLICT, sentence));
    }
    let entry = who.entry("payout_user.note_added", &id, &json!({}));
    written(store.add_recipient_note(who.book, row.user.number, text.as_str(), &entry).await)?;
    let mut response = page::see_other(&format!("/dashboard/users/{id}"));
    notice::leave(&mut response, "The note was added.");
    Ok(response)
}

/// Removes a note. Everyone whom the route admits may: admins and owners.
pub async fn remove(Path(id): Path<String>, posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let row = user::find(&who, &id).await?;
    let number: i64 = form.get("number").parse().map_err(|_| Declined::NotFound)?;
    let entry = who.entry("payout_user.note_removed", &id, &json!({}));
    written(who.platform.store.remove_recipient_note(who.book, (row.user.number, number), &entry).await)?;
    let mut response = page::see_other(&format!("/dashboard/users/{id}"));
    notice::leave(&mut response, "The note was removed.");
    Ok(response)
}

fn written(result: Result<(), WriteError>) -> Result<(), Declined> {
    result.map_err(|error| match error {
        WriteError::Conflict => Declined::Sentence(
            StatusCode::CONFLICT,
            "The notes were changed in the meantime. Load the page again.".to_owned(),
        ),
        WriteError::Failure(failure) => failure.into(),
    })
}
