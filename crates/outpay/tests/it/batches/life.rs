//! A batch from its making to its end.

use crate::batches::hat::{Batches, OPERATOR, code};
use ledger::{Actor, WithdrawalState};
use outpay::testing::batches::{self, line_word};
use outpay::testing::store::PauseScope;

crate::world::on_both_engines! {
    a_batch_goes_from_the_queue_to_its_answer,
    amounts_are_converted_at_the_rate_of_the_batch,
    a_rate_is_given_where_it_is_needed_and_not_elsewhere,
    what_cannot_be_written_begins_nothing,
    what_is_paused_gets_into_no_batch_and_no_file,
    of_two_makers_at_once_each_payment_is_in_one_batch,
    a_lost_file_is_the_same_to_the_byte,
    a_batch_that_was_not_sent_gives_its_payments_to_another,
    what_was_paid_in_another_way_is_not_given_out,
    the_person_sees_an_estimate_beforehand,
}

async fn a_batch_goes_from_the_queue_to_its_answer(world: &Batches) {
    let (_, book) = world.start().await;
    let numbers = [world.asks(book, "bank", 2_550).await, world.asks(book, "bank", 1_000).await];
    let number = world.make(book, "bank", None).await.unwrap();
    let batch = world.batch(book, number).await;
    assert_eq!((batch.word(), batch.row.payments, batch.row.total.0, batch.open), ("waiting", 2, 3_550, 2));
    for of in numbers {
        assert_eq!(
            world.state(book, of).await,
            WithdrawalState::Sending,
            "the person cannot cancel any more"
        );
        assert!(world.platform.counter(book, Actor::NONE).cancel(of, "no").await.is_err());
    }
    assert_eq!(code(world.make(book, "bank", None).await), "batch_nothing_to_pay");
    let download = async || batches::download(&world.platform, book, number, OPERATOR).await;
    assert_eq!(code(download().await), "batch_state");
    batches::approve(&world.platform, book, number, OPERATOR.into()).await.unwrap();
    let (file, batch) = download().await.unwrap();
    assert_eq!(
        (file.name.as_str(), batch.row.downloads, batch.word()),
        ("outpay-batch-1.csv", 1, "approved")
    );
    let text = String::from_utf8(file.bytes).unwrap();
    let id = world.withdrawal_id(book, numbers[0]);
    let expected = format!("{id},25.50,USD,Ann Example,'=DE89,\n");
    assert!(text.contains(&expected), "{text}");
    assert!(
        text.starts_with("\u{feff}id,amount,currency,destination[name],destination[account],proof\n"),
        "{text}"
    );
    let filled = text.replace("'=DE89,\n", "'=DE89,statement 7\n");
    let first: String = filled.lines().take(2).map(|line| format!("{line}\n")).collect();
    let taken = world.bring(book, "bank", &first).await.unwrap();
    assert_eq!((taken.settled, taken.not_taken), (1, Vec::new()));
    assert_eq!(world.batch(book, number).await.word(), "partly_settled");
    let taken = world.bring(book, "bank", &filled).await.unwrap();
    assert_eq!((taken.settled, taken.known, taken.not_taken), (1, 1, Vec::new()));
    let batch = world.batch(book, number).await;
    assert_eq!((batch.word(), batch.settled, batch.closed_at()), ("closed", 2, Some(world.now())));
    assert_eq!(world.money(book).await, (500_000 - 3_550, 0));
}

async fn amounts_are_converted_at_the_rate_of_the_batch(world: &Batches) {
    let (_, book) = world.start().await;
    for amount in [2_550, 333, 1_000] {
        world.asks(book, "wire", amount).await;
    }
    let (number, file) = world.given_out(book, "wire", Some("0.9215")).await;
    let lines = world.lines(book, number).await;
    let converted: Vec<i64> = lines.iter().map(|line| line.converted).collect();
    // 23.49825, 3.068595 and 9.215 euros, rounded half up each.
    assert_eq!(converted, [2_350, 307, 922]);
    let row = world.batch(book, number).await.row;
    assert_eq!((row.converted, row.total.0, row.currency.as_str()), (3_579, 3_883, "EUR"));
    let first = format!("{};2350;", world.order_id(book, lines[0].withdrawal.number));
    assert!(String::from_utf8(file).unwrap().starts_with(&first));
}

