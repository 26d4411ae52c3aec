//! Every page with fixed data, for the tests that compare them to the letter and look at them. Not here: any request.

use super::enter;
use super::frame::{Frame, Sender};
use super::home::{HomePage, MethodCard, expires};
use super::operation::{OperationPage, Progress, Step};
use super::receipt::ReceiptPage;
use super::reveal::RevealPage;
use super::stop::StopPage;
use super::summary::SummaryPage;
use super::timeline::{Line, Timeline};
use super::withdraw::{ChoiceBox, FieldBox, WithdrawPage};
use crate::web::Language;
use askama::Template;

const ID: &str = "ord_0d7f0f0e-6523-8cc2-be87-1cd614a4491a";
const AT: &str = "2026-11-25T16:04:05.678901Z";
const ADDRESS: &str = "0x52908400098527886E0F7030069857D2E4169EE7";

/// All pages: a name, and the page.
#[must_use]
pub fn all() -> Vec<(&'static str, String)> {
    let (en, de, es) = (Language::English, Language::German, Language::Spanish);
    vec![
        ("enter", enter::sample(en, false)),
        ("enter-wrong", enter::sample(de, true)),
        ("home", home(en)),
        ("home-de", home(de)),
        ("withdraw", withdraw(en, false)),
        ("withdraw-problems", withdraw(es, true)),
        ("withdraw-choices", choices(en)),
        ("summary", summary(en)),
        ("operation-review", operation(en, false)),
        ("operation-paid", operation(de, true)),
        ("reveal", reveal(en)),
        ("receipt", receipt(en)),
        ("stop", stop(es)),
    ]
}

fn written(page: &impl Template) -> String {
    page.render().unwrap_or_default()
}

fn owned(text: &str) -> String {
    text.to_owned()
}

fn frame(t: Language, title: impl Into<String>, here: &str) -> Frame {
    let sender = Sender {
        name: owned("Harbour & Pine"),
        initial: owned("H"),
        logo: None,
        colour: Some(owned("0a7d5c")),
        support: owned("Questions? We answer on working days."),
        support_url: owned("https://example.com/help"),
    };
    let csrf = Some(owned("dG9rZW4"));
    Frame { t, title: title.into(), sender: Some(sender), test_mode: false, csrf, here: owned(here) }
}

fn home(t: Language) -> String {
    let card = |name: &str, title: &str, closed: &str| MethodCard {
        name: owned(name),
        title: t.sentence(title),
        fee: t.money(50),
        net: closed.is_empty().then(|| (t.money(12_500), t.money(12_450))),
        minimum: t.money(1_000),
        time: t.sentence("a few minutes"),
        closed: t.sentence(closed),
        choices: Vec::new(),
    };
    let line = |mark, title: String, amount: &str, state, note: String, has_operation: bool| Line {
        mark,
        title,
        amount: owned(amount),
        at: owned(AT),
        when: t.moment(1_795_622_645_678_901),
        state,
        note,
        operation: has_operation.then(|| owned(ID)),
    };
    let wait = t.with("wait.review", "sender", "Harbour & Pine");
    let taken = t.with("history.withdrawal", "method", "USDC on Base");
    let credit = t.with("history.credit", "sender", "Harbour & Pine");
    let waiting = Some(("badge-warn", t.say("state.review")));
    let lines = vec![
        line("is-now", taken, &t.money(-2_500), waiting, wait, true),
        line("is-good", credit, &format!("+{}", t.money(15_000)), None, String::new(), false),
    ];
    written(&HomePage {
        frame: frame(t, t.say("home.title"), "/p/home"),
        sender: owned("Harbour & Pine"),
        email: owned("user@example.com"),
        available: t.money(12_500),
        is_empty: false,
        pending: t.money(2_500),
        expires: Some((
            expires(t, 1_798_214_645_678_901, "Harbour & Pine"),
            owned("2026-12-25T16:04:05.678901Z"),
        )),
        methods: vec![
            card("usdc", "USDC on Base", ""),
            MethodCard {
                choices: vec![format!("Bookshop {}", t.money(2_500))],
                net: None,
                ..card("gift_card", "Gift card", "")
            },
            card("bank", "Bank transfer", "This method does not work at the moment. Please try again later."),
        ],
        timeline: Timeline { lines, older: Some(owned("txn_a5cdf6c9-6523-8cc2-be87-1cd614a4491a")) },
        is_older: false,
    })
}

fn form(t: Language, title: &str) -> WithdrawPage {
    WithdrawPage {
        frame: frame(t, t.with("withdraw.title", "method", title), "/p/withdraw/usdc"),
        method: owned("usdc"),
        method_title: owned(title),
        closed: String::new(),
        problems: Vec::new(),
        available: t.money(12_500),
        fee: t.money(50),
        amount: t.plain_money(12_500),
        amount_hint: t
            .fill("withdraw.amount_hint", &[("minimum", &t.money(1_000)), ("maximum", &t.money(12_500))]),
        amount_error: String::new(),
        choices: Vec::new(),
        choice_error: String::new(),
        fields: Vec::new(),
    }
}

