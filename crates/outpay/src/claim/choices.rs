//! What there is to choose from, where a method does not pay every amount: a tile for each brand with its values, found by a search.
//! The list is the same without script; a script only loads it again while one types (`assets/claim-search.js`).

use super::methods;
use super::person::Person;
use crate::language::Language;
use crate::web::Form;
use crate::withdrawals::offer::{Offer, OfferedChoice};

/// Tiles of a page. A page has to stay below 60 KiB, and who looks for one brand among more searches.
const MOST_TILES: usize = 60;
/// With fewer brands there is nothing to search.
const LEAST_TO_SEARCH: usize = 7;

/// The tiles of a form.
#[derive(Default)]
pub(super) struct Choices {
    pub(super) tiles: Vec<BrandTile>,
    /// There are enough brands for a search.
    pub(super) has_search: bool,
    /// What was searched for.
    pub(super) query: String,
    /// How many were found, in words; empty without a search.
    pub(super) found: String,
    /// That more were found than are shown; empty where all are.
    pub(super) rest: String,
}

/// A brand.
pub(super) struct BrandTile {
    pub(super) name: String,
    /// Stands where a logo would.
    pub(super) initial: String,
    pub(super) values: Vec<ChoiceValue>,
}

/// One value of a brand.
pub(super) struct ChoiceValue {
    /// Of the form's field.
    pub(super) value: String,
    /// A value, or a range.
    pub(super) worth: String,
    /// What it takes from the balance; empty where that is its worth.
    pub(super) cost: String,
    pub(super) is_chosen: bool,
}

/// What this person can choose, with what was chosen before at the top.
pub(super) fn of(person: &Person, offer: &Offer, form: &Form, query: &str) -> Choices {
    let (t, balance) = (person.language, person.row.user.balance);
    let affordable: Vec<&OfferedChoice> = methods::affordable(offer, balance).collect();
    let is_only = affordable.len() == 1;
    let mut tiles: Vec<BrandTile> = Vec::new();
    for choice in affordable {
        let mut value = value(t, choice, balance);
        value.is_chosen = is_only || form.get("choice") == value.value;
        match tiles.iter_mut().find(|tile| tile.name == choice.name) {
            Some(tile) => tile.values.push(value),
            None => tiles.push(BrandTile::new(&choice.name, value)),
        }
    }
    let count = tiles.len();
    let wanted = query.trim().to_lowercase();
    tiles.retain(|tile| tile.name.to_lowercase().contains(&wanted));
    tiles.sort_by_key(|tile| !tile.values.iter().any(|value| value.is_chosen));
    let found = tiles.len();
    tiles.truncate(MOST_TILES);
    let (shown, all) = (tiles.len().to_string(), found.to_string());
    Choices {
        has_search: count >= LEAST_TO_SEARCH,
        found: match found {
            _ if wanted.is_empty() => String::new(),
            0 => t.with("withdraw.none_found", "query", query.trim()),
            found => t.plural("withdraw.found", found),
        },
        rest: if tiles.len() < found {
            t.fill("withdraw.shown_of", &[("shown", &shown), ("count", &all)])
        } else {
            String::new()
        },
        query: query.trim().to_owned(),
        tiles,
    }
}

fn value(t: Language, choice: &OfferedChoice, balance: ledger::Cents) -> ChoiceValue {
    let OfferedChoice { name, gross, net, most } = choice;
    let (worth, cost) = match most {
        None if gross == net => (t.money(net.0), String::new()),
        None => (t.money(net.0), t.with("withdraw.choice_cost", "amount", t.money(gross.0))),
        Some(most) => {
            let most = t.money(most.0.min(balance.0));
            let range = t.fill("withdraw.choice_range", &[("least", &t.money(gross.0)), ("most", &most)]);
            (range, String::new())
        }
    };
    ChoiceValue { value: format!("{} {name}", gross.0), worth, cost, is_chosen: false }
}

impl BrandTile {
    fn new(name: &str, value: ChoiceValue) -> Self {
        let initial = name.chars().find(|sign| sign.is_alphanumeric());
        let initial = initial.map(|sign| sign.to_uppercase().to_string()).unwrap_or_default();
        Self { name: name.to_owned(), initial, values: vec![value] }
    }
}
