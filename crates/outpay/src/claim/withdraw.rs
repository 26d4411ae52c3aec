//! `GET /p/withdraw/{method}`: the form for amount and destination. `?again=ord_…` fills in the values of an earlier withdrawal, `?q=…`
//! searches among the choices (choices.rs). A post with errors (summary.rs) gets the same page with a sentence beside each field.

use super::choices::Choices;
use super::declined::Declined;
use super::frame::Frame;
use super::methods::ClosedMethod;
use super::person::{Named, Person};
use super::withdraw_form::{Problems, TO};
use super::{choices, methods, operation, words};
use crate::rails::{Field, FieldRole};
use crate::web::{Form, page};
use crate::withdrawals::offer::{self, Offer};
use askama::Template;
use axum::response::Response;
use http::{StatusCode, Uri};
use serde_json::{Map, Value};

#[derive(Template)]
#[template(path = "claim/withdraw.html")]
pub(super) struct WithdrawPage {
    pub(super) frame: Frame,
    pub(super) method: String,
    pub(super) method_title: String,
    pub(super) mark: &'static str,
    pub(super) closed: Option<ClosedMethod>,
    /// The id of the field, or nothing, and what is wrong.
    pub(super) problems: Vec<(String, String)>,
    pub(super) available: String,
    pub(super) fee: String,
    pub(super) minimum: String,
    pub(super) time: String,
    pub(super) amount: String,
    pub(super) amount_hint: String,
    pub(super) amount_error: String,
    /// The amount is typed: there are no choices, or some are ranges.
    pub(super) asks_amount: bool,
    pub(super) choices: Choices,
    pub(super) choice_error: String,
    pub(super) fields: Vec<FieldBox>,
}

/// A field of the destination.
pub(super) struct FieldBox {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) label: String,
    pub(super) value: String,
    pub(super) hint: &'static str,
    /// What browsers fill in: an attribute of HTML.
    pub(super) autocomplete: &'static str,
    pub(super) error: String,
    pub(super) required: bool,
    /// The one possible value, which is confirmed and not typed: the network of an address.
    pub(super) network: Option<String>,
}

/// Session.
pub(super) async fn view(person: Person, Named(method): Named, uri: Uri) -> Result<Response, Declined> {
    show(&person, &method, &uri).await
}

async fn show(person: &Person, method: &str, uri: &Uri) -> Result<Response, Declined> {
    let offer = offer(person, method).await?;
    let query: Vec<(String, String)> =
        form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    let asked = |wanted: &str| query.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    let form = match asked("again") {
        None => Form::default(),
        Some(id) => filled_as(person, &operation::own(person, id).await?),
    };
    let search = asked("q").unwrap_or_default();
    Ok(page::html(StatusCode::OK, &filled(person, &offer, &form, Vec::new(), search)))
}

/// What the method offers this person.
pub(super) async fn offer(person: &Person, method: &str) -> Result<Offer, Declined> {
    let (book, balance) = (person.caller.book, person.row.user.balance);
    let offered = offer::one(&person.platform, book, method, balance).await;
    offered.map_err(|stopped| Declined::stopped(person, stopped))
}

/// The form's values as an earlier withdrawal had them.
fn filled_as(person: &Person, earlier: &ledger::Withdrawal) -> Form {
    let stored: Map<String, Value> = serde_json::from_str(&earlier.destination).unwrap_or_default();
    let amount = earlier.amount.min(person.row.user.balance);
    let amount = ("amount".to_owned(), person.language.plain_money(amount.0));
    let to = stored
        .into_iter()
        .filter_map(|(name, value)| Some((format!("{TO}{name}"), value.as_str()?.to_owned())));
    std::iter::once(amount).chain(to).collect()
}

/// The page with these values and problems.
pub(super) fn answer(
    person: &Person,
    offer: &Offer,
    form: &Form,
    problems: Problems,
    status: StatusCode,
) -> Response {
    page::html(status, &filled(person, offer, form, problems, ""))
}

