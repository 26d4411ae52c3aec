//! The never-twice test of payments by hand in bank files: every fault of bank and operator x every moment at which the process that makes,
//! checks, gives out, dissolves or answers a batch can end. The bank's own books (bank_books.rs) are the oracle.
//!
//! Each step is ended before it begins, at each of its waits for the store or the teller, and after it (bank_office.rs).

use crate::rails::bank::MADE_AT;
use crate::rails::bank_books::{Bank, Format};
use crate::rails::bank_office::{End, GROSS, Office, destination};
use crate::rails::never_twice::repeats;
use crate::rails::platform::{Installation, assert_books_are_clean, balance, top_up};
use ledger::{Cents, WithdrawalState};
use outpay::testing::batches::Taken;
use outpay::testing::clock::Clock;

const NET: i64 = 1_000;
const DAY: i64 = 86_400_000_000;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    Nothing,
    /// The file is lost before it is uploaded, and given out again.
    FileLost,
    /// The operator uploads it twice.
    SentTwice,
    /// Dissolved with the file not sent. An answer to it comes later all the same.
    Dissolved,
    /// Dissolved as not sent, though it was.
    DissolvedFalsely,
    /// The bank refuses the second payment. An ACH bank has booked it by then, and sends it back.
    Refused,
    /// The bank reports a refusal of what it has booked, and later sends the money back.
    RefusedAfterBooking,
    /// Days pass before anything is booked.
    BookedLate,
    /// Every answer is brought twice.
    AnsweredTwice,
    /// Every answer is brought cut off in the middle first.
    AnswerCut,
    /// Every answer is brought by two processes at once.
    AnsweredByTwo,
    /// The second payment comes back weeks later.
    ReturnedLate,
}

const FAULTS: [Fault; 12] = [
    Fault::Nothing,
    Fault::FileLost,
    Fault::SentTwice,
    Fault::Dissolved,
    Fault::DissolvedFalsely,
    Fault::Refused,
    Fault::RefusedAfterBooking,
    Fault::BookedLate,
    Fault::AnsweredTwice,
    Fault::AnswerCut,
    Fault::AnsweredByTwo,
    Fault::ReturnedLate,
];

impl Fault {
    /// Of the second payment; the first is always paid.
    fn ending(self) -> WithdrawalState {
        match self {
            Self::Refused => WithdrawalState::Failed,
            Self::RefusedAfterBooking
            | Self::AnsweredTwice
            | Self::AnswerCut
            | Self::AnsweredByTwo
            | Self::ReturnedLate => WithdrawalState::Returned,
            _ => WithdrawalState::Succeeded,
        }
    }
}

/// One batch of two payments with a fault of the bank or the operator. Gives what the person does not have back.
async fn scenario(office: &mut Office<'_>, bank: &mut Bank, fault: Fault, first: i64) -> i64 {
    let (payments, is_sepa) = ([first, first + 1], office.format == Format::Sepa);
    let mut accounts = Vec::new();
    for number in payments {
        let (account, to) = destination(office.format, number);
        office.asks(number, to).await;
        accounts.push(account);
    }
    bank.begin();
    let (batch, mut file) = office.given_out(payments).await;
    if fault == Fault::FileLost {
        let copy = office.file(batch).await;
        assert_eq!(copy, file);
    }
    if matches!(fault, Fault::Dissolved | Fault::DissolvedFalsely) {
        if fault == Fault::DissolvedFalsely {
            bank.take(&file);
        }
        office.dissolve(batch).await;
        let (second, of_second) = office.given_out(payments).await;
        assert!(second > batch);
        let old = std::mem::replace(&mut file, of_second);
        if fault == Fault::Dissolved && is_sepa {
            let taken = office.bring(&Bank::refusal(&old, None, "FF01")).await;
            assert!(taken.failed == 0 && taken.not_taken.len() == 2, "{taken:?}");
        }
    }
    if fault == Fault::Refused && is_sepa {
        bank.refuses.push(accounts[1].clone());
    }
    bank.take(&file);
    if fault == Fault::SentTwice {
        bank.take(&file);
        if is_sepa {
            let taken = office.bring(&Bank::refusal(&file, None, "AM05")).await;
            assert!(taken.failed == 0 && !taken.not_taken.is_empty(), "{taken:?}");
        }
    }
    if fault == Fault::BookedLate {
        office.installation.clock.advance(5 * DAY);
        for number in payments {
            assert_eq!(office.state(number).await, WithdrawalState::Sending);
        }
    }
    answer(office, bank, (fault, &file), (payments, &accounts)).await;
    judge(office, bank, fault, payments, &accounts).await
}

/// Brings an answer as the fault has it.
async fn deliver(office: &mut Office<'_>, fault: Fault, file: &str) -> Taken {
    match fault {
        Fault::AnsweredTwice => drop(office.bring(file).await),
        Fault::AnswerCut => {
            if let Some(taken) = office.bring_once(&file[..file.len() / 2]).await {
                assert!(taken.is_err(), "{taken:?}");
            }
        }
        Fault::AnsweredByTwo => office.bring_with_another(file).await,
        _ => {}
    }
    office.bring(file).await
}