async fn a_rate_is_given_where_it_is_needed_and_not_elsewhere(world: &Batches) {
    let (_, book) = world.start().await;
    let euro = world.asks(book, "wire", 1).await;
    world.asks(book, "bank", 1_000).await;
    assert_eq!(code(world.make(book, "wire", None).await), "batch_rate_missing");
    assert_eq!(code(world.make(book, "bank", Some("0.9")).await), "batch_rate_not_one");
    assert_eq!(code(world.make(book, "wire", Some("0.4")).await), "batch_amount_not_possible");
    assert_eq!(code(world.make(book, "gift_card", None).await), "not_manual");
    assert_eq!(code(world.make(book, "cash", None).await), "method_not_found");
    assert_eq!(world.state(book, euro).await, WithdrawalState::Queued, "nothing was begun");
    assert_eq!(code(world.make(book, "bank", Some("1.0")).await), "done");
}

async fn what_cannot_be_written_begins_nothing(world: &Batches) {
    let (_, book) = world.start().await;
    let good = world.asks(book, "wire", 1_000).await;
    world.asks_as(book, "wire", 1_000, "unwritable").await;
    assert_eq!(code(world.make(book, "wire", Some("0.9")).await), "batch_file_not_possible");
    assert_eq!(world.state(book, good).await, WithdrawalState::Queued);
}

async fn what_is_paused_gets_into_no_batch_and_no_file(world: &Batches) {
    let (_, book) = world.start().await;
    let of = world.asks(book, "bank", 1_000).await;
    let store = &world.platform.store;
    let rail = PauseScope::Rail("bank".to_owned());
    store.pause(&rail, "why", OPERATOR, &[]).await.unwrap();
    assert_eq!(code(world.make(book, "bank", None).await), "method_paused");
    store.resume(&rail, &[]).await.unwrap();
    let person = PauseScope::Person(book, 1);
    store.pause(&person, "why", OPERATOR, &[]).await.unwrap();
    assert_eq!(code(world.make(book, "bank", None).await), "batch_nothing_to_pay");
    assert_eq!(world.state(book, of).await, WithdrawalState::Queued);
    store.resume(&person, &[]).await.unwrap();
    let number = world.make(book, "bank", None).await.unwrap();
    let approve = async || batches::approve(&world.platform, book, number, OPERATOR.into()).await;
    let download = async || batches::download(&world.platform, book, number, OPERATOR).await;
    store.pause(&person, "why", OPERATOR, &[]).await.unwrap();
    assert_eq!(code(approve().await), "batch_payments_stopped");
    store.resume(&person, &[]).await.unwrap();
    approve().await.unwrap();
    store.pause(&rail, "why", OPERATOR, &[]).await.unwrap();
    assert_eq!(code(download().await), "batch_payments_stopped");
    assert_eq!(world.batch(book, number).await.row.downloads, 0);
    store.resume(&rail, &[]).await.unwrap();
    assert_eq!(code(download().await), "done");
}

async fn of_two_makers_at_once_each_payment_is_in_one_batch(world: &Batches) {
    let (_, book) = world.start().await;
    let mut asked = Vec::new();
    for _ in 0..12 {
        asked.push(world.asks(book, "bank", 100).await);
    }
    let other = world.neighbour().await;
    let (one, two) = tokio::join!(
        batches::make(&world.platform, book, "bank", None, OPERATOR),
        batches::make(&other, book, "bank", None, OPERATOR)
    );
    let mut paid = Vec::new();
    let mut made = 0;
    for done in [one, two] {
        match done {
            Ok(number) => {
                made += 1;
                paid.extend(world.lines(book, number).await.iter().map(|line| line.withdrawal.number));
            }
            refused => assert_eq!(code(refused), "batch_nothing_to_pay"),
        }
    }
    paid.sort_unstable();
    assert_eq!(paid, asked, "each in one of {made} batches");
}

