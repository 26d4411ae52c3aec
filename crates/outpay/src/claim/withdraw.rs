//! `GET /p/withdraw/{method}`: the form for amount and destination. `?again=ord_…` fills in the values of an earlier withdrawal. A
//! post with errors (summary.rs) gets the same page with a sentence beside each field.

use super::declined::Declined;
use super::frame::Frame;
use super::person::{Named, Person};
use super::withdraw_form::{Problems, TO};
use super::{operation, words};
use crate::rails::{Field, FieldRole};
use crate::web::{Form, page};
use crate::withdrawals::offer::{self, Offer, OfferedChoice};
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
    /// Why it is closed; nothing if it is open.
    pub(super) closed: String,
    /// The id of the field, or nothing, and what is wrong.
    pub(super) problems: Vec<(String, String)>,
    pub(super) available: String,
    pub(super) fee: String,
    pub(super) amount: String,
    pub(super) amount_hint: String,
    pub(super) amount_error: String,
    /// The amount is typed: there are no choices, or some are ranges.
    pub(super) asks_amount: bool,
    pub(super) choices: Vec<ChoiceBox>,
    pub(super) choice_error: String,
    pub(super) fields: Vec<FieldBox>,
}

/// One thing to choose.
pub(super) struct ChoiceBox {
    pub(super) value: String,
    pub(super) name: String,
    pub(super) worth: String,
    pub(super) cost: String,
    pub(super) is_chosen: bool,
}

/// A field of the destination.
pub(super) struct FieldBox {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) label: String,
    pub(super) value: String,
    pub(super) hint: &'static str,
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
    let query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let again = query.into_iter().find(|(name, _)| name == "again").map(|(_, id)| id.into_owned());
    let form = match again {
        None => Form::default(),
        Some(id) => filled_as(person, &operation::own(person, &id).await?),
    };
    Ok(answer(person, &offer, &form, Vec::new(), StatusCode::OK))
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
    let (t, balance) = (person.language, person.row.user.balance);
    let of =
        |name: &str| problems.iter().find(|(field, _)| field == name).map(|(_, sentence)| sentence.clone());
    let method_title = offer.facts.title.in_language(t);
    let title = t.with("withdraw.title", "method", &method_title);
    let shown = if problems.is_empty() { title } else { t.with("frame.error_title", "title", title) };
    let most = balance.min(offer.terms.maximum);
    let typed = form.get("amount");
    let is_ranged = offer.choices.iter().any(|choice| choice.most.is_some());
    let page = WithdrawPage {
        frame: person.frame(shown, format!("/p/withdraw/{}", offer.facts.name)),
        method: offer.facts.name.clone(),
        method_title,
        closed: offer.closed.map(|closed| words::closed(t, closed)).unwrap_or_default(),
        available: t.money(balance.0),
        fee: words::fee_rule(t, &offer.terms.fee),
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
        choices: choices(person, offer, form),
        choice_error: of("choice").unwrap_or_default(),
        fields: fields(person, offer, form, &problems),
        problems: problems.into_iter().map(|(name, sentence)| (id(&name), sentence)).collect(),
    };
    page::html(status, &page)
}

/// The id of a field in the page.
fn id(name: &str) -> String {
    name.replace('.', "-")
}

fn choices(person: &Person, offer: &Offer, form: &Form) -> Vec<ChoiceBox> {
    let t = person.language;
    let balance = person.row.user.balance;
    let affordable = offer.choices.iter().filter(|choice| choice.gross <= balance);
    let only = affordable.clone().count() == 1;
    let boxed = |OfferedChoice { name, gross, net, most }: &OfferedChoice| {
        let value = format!("{} {name}", gross.0);
        let (worth, cost) = match most {
            None => (
                t.with("withdraw.choice_net", "net", t.money(net.0)),
                t.with("withdraw.choice_cost", "amount", t.money(gross.0)),
            ),
            Some(most) => {
                let most = t.money(most.0.min(balance.0));
                let range = t.fill("withdraw.choice_range", &[("least", &t.money(gross.0)), ("most", &most)]);
                (range, t.say("withdraw.choice_range_cost").to_owned())
            }
        };
        ChoiceBox { is_chosen: only || form.get("choice") == value, name: name.clone(), worth, cost, value }
    };
    affordable.map(boxed).collect()
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
            error: error.map(|(_, sentence)| sentence.clone()).unwrap_or_default(),
            required: field.required,
            network: field.only_value().map(str::to_owned),
            name,
        }
    };
    offer.facts.fields.iter().filter(|field| !field.is_chosen()).map(boxed).collect()
}