/// The bank answers until each payment has its ending.
async fn answer(
    office: &mut Office<'_>,
    bank: &mut Bank,
    (fault, file): (Fault, &[u8]),
    (payments, accounts): ([i64; 2], &[String]),
) {
    let (second, is_sepa) = (&accounts[1], office.format == Format::Sepa);
    match fault {
        Fault::Refused if is_sepa => drop(office.bring(&Bank::refusal(file, Some(second), "AC04")).await),
        Fault::Refused => {
            bank.send_back(second);
            office.bring(&bank.answer()).await;
        }
        Fault::AnsweredTwice | Fault::AnswerCut | Fault::AnsweredByTwo if is_sepa => bank.send_back(second),
        _ => {}
    }
    if is_sepa {
        let taken = deliver(office, fault, &bank.answer()).await;
        let alarms = taken.not_taken.iter().filter(|line| line.contains("paid twice")).count();
        assert_eq!(alarms, if fault == Fault::DissolvedFalsely { 2 } else { 0 }, "{fault:?}: {taken:?}");
    } else {
        office.settle(payments).await;
    }
    if fault == Fault::RefusedAfterBooking && is_sepa {
        let taken = office.bring(&Bank::refusal(file, Some(second), "AC04")).await;
        assert!(taken.failed == 0 && taken.not_taken.len() == 1, "{taken:?}");
        assert_eq!(office.state(payments[1]).await, WithdrawalState::Succeeded);
    }
    if fault.ending() == WithdrawalState::Returned && office.state(payments[1]).await != fault.ending() {
        office.installation.clock.advance(20 * DAY);
        bank.send_back(second);
        deliver(office, fault, &bank.answer()).await;
    }
}

/// Compares the bank's books with ours.
async fn judge(
    office: &Office<'_>,
    bank: &Bank,
    fault: Fault,
    payments: [i64; 2],
    accounts: &[String],
) -> i64 {
    let cents = if office.format == Format::Sepa { NET * 9 / 10 } else { NET };
    let mut spent = 0;
    for ((number, account), ending) in
        payments.iter().zip(accounts).zip([WithdrawalState::Succeeded, fault.ending()])
    {
        let state = office.state(*number).await;
        let (executed, back) = bank.seen(account);
        let case = format!("{fault:?}, killed at {:?}, payment {number}", office.kill);
        assert_eq!(state, ending, "{case}");
        // Twice only where the operator has said falsely that the bank has no file.
        let times = if fault == Fault::DissolvedFalsely { 2 } else { 1 };
        let is_refused = bank.refuses.contains(account);
        assert_eq!(executed, vec![cents; if is_refused { 0 } else { times }], "{case}");
        // What was given back is nowhere else: it was never executed, or it has come back to the account.
        assert_eq!(back, if state.gave_money_back() { executed.len() } else { 0 }, "{case}");
        spent += if state.gave_money_back() { 0 } else { GROSS };
    }
    spent
}

/// All faults x all steps x all ends of a process in them, so many times; gives the number of kills.
async fn matrix(format: Format, times: u32) -> u32 {
    let installation = Installation::new(&Clock::manual(MADE_AT));
    let mut office = Office::open(&installation, format).await;
    let (book, method) = (office.book, office.method());
    let (mut bank, mut next, mut spent) = (Bank::new(format), 1, 0);
    let faults =
        FAULTS.iter().filter(|fault| format == Format::Sepa || **fault != Fault::RefusedAfterBooking);
    let faults: Vec<Fault> = faults.copied().collect();
    for _ in 0..times {
        for fault in &faults {
            let (mut step, mut end) = (0, End::Before);
            loop {
                top_up(&office.platform, book, 2 * GROSS).await;
                let before = office.kills;
                (office.steps, office.kill) = (0, Some((step, end)));
                spent += scenario(&mut office, &mut bank, *fault, next).await;
                next += 2;
                office.installation.clock.advance(3_600_000_000);
                end = match (end, office.kills > before) {
                    // There is no such step any more.
                    (End::Before, false) => break,
                    (End::Before, true) => End::AtWait(0),
                    (End::AtWait(waits), true) => End::AtWait(waits + 1),
                    (End::AtWait(_), false) => End::After,
                    (End::After, _) => {
                        step += 1;
                        End::Before
                    }
                };
            }
        }
    }
    assert_eq!(balance(&office.platform, book).await, Cents(next * GROSS - spent));
    assert_books_are_clean(&office.platform).await;
    let (payments, kills) = (next - 1, office.kills);
    println!("{method}: {payments} payments, {} faults, {kills} kills, none paid twice", faults.len());
    kills
}

/// One pass of all faults has at least so many payments.
const PASS: usize = 500;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sepa_payments_are_paid_once_each_wherever_the_process_ends() {
    let kills = matrix(Format::Sepa, repeats(2, PASS)).await;
    assert!(kills >= 300, "{kills}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ach_payments_are_paid_once_each_wherever_the_process_ends() {
    let kills = matrix(Format::Ach, repeats(2, PASS)).await;
    assert!(kills >= 300, "{kills}");
}
