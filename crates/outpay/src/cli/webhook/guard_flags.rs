//! The operator's exceptions to "https and public addresses only" for webhooks. Not here: the guard
//! (webhooks/guard.rs).

use crate::platform::Platform;
use crate::webhooks::Guard;
use clap::Args;

/// Flags of every command that sends webhooks or takes a URL for them.
#[derive(Args)]
pub(in crate::cli) struct GuardFlags {
    /// Allow webhooks to http:// URLs. For development: deliveries can be read and altered in transit
    #[arg(long, env = "OUTPAY_ALLOW_HTTP_WEBHOOKS")]
    allow_http_webhooks: bool,
    /// Allow webhooks to private addresses and to this machine. Every business can then reach them
    #[arg(long, env = "OUTPAY_ALLOW_PRIVATE_WEBHOOKS")]
    allow_private_webhooks: bool,
}

impl GuardFlags {
    pub(in crate::cli) fn guard(&self) -> Guard {
        Guard { allow_http: self.allow_http_webhooks, allow_private: self.allow_private_webhooks }
    }

    /// The platform with this guard.
    pub(in crate::cli) fn applied_to(&self, platform: Platform) -> Platform {
        let webhooks = platform.webhooks.clone().guarded_by(self.guard());
        Platform { webhooks, ..platform }
    }
}