#[cfg(test)]
mod tests {
    use super::super::snapshot::check;
    use super::*;
    use crate::language::Language;
    use crate::rails::RailText;

    const ADDRESS: &str = "0x52908400098527886E0F7030069857D2E4169EE7";

    #[test]
    fn pages() {
        check("withdraw", &withdraw(Language::English, false));
        check("withdraw-problems", &withdraw(Language::Spanish, true));
        check("withdraw-choices", &choices(Language::English));
        check("withdraw-ranges", &ranges(Language::English));
    }

    fn form(t: Language, title: &str) -> WithdrawPage {
        WithdrawPage {
            frame: Frame::sample(t, t.with("withdraw.title", "method", title), "/p/withdraw/usdc"),
            method: "usdc".to_owned(),
            method_title: title.to_owned(),
            closed: String::new(),
            problems: Vec::new(),
            available: t.money(12_500),
            fee: t.money(50),
            amount: t.plain_money(12_500),
            amount_hint: t
                .fill("withdraw.amount_hint", &[("minimum", &t.money(1_000)), ("maximum", &t.money(12_500))]),
            amount_error: String::new(),
            asks_amount: true,
            choices: Vec::new(),
            choice_error: String::new(),
            fields: Vec::new(),
        }
    }

    fn withdraw(t: Language, has_problems: bool) -> WithdrawPage {
        let checksum = || RailText::code("address_checksum").in_language(t);
        let wrong = if has_problems { checksum() } else { String::new() };
        let field = |name: &str, label: &str, hint: &'static str, network: Option<String>| FieldBox {
            id: format!("to-{name}"),
            name: format!("to.{name}"),
            label: label.to_owned(),
            value: String::new(),
            hint,
            error: String::new(),
            required: network.is_none(),
            network,
        };
        let address = FieldBox {
            value: if has_problems { ADDRESS.to_lowercase() } else { String::new() },
            error: wrong.clone(),
            ..field("address", "Your USDC address on Base", t.say("withdraw.address_hint"), None)
        };
        let network =
            field("network", "Network: Base", t.say("withdraw.network_hint"), Some("Base".to_owned()));
        let problems = if has_problems { vec![("to-address".to_owned(), wrong)] } else { Vec::new() };
        WithdrawPage { problems, fields: vec![address, network], ..form(t, "USDC on Base") }
    }

    fn choices(t: Language) -> WithdrawPage {
        let choice = |cents: i64, is_chosen| ChoiceBox {
            value: format!("{cents} Bookshop"),
            name: "Bookshop".to_owned(),
            worth: t.with("withdraw.choice_net", "net", t.money(cents)),
            cost: t.with("withdraw.choice_cost", "amount", t.money(cents + 50)),
            is_chosen,
        };
        let choices = vec![choice(2_500, true), choice(5_000, false)];
        WithdrawPage { choices, asks_amount: false, ..form(t, "Gift card") }
    }

    fn ranges(t: Language) -> WithdrawPage {
        let choice = |name: &str, most: i64| ChoiceBox {
            value: format!("500 {name}"),
            name: name.to_owned(),
            worth: t.fill("withdraw.choice_range", &[("least", &t.money(500)), ("most", &t.money(most))]),
            cost: t.say("withdraw.choice_range_cost").to_owned(),
            is_chosen: false,
        };
        let choices = vec![choice("PayPal International", 200_000), choice("Prepaid Visa", 100_000)];
        let amount_hint = t.say("withdraw.range_hint").to_owned();
        WithdrawPage { choices, amount_hint, ..form(t, "PayPal") }
    }
}
