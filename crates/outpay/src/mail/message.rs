//! Encodes a letter as MIME: plain text and HTML, ASCII only. Invariants: text from outside cannot inject a header;
//! the same letter always gives the same bytes, whichever process sends it.

use super::config::Sender;
use super::letter::Letter;
use crate::store::Failure;
use askama::Template;
use ledger::Micros;
use lettre::Address;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};
use secrecy::ExposeSecret;
use std::time::{Duration, SystemTime};

/// The headers of a mail.
pub(super) struct Envelope<'a> {
    /// Public id of the mail's row, from which the Message-ID is built.
    pub(super) id: &'a str,
    pub(super) to: &'a Address,
    /// Display name of the sender; defaults to the configured one.
    pub(super) name: Option<&'a str>,
    pub(super) at: Micros,
}

#[derive(Template)]
#[template(path = "mail/letter.html")]
struct HtmlPart<'a> {
    letter: &'a Letter,
}

pub(super) fn build(sender: &Sender, envelope: &Envelope<'_>, letter: &Letter) -> Result<Vec<u8>, Failure> {
    let mut from = sender.from.clone();
    if let Some(name) = envelope.name {
        from.name = Some(header_text(name));
    }
    let id = format!("<{}@{}>", envelope.id, from.email.domain());
    let machine =
        HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
    let at = Duration::from_micros(u64::try_from(envelope.at).unwrap_or(0));
    let mut message = Message::builder()
        .from(from)
        .to(Mailbox::new(None, envelope.to.clone()))
        .subject(header_text(&letter.subject))
        .message_id(Some(id))
        .date(SystemTime::UNIX_EPOCH + at)
        .raw_header(machine);
    if let Some(reply_to) = &sender.reply_to {
        message = message.reply_to(reply_to.clone());
    }
    let boundary = format!("part_{}", envelope.id);
    let body = MultiPart::alternative()
        .boundary(boundary)
        .singlepart(SinglePart::plain(plain(letter)))
        .singlepart(SinglePart::html(HtmlPart { letter }.render()?));
    Ok(message.multipart(body)?.formatted())
}

fn plain(letter: &Letter) -> String {
    let mut text = String::new();
    for paragraph in &letter.paragraphs {
        text += &format!("{}\n\n", one_line(paragraph));
    }
    for (name, value) in &letter.facts {
        text += &format!("{name}: {}\n", one_line(value));
    }
    if let Some((label, link)) = &letter.button {
        text += &format!("\n{label}:\n{}\n", link.expose_secret());
    }
    text + &format!("\n-- \n{}\n", one_line(&letter.footer))
}

/// Replaces control characters and Unicode line separators by spaces, so that a header stays one line.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c })
        .collect()
}

/// One line in which nothing is an encoded word (RFC 2047): a name that holds one would be shown as another name.
fn header_text(text: &str) -> String {
    one_line(text).replace("=?", "= ?")
}

#[cfg(test)]
mod tests {
    use super::super::letter::{self, LetterInput};
    use super::*;
    use crate::language::Language;
    use crate::mail_kind::MailKind;
    use secrecy::SecretString;
    use serde_json::json;

    const NASTY: &str = "Ev\u{ef}l <b>&\"\r\nBcc: other@example.com\r\n\r\nhello";

    fn built(kind: MailKind, business: &str, data: serde_json::Value) -> String {
        let sender = Sender {
            from: "Payouts <payouts@example.com>".parse().unwrap(),
            reply_to: Some("help@example.com".parse().unwrap()),
        };
        let link = Some(SecretString::from("https://pay.example.com/p#abc"));
        let letter = letter::write(LetterInput {
            kind,
            business,
            language: Language::English,
            is_test_mode: false,
            data: &data,
            link,
        });
        let to = "user@example.org".parse().unwrap();
        let envelope = Envelope { id: "mail_1", to: &to, name: Some(business), at: 1_800_000_000_000_000 };
        let bytes = build(&sender, &envelope, &letter).unwrap();
        assert_eq!(bytes, build(&sender, &envelope, &letter).unwrap(), "the same bytes again");
        assert!(bytes.is_ascii());
        String::from_utf8(bytes).unwrap()
    }

    fn header<'a>(mail: &'a str, name: &str) -> Vec<&'a str> {
        let (head, _) = mail.split_once("\r\n\r\n").unwrap();
        head.split("\r\n").filter_map(|line| line.strip_prefix(&format!("{name}: "))).collect()
    }

    #[test]
    fn headers_say_who_when_and_which() {
        let mail = built(MailKind::ClaimLink, "Shop", json!({ "balance": 2500 }));
        assert_eq!(header(&mail, "From"), ["Shop <payouts@example.com>"]);
        assert_eq!(header(&mail, "Reply-To"), ["help@example.com"]);
        assert_eq!(header(&mail, "To"), ["user@example.org"]);
        assert_eq!(header(&mail, "Subject"), ["Shop sent you $25.00"]);
        assert_eq!(header(&mail, "Message-ID"), ["<mail_1@example.com>"]);
        assert_eq!(header(&mail, "Auto-Submitted"), ["auto-generated"]);
        assert_eq!(header(&mail, "Date"), ["Fri, 15 Jan 2027 08:00:00 +0000"]);
        assert!(mail.contains("multipart/alternative") && mail.contains("/p#abc"), "{mail}");
    }

    #[test]
    fn no_text_of_a_stranger_becomes_a_header_or_markup() {
        let data = json!({ "balance": 1, "amount": 100, "fees": 5, "reason": NASTY, "ends_at": NASTY, "method": NASTY, "role": NASTY, "key": NASTY });
        for kind in MailKind::ALL {
            let mail = built(kind, NASTY, data.clone());
            assert!(header(&mail, "Bcc").is_empty(), "{mail}");
            assert_eq!(header(&mail, "Message-ID").len(), 1);
            let (_, html) = mail.split_once("Content-Type: text/html").unwrap();
            assert!(!html.contains("<b>"), "{html}");
        }
    }
    #[test]
    fn an_encoded_word_in_a_name_stays_as_it_was_typed() {
        let mail = built(MailKind::ClaimLink, "=?utf-8?q?Your_bank?=", json!({ "balance": 2500 }));
        assert_eq!(header(&mail, "Subject"), ["= ?utf-8?q?Your_bank?= sent you $25.00"]);
        // What the encoder made of "= ?utf-8?q?Your_bank?=": it is encoded once, and decoded to what was typed.
        assert_eq!(
            header(&mail, "From"),
            ["=?utf-8?b?PSA/dXRmLTg/cT9Zb3VyX2Jhbms/PQ==?= <payouts@example.com>"]
        );
    }
}
