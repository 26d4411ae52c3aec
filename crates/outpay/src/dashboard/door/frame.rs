//! The layout around every page: title, navigation, business, mode, signed-in member, the pauses in force, and the notice of the last
//! action. Embedded as `frame` in every page's template.

use crate::dashboard::door::signed_in::SignedIn;
use crate::store::{BookPart, StoredPause};
use ledger::Mode;

#[derive(Clone, Debug)]
pub struct Frame {
    pub title: String,
    /// The page above this one: path and name.
    pub back: Option<(String, &'static str)>,
    /// The selected entry of the navigation: a first column of `dashboard::NAVIGATION`.
    pub current: &'static str,
    pub business: String,
    pub member: String,
    pub role: &'static str,
    pub test_mode: bool,
    /// For the hidden field `csrf` of every form.
    pub csrf: String,
    /// For the hidden field `page` of every form: where a refused one leads back to.
    pub here: String,
    /// What is paused, in a sentence.
    pub paused: Option<String>,
    /// The flash message of the last action.
    pub notice: Option<String>,
}

#[derive(askama::Template)]
#[template(
    source = r#"<input type="hidden" name="csrf" value="{{ csrf }}"><input type="hidden" name="page" value="{{ here }}">"#,
    ext = "html"
)]
pub struct HiddenFields<'a> {
    csrf: &'a str,
    here: &'a str,
}

impl askama::filters::HtmlSafe for HiddenFields<'_> {}

impl Frame {
    /// Around a page for this member.
    #[must_use]
    pub fn new(who: &SignedIn, current: &'static str, title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            back: None,
            current,
            business: who.business.name.clone(),
            member: who.member.name.clone(),
            role: who.role.word(),
            test_mode: who.mode == Mode::Test,
            csrf: who.csrf.clone(),
            here: who.here.clone(),
            paused: paused(who),
            notice: who.notice.clone(),
        }
    }

    /// With a link to the page above.
    #[must_use]
    pub fn under(self, path: impl Into<String>, name: &'static str) -> Self {
        Self { back: Some((path.into(), name)), ..self }
    }

    /// The hidden fields of every form.
    #[must_use]
    pub fn hidden(&self) -> HiddenFields<'_> {
        HiddenFields { csrf: &self.csrf, here: &self.here }
    }

    /// Around a page with invented data, for its snapshot.
    #[cfg(test)]
    pub fn sample(current: &'static str, title: &str) -> Self {
        Self {
            title: title.to_owned(),
            back: None,
            current,
            business: "Acme, Inc.".to_owned(),
            member: "Ada Example".to_owned(),
            role: crate::roles::Role::Owner.word(),
            test_mode: false,
            csrf: "csrf-token".to_owned(),
            here: "/dashboard/here".to_owned(),
            paused: None,
            notice: None,
        }
    }
}

fn paused(who: &SignedIn) -> Option<String> {
    let title = |name: &str| {
        let mounted = who.platform.rails.get(who.mode, name);
        mounted.map_or_else(|| name.to_owned(), |mounted| mounted.facts().title.english())
    };
    sentence(&who.pauses, title)
}

/// What these pauses stop, in a sentence. A person is not named: a pause of one is no matter of most pages.
fn sentence(pauses: &[StoredPause], title: impl Fn(&str) -> String) -> Option<String> {
    if pauses.iter().any(|pause| pause.scope.covers(&BookPart::Everything)) {
        return Some("All withdrawals are paused.".to_owned());
    }
    let mut methods: Vec<String> =
        pauses.iter().filter_map(|pause| pause.scope.method()).map(title).collect();
    methods.sort();
    methods.dedup();
    let people = pauses.iter().filter(|pause| pause.scope.method().is_none()).count();
    let people = match people {
        0 => None,
        1 => Some("one person".to_owned()),
        many => Some(format!("{many} people")),
    };
    let by = (!methods.is_empty()).then(|| format!("by {}", methods.join(", by ")));
    let parts: Vec<String> =
        [by, people.map(|people| format!("of {people}"))].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| format!("Withdrawals {} are paused.", parts.join(" and ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::PauseScope;
    use ledger::{Actor, BookId, Mode};

    #[test]
    fn what_is_paused_is_said_in_a_sentence() {
        let book = BookId::new(1, Mode::Live);
        let said = |scopes: &[PauseScope]| {
            let pause = |scope: &PauseScope| StoredPause {
                scope: scope.clone(),
                reason: "a secret doubt about ada@example.com".to_owned(),
                actor: Actor::OPERATOR,
                created_at: 0,
            };
            let pauses: Vec<StoredPause> = scopes.iter().map(pause).collect();
            sentence(&pauses, str::to_uppercase)
        };
        let rail = |name: &str| PauseScope::Rail(name.to_owned());
        let own = PauseScope::Own(book, BookPart::Method("usdc".to_owned()));
        assert_eq!(said(&[]), None);
        assert_eq!(said(&[rail("usdc"), own.clone()]).unwrap(), "Withdrawals by USDC are paused.");
        assert_eq!(said(&[rail("usdc"), rail("bank")]).unwrap(), "Withdrawals by BANK, by USDC are paused.");
        let person = |number| PauseScope::Person(book, number);
        assert_eq!(said(&[person(1)]).unwrap(), "Withdrawals of one person are paused.");
        let mixed = said(&[own, person(1), PauseScope::Own(book, BookPart::Person(2))]);
        assert_eq!(mixed.unwrap(), "Withdrawals by USDC and of 2 people are paused.");
        for all in [PauseScope::All, PauseScope::Business(1), PauseScope::Own(book, BookPart::Everything)] {
            assert_eq!(said(&[person(1), all]).unwrap(), "All withdrawals are paused.");
        }
    }
}
