//! Keys that take two people: made with a text that does not authenticate until a second person has agreed. Not here: the
//! agreement (proposals/).

use super::{KeyChange, KeyError, KeyOrder, MadeKey, Making, audit_detail, ended, make, order_of_heir};
use crate::mail_kind::MailKind;
use crate::platform::Platform;
use crate::store::{ApiKey, WriteError};
use crate::witness::Record;
use ledger::{Actor, Micros};
use serde_json::json;

/// Makes a key that waits.
///
/// # Errors
/// As [`super::create`].
pub async fn create_waiting(platform: &Platform, order: &KeyOrder, by: Actor) -> Result<MadeKey, KeyError> {
    let detail = audit_detail(order);
    let change = KeyChange { by, action: "key.created", detail, mail: MailKind::KeyCreated };
    make(platform, order, Making::Waits, &change).await
}

/// Makes a key that waits to replace `old`, which goes on working.
///
/// # Errors
/// As [`super::roll`].
pub async fn roll_waiting(platform: &Platform, old: &ApiKey, by: Actor) -> Result<MadeKey, KeyError> {
    ended(old, platform.clock.now())?;
    let order = order_of_heir(old);
    let detail = json!({ "replaces": super::id(platform, old.book, old.number) });
    let change = KeyChange { by, action: "key.rolled", detail, mail: MailKind::KeyCreated };
    make(platform, &order, Making::Waits, &change).await
}

/// Lets a key that waits authenticate, as two people have agreed. The key that it replaces ends after the overlap. A second
/// time changes nothing.
///
/// # Errors
/// [`KeyError::Revoked`] or [`KeyError::Unknown`] where it is gone.
pub async fn activate(
    platform: &Platform,
    number: i64,
    replaces: Option<(i64, Micros)>,
    by: Actor,
) -> Result<(), KeyError> {
    let key = platform.store.key(number).await?.ok_or(KeyError::Unknown)?;
    ended(&key, platform.clock.now())?;
    if !key.waits {
        return Ok(());
    }
    let now = platform.clock.now();
    let old = match replaces {
        None => None,
        // One that has ended in the meantime needs no end.
        Some((old, overlap)) => {
            platform.store.key(old).await?.filter(|old| old.status(now) == "active").map(|old| {
                (old.number, old.expires_at.map_or(now + overlap, |planned| planned.min(now + overlap)))
            })
        }
    };
    let change = KeyChange { by, action: "key.activated", detail: json!({}), mail: MailKind::KeyCreated };
    let news = change.news(platform, key.book, key.number, &key.hint).await?;
    let activated = platform.store.activate_key(number, old, now, &news).await;
    platform.auth.forget_trusted();
    match activated {
        Ok(()) => {
            if let Some((old, _)) = old.filter(|(_, end)| *end <= now) {
                platform.witness.note([Record::Revocation { key: old }])?;
            }
            platform.mail.nudge();
            Ok(())
        }
        Err(WriteError::Conflict) => Err(KeyError::Revoked),
        Err(WriteError::Failure(failure)) => Err(failure.into()),
    }
}
