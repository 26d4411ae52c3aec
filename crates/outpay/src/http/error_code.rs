//! The stable words for programs in errors that the API's door gives by itself. Every error has one of these, a refusal's or a
//! closed rail's: [`all`]. The OpenAPI document lists them, so a code that is not in these enums cannot be answered.

use crate::batch_refused::BatchRefused;
use crate::rails::Closed;
use ledger::Refusal;
use std::collections::BTreeSet;

/// Makes the enum, its words and the list of all of one table.
macro_rules! error_codes {
    ($($name:ident = $word:literal,)*) => {
        /// The word of an error that is not a refusal of the ledger.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum ErrorCode {
            $($name,)*
        }

        impl ErrorCode {
            const ALL: &'static [Self] = &[$(Self::$name),*];

            /// For programs.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }
        }
    };
}

error_codes! {
    AboveKeyLimit = "above_key_limit",
    Busy = "busy",
    HeadersTooLarge = "headers_too_large",
    InsufficientScope = "insufficient_scope",
    InvalidHost = "invalid_host",
    InvalidRequest = "invalid_request",
    InvalidRows = "invalid_rows",
    KeyExceedsOwn = "key_exceeds_own",
    KeyExpired = "key_expired",
    KeyNotFound = "key_not_found",
    KeyRevoked = "key_revoked",
    MakerIsChecker = "maker_is_checker",
    MalformedRequest = "malformed_request",
    MembersOnly = "members_only",
    MethodNotAllowed = "method_not_allowed",
    MethodNotFound = "method_not_found",
    NeedsSecondPerson = "needs_second_person",
    NotFound = "not_found",
    NotPossible = "not_possible",
    NoticeNotGenuine = "notice_not_genuine",
    NoticeNotVerified = "notice_not_verified",
    NothingToReveal = "nothing_to_reveal",
    OperationNotFound = "operation_not_found",
    OutcomeUnknown = "outcome_unknown",
    PausedByOperator = "paused_by_operator",
    PayloadTooLarge = "payload_too_large",
    PreconditionFailed = "precondition_failed",
    ProposalNotFound = "proposal_not_found",
    ProposalNotOpen = "proposal_not_open",
    RateLimited = "rate_limited",
    RequestTimeout = "request_timeout",
    TestModeOnly = "test_mode_only",
    TooManyWebhooks = "too_many_webhooks",
    UnknownField = "unknown_field",
    UnsupportedContentEncoding = "unsupported_content_encoding",
    UnsupportedMediaType = "unsupported_media_type",
    UnsupportedTransferCoding = "unsupported_transfer_coding",
    UriTooLong = "uri_too_long",
    WebhookDeleted = "webhook_deleted",
    WebhookDeliveryNotFailed = "webhook_delivery_not_failed",
    WebhookDeliveryNotFound = "webhook_delivery_not_found",
    WebhookNotFound = "webhook_not_found",
    WebhookNotSet = "webhook_not_set",
    WebhookRolledSince = "webhook_rolled_since",
}

/// Refusals whose answers are fixed by part 1 of the contract: no code beside the error.
const WITHOUT_CODE: [Refusal; 3] =
    [Refusal::CredentialDoesNotAuthenticate, Refusal::PayoutsAreDisabled, Refusal::PayoutBalanceIsTooLow];

/// Is the refusal answered without a code?
pub(super) fn is_bare(refusal: &Refusal) -> bool {
    WITHOUT_CODE.contains(refusal)
}

/// Every code that an error can have.
pub(super) fn all() -> BTreeSet<&'static str> {
    let own = ErrorCode::ALL.iter().map(|code| code.word());
    let closed = Closed::ALL.into_iter().map(Closed::code);
    let bare: Vec<&str> = WITHOUT_CODE.iter().map(Refusal::code).collect();
    let refusals = Refusal::CODES.iter().copied().filter(|code| !bare.contains(code));
    own.chain(closed).chain(refusals).chain(BatchRefused::CODES).collect()
}
