//! The methods on the home page, each in a row: what the person would receive for the whole balance, the fee, and when it arrives. Those
//! that can be used come first; those that the business does not offer are not here. Also why a method cannot be used (also for the
//! form, withdraw.rs).

use super::words;
use crate::language::Language;
use crate::withdrawals::offer::{Offer, OfferedChoice};
use ledger::{Cents, FeeRule, Refusal};

/// Brands that a row names.
const NAMED_BRANDS: usize = 2;

/// A way to withdraw money.
pub(super) struct MethodRow {
    pub(super) name: String,
    pub(super) title: String,
    /// The name of an icon.
    pub(super) mark: &'static str,
    /// What the whole balance comes to; nothing if empty.
    pub(super) receive: String,
    /// What there is to choose from; nothing if empty.
    pub(super) brands: String,
    pub(super) fee: String,
    pub(super) time: String,
    pub(super) closed: Option<ClosedMethod>,
}

/// Why a method cannot be used.
pub(super) struct ClosedMethod {
    /// It may be open again later; else it is the person's balance that does not suffice.
    pub(super) is_temporary: bool,
    pub(super) why: String,
}

/// The rows, those that can be used first.
pub(super) fn rows(t: Language, offers: Vec<Offer>, balance: Cents) -> Vec<MethodRow> {
    let offered = offers.into_iter().filter(|offer| offer.terms.enabled);
    let mut rows: Vec<MethodRow> = offered.map(|offer| row(t, offer, balance)).collect();
    rows.sort_by_key(|row| row.closed.is_some());
    rows
}

/// Why this person cannot use a method; `None` if it can be used.
pub(super) fn closed(t: Language, offer: &Offer, balance: Cents) -> Option<ClosedMethod> {
    if let Some((code, english)) = offer.closed {
        let is_temporary = code != Refusal::AmountIsBelowTheMinimum.code();
        let why = words::closed(t, (code, english), offer.terms.minimum);
        return Some(ClosedMethod { is_temporary, why });
    }
    let is_chosen = offer.facts.fields.iter().any(|field| field.is_chosen());
    if is_chosen && offer.choices.is_empty() {
        return Some(ClosedMethod { is_temporary: true, why: t.say("closed.out_of_funds").to_owned() });
    }
    let why = if offer.choices.is_empty() {
        let covers_fee = net(offer, balance.min(offer.terms.maximum)).is_some();
        (!covers_fee).then(|| t.say("refusal.amount_does_not_cover_fee").to_owned())
    } else {
        let has_affordable = affordable(offer, balance).next().is_some();
        (!has_affordable).then(|| t.with("withdraw.too_small", "balance", t.money(balance.0)))
    };
    why.map(|why| ClosedMethod { is_temporary: false, why })
}

/// What an amount comes to; `None` where the fee takes all of it.
fn net(offer: &Offer, amount: Cents) -> Option<Cents> {
    amount.minus(offer.terms.fee.fee(amount)).filter(|net| *net > Cents::ZERO)
}

/// What the person can choose with this balance.
pub(super) fn affordable(offer: &Offer, balance: Cents) -> impl Iterator<Item = &OfferedChoice> {
    offer.choices.iter().filter(move |choice| choice.gross <= balance)
}

fn row(t: Language, offer: Offer, balance: Cents) -> MethodRow {
    let closed = closed(t, &offer, balance);
    let terms = &offer.terms;
    let whole = balance.min(terms.maximum);
    let fee = terms.fee.fee(whole);
    let least = affordable(&offer, balance).map(|choice| choice.net).min();
    let receive = match (least, net(&offer, whole)) {
        _ if closed.is_some() => String::new(),
        (Some(least), _) => t.with("method.receive_from", "amount", t.money(least.0)),
        (None, Some(net)) => t.with("method.receive", "amount", t.money(net.0)),
        (None, None) => String::new(),
    };
    let fee = match offer.choices.is_empty() {
        true if fee == Cents::ZERO => t.say("method.no_fee").to_owned(),
        true => t.with("method.fee_is", "fee", t.money(fee.0)),
        false if terms.fee == FeeRule::default() => t.say("method.no_fee").to_owned(),
        false => t.with("method.fee_is", "fee", words::fee_rule(t, &terms.fee)),
    };
    MethodRow {
        mark: offer.facts.kind().mark,
        title: offer.facts.title.in_language(t),
        receive,
        brands: if closed.is_some() { String::new() } else { brands(t, &offer, balance) },
        fee,
        time: offer.facts.expected_time.arrival(t),
        name: offer.facts.name,
        closed,
    }
}

/// `Amazon, Bookshop and 12 more`
fn brands(t: Language, offer: &Offer, balance: Cents) -> String {
    let mut names: Vec<&str> = Vec::new();
    for choice in affordable(offer, balance) {
        if !names.contains(&choice.name.as_str()) {
            names.push(&choice.name);
        }
    }
    let named = names.iter().take(NAMED_BRANDS).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED_BRANDS) {
        0 => named,
        more => format!("{named} {}", t.plural("home.more", more)),
    }
}

#[cfg(test)]
mod tests {
    use crate::rails::KINDS;
    use crate::web::ui;
    use askama::Template;

    #[test]
    fn every_kind_has_its_icon() {
        for kind in KINDS {
            assert!(ui::icon(kind.mark).render().unwrap().contains("<path"), "{}", kind.mark);
        }
    }
}
