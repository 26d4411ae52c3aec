//! Which withdrawals a list shows: a part of the address or of the destination, an id, the rail's own number of the payment, an amount,
//! state, method, doubt, days. Used by the list and by its export.

use crate::dashboard::door::list::{ListKind, ListQuery, TypedSearch};
use crate::dashboard::door::query::Query;
use crate::dashboard::door::signed_in::SignedIn;
use crate::dashboard::people::users::one_person;
use crate::ids::IdKind;
use crate::search;
use crate::store::{Failure, SearchKind, WithdrawalList};
use ledger::{Email, Provider, WithdrawalState};

pub(crate) const LIST: ListKind = ListKind {
    path: "/dashboard/withdrawals",
    search: Some(SearchKind::Withdrawals),
    id: Some(IdKind::Withdrawal),
    has_amounts: true,
    own: &["state", "method", "doubt"],
    rare: &["doubt"],
    nouns: ("withdrawal", "withdrawals"),
};

pub(crate) fn asked(query: &Query) -> ListQuery {
    ListQuery::read(query, LIST).or_q(query.get("email"))
}

/// The list that was asked for, or what is wrong with the question.
pub(crate) async fn wanted(
    who: &SignedIn,
    list: &ListQuery,
) -> Result<Result<(WithdrawalList, TypedSearch), String>, Failure> {
    let (mut typed, mut wanted) =
        match list.typed(who).and_then(|typed| Ok((typed.clone(), list.filter(&typed)?))) {
            Ok((typed, any)) => (typed, WithdrawalList { any, ..WithdrawalList::default() }),
            Err(sentence) => return Ok(Err(sentence)),
        };
    if let TypedSearch::Text(text) = &typed
        && let Some(number) = by_order_number(who, text)
    {
        typed = TypedSearch::Row(number);
    }
    match &typed {
        TypedSearch::Row(number) => wanted.number = Some(*number),
        TypedSearch::Text(text) => {
            wanted.user = person(who, text).await?;
            let found = search::by_reference(&who.platform.store, who.book, text).await?;
            wanted.among = Some(found).filter(|found| !found.is_empty() && wanted.user.is_none());
        }
        TypedSearch::Nothing | TypedSearch::Amount(_) => {}
    }
    if wanted.number.is_some() || wanted.user.is_some() || wanted.among.is_some() {
        wanted.any.text.clear();
    }
    match (list.own("state"), WithdrawalState::from_word(list.own("state"))) {
        ("", _) => {}
        (_, Some(state)) => wanted.state = Some(state),
        // An unknown state matches nothing.
        (_, None) => wanted.number = Some(0),
    }
    wanted.method = Some(list.own("method").to_owned()).filter(|method| !method.is_empty());
    wanted.in_doubt = !list.own("doubt").is_empty();
    Ok(Ok((wanted, typed)))
}

/// The person of a whole address, or of an id.
async fn person(who: &SignedIn, text: &str) -> Result<Option<i64>, Failure> {
    if let Some(number) = who.platform.secrets.ids().open(IdKind::PayoutUser, who.book, text) {
        return Ok(Some(number));
    }
    if Email::parse(text).is_ok() { one_person(who, text).await } else { Ok(None) }
}

/// The withdrawal that a rail knows by this number.
pub(crate) fn by_order_number(who: &SignedIn, text: &str) -> Option<i64> {
    let ids = who.platform.secrets.ids();
    let of = |provider: &Provider| ids.open_order(*provider, text).filter(|(book, _)| *book == who.book);
    Provider::ALL.iter().find_map(of).map(|(_, number)| number)
}