fn filled(person: &Person, offer: &Offer, form: &Form, problems: Problems, search: &str) -> WithdrawPage {
    let (t, balance) = (person.language, person.row.user.balance);
    let of =
        |name: &str| problems.iter().find(|(field, _)| field == name).map(|(_, sentence)| sentence.clone());
    let method_title = offer.facts.title.in_language(t);
    let title = t.with("withdraw.title", "method", &method_title);
    let shown = if problems.is_empty() { title } else { t.with("frame.error_title", "title", title) };
    let most = balance.min(offer.terms.maximum);
    let typed = form.get("amount");
    let is_ranged = offer.choices.iter().any(|choice| choice.most.is_some());
    WithdrawPage {
        frame: person.frame(shown, format!("/p/withdraw/{}", offer.facts.name)),
        method: offer.facts.name.clone(),
        method_title,
        mark: offer.facts.kind().mark,
        closed: methods::closed(t, offer, balance),
        available: t.money(balance.0),
        fee: words::fee_rule(t, &offer.terms.fee),
        minimum: t.money(offer.terms.minimum.0),
        time: offer.facts.expected_time.in_language(t),
        amount: if form.has("amount") { typed.to_owned() } else { t.plain_money(most.0) },
        amount_hint: match is_ranged {
            true => t.say("withdraw.range_hint").to_owned(),
            false => t.fill(
                "withdraw.amount_hint",
                &[("minimum", &t.money(offer.terms.minimum.0)), ("maximum", &t.money(most.0))],
            ),
        },
        amount_error: of("amount").unwrap_or_default(),
        asks_amount: offer.choices.is_empty() || is_ranged,
        choices: choices::of(person, offer, form, search),
        choice_error: of("choice").unwrap_or_default(),
        fields: fields(person, offer, form, &problems),
        problems: problems.into_iter().map(|(name, sentence)| (id(&name), sentence)).collect(),
    }
}

/// The id of a field in the page.
fn id(name: &str) -> String {
    name.replace('.', "-")
}

fn fields(person: &Person, offer: &Offer, form: &Form, problems: &Problems) -> Vec<FieldBox> {
    let t = person.language;
    let boxed = |field: &Field| {
        let name = format!("{TO}{}", field.name);
        let error = problems.iter().find(|(known, _)| *known == name);
        FieldBox {
            id: id(&name),
            label: words::label(t, field),
            value: if field.role == FieldRole::Email && !form.has(&name) {
                person.row.user.email.as_str().to_owned()
            } else {
                form.get(&name).to_owned()
            },
            hint: field.hint.map_or("", |key| t.say(key)),
            autocomplete: autocomplete(field),
            error: error.map(|(_, sentence)| sentence.clone()).unwrap_or_default(),
            required: field.required,
            network: field.only_value().map(str::to_owned),
            name,
        }
    };
    offer.facts.fields.iter().filter(|field| !field.is_chosen()).map(boxed).collect()
}

/// The words of HTML for what a field asks for, so that the browser of a person who has typed it before fills it in (WCAG 1.3.5).
fn autocomplete(field: &Field) -> &'static str {
    match (&field.role, field.name.as_str()) {
        (FieldRole::Email, _) | (_, "email") => "email",
        (_, "name") => "name",
        _ => "off",
    }
}

#[cfg(test)]
mod tests {
    use super::super::choices::{BrandTile, ChoiceValue};
    use super::super::snapshot::check;
    use super::*;
    use crate::language::Language;
    use crate::rails::RailText;

    const ADDRESS: &str = "0x52908400098527886E0F7030069857D2E4169EE7";

    #[test]
    fn pages() {
        check("withdraw", &withdraw(Language::English, false));
        check("withdraw-problems", &withdraw(Language::Spanish, true));
        check("withdraw-choices", &choices(Language::English, false));
        check("withdraw-choices-ar", &choices(Language::Arabic, false));
        check("withdraw-ranges", &choices(Language::English, true));
        check("withdraw-closed", &closed(Language::French));
    }

