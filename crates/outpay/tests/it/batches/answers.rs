//! What a bank answers: every line once, in any order, and only where everything fits.

use crate::batches::hat::{Batches, OPERATOR, code};
use crate::batches::wire_rail::{answer, answer_of};
use ledger::WithdrawalState;
use outpay::testing::batches::{self, Taken};
use outpay::testing::rails::message_id;
use outpay::testing::store::AuditFilter;

crate::world::on_both_engines! {
    booked_rejected_and_returned_lines_are_taken_once,
    a_payment_that_was_booked_and_came_back_is_in_one_file_in_any_order,
    a_line_that_does_not_fit_is_named_and_the_others_are_taken,
    a_second_booking_of_a_payment_is_an_alarm,
    a_whole_batch_is_booked_at_once,
    an_answer_to_a_dissolved_batch_ends_no_payment_of_the_next,
    a_file_that_is_none_changes_nothing,
    a_csv_line_is_taken_only_as_it_was_given_out,
}

fn counts(taken: &Taken) -> [usize; 6] {
    [taken.settled, taken.failed, taken.returned, taken.accepted, taken.known, taken.not_taken.len()]
}

async fn booked_rejected_and_returned_lines_are_taken_once(world: &Batches) {
    let (_, book) = world.start().await;
    let mut numbers = Vec::new();
    for _ in 0..4 {
        numbers.push(world.asks(book, "wire", 1_000).await);
    }
    let (number, _) = world.given_out(book, "wire", Some("0.9")).await;
    let order = |at: usize| world.order_id(book, numbers[at]);
    let first = answer(&order(0), "r1", 900, "EUR", "accepted")
        + &answer(&order(0), "r2", 900, "EUR", "booked")
        + &answer(&order(1), "r3", 900, "", "booked")
        + &answer(&order(2), "r4", 900, "EUR", "rejected")
        + &answer(&order(3), "r5", 900, "EUR", "returned");
    assert_eq!(counts(&world.bring(book, "wire", &first).await.unwrap()), [2, 2, 0, 1, 0, 0]);
    let states = [
        WithdrawalState::Succeeded,
        WithdrawalState::Succeeded,
        WithdrawalState::Failed,
        WithdrawalState::Failed,
    ];
    for (of, state) in numbers.iter().zip(states) {
        assert_eq!(world.state(book, *of).await, state);
    }
    let failed = world.platform.store.withdrawal(book, numbers[2]).await.unwrap().unwrap();
    assert_eq!(failed.reason, "Bank transfer (AC01)");
    assert_eq!(world.money(book).await, (500_000 - 2_000, 0));
    let later = first.clone() + &answer(&order(1), "r6", 900, "EUR", "returned");
    assert_eq!(counts(&world.bring(book, "wire", &later).await.unwrap()), [0, 0, 1, 1, 4, 0]);
    assert_eq!(counts(&world.bring(book, "wire", &later).await.unwrap()), [0, 0, 0, 1, 5, 0]);
    assert_eq!(world.money(book).await, (500_000 - 1_000, 0));
    let batch = world.batch(book, number).await;
    assert_eq!((batch.word(), batch.settled, batch.failed, batch.returned), ("closed", 1, 2, 1));
    let (business, action) = (book.business(), "batch.answered".to_owned());
    let filter = AuditFilter { business, actors: (i64::MIN, i64::MAX), action, before: i64::MAX, limit: 9 };
    assert_eq!(world.platform.store.audit_log(&filter).await.unwrap().len(), 3);
}

async fn a_payment_that_was_booked_and_came_back_is_in_one_file_in_any_order(world: &Batches) {
    let (_, book) = world.start().await;
    let of = world.asks(book, "wire", 1_000).await;
    world.given_out(book, "wire", Some("0.9")).await;
    let order = world.order_id(book, of);
    let file = answer(&order, "r2", 900, "EUR", "returned") + &answer(&order, "r1", 900, "EUR", "booked");
    assert_eq!(counts(&world.bring(book, "wire", &file).await.unwrap()), [1, 0, 1, 0, 0, 0]);
    assert_eq!(world.state(book, of).await, WithdrawalState::Returned);
    assert_eq!(world.money(book).await, (500_000, 0));
}

