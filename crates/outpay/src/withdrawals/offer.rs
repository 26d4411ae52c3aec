//! What a person is offered: every method of the book, under which terms, and why one is closed, in words a person
//! understands. Not here: whether the money suffices for a certain amount (price.rs).

use crate::platform::Platform;
use crate::rails::{Choice, Closed, Facts, Mounted};
use crate::stopped::Stopped;
use crate::store::Failure;
use ledger::{BookId, Cents, Mode, Pause, Refusal, ReviewRule, Terms};
use std::sync::Arc;

/// One method as a person sees it.
#[derive(Clone, Debug)]
pub struct Offer {
    /// What the rail is.
    pub facts: Facts,
    /// The business's conditions.
    pub terms: Terms,
    /// Why it cannot be used now: a stable word and a sentence.
    pub closed: Option<(&'static str, &'static str)>,
    /// What there is to choose from, where not every amount can be paid.
    pub choices: Vec<OfferedChoice>,
}

/// One thing to choose, in terms of what leaves the balance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferedChoice {
    /// For example a brand.
    pub name: String,
    /// The gross amount; the least one where there is a range.
    pub gross: Cents,
    /// What `gross` leaves after the fee.
    pub net: Cents,
    /// The largest gross amount, where any from `gross` on can be chosen.
    pub most: Option<Cents>,
}

/// The terms of a method that the business has not set: closed, and reviewed where its kind says so; in test mode all are open
/// from the start.
#[must_use]
pub fn standard_terms(platform: &Platform, book: BookId, method: &str) -> Terms {
    let kind = platform.rails.get(book.mode(), method).map(|mounted| mounted.facts().kind());
    let always = kind.is_some_and(|kind| kind.reviewed_by_default);
    let review = ReviewRule { always, ..ReviewRule::default() };
    Terms { enabled: book.mode() == Mode::Test, review, ..Terms::default() }
}

/// The terms of one method.
pub async fn terms(platform: &Platform, book: BookId, method: &str) -> Result<Terms, Failure> {
    let mut all = platform.store.all_terms(book).await?;
    Ok(all.remove(method).unwrap_or_else(|| standard_terms(platform, book, method)))
}

/// The rail behind a method's name.
pub fn rail<'a>(platform: &'a Platform, book: BookId, method: &str) -> Result<&'a Arc<Mounted>, Stopped> {
    platform.rails.get(book.mode(), method).ok_or(Stopped::UnknownMethod)
}

/// All methods for a person with this balance.
pub async fn all(platform: &Platform, book: BookId, balance: Cents) -> Result<Vec<Offer>, Failure> {
    let mut set = platform.store.all_terms(book).await?;
    let pauses = platform.store.pauses_of(book).await?;
    let mut offers = Vec::new();
    for mounted in platform.rails.of(book.mode()) {
        let name = &mounted.facts().name;
        let terms = set.remove(name);
        offers.push(with_terms(platform, book, mounted, (terms, is_for_all(&pauses, name)), balance).await);
    }
    Ok(offers)
}

/// One method for a person with this balance.
///
/// # Errors
/// [`Stopped`]: there is no such method, or the database breaks.
pub async fn one(platform: &Platform, book: BookId, method: &str, balance: Cents) -> Result<Offer, Stopped> {
    let mounted = rail(platform, book, method)?;
    let terms = platform.store.all_terms(book).await?.remove(method);
    let is_paused = is_paused(platform, book, method).await?;
    Ok(with_terms(platform, book, mounted, (terms, is_paused), balance).await)
}

/// Is a method paused for a whole book? Whether one person is paused is decided by the ledger when a withdrawal is asked for.
pub async fn is_paused(platform: &Platform, book: BookId, method: &str) -> Result<bool, Failure> {
    Ok(is_for_all(&platform.store.pauses_of(book).await?, method))
}

fn is_for_all(pauses: &[Pause], method: &str) -> bool {
    let names = |pause: &Pause| pause.method.as_deref().is_none_or(|of| of == method);
    pauses.iter().any(|pause| pause.user.is_none() && names(pause))
}

async fn with_terms(
    platform: &Platform,
    book: BookId,
    mounted: &Mounted,
    (terms, is_paused): (Option<Terms>, bool),
    balance: Cents,
) -> Offer {
    let terms = terms.unwrap_or_else(|| standard_terms(platform, book, &mounted.facts().name));
    let mut offer = Offer { facts: mounted.facts().clone(), terms, closed: None, choices: Vec::new() };
    offer.closed = closed(platform, book, mounted, (&mut offer, is_paused), balance).await;
    offer
}