fn withdraw(t: Language, has_problems: bool) -> String {
    let checksum = "This address has a typing error: its capital letters do not fit. Please copy it again.";
    let wrong = if has_problems { t.sentence(checksum) } else { String::new() };
    let field = |name: &str, label: &str, hint: &'static str, network: Option<String>| FieldBox {
        id: format!("to-{name}"),
        name: format!("to.{name}"),
        label: owned(label),
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
    let network = field("network", "Network: Base", t.say("withdraw.network_hint"), Some(owned("Base")));
    let problems = if has_problems { vec![(owned("to-address"), wrong)] } else { Vec::new() };
    written(&WithdrawPage { problems, fields: vec![address, network], ..form(t, "USDC on Base") })
}

fn choices(t: Language) -> String {
    let choice = |cents: i64, is_chosen| ChoiceBox {
        value: format!("{cents} Bookshop"),
        name: owned("Bookshop"),
        worth: t.with("withdraw.choice_net", "net", t.money(cents)),
        cost: t.with("withdraw.choice_cost", "amount", t.money(cents + 50)),
        is_chosen,
    };
    let choices = vec![choice(2_500, true), choice(5_000, false)];
    written(&WithdrawPage { choices, ..form(t, "Gift card") })
}

fn summary(t: Language) -> String {
    written(&SummaryPage {
        frame: frame(t, t.say("summary.title"), "/p/withdraw/usdc"),
        method: owned("usdc"),
        method_title: owned("USDC on Base"),
        amount: t.money(12_500),
        fee: t.money(50),
        net: t.money(12_450),
        detail: Vec::new(),
        time: t.sentence("a few minutes"),
        to: vec![(owned("Your USDC address on Base"), owned(ADDRESS)), (owned("network"), owned("Base"))],
        hidden: vec![
            (owned("csrf"), owned("dG9rZW4")),
            (owned("once"), "A".repeat(26)),
            (owned("cents"), owned("12500")),
        ],
        notice: String::new(),
    })
}

fn operation(t: Language, is_paid: bool) -> String {
    let (when, sender) = (t.moment(1_795_622_645_678_901), "Harbour & Pine");
    let step = |key: &str, mark| Step {
        mark,
        title: t.with(key, "sender", sender),
        at: owned(AT),
        when: when.clone(),
    };
    let mut steps = vec![step("step.created", ""), step("step.review", "")];
    if is_paid {
        steps.extend([
            step("step.approved", "is-good"),
            step("step.sending", ""),
            step("step.succeeded", "is-good"),
        ]);
    }
    let key = |paid, waiting| if is_paid { paid } else { waiting };
    let p = Progress {
        t,
        csrf: owned("dG9rZW4"),
        id: owned(ID),
        version: owned("2-2"),
        has_ended: is_paid,
        word: t.say(key("state.succeeded", "state.review")),
        badge: key("badge-good", "badge-warn"),
        wait: t.with(key("wait.succeeded_card", "wait.review"), "sender", sender),
        reason: String::new(),
        facts: vec![
            (t.say("operation.amount"), t.money(2_500), false),
            (t.say("operation.fee"), t.money(50), false),
            (t.say("operation.net"), t.money(2_450), false),
            (t.say("operation.reference"), owned("GC-0D7F0F0E65238CC2BE871CD614A4491A"), true),
        ],
        to: vec![(t.sentence("Brand"), owned("Bookshop"))],
        steps,
        can_cancel: !is_paid,
        can_reveal: is_paid,
        has_receipt: is_paid,
        again: None,
    };
    let title = t.with("operation.title", "method", t.sentence("Gift card"));
    written(&OperationPage {
        frame: frame(t, title, &format!("/p/operations/{ID}")),
        p,
        notice: String::new(),
    })
}

fn reveal(t: Language) -> String {
    written(&RevealPage {
        frame: frame(t, t.say("reveal.title"), &format!("/p/operations/{ID}")),
        id: owned(ID),
        brand: owned("Bookshop"),
        worth: t.money(2_450),
        code: owned("BOOK-1234-5678"),
        pin: owned("4321"),
        expires: owned(t.say("reveal.never")),
    })
}

fn receipt(t: Language) -> String {
    written(&ReceiptPage {
        frame: frame(t, t.say("receipt.title"), &format!("/p/operations/{ID}/receipt")),
        id: owned(ID),
        number: owned("CRX-0D7F0F0E65238CC2BE871CD614A4491A"),
        paid_by: owned("Harbour & Pine"),
        paid_to: owned("user@example.com"),
        on: t.moment(1_795_622_645_678_901),
        at: owned(AT),
        method: owned("USDC on Base"),
        to: vec![(owned("Your USDC address on Base"), owned(ADDRESS))],
        transaction: Some(format!("0x{}", "ab".repeat(32))),
        amount: t.money(12_500),
        fee: t.money(50),
        net: t.money(12_450),
        signed: t.with("receipt.signed", "path", "/.well-known/outpay-receipts.json"),
    })
}

fn stop(t: Language) -> String {
    let frame = frame(t, t.say("stop.not_found_title"), "/p/home");
    written(&StopPage { frame, sentence: owned(t.say("operation.unknown")) })
}
