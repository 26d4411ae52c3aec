//! The fields of fixed words, as schemas of their own: each lists the words that the code knows. Not here: enums of the door
//! itself, which derive their schema.

use crate::audit_log::export::OF_THE_BUSINESS;
use crate::batches;
use crate::http::error_code;
use crate::proposals;
use crate::rails::Closed;
use crate::scopes::{Resource, Scope};
use crate::store::{ApiKey, DeliveryState, MismatchKind, Stop};
use crate::webhook_event;
use crate::webhooks::{ATTEMPT_ERRORS, Schedule};
use crate::withdrawals::waiting::WhyWaiting;
use ledger::{EntryKind, Mode, Provider, Refusal, RowRefusal, UserStatus, WithdrawalState};
use std::borrow::Cow;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// Makes a type per schema: its text, its name in the document, its words.
macro_rules! words {
    ($($(#[doc = $text:literal])+ $type:ident $name:literal $words:expr;)*) => {
        $(
            $(#[doc = $text])+
            pub struct $type;

            impl PartialSchema for $type {
                fn schema() -> RefOr<Schema> {
                    of_words(concat!($($text),+), $words)
                }
            }

            impl ToSchema for $type {
                fn name() -> Cow<'static, str> {
                    Cow::Borrowed($name)
                }
            }
        )*

        /// All of them, by name.
        pub(super) fn all() -> Vec<(Cow<'static, str>, RefOr<Schema>)> {
            vec![$(($type::name(), $type::schema())),*]
        }
    };
}

fn of_words<W: Into<String>>(text: &str, words: impl IntoIterator<Item = W>) -> RefOr<Schema> {
    let words: Vec<String> = words.into_iter().map(Into::into).collect();
    let schema = ObjectBuilder::new().schema_type(Type::String).description(Some(text.trim()));
    schema.enum_values(Some(words)).build().into()
}

words! {
    /// The currency of all amounts.
    CurrencyWords "Currency" ["USD"];
    /// May the hash of a payout user be used? `expired`: the end of the user has passed.
    UserStatusWords "UserStatus" UserStatus::ALL.map(UserStatus::word).into_iter().chain([UserStatus::EXPIRED]);
    /// What a business can set: may the hash of a payout user be used?
    SetUserStatusWords "SetUserStatus" UserStatus::ALL.map(UserStatus::word);
    /// Where a withdrawal stands.
    WithdrawalStatusWords "WithdrawalStatus" WithdrawalState::ALL.map(WithdrawalState::word);
    /// Where a payment batch stands. `closed`: every payment of it has an outcome.
    PaymentBatchStateWords "PaymentBatchState" batches::STATES;
    /// What has become of a payment of a batch. `moved`: it was open when the batch was dissolved.
    PaymentBatchLineStateWords "PaymentBatchLineState" batches::LINE_STATES;
    /// Where an operation stands. Only a withdrawal has another one than `completed`.
    OperationStatusWords "OperationStatus" std::iter::once(crate::http::show::COMPLETED)
        .chain(WithdrawalState::ALL.map(crate::http::show::operation_status));
    /// The kind of rail that pays.
    ProviderWords "Provider" Provider::ALL.map(Provider::word);
    /// Why a queued withdrawal does not leave: `method_paused` (a pause), `payouts_off`, `method_off` or `user_inactive`.
    WaitingWords "WaitingReason" Stop::ALL.map(Stop::word);
    /// Why a withdrawal does not leave: as for `WaitingReason`, or `ceiling_reached` (the operator's ceiling of its method) or `screening_denied` (it is in review, and two people let it go).
    HeldWords "HeldReason" Stop::ALL.map(Stop::word).into_iter().chain(WhyWaiting::OF_BRAKES);
    /// What happened.
    EventWords "EventType" EntryKind::ALL.map(EntryKind::event_name);
    /// In what a rail's own books differ from ours.
    MismatchWords "MismatchKind" MismatchKind::ALL.map(MismatchKind::word);
    /// The documented events of a recipient's withdrawal.
    PayoutEventWords "PayoutEventType" webhook_event::names();
    /// Where a delivery stands. `superseded`: a later event of its withdrawal was delivered, and this one is of no use any more.
    DeliveryStatusWords "DeliveryStatus" DeliveryState::ALL.map(DeliveryState::word);
    /// How often a delivery is tried: four times, or for up to 3 days.
    ScheduleWords "WebhookSchedule" Schedule::ALL.map(Schedule::word);
    /// Why a receiver gave no answer.
    AttemptErrorWords "AttemptError" ATTEMPT_ERRORS;
    /// Where an API key stands. `waiting`: a second person has to confirm it.
    KeyStatusWords "ApiKeyStatus" ApiKey::STATUSES;
    /// What an API key may do with a part of the API; `write` includes `read`.
    ScopeWords "Scope" Resource::ALL.into_iter()
        .flat_map(|part| [Scope::read(part), Scope::write(part)])
        .map(|scope| scope.to_string());
    /// Where a proposal stands.
    ProposalStateWords "ProposalState" proposals::STATES;
    /// What an entry of the audit log concerns: live mode, test mode, or the business as a whole.
    AuditPlaceWords "AuditPlace" [Mode::Live.word(), Mode::Test.word(), OF_THE_BUSINESS];
    /// Why a method is closed.
    ClosedWords "ClosedCode" [Refusal::MethodIsPaused, Refusal::MethodIsClosed, Refusal::AmountIsBelowTheMinimum]
        .map(|refusal| refusal.code())
        .into_iter()
        .chain(Closed::ALL.map(Closed::code));
    /// Why a row of a batch was not paid.
    RowErrorWords "BatchRowErrorCode" RowRefusal::ALL.map(RowRefusal::code);
    /// Why a request was refused, for programs. New codes can be added.
    ErrorWords "ErrorCode" error_code::all();
}
