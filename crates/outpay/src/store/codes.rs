//! The numbers under which states and kinds are stored, by the names that statements use. Each comes from its enum.

use super::states::{
    BatchState, DeliveryState, ImportState, LineState, MailState, ProposalState, ScreeningState,
};
use super::{CredentialKind, MismatchState};
use crate::roles::Role;
use ledger::{EntryKind, WithdrawalState};

pub(super) const DEPOSITED: i64 = EntryKind::Deposited.code();
pub(super) const MOVED_TO_PAYOUT: i64 = EntryKind::MovedToPayout.code();
pub(super) const DEPOSIT_REVERSED: i64 = EntryKind::DepositReversed.code();
pub(super) const GIFT_CARD_REVEALED: i64 = EntryKind::GiftCardRevealed.code();
pub(super) const USER_CREATED: i64 = EntryKind::UserCreated.code();
pub(super) const USER_CREDITED: i64 = EntryKind::UserCredited.code();
pub(super) const WITHDRAWAL_CREATED: i64 = EntryKind::WithdrawalCreated.code();

pub(super) const WITHDRAWAL_QUEUED: i64 = WithdrawalState::Queued.code();
pub(super) const WITHDRAWAL_SENDING: i64 = WithdrawalState::Sending.code();
/// Withdrawals in the states below this one hold the user's money.
pub(super) const WITHDRAWAL_SUCCEEDED: i64 = WithdrawalState::Succeeded.code();
/// Withdrawals in this state and those above it have given the money back.
pub(super) const WITHDRAWAL_FAILED: i64 = WithdrawalState::Failed.code();
pub(super) const WITHDRAWAL_RETURNED_STATE: i64 = WithdrawalState::Returned.code();

pub(super) const SECRET_KEY: i64 = CredentialKind::SecretKey.code();
pub(super) const PUBLIC_KEY: i64 = CredentialKind::PublicKey.code();
pub(super) const PAYOUT_HASH: i64 = CredentialKind::PayoutHash.code();

pub(super) const IMPORT_DRAFT: i64 = ImportState::Draft as i64;
pub(super) const IMPORT_WAITING: i64 = ImportState::Waiting as i64;
pub(super) const IMPORT_RUNNING: i64 = ImportState::Running as i64;
pub(super) const IMPORT_DONE: i64 = ImportState::Done as i64;
pub(super) const LINE_OPEN: i64 = LineState::Open as i64;
pub(super) const LINE_NOT_PAID: i64 = LineState::NotPaid as i64;

pub(super) const SCREENING_DENIED: i64 = ScreeningState::Denied as i64;
pub(super) const SCREENING_RELEASED: i64 = ScreeningState::Released as i64;

pub(super) const MAIL_PENDING: i64 = MailState::Pending as i64;
pub(super) const MAIL_FAILED: i64 = MailState::Failed as i64;
pub(super) const DELIVERY_PENDING: i64 = DeliveryState::Pending as i64;
pub(super) const DELIVERED: i64 = DeliveryState::Delivered as i64;
pub(super) const DELIVERY_FAILED: i64 = DeliveryState::Failed as i64;
pub(super) const DELIVERY_SUPERSEDED: i64 = DeliveryState::Superseded as i64;

pub(super) const PROPOSAL_OPEN: i64 = ProposalState::Open as i64;
pub(super) const PROPOSAL_CONFIRMED: i64 = ProposalState::Confirmed as i64;

pub(super) const BATCH_WAITING: i64 = BatchState::Waiting as i64;
pub(super) const BATCH_APPROVED: i64 = BatchState::Approved as i64;
pub(super) const BATCH_DISSOLVED: i64 = BatchState::Dissolved as i64;

pub(super) const OWNER: i64 = Role::Owner.code();

/// A payout user that is not active; 1 for an active one.
pub(super) const USER_INACTIVE: i64 = 0;

/// States of a gift card.
pub(super) const CARD_IN_STOCK: i64 = 1;
pub(super) const CARD_GIVEN_OUT: i64 = 2;
pub(super) const CARD_RECALLED: i64 = 3;

pub(super) const MISMATCH_OPEN: i64 = MismatchState::Open as i64;
pub(super) const MISMATCH_VANISHED: i64 = MismatchState::Vanished as i64;
pub(super) const MISMATCH_CLOSED: i64 = MismatchState::Closed as i64;

/// A transfer of an unknown origin that is not assigned yet.
pub(super) const TRANSFER_OPEN: i64 = 1;
