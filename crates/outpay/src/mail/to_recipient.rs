//! The letters to payout users, in their language. Not here: letters to members, which are in English (letter.rs).

use super::letter::{Letter, LetterInput};
use crate::language::Language;
use crate::mail_kind::MailKind;

pub(super) fn about_money(told: &LetterInput<'_>) -> Letter {
    let (t, sender) = (told.language, told.business);
    let balance = t.money(told.data["balance"].as_i64().unwrap_or(0));
    let amount = ("amount", balance.as_str());
    let of = [("sender", sender), amount];
    if told.kind == MailKind::Expiring {
        let ends_at = told.data["ends_at"].as_str().unwrap_or_default();
        let ends_at = ends_at.parse::<jiff::Timestamp>().map_or(0, jiff::Timestamp::as_microsecond);
        let (day, time) = (t.day(ends_at), t.moment(ends_at));
        let when = [("sender", sender), amount, ("day", day.as_str()), ("time", time.as_str())];
        return Letter {
            subject: t.fill("mail.expiring_subject", &when),
            paragraphs: vec![t.fill("mail.expiring", &when), how_to_open(told)],
            facts: vec![(t.say("mail.waiting"), balance), (t.say("mail.until"), time)],
            ..empty(told)
        };
    }
    // A link that is sent again must not announce new money.
    let (subject, sentence) = if told.data["again"] == true {
        ("mail.again_subject", "mail.again")
    } else {
        ("mail.claim_subject", "mail.claim")
    };
    Letter {
        subject: t.fill(subject, &of),
        paragraphs: vec![t.fill(sentence, &of), t.say("mail.private").to_owned()],
        facts: vec![(t.say("mail.from"), sender.to_owned()), (t.say("operation.amount"), balance)],
        ..empty(told)
    }
}

pub(super) fn about_withdrawal(told: &LetterInput<'_>) -> Letter {
    let (t, sender) = (told.language, told.business);
    let cents = |field: &str| told.data[field].as_i64().unwrap_or(0);
    let (amount, fees) = (t.money(cents("amount")), cents("fees"));
    let is_paid = told.kind == MailKind::Delivered;
    let name = match told.kind {
        MailKind::Delivered => "delivered",
        MailKind::Rejected => "rejected",
        MailKind::Returned => "returned",
        _ => "failed",
    };
    let of = [("sender", sender), ("amount", amount.as_str())];
    let said = |key: &str| t.fill(&format!("mail.{key}"), &of);
    let mut sentence = said(name);
    if !is_paid {
        sentence = format!("{sentence} {}", said("back"));
    }
    let mut facts = vec![(t.say("operation.amount"), amount.clone())];
    if fees > 0 {
        facts.push((t.say("operation.fee"), t.money(fees)));
        if is_paid {
            facts.push((t.say("operation.net"), t.money(cents("amount") - fees)));
        }
    }
    let method = told.data["method"].as_str().unwrap_or_default();
    if !method.is_empty() {
        facts.push((t.say("summary.method"), title(t, method)));
    }
    let reason = told.data["reason"].as_str().unwrap_or_default();
    if !is_paid && !reason.is_empty() {
        facts.push((t.say("mail.reason"), in_language(t, reason)));
    }
    let subject = said(&format!("{name}_subject"));
    Letter { subject, paragraphs: vec![sentence, how_to_open(told)], facts, ..empty(told) }
}

fn empty(told: &LetterInput<'_>) -> Letter {
    Letter {
        language: told.language,
        subject: String::new(),
        paragraphs: Vec::new(),
        facts: Vec::new(),
        button: None,
        footer: told.language.with("mail.footer", "sender", told.business),
    }
}

/// The title of a method of which the mail holds the name alone: ours by its code, any other as it is configured.
fn title(t: Language, method: &str) -> String {
    t.find(&format!("rail.{method}")).map_or_else(|| method.replace('_', " "), str::to_owned)
}

/// A reason, which is stored in English: a standard one in the person's language, one of the business as it was written.
fn in_language(t: Language, reason: &str) -> String {
    let standard = Language::English.keys().find(|(key, text)| key.starts_with("reason.") && *text == reason);
    standard.map_or(reason, |(key, _)| t.say(key)).to_owned()
}

fn how_to_open(told: &LetterInput<'_>) -> String {
    let t = told.language;
    if told.link.is_some() {
        format!("{} {}", t.say("mail.open"), t.say("mail.private"))
    } else {
        t.with("mail.open_own", "sender", told.business)
    }
}

/// The test line above a letter about test money.
pub(super) fn mark_as_test(letter: &mut Letter) {
    let t = letter.language;
    letter.subject = t.with("mail.test_subject", "subject", &letter.subject);
    letter.paragraphs.insert(0, t.say("mail.test").to_owned());
}

/// The label of the button that opens the page.
pub(super) fn button(t: Language, kind: MailKind) -> &'static str {
    t.say(if kind == MailKind::ClaimLink { "mail.button_claim" } else { "mail.button" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::SecretString;
    use serde_json::{Value, json};

    const TO_PEOPLE: [MailKind; 6] = [
        MailKind::ClaimLink,
        MailKind::Expiring,
        MailKind::Delivered,
        MailKind::Failed,
        MailKind::Rejected,
        MailKind::Returned,
    ];

    fn letter(language: Language, kind: MailKind, data: &Value) -> Letter {
        super::super::letter::write(LetterInput {
            kind,
            language,
            business: "Shop",
            is_test_mode: true,
            data,
            link: Some(SecretString::from("https://pay.example.com/p#abc")),
        })
    }

    #[test]
    fn every_letter_is_whole_in_every_language() {
        let reason = Language::English.say("reason.paypal_receiver");
        let data = json!({ "balance": 2_500, "amount": 2_500, "fees": 50, "method": "gift_card", "reason": reason,
            "ends_at": "2027-02-01T00:00:00.000000Z" });
        for language in Language::ALL {
            for kind in TO_PEOPLE {
                let letter = letter(language, kind, &data);
                let texts = [&letter.subject, &letter.footer].into_iter().chain(&letter.paragraphs);
                for text in texts.chain(letter.facts.iter().map(|(_, value)| value)) {
                    assert!(!text.is_empty() && text != "?", "{language:?} {kind:?}");
                    assert!(!text.contains('{') && !text.contains('}'), "{language:?} {kind:?}: {text}");
                }
                let amount = language.money(2_500);
                assert!(letter.subject.contains(&amount), "{language:?} {kind:?}: {}", letter.subject);
            }
        }
    }

    #[test]
    fn titles_and_standard_reasons_are_translated() {
        let reason = Language::English.say("reason.paypal_receiver");
        let data = json!({ "amount": 2_500, "method": "gift_card", "reason": reason });
        let german = letter(Language::German, MailKind::Failed, &data);
        let values: Vec<&str> = german.facts.iter().map(|(_, value)| value.as_str()).collect();
        assert_eq!(values, ["25,00\u{a0}$", "Geschenkkarte", Language::German.say("reason.paypal_receiver")]);
        let data = json!({ "amount": 2_500, "method": "our_wire", "reason": "Not this month." });
        let german = letter(Language::German, MailKind::Rejected, &data);
        let values: Vec<&str> = german.facts.iter().map(|(_, value)| value.as_str()).collect();
        assert_eq!(values, ["25,00\u{a0}$", "our wire", "Not this month."]);
    }
}