async fn closed(
    platform: &Platform,
    book: BookId,
    mounted: &Mounted,
    (offer, is_paused): (&mut Offer, bool),
    balance: Cents,
) -> Option<(&'static str, &'static str)> {
    let refused = |refusal: &Refusal| Some((refusal.code(), refusal.sentence()));
    if is_paused {
        return refused(&Refusal::MethodIsPaused);
    }
    let terms = &offer.terms;
    if !terms.enabled {
        return refused(&Refusal::MethodIsClosed);
    }
    if balance < terms.minimum {
        let sentence = "Your balance is below the minimum of this method.";
        return Some((Refusal::AmountIsBelowTheMinimum.code(), sentence));
    }
    let words = |closed: Closed| Some((closed.code(), closed.sentence()));
    if let Err(closed) = mounted.check_health(platform.clock.monotonic()) {
        return words(closed);
    }
    let funds = match mounted.rail.balance(book).await {
        Ok(funds) => funds,
        Err(closed) => return words(closed),
    };
    let choices = funds.choices.into_iter();
    offer.choices = choices.filter_map(|choice| offered(terms, choice, funds.available)).collect();
    let least = terms.minimum.minus(terms.fee.fee(terms.minimum)).unwrap_or(Cents::ZERO);
    if funds.available.is_some_and(|available| available < least) { words(Closed::OutOfFunds) } else { None }
}

/// A choice under these terms; `None` where no amount of it fits them, or the rail cannot pay the least.
fn offered(terms: &Terms, choice: Choice, available: Option<Cents>) -> Option<OfferedChoice> {
    let within = |net: &Cents| available.is_none_or(|available| *net <= available);
    let Choice { name, net, most } = choice;
    let Some(most) = most else {
        let fits = |gross: &Cents| (terms.minimum..=terms.maximum).contains(gross);
        let gross = terms.fee.gross_for(net).filter(fits).filter(|_| within(&net))?;
        return Some(OfferedChoice { name, gross, net, most: None });
    };
    let most = available.map_or(most, |available| most.min(available));
    let gross = terms.fee.gross_for_at_least(net)?.max(terms.minimum);
    // The largest that leaves no more than `most` is one below the least that leaves more.
    let above = terms.fee.gross_for_at_least(most.plus(Cents(1))?)?;
    let largest = above.minus(Cents(1))?.min(terms.maximum);
    let net = gross.minus(terms.fee.fee(gross))?;
    (gross <= largest && net > Cents::ZERO).then_some(OfferedChoice { name, gross, net, most: Some(largest) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger::FeeRule;

    #[test]
    fn a_range_is_cut_to_terms_and_funds() {
        let terms = |minimum, maximum, fixed| Terms {
            minimum: Cents(minimum),
            maximum: Cents(maximum),
            fee: FeeRule { fixed: Cents(fixed), basis_points: 100, ..FeeRule::default() },
            ..Terms::default()
        };
        let choice = |most| Choice { name: "Shop".to_owned(), net: Cents(500), most };
        let range = |terms: &Terms, available| {
            let found = offered(terms, choice(Some(Cents(10_000))), available)?;
            for gross in [found.gross, found.most.unwrap()] {
                let net = gross.minus(terms.fee.fee(gross)).unwrap();
                assert!((Cents(500)..=Cents(10_000)).contains(&net), "{gross:?}");
            }
            Some((found.gross.0, found.net.0, found.most.unwrap().0))
        };
        assert_eq!(range(&terms(1, 100_000, 0), None), Some((505, 500, 10_101)));
        assert_eq!(range(&terms(600, 900, 0), None), Some((600, 594, 900)));
        assert_eq!(range(&terms(1, 100_000, 50), Some(Cents(600))), Some((555, 500, 656)));
        assert_eq!(range(&terms(1, 400, 0), None), None);
        assert_eq!(range(&terms(1, 100_000, 0), Some(Cents(499))), None);
        assert_eq!(offered(&terms(1, 100_000, 0), choice(None), Some(Cents(499))), None);
        let one = offered(&terms(1, 100_000, 0), choice(None), None).unwrap();
        assert_eq!((one.gross.0, one.net.0, one.most), (505, 500, None));
    }
}