async fn a_lost_file_is_the_same_to_the_byte(world: &Batches) {
    let (_, book) = world.start().await;
    world.asks(book, "bank", 1_000).await;
    let (number, first) = world.given_out(book, "bank", None).await;
    world.asks(book, "bank", 2_000).await;
    let (again, batch) = batches::download(&world.platform, book, number, OPERATOR).await.unwrap();
    assert_eq!(again.bytes, first);
    assert_eq!((batch.row.downloads, batch.row.payments), (2, 1), "what came later is not in it");
    // What was paid, or given back, is not paid by another copy.
    let paid = world.lines(book, number).await[0].withdrawal.number;
    world.platform.counter(book, OPERATOR).settle(paid, "by itself").await.unwrap();
    let third = batches::download(&world.platform, book, number, OPERATOR).await;
    assert_eq!(code(third), "batch_payments_ended");
    // A file that is not the one that was checked is never given out.
    let other = world.make(book, "bank", None).await.unwrap();
    batches::approve(&world.platform, book, other, OPERATOR.into()).await.unwrap();
    world.database.execute("UPDATE payment_batch_file SET name = 'x', bytes = (SELECT bytes FROM payment_batch_file WHERE batch = 1) WHERE batch = 2").await;
    let broken = batches::download(&world.platform, book, other, OPERATOR).await.unwrap_err();
    assert!(broken.to_string().contains("is not the one that was checked"), "{broken}");
}

async fn a_batch_that_was_not_sent_gives_its_payments_to_another(world: &Batches) {
    let (_, book) = world.start().await;
    let numbers = [world.asks(book, "bank", 1_000).await, world.asks(book, "bank", 2_000).await];
    let (first, _) = world.given_out(book, "bank", None).await;
    world.platform.counter(book, OPERATOR).settle(numbers[0], "paid by itself").await.unwrap();
    let dissolve = async |number, proof: &str| {
        batches::dissolve(&world.platform, book, number, proof, OPERATOR.into()).await
    };
    let batch = dissolve(first, "the bank has no such file").await.unwrap();
    assert_eq!((batch.word(), batch.settled, batch.moved, batch.open), ("dissolved", 1, 1, 0));
    assert_eq!(batch.row.proof, "the bank has no such file");
    let words: Vec<&str> = world.lines(book, first).await.iter().map(line_word).collect();
    assert_eq!(words, ["settled", "moved"]);
    assert_eq!(code(dissolve(first, "again").await), "batch_state");
    assert_eq!(code(batches::download(&world.platform, book, first, OPERATOR).await), "batch_state");
    let second = world.make(book, "bank", None).await.unwrap();
    let lines = world.lines(book, second).await;
    assert_eq!(lines.iter().map(|line| line.withdrawal.number).collect::<Vec<_>>(), [numbers[1]]);
    // The bank had it after all: said, and nothing is settled twice.
    let line = format!(
        "id,amount,currency,destination,proof\n{},20,USD,\"{{}}\",late\n",
        world.withdrawal_id(book, numbers[1])
    );
    let taken = world.bring(book, "bank", &line).await.unwrap();
    assert!(taken.not_taken[0].contains("was never given out"), "{taken:?}");
    assert_eq!(world.state(book, numbers[1]).await, WithdrawalState::Sending);
}

async fn what_was_paid_in_another_way_is_not_given_out(world: &Batches) {
    let (_, book) = world.start().await;
    let of = world.asks(book, "bank", 1_000).await;
    let number = world.make(book, "bank", None).await.unwrap();
    world.platform.counter(book, OPERATOR).settle(of, "by itself").await.unwrap();
    let approve = batches::approve(&world.platform, book, number, OPERATOR.into()).await;
    assert_eq!(code(approve), "batch_payments_ended");
    // The same between approval and download.
    let of = world.asks(book, "bank", 1_000).await;
    world.asks(book, "bank", 1_000).await;
    let number = world.make(book, "bank", None).await.unwrap();
    batches::approve(&world.platform, book, number, OPERATOR.into()).await.unwrap();
    world.platform.counter(book, OPERATOR).fail(of, "a mistake").await.unwrap();
    let download = batches::download(&world.platform, book, number, OPERATOR).await;
    assert_eq!(code(download), "batch_payments_ended");
    let dissolved = batches::dissolve(&world.platform, book, number, "stale", OPERATOR.into()).await.unwrap();
    assert_eq!((dissolved.failed, dissolved.moved), (1, 1));
}

async fn the_person_sees_an_estimate_beforehand(world: &Batches) {
    let (_, book) = world.start().await;
    let mounted = world.platform.rails.get(book.mode(), "wire").unwrap();
    let quote = mounted.rail.quote(book, ledger::Cents(1_000), "{}").await.unwrap();
    assert_eq!(quote.detail, r#"{"estimated_amount":"9.00 EUR","estimated_rate":"0.9"}"#);
    let bank = world.platform.rails.get(book.mode(), "bank").unwrap();
    assert_eq!(bank.rail.quote(book, ledger::Cents(1_000), "{}").await.unwrap().detail, "");
}
