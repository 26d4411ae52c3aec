//! New keys for an endpoint.

use super::endpoint::{Endpoint, Which};
use super::settings::{TRIES, entry};
use super::{WebhookError, Webhooks};
use crate::store::WebhookEndpoint;
use ledger::{Actor, Micros};
use serde_json::json;

/// An overlap is for a transition; it must not become permanent.
const LONGEST_OVERLAP: Micros = 30 * 24 * 3600 * 1_000_000;

impl Webhooks {
    /// Gives an endpoint new keys. The old ones keep signing too for `overlap` microseconds; 0 ends them at
    /// once. `once` is a digest of the caller's idempotency key: if the last roll had the same one, nothing is done
    /// and `true` is returned.
    ///
    /// # Errors
    /// When there is no endpoint, the overlap is too long, `once` belongs to an earlier roll, or on a failure;
    /// nothing was changed then.
    pub async fn roll_endpoint(
        &self,
        which: impl Into<Which>,
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
            let new = WebhookEndpoint {
                sealed: self.sealed_keys(old.key),
                previous: (overlap > 0).then(|| old.sealed.clone()),
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
}
