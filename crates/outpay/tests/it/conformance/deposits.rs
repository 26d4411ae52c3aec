//! Deposits: each reference belongs to one business, also when several are recorded at the same moment; and the
//! largest deposit is known.

use crate::conformance::bare_store::{BareStore, NOW};
use crate::conformance::on_both_engines;
use crate::conformance::till::{Till, ask, deposit};
use ledger::{Applied, BookId, Cents, Command, Confirmed, Correction, DepositedElsewhere, Refusal};

on_both_engines! {
    a_reference_is_of_one_business,
    of_two_businesses_at_once_one_has_a_reference,
    the_largest_deposit_is_of_those_that_stand,
}

fn only_here(reference: &str) -> Command {
    Command::Deposit {
        amount: Cents(5),
        reference: reference.to_owned(),
        used_elsewhere: false,
        received_on: String::new(),
    }
}

fn used_in(book: BookId) -> Refusal {
    Refusal::DepositReferenceWasUsedForAnotherBusiness(DepositedElsewhere { book, at: NOW })
}

async fn a_reference_is_of_one_business(world: &BareStore) {
    let (acme, other) = (world.book("Acme").await, world.book("Other").await);
    let mut till = world.till().await;
    let test = |book: BookId| BookId(book.0 + 1);
    till.carry_out(acme, [only_here("wire 1")]).await;
    let refused = [Err(used_in(acme))];
    assert_eq!(till.apply(&[ask(other, only_here("wire 1"))]).await, refused);
    assert!(matches!(
        till.apply(&[ask(acme, only_here("wire 1"))]).await[..],
        [Ok(Applied { replayed: true, .. })]
    ));
    till.carry_out(test(other), [only_here("wire 1")]).await;
    till.carry_out(other, [only_here("wire 2"), deposit(5, "wire 1")]).await;
    till.carry_out(test(acme), [only_here("wire 2")]).await;
    // Later commands of a batch see the earlier ones.
    let verdicts = till.apply(&[ask(acme, only_here("wire 3")), ask(other, only_here("wire 3"))]).await;
    assert!(verdicts[0].is_ok() && verdicts[1] == Err(used_in(acme)), "{verdicts:?}");
}

async fn of_two_businesses_at_once_one_has_a_reference(world: &BareStore) {
    let mut books = Vec::new();
    for name in ["a", "b", "c", "d"] {
        books.push(world.book(name).await);
    }
    let verdicts = world.at_once(books.len(), async |store, number| {
        let mut till = Till::new(store.teller().await.unwrap(), world.secrets.clone());
        let mut done = Vec::new();
        for round in 0..20 {
            let command = only_here(&format!("wire {round}"));
            done.push(till.apply(&[ask(books[number], command)]).await.remove(0).is_ok());
        }
        done
    });
    for round in 0..20 {
        let done: Vec<bool> = verdicts.iter().map(|done| done[round]).collect();
        assert_eq!(done.iter().filter(|done| **done).count(), 1, "round {round}: {done:?}");
    }
}

async fn the_largest_deposit_is_of_those_that_stand(world: &BareStore) {
    let book = world.book("Acme").await;
    let largest = async |of| world.store.largest_deposit(of).await.unwrap();
    assert_eq!(largest(book).await, None);
    let mut till = world.till().await;
    till.carry_out(book, [deposit(70, "a"), deposit(900, "b"), deposit(80, "c")]).await;
    assert_eq!(largest(book).await, Some(Cents(900)));
    let reversed = Confirmed {
        proposal: 1,
        correction: Correction::ReverseDeposit { deposit: 2 },
        amount: Cents(1),
        reason: "typed wrongly".to_owned(),
        proposed_by: ledger::Actor::OPERATOR,
    };
    till.carry_out(book, [Command::Correct(Box::new(reversed))]).await;
    assert_eq!(largest(book).await, Some(Cents(80)));
    assert_eq!(largest(BookId(book.0 + 1)).await, None);
}