    fn form(t: Language, title: String, mark: &'static str) -> WithdrawPage {
        let range = [("minimum", t.money(1_000)), ("maximum", t.money(12_500))];
        let range = range.each_ref().map(|(name, value)| (*name, value.as_str()));
        WithdrawPage {
            frame: Frame::sample(t, t.with("withdraw.title", "method", &title), "/p/withdraw/usdc"),
            method: "usdc".to_owned(),
            method_title: title,
            mark,
            closed: None,
            problems: Vec::new(),
            available: t.money(12_500),
            fee: t.money(50),
            minimum: t.money(1_000),
            time: RailText::code("few_minutes").in_language(t),
            amount: t.plain_money(12_500),
            amount_hint: t.fill("withdraw.amount_hint", &range),
            amount_error: String::new(),
            asks_amount: true,
            choices: Choices::default(),
            choice_error: String::new(),
            fields: Vec::new(),
        }
    }

    fn usdc(t: Language) -> String {
        RailText::code("token_on_chain").with("currency", "USDC").with("chain", "Base").in_language(t)
    }

    fn withdraw(t: Language, has_problems: bool) -> WithdrawPage {
        let checksum = || RailText::code("address_checksum").in_language(t);
        let wrong = if has_problems { checksum() } else { String::new() };
        let label = |code| RailText::code(code).with("currency", "USDC").with("chain", "Base").in_language(t);
        let field = |name: &str, label: String, hint: &'static str, network: Option<String>| FieldBox {
            id: format!("to-{name}"),
            name: format!("to.{name}"),
            label,
            value: String::new(),
            hint,
            autocomplete: "off",
            error: String::new(),
            required: network.is_none(),
            network,
        };
        let address = FieldBox {
            value: if has_problems { ADDRESS.to_lowercase() } else { String::new() },
            error: wrong.clone(),
            ..field("address", label("your_address"), t.say("withdraw.address_hint"), None)
        };
        let network =
            field("network", label("network"), t.say("withdraw.network_hint"), Some("Base".to_owned()));
        let problems = if has_problems { vec![("to-address".to_owned(), wrong)] } else { Vec::new() };
        WithdrawPage { problems, fields: vec![address, network], ..form(t, usdc(t), "coin") }
    }

    fn choices(t: Language, is_ranged: bool) -> WithdrawPage {
        let value = |name: &str, cents: i64, is_chosen| ChoiceValue {
            value: format!("{cents} {name}"),
            worth: if is_ranged {
                t.fill("withdraw.choice_range", &[("least", &t.money(cents)), ("most", &t.money(12_500))])
            } else {
                t.money(cents)
            },
            cost: if is_ranged {
                String::new()
            } else {
                t.with("withdraw.choice_cost", "amount", t.money(cents + 50))
            },
            is_chosen,
        };
        let tile = |name: &str, values: Vec<ChoiceValue>| BrandTile {
            name: name.to_owned(),
            initial: name[..1].to_owned(),
            values,
        };
        let mut tiles = vec![
            tile("Bookshop", vec![value("Bookshop", 2_500, true)]),
            tile("Coffee Bar", vec![value("Coffee Bar", 1_000, false)]),
            tile("Travel & Tours", vec![value("Travel & Tours", 5_000, false)]),
        ];
        if !is_ranged {
            tiles[0].values.push(value("Bookshop", 5_000, false));
        }
        let choices = Choices {
            tiles,
            has_search: true,
            query: "o".to_owned(),
            found: t.plural("withdraw.found", 3),
            rest: t.fill("withdraw.shown_of", &[("shown", "3"), ("count", "80")]),
        };
        let page = form(t, RailText::code("gift_card").in_language(t), "gift");
        if is_ranged {
            let amount_hint = t.say("withdraw.range_hint").to_owned();
            return WithdrawPage { choices, amount_hint, ..page };
        }
        WithdrawPage { choices, asks_amount: false, ..page }
    }

    fn closed(t: Language) -> WithdrawPage {
        let why = t.say("closed.unhealthy").to_owned();
        WithdrawPage { closed: Some(ClosedMethod { is_temporary: true, why }), ..form(t, usdc(t), "coin") }
    }
}
