//! Switches off webhooks that have only failed for days, and tells the team. Not here: what is written down of tries
//! (store/webhook_attempts.rs). Invariant: an endpoint is switched off, entered in the audit log and mailed about in one
//! transaction, which finds it as it was read.

use crate::audit_log;
use crate::background::look_again;
use crate::clock::rfc3339;
use crate::members::notice;
use crate::platform::Platform;
use crate::store::Failure;
use ledger::{Actor, Micros};
use serde_json::json;
use std::time::Duration;
use tokio::sync::watch;

/// From the first failed try to the last one, without a successful one between them.
const LONG: Micros = 5 * 24 * 3600 * 1_000_000;
const BETWEEN_SWEEPS: Duration = Duration::from_secs(300);

/// Sweeps until `stop` says true or is dropped.
pub async fn run(platform: Platform, mut stop: watch::Receiver<bool>) {
    loop {
        if let Err(failure) = sweep(&platform).await {
            tracing::error!(error = format!("{failure:#}"), "failing webhooks could not be looked for");
        }
        if !look_again(&mut stop, None, BETWEEN_SWEEPS).await {
            return;
        }
    }
}

/// Goes once through all endpoints; how many were switched off.
pub async fn sweep(platform: &Platform) -> Result<usize, Failure> {
    let mut disabled = 0;
    for failing in platform.store.failing_webhook_endpoints(LONG).await? {
        let (book, since) = (failing.key.book, failing.failing_since.unwrap_or_default());
        let host: Vec<&str> = failing.url.split('/').take(3).collect();
        let host = host.join("/");
        let mails = notice::webhook_disabled(platform, book, &host, since).await?;
        let id = platform.webhooks.endpoint_id(failing.key);
        let detail = json!({ "host": host, "failing_since": rfc3339(since) });
        let entry = audit_log::in_book(platform, book, Actor::NONE, "webhook.disabled", &id, &detail);
        let now = platform.clock.now();
        if platform.store.disable_webhook_endpoint(&failing, now, &entry, &mails).await? {
            tracing::warn!(webhook = id, host, "a webhook only failed and was switched off");
            platform.mail.nudge();
            disabled += 1;
        }
    }
    Ok(disabled)
}
