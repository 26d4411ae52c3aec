//! Other withdrawals to the account, wallet or address of one: earlier ones of the same person, and those of other people of the
//! business, which is how one person with several names shows. Only reads; other businesses are never looked at.
//!
//! Speed: the value's three-byte pieces lead through the search index to the few rows that may have it; those are compared with the
//! destination itself. So it does not matter how many withdrawals there are, and no write of the books keeps an index for it.

use crate::platform::Platform;
use crate::rails;
use crate::search;
use crate::store::{
    Failure, ListFilter, ListOrder, ListPage, ListPlace, ListWindow, SearchKind, WithdrawalList,
};
use ledger::{BookId, Withdrawal};

/// Rows that are shown of the same person.
const OWN: i64 = 5;
/// Withdrawals of others that are looked at.
const OTHERS: i64 = 50;

/// Who else was or is to be paid there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SamePayee {
    /// The account, wallet or address.
    pub value: String,
    /// Of the same person, newest first, without the one that was asked about.
    pub own: Vec<Withdrawal>,
    pub has_more_own: bool,
    /// Of other people, newest first.
    pub others: Vec<Withdrawal>,
    pub has_more_others: bool,
    /// Withdrawals that the search index does not have yet.
    pub behind: i64,
}

/// What else was asked for to the account of this one; `None` where its destination names no account.
pub async fn of(platform: &Platform, book: BookId, one: &Withdrawal) -> Result<Option<SamePayee>, Failure> {
    let Some(value) = rails::kind(one.provider).payee_of(&one.destination) else { return Ok(None) };
    let behind = search::catch_up(&platform.store, book, SearchKind::Withdrawals).await?;
    let list = || WithdrawalList {
        any: ListFilter { text: value.clone(), ..ListFilter::default() },
        value: Some(value.clone()),
        ..WithdrawalList::default()
    };
    let find = async |list: WithdrawalList, limit: i64| -> Result<ListPage<Withdrawal>, Failure> {
        let (order, place) = (ListOrder::Newest, ListPlace::Start);
        let window = ListWindow { order, place, limit, counts: false };
        platform.store.list_withdrawals(book, &list, &window).await
    };
    // One more, which may be the one that was asked about.
    let mut own = find(WithdrawalList { user: Some(one.user), ..list() }, OWN + 1).await?;
    own.rows.retain(|of| of.number != one.number);
    let shown = usize::try_from(OWN)?;
    let has_more_own = own.next.is_some() || own.rows.len() > shown;
    own.rows.truncate(shown);
    let others = find(WithdrawalList { not_user: Some(one.user), ..list() }, OTHERS).await?;
    Ok(Some(SamePayee {
        own: own.rows,
        has_more_own,
        has_more_others: others.next.is_some(),
        others: others.rows,
        behind,
        value,
    }))
}
