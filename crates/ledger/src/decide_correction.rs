//! Which corrections of a business's own money are possible, and the entry that each writes. Not here: that two people have
//! agreed (outpay), and all other money (decide.rs).

use crate::correction::{Confirmed, CorrectionDetail};
use crate::decide::{check, check_amount, check_room, own_balances_after};
use crate::{AccountId, Book, Change, Correction, MAX_TRANSFER, NewEntry, Plan, Refusal};

pub(crate) fn correct(book: &Book, confirmed: &Confirmed) -> Result<Plan, Refusal> {
    let Confirmed { proposal, correction, amount, ref reason, proposed_by } = *confirmed;
    let (debit, credit) = correction.accounts();
    check_amount(amount, MAX_TRANSFER)?;
    let mut changes = Vec::with_capacity(2);
    if let Correction::ReverseDeposit { deposit } = correction {
        let standing = book.deposit(deposit).ok_or(Refusal::DepositIsUnknown)?;
        let after = standing.reversed.plus(amount);
        check(after.is_some_and(|after| after <= standing.amount), Refusal::DepositDoesNotCoverTheReversal)?;
        changes.push(Change::ReverseDeposit { deposit, amount });
    }
    let too_low =
        if debit == AccountId::FEES { Refusal::FeesAreTooLow } else { Refusal::MainBalanceIsTooLow };
    check(book.balance(debit) >= amount, too_low)?;
    check_room(book, credit, amount)?;
    let detail = CorrectionDetail { deposit: correction.deposit(), proposal, proposed_by: proposed_by.0 };
    let entry = NewEntry::new(correction.kind()).with_note(reason).with_detail(&detail.text());
    changes.push(Change::Move { entry, debit, credit, amount });
    Ok(Plan { changes, reply: own_balances_after(book, debit, credit, amount) })
}