async fn a_line_that_does_not_fit_is_named_and_the_others_are_taken(world: &Batches) {
    let (business, book) = world.start().await;
    let mut numbers = Vec::new();
    for _ in 0..3 {
        numbers.push(world.asks(book, "wire", 1_000).await);
    }
    world.given_out(book, "wire", Some("0.9")).await;
    let waiting = world.asks(book, "wire", 1_000).await;
    let loose = world.asks(book, "wire", 2_000).await;
    let by_bank = world.asks(book, "bank", 1_000).await;
    world.given_out(book, "bank", None).await;
    let order = |number: i64| world.order_id(book, number);
    let foreign = world.order_id(business.test, numbers[0]);
    for (line, words) in [
        (
            answer(&order(numbers[0]), "r", 901, "EUR", "booked"),
            "the amount is not that of the payment, 9.00",
        ),
        (answer(&order(numbers[0]), "r", 900, "USD", "booked"), "the currency is not EUR"),
        (answer("MAN-7", "r", 900, "EUR", "booked"), "there is no payment with this number"),
        (answer(&foreign, "r", 900, "EUR", "booked"), "there is no payment with this number"),
        (answer(&order(by_bank), "r", 1_000, "USD", "booked"), "about no payment of this method"),
        (answer(&order(loose), "r", 1_800, "EUR", "booked"), "the payment is in no batch"),
    ] {
        let file = line + &answer(&order(numbers[1]), "good", 900, "EUR", "booked");
        let taken = world.bring(book, "wire", &file).await.unwrap();
        assert_eq!(taken.settled + taken.known, 1, "{taken:?}");
        assert!(taken.not_taken.len() == 1 && taken.not_taken[0].contains(words), "{words}: {taken:?}");
    }
    let second = world.make(book, "wire", Some("0.9")).await.unwrap();
    let taken = world.bring(book, "wire", &answer(&order(waiting), "r", 900, "EUR", "booked")).await.unwrap();
    assert!(taken.not_taken[0].contains("was never given out"), "batch {second}: {taken:?}");
    for of in [numbers[0], numbers[2], waiting, loose, by_bank] {
        assert_eq!(world.state(book, of).await, WithdrawalState::Sending);
    }
}

async fn a_second_booking_of_a_payment_is_an_alarm(world: &Batches) {
    let (_, book) = world.start().await;
    let paid = world.asks(book, "wire", 1_000).await;
    let refused = world.asks(book, "wire", 1_000).await;
    world.given_out(book, "wire", Some("0.9")).await;
    let file = answer(&world.order_id(book, paid), "r1", 900, "EUR", "booked")
        + &answer(&world.order_id(book, refused), "r2", 900, "EUR", "rejected");
    assert_eq!(counts(&world.bring(book, "wire", &file).await.unwrap()), [1, 1, 0, 0, 0, 0]);
    let again = answer(&world.order_id(book, paid), "r3", 900, "EUR", "booked")
        + &answer(&world.order_id(book, refused), "r4", 900, "EUR", "booked")
        + &answer(&world.order_id(book, refused), "r5", 900, "EUR", "returned");
    let taken = world.bring(book, "wire", &again).await.unwrap();
    assert_eq!(counts(&taken), [0, 0, 0, 0, 0, 3]);
    for (sentence, words) in
        taken.not_taken.iter().zip(["paid twice", "the bank has paid it", "failed already"])
    {
        assert!(sentence.contains(words), "{taken:?}");
    }
    assert_eq!(world.money(book).await, (500_000 - 1_000, 0));
}

async fn a_whole_batch_is_booked_at_once(world: &Batches) {
    let (_, book) = world.start().await;
    let mut numbers = Vec::new();
    for _ in 0..3 {
        numbers.push(world.asks(book, "wire", 1_000).await);
    }
    let (number, _) = world.given_out(book, "wire", Some("0.9")).await;
    let batch = message_id(&batches::id(&world.platform, book, number)).unwrap();
    let one = answer(&world.order_id(book, numbers[0]), "r0", 900, "EUR", "booked");
    assert_eq!(counts(&world.bring(book, "wire", &one).await.unwrap()), [1, 0, 0, 0, 0, 0]);
    let wrong = answer(&batch, "r1", 2_699, "EUR", "booked");
    let taken = world.bring(book, "wire", &wrong).await.unwrap();
    assert!(taken.not_taken[0].contains("the total of the batch, 27.00"), "{taken:?}");
    let file = answer(&batch, "r1", 2_700, "EUR", "booked");
    assert_eq!(counts(&world.bring(book, "wire", &file).await.unwrap()), [2, 0, 0, 0, 1, 0]);
    assert_eq!(counts(&world.bring(book, "wire", &file).await.unwrap()), [0, 0, 0, 0, 3, 0]);
    assert_eq!(world.batch(book, number).await.word(), "closed");
    let note = answer(&batch, "r2", 2_700, "EUR", "noted");
    let taken = world.bring(book, "wire", &note).await.unwrap();
    assert_eq!(taken.not_taken, [format!("{batch}: Bank transfer (C01)")]);
    // A rejection after the booking is for a person to judge.
    let rejected = answer(&batch, "r3", 2_700, "EUR", "rejected");
    assert_eq!(counts(&world.bring(book, "wire", &rejected).await.unwrap()), [0, 0, 0, 0, 0, 3]);
    assert_eq!(world.money(book).await, (500_000 - 3_000, 0));
}

