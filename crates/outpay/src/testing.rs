//! The items of the rooms that integration tests and tools (`xtask`) use. The rooms are private to the crate otherwise, so that an
//! item without a use is reported by the compiler.

pub mod api_keys {
    pub use crate::api_keys::{KeyOrder, create, find, id, key_text, revoke, roll};
}

pub mod attacks {
    pub use crate::attacks::AttackSign;
}

pub mod audit {
    pub use crate::audit::run;
}

pub mod audit_log {
    pub use crate::audit_log::{export, in_book, in_business, write};
}

pub mod auth {
    pub use crate::auth::{Auth, KeyRing, PasswordLane, Secrets, master_key};
}

pub mod background {
    pub use crate::background::presence;
}

pub mod business {
    pub use crate::business::{branding, create, id, settings};
}

pub mod batches {
    pub use crate::batch_answers::{Taken, bring};
    pub use crate::batch_refused::BatchRefused;
    pub use crate::batches::{Batch, approve, dissolve, download, find, id, line_word, make};
}

pub mod chain_head {
    pub use crate::chain_head::{AUDIT_LOG, Head};
}

pub mod clock {
    pub use crate::clock::{Clock, Entropy, rfc3339, start_of_day};
}

pub mod commit {
    pub use crate::commit::{Asked, NoVerdict, State, Teller, Verdict, decide_all, needs_of, savings};
}

pub mod config {
    pub use crate::config::Config;
}

pub mod counter {
    pub use crate::counter::Screened;
}

pub mod dashboard {
    pub use crate::dashboard::{Access, Route, routes};
}

pub mod delays {
    pub use crate::delays::sweep;
}

pub mod failing_webhooks {
    pub use crate::failing_webhooks::sweep;
}

pub mod funds {
    pub use crate::funds::look;
}

pub mod heads {
    pub use crate::heads::{HEADS_FILE, HeadsFile, HeadsPost, Signing};
}

pub mod http {
    pub use crate::http::{
        Admits, ConnectionLimits, ServeConfig, TrustedProxies, bind, callers, openapi_3_0_document,
        openapi_document,
    };
}

pub mod ids {
    pub use crate::ids::IdKind;
}

pub mod imports {
    pub use crate::imports::{Approved, approve, bring, lines, pay, run};
}

pub mod key_rotation {
    pub use crate::key_rotation::{BegunRotation, Resealing, VersionNeeds, beat, begin, needs, others_lag};
}

pub mod key_limits {
    pub use crate::key_limits::KeyLimits;
}

pub mod kill_switch {
    pub use crate::kill_switch::{Paused, of_book, pause, resume};
}

pub mod mail {
    pub use crate::mail::{Encryption, Mail, MailConfig, MailError, MailSent, MailWorker, Times};
}

pub mod mail_kind {
    pub use crate::mail_kind::{MailKind, MailKinds};
}

pub mod members {
    pub use crate::members::{
        Session, SessionClient, email_change, id, invitation, passkey, password_reset, second_factor,
        session, sign_in, team,
    };
}

pub mod networks {
    pub use crate::networks::Networks;
}

pub mod needs {
    pub use crate::needs::look;
}

pub mod overview {
    pub use crate::overview::{look, today};
}

pub mod payment_worker {
    pub use crate::payment_worker::{Moment, PaymentWorker};
}

pub mod platform {
    pub use crate::platform::Platform;
}

pub mod proposals {
    pub use crate::proposals::{Checker, Made, Proposed, Refused, confirm, id, propose, withdraw};
}

pub mod rails {
    pub use crate::rails::{
        AnswerLine, BankVerdict, BatchFile, BatchPayment, BatchToWrite, Booked, Closed, Facts, FieldProblem,
        Finding, Funds, FundsAlarm, Limits, Mounted, Notice, NoticeRefused, Outcome, Payment, Prepared,
        Quote, Rail, RailMeasures, RailText, Rails, Standing, ach, client, crypto, exchange, gift_card,
        manual, message_id, paypal, sandbox, sepa, tremendous, tron,
    };
}

pub mod reconciliation {
    pub use crate::reconciliation::{CloseError, NotReconciled, Reconciled, close, id, named, night, run};
}

