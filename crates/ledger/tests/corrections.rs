//! Corrections of a business's own balances: every refusal, what each correction moves, that each takes effect once,
//! and that the fee of a returned withdrawal is refunded although the fees were swept.

#![allow(clippy::unwrap_used, reason = "tests speak in unwraps")]

use ledger::{
    Account, AccountId, Actor, Applied, Book, BookHead, BookId, Cents, Command, Confirmed, Correction,
    CorrectionDetail, Deposited, Email, EntryKind, HashSalt, Inputs, PayoutUser, Progress, Provider, Refusal,
    Reply, Request, Step, UserStatus, Withdrawal, WithdrawalState,
};

/// Applies a request at this time.
fn apply(book: &mut Book, request: &Request, now: i64) -> Result<Applied, Refusal> {
    ledger::apply(book, request, Inputs { now, seed: [0; 32], key_version: 0 })
}

const CHECKER: Actor = Actor(-1_002);

/// A book with these balances, and a deposit of 100 with sequence 7.
fn book(main: i64, fees: i64) -> Book {
    let head = BookHead { sequence: 10, chain: [1; 32], users: 1, withdrawals: 1 };
    let mut book = Book::new(BookId(2), true, head);
    for (account, balance) in
        [(AccountId::MAIN, main), (AccountId::FEES, fees), (AccountId::WORLD, -main - fees)]
    {
        book.put_account(account, Account { balance: Cents(balance), head: 1 });
    }
    book.put_deposit(7, Deposited { amount: Cents(100), reversed: Cents::ZERO });
    book
}

fn correct(proposal: i64, correction: Correction, amount: i64) -> Request {
    let (amount, reason) = (Cents(amount), "typed wrongly".to_owned());
    let confirmed = Confirmed { proposal, correction, amount, reason, proposed_by: Actor::OPERATOR };
    Request::plain(Command::Correct(Box::new(confirmed))).by(CHECKER)
}

const REVERSE: Correction = Correction::ReverseDeposit { deposit: 7 };

fn balances(book: &Book) -> (i64, i64, i64) {
    let of = |id| book.balance(id).0;
    (of(AccountId::MAIN), of(AccountId::FEES), of(AccountId::WORLD))
}

#[test]
fn each_moves_its_money_and_names_both_people() {
    let cases = [
        (REVERSE, EntryKind::DepositReversed, (70, 50, -120), 7),
        (Correction::PayOut, EntryKind::PaidOut, (70, 50, -120), 0),
        (Correction::SweepFeesToMain, EntryKind::FeesSweptToMain, (130, 20, -150), 0),
        (Correction::SweepFeesOut, EntryKind::FeesPaidOut, (100, 20, -120), 0),
    ];
    for (correction, kind, after, deposit) in cases {
        let mut book = book(100, 50);
        let answer = apply(&mut book, &correct(3, correction, 30), 5).unwrap();
        let expected = Reply::Balances { main: Cents(after.0), payout: Cents::ZERO };
        assert_eq!(
            (answer, balances(&book)),
            (Applied { reply: expected, replayed: false }, after),
            "{kind:?}"
        );
        let entry = &book.changes().entries[0].0;
        assert_eq!((entry.kind, entry.actor, entry.note.as_str()), (kind, CHECKER, "typed wrongly"));
        let detail = CorrectionDetail { deposit, proposal: 3, proposed_by: -1 };
        assert_eq!(CorrectionDetail::of(&entry.detail), Some(detail));
    }
}

#[test]
fn every_refusal_has_its_row() {
    let unknown = Correction::ReverseDeposit { deposit: 8 };
    let cases = [
        (REVERSE, 0, Refusal::AmountIsOutOfRange),
        (unknown, 1, Refusal::DepositIsUnknown),
        (REVERSE, 101, Refusal::DepositDoesNotCoverTheReversal),
        (REVERSE, 61, Refusal::MainBalanceIsTooLow),
        (Correction::PayOut, 61, Refusal::MainBalanceIsTooLow),
        (Correction::SweepFeesToMain, 51, Refusal::FeesAreTooLow),
        (Correction::SweepFeesOut, 51, Refusal::FeesAreTooLow),
    ];
    for (correction, amount, refusal) in cases {
        let mut book = book(60, 50);
        assert_eq!(apply(&mut book, &correct(1, correction, amount), 5), Err(refusal), "{correction:?}");
        assert!(book.changes().entries.is_empty() && book.changes().remembered.is_empty());
    }
    assert_eq!(Refusal::MainBalanceIsTooLow.sentence(), "Insufficient balance");
}

#[test]
fn a_deposit_is_reversed_in_parts_and_never_beyond_itself() {
    let mut book = book(1_000, 0);
    for (proposal, amount) in [(1, 60), (2, 40)] {
        apply(&mut book, &correct(proposal, REVERSE, amount), 5).unwrap();
    }
    let more = apply(&mut book, &correct(3, REVERSE, 1), 5);
    assert_eq!(more, Err(Refusal::DepositDoesNotCoverTheReversal));
    assert_eq!(book.balance(AccountId::MAIN), Cents(900));
}

#[test]
fn a_proposal_is_carried_out_once() {
    let mut book = book(100, 0);
    let first = correct(1, Correction::PayOut, 30);
    let Ok(Applied { reply: outcome, replayed: false }) = apply(&mut book, &first, 5) else {
        panic!("it is possible")
    };
    assert_eq!(apply(&mut book, &first, 6), Ok(Applied { reply: outcome, replayed: true }));
    let another = apply(&mut book, &correct(1, Correction::PayOut, 31), 7);
    assert_eq!(another, Err(Refusal::IdempotencyKeyWasUsedForAnotherRequest));
    assert_eq!((balances(&book), book.changes().entries.len()), ((70, 0, -70), 1));
}

/// A withdrawal of 100 that was paid with a fee of 15.
fn paid(book: &mut Book) {
    let email = Email::parse("ann@example.com").unwrap();
    let (status, created_at) = (UserStatus::Active, 0);
    let (generation, salt, expires_at) = (0, HashSalt([0; 16]), None);
    book.put_user(PayoutUser { number: 1, email, status, generation, salt, created_at, expires_at });
    book.put_account(Provider::Sandbox.account(), Account { balance: Cents(85), head: 2 });
    book.put_withdrawal(Withdrawal {
        number: 1,
        user: 1,
        method: "sandbox".to_owned(),
        provider: Provider::Sandbox,
        amount: Cents(100),
        fees: Cents(15),
        destination: "{}".to_owned(),
        state: WithdrawalState::Succeeded,
        outcome_unknown: false,
        reason_code: String::new(),
        reason: String::new(),
        created_at: 0,
        changed_at: 0,
    });
}

#[test]
fn the_fee_of_a_returned_withdrawal_comes_from_main_once_the_fees_were_swept() {
    let give_back = Request::plain(Command::Advance(Box::new(Progress::new(1, Step::Return))));
    for (main, fees, after) in [(100, 15, (100, 0)), (100, 14, (85, 14)), (15, 0, (0, 0))] {
        let mut book = book(main, fees);
        paid(&mut book);
        apply(&mut book, &give_back, 5).unwrap();
        assert_eq!((balances(&book).0, balances(&book).1), after);
        assert_eq!(book.balance(AccountId::user(1)), Cents(100));
    }
    let mut empty = book(14, 14);
    paid(&mut empty);
    assert_eq!(apply(&mut empty, &give_back, 5), Err(Refusal::FeesAreTooLow));
}
