//! New keys for an endpoint, and the end of the old ones. Invariant: while an overlap lasts, the documented signature is that of the
//! old keys, which are those that the receiver has for certain.

use super::endpoint::{Endpoint, WhichEndpoint};
use super::settings::{TRIES, entry};
use super::{WebhookError, Webhooks};
use crate::store::WebhookEndpoint;
use ledger::{Actor, Micros};
use serde_json::json;

/// An overlap is for a transition; it must not become permanent.
const LONGEST_OVERLAP: Micros = 30 * 24 * 3600 * 1_000_000;

impl Webhooks {
    /// Gives an endpoint new keys. The old ones keep signing for `overlap` microseconds, the new ones beside them; 0 ends
    /// the old ones at once. A roll during an overlap replaces the new keys. `once` is a digest of the caller's idempotency key: if the last roll had the same one, nothing is done
    /// and `true` is returned.
    ///
    /// # Errors
    /// When there is no endpoint, the overlap is too long, `once` belongs to an earlier roll, or on a failure;
    /// nothing was changed then.
    pub async fn roll_endpoint(
        &self,
        which: impl Into<WhichEndpoint>,
        by: Actor,
        overlap: Micros,
        once: Option<&[u8]>,
    ) -> Result<(Endpoint, bool), WebhookError> {
        let which = which.into();
        if !(0..=LONGEST_OVERLAP).contains(&overlap) {
            return Err(WebhookError::OverlapIsTooLong);
        }
        for _ in 0..TRIES {
            let now = self.clock.now();
            let old = self.row(which).await?.ok_or_else(|| which.missing())?;
            if once.is_some() && old.rolled_by.as_deref() == once {
                return Ok((Endpoint::open(self, old)?, true));
            }
            if let Some(once) = once
                && self.store.was_rolled_by(which.book(), once).await?
            {
                return Err(WebhookError::RolledSince);
            }
            // During an overlap the receiver may not have the keys of the last roll yet.
            let kept = old.previous.as_ref().filter(|_| now < old.previous_until).unwrap_or(&old.sealed);
            let new = WebhookEndpoint {
                sealed: self.sealed_keys(old.key),
                previous: (overlap > 0).then(|| kept.clone()),
                previous_until: if overlap > 0 { now + overlap } else { 0 },
                rolled_by: once.map(<[u8]>::to_vec),
                changed_at: now,
                ..old.clone()
            };
            let detail = json!({ "overlap_seconds": overlap / 1_000_000 });
            let entry = entry(&new, &self.endpoint_id(new.key), by, "webhook.rolled", &detail);
            if let Some(rolled) = self.store_change(&old, new, &entry).await? {
                return Ok((rolled, false));
            }
        }
        Err(WebhookError::Busy)
    }

    /// Ends the overlap of a roll now: from here on the new keys sign alone. Without an overlap nothing is done.
    ///
    /// # Errors
    /// When there is no endpoint, or on a failure; nothing was changed then.
    pub async fn switch_endpoint(
        &self,
        which: impl Into<WhichEndpoint>,
        by: Actor,
    ) -> Result<Endpoint, WebhookError> {
        let which = which.into();
        for _ in 0..TRIES {
            let now = self.clock.now();
            let old = self.row(which).await?.ok_or_else(|| which.missing())?;
            if old.previous.is_none() || old.previous_until <= now {
                return Ok(Endpoint::open(self, old)?);
            }
            let new = WebhookEndpoint { previous: None, previous_until: 0, changed_at: now, ..old.clone() };
            let entry = entry(&new, &self.endpoint_id(new.key), by, "webhook.switched", &json!({}));
            if let Some(switched) = self.store_change(&old, new, &entry).await? {
                return Ok(switched);
            }
        }
        Err(WebhookError::Busy)
    }
}