pub mod recovery {
    pub use crate::recovery::treasury;
}

pub mod recovery_progress {
    pub use crate::recovery_progress::RecoveryProgress;
}

pub mod roles {
    pub use crate::roles::{Permission, Role};
}

pub mod search {
    pub use crate::search::{catch_up, fill, references_of, text_of};
}

pub mod serving {
    pub use crate::serving::{ServeConfig, faces, open};
}

pub mod statement {
    pub use crate::month::Month;
    pub use crate::statement::{MoneyStatement, TrialBalance, of_days, trial_balance};
}

pub mod stopped {
    pub use crate::stopped::Stopped;
}

pub mod scopes {
    pub use crate::scopes::{Resource, Scope, ScopeLevel, Scopes};
}

pub mod screening {
    pub use crate::screening::{Screening, ScreeningConfig};
}

pub mod store {
    pub use crate::store::{
        ALL_DAYS, Advanced, ApiKey, AskedBefore, Assigned, Attempt, Attempted, AuditAttempt, AuditFilter,
        AuditList, BatchFilter, BatchLine, BatchList, BatchState, BookNeeds, BookPart, BrandingRow, Bucket,
        Business, Ceiling, Clearance, ConnectionSecurity, Credential, CredentialKind, DatabaseState,
        DatabaseUrl, Delivery, DeliveryList, DeliveryState, DueWork, EndpointKey, Expectation, ExportedEntry,
        FAR_BEHIND, Failure, GiftCard, Given, GivenCard, HashCredential, HistoryFilter, HistoryPlace, Hold,
        Import, ImportLine, ImportList, ImportState, InstallationRail, KeyHolder, KeyNews, KeyUsage, Leased,
        LineState, ListCount, ListFilter, ListOrder, ListPage, ListPlace, ListWindow, Longest, LongestSteps,
        MOST_COUNTED, MOST_ENTRIES, MailChoice, MailEnd, MailNeeds, MailRow, MailState, MemberChange,
        Membership, MetadataOf, MethodActivity, Mismatch, MismatchKind, MismatchState, MoneySum,
        MovementFilter, MovementKinds, Needs, NewAdvance, NewApiKey, NewAuditEntry, NewBusiness, NewDelivery,
        NewGiftCard, NewInvitation, NewMail, NewMismatch, NewSession, OpenCopy, Outgoing, OverdueWithdrawal,
        OwnMovement, PEOPLE, PasskeyRow, PauseScope, PaymentBatch, ProposalRow, ProposalState, PulledBack,
        RECOVERY_MARK, RailNumber, RailOpening, RecipientNote, RecipientTotals, ReconciliationRun,
        RecoveryChanges, ReferenceSource, RequestFilter, RequestLine, RequestPlace, Reservation, RewardLink,
        Saving, ScreeningRow, ScreeningState, SealedColumn, SearchKind, SearchSource, SentSince,
        SettingsChange, Snapshot, Stop, Store, StoredBatchFile, StoredEntry, StoredPause, TellerStore,
        TlsMode, TreasuryScan, Tries, Unclaimed, UsageCounts, UserFilter, UserList, UserRow, WaitingCount,
        WebhookAttempt, WebhookEndpoint, WithdrawalFilter, WithdrawalHistory, WithdrawalList, WriteError,
        files_of_copy, newest_schema, open_copy, restore_copy,
    };
}

pub mod two_people {
    pub use crate::two_people::Hands;
}

pub mod unclaimed {
    pub use crate::unclaimed::sweep;
}

pub mod web {
    pub use crate::web::{assets, csrf};
}

pub mod webhook_event {
    pub use crate::webhook_event::{EventSet, further_names, names};
}

pub mod webhooks {
    pub use crate::webhooks::{
        Endpoint, EndpointChange, Guard, MOST_ENDPOINTS, Sample, Schedule, WebhookError, WebhookOptions,
        WebhookWorker, Webhooks, WhichEndpoint, client, guard, is_test, sign,
    };
}

pub mod withdrawals {
    pub use crate::withdrawals::{expected, has_code, health, offer, price, waits_for};
}

pub mod witness {
    pub use crate::witness::read_all;
}