/// The payment is in a second file under the same number: a late refusal of the first would give back what the second pays.
async fn an_answer_to_a_dissolved_batch_ends_no_payment_of_the_next(world: &Batches) {
    let (_, book) = world.start().await;
    let of = world.asks(book, "wire", 1_000).await;
    let (first, _) = world.given_out(book, "wire", Some("0.9")).await;
    let hands = OPERATOR.into();
    batches::dissolve(&world.platform, book, first, "the bank refused the file", hands).await.unwrap();
    let (second, _) = world.given_out(book, "wire", Some("0.9")).await;
    let message = |number: i64| message_id(&batches::id(&world.platform, book, number)).unwrap();
    let (order, old, new) = (world.order_id(book, of), message(first), message(second));
    for late in [
        answer(&old, "r1", 900, "EUR", "rejected"),
        answer_of(&old, &order, "r2", 900, "rejected"),
        answer_of(&old, &order, "r3", 900, "booked"),
        answer_of("another", &order, "r4", 900, "rejected"),
    ] {
        let taken = world.bring(book, "wire", &late).await.unwrap();
        assert!(
            taken.not_taken.len() == 1 && taken.not_taken[0].contains("another batch"),
            "{late}{taken:?}"
        );
        assert_eq!(world.state(book, of).await, WithdrawalState::Sending, "{late}");
    }
    let told = answer_of(&new, &order, "r5", 900, "booked");
    assert_eq!(counts(&world.bring(book, "wire", &told).await.unwrap()), [1, 0, 0, 0, 0, 0]);
}

async fn a_file_that_is_none_changes_nothing(world: &Batches) {
    let (_, book) = world.start().await;
    let of = world.asks(book, "wire", 1_000).await;
    world.given_out(book, "wire", Some("0.9")).await;
    let file = answer(&world.order_id(book, of), "r1", 900, "EUR", "booked") + "a;b\n";
    assert_eq!(code(world.bring(book, "wire", &file).await), "batch_answer_unreadable");
    for file in ["", "a,b\n1,2\n", "id,id,amount,currency,destination,proof\n"] {
        assert_eq!(code(world.bring(book, "bank", file).await), "batch_answer_unreadable", "{file:?}");
    }
    let latin = batches::bring(&world.platform, book, "bank", b"id,amount\nM\xfcller,1\n", OPERATOR).await;
    assert!(latin.unwrap_err().to_string().contains("windows-1252"));
    assert_eq!(world.state(book, of).await, WithdrawalState::Sending);
}

async fn a_csv_line_is_taken_only_as_it_was_given_out(world: &Batches) {
    let (_, book) = world.start().await;
    let numbers = [world.asks(book, "bank", 1_000).await, world.asks(book, "bank", 2_000).await];
    let (_, file) = world.given_out(book, "bank", None).await;
    let text = String::from_utf8(file).unwrap();
    let [id, other] = numbers.map(|number| world.withdrawal_id(book, number));
    let whole = "\"{ \"\"name\"\": \"\"Ann Example\"\", \"\"account\"\": \"\"=DE89\"\" }\"";
    let bad = [
        format!("{id},10.01,USD,{whole},p"),
        format!("{id},10.00,EUR,{whole},p"),
        format!("{id},10.00,USD,\"{{}}\",p"),
        format!("{id},10.00,USD,{whole},"),
        format!("ord_x,10.00,USD,{whole},p"),
        format!("{id},10.00"),
    ];
    let header = "id,amount,currency,destination,proof";
    let good = format!("{other},20,USD,{whole},p");
    let lines = format!("{header}\n{}\n{good}\n", bad.join("\n"));
    let taken = world.bring(book, "bank", &lines).await.unwrap();
    assert_eq!(counts(&taken), [1, 0, 0, 0, 0, 6]);
    for (at, words) in [
        (2, "the amount is not that"),
        (3, "the currency is not USD"),
        (4, "the destination is not that"),
        (5, "the proof is not one"),
        (6, "there is no withdrawal"),
        (7, "the columns of the header"),
    ] {
        let found =
            taken.not_taken.iter().any(|one| one.starts_with(&format!("line {at}: ")) && one.contains(words));
        assert!(found, "line {at} {words}: {taken:?}");
    }
    // A spreadsheet keeps the mark before what would be a formula, or drops it.
    let kept = text.replace("'=DE89,\n", "'=DE89,p\n");
    let taken = world.bring(book, "bank", &kept).await.unwrap();
    assert_eq!(counts(&taken), [1, 0, 0, 0, 1, 0]);
}
