//! The text of each kind of mail: to members in English, here; to payout users in their language (to_recipient.rs). Not here: encoding
//! (message.rs). A letter may hold a link that only its reader may see, so the type has no `Debug`.

use super::to_recipient;
use crate::language::Language;
use crate::mail_kind::MailKind;
use secrecy::SecretString;
use serde_json::Value;

/// The content of a mail, before encoding.
pub(super) struct Letter {
    pub(super) language: Language,
    pub(super) subject: String,
    pub(super) paragraphs: Vec<String>,
    /// Label and value, one row each.
    pub(super) facts: Vec<(&'static str, String)>,
    /// Label and link.
    pub(super) button: Option<(&'static str, SecretString)>,
    pub(super) footer: String,
}

/// The input of a letter.
pub(super) struct LetterInput<'a> {
    pub(super) kind: MailKind,
    /// Of a payout user.
    pub(super) language: Language,
    pub(super) business: &'a str,
    pub(super) is_test_mode: bool,
    /// The JSON stored with the mail; its fields depend on the kind.
    pub(super) data: &'a Value,
    pub(super) link: Option<SecretString>,
}

pub(super) fn write(told: LetterInput<'_>) -> Letter {
    let mut letter = match told.kind {
        MailKind::ClaimLink | MailKind::Expiring => to_recipient::about_money(&told),
        MailKind::Delivered | MailKind::Failed | MailKind::Rejected | MailKind::Returned => {
            to_recipient::about_withdrawal(&told)
        }
        MailKind::Invitation | MailKind::Reset | MailKind::EmailChange => about_link(&told),
        MailKind::NewSignIn
        | MailKind::PasswordChanged
        | MailKind::SecondFactorChanged
        | MailKind::EmailChanged
        | MailKind::PasskeyAdded
        | MailKind::KeyCreated
        | MailKind::KeyRevoked => about_security(&told),
        MailKind::WebhookDisabled => about_webhook(&told),
        MailKind::Test => test(),
    };
    if told.is_test_mode {
        to_recipient::mark_as_test(&mut letter);
    }
    let label = match told.kind {
        MailKind::Invitation => "Accept the invitation",
        MailKind::Reset => "Set a new password",
        MailKind::EmailChange => "Confirm this address",
        kind => to_recipient::button(told.language, kind),
    };
    letter.button = told.link.map(|link| (label, link));
    letter
}

fn about_link(told: &LetterInput<'_>) -> Letter {
    let business = told.business;
    let text = |field: &str| told.data[field].as_str().unwrap_or_default().to_owned();
    let (subject, sentence) = match told.kind {
        MailKind::Invitation => (
            format!("You are invited to the team of {business}"),
            format!("You are invited to help run the payouts of {business}."),
        ),
        MailKind::EmailChange => (
            "Confirm your new address".to_owned(),
            "A member of a team wants to sign in with this e-mail address from now on. Confirm it if that is you.".to_owned(),
        ),
        _ => (
            "Set a new password".to_owned(),
            "A link to set a new password was asked for, probably by you. Your second factor stays as it is."
                .to_owned(),
        ),
    };
    let role = (told.kind == MailKind::Invitation).then(|| ("Role", text("role")));
    Letter {
        language: Language::English,
        subject,
        paragraphs: vec![sentence, "The link works once. If you did not expect it, do nothing.".to_owned()],
        facts: role.into_iter().chain([("Valid until", text("ends_at"))]).collect(),
        button: None,
        footer: to_member(business),
    }
}

fn about_security(told: &LetterInput<'_>) -> Letter {
    let text = |field: &str| told.data[field].as_str().unwrap_or_default().to_owned();
    let (subject, sentence) = match told.kind {
        MailKind::NewSignIn => (
            "A new sign-in to your account",
            "Your account was signed in to from a browser that was not used before.",
        ),
        MailKind::PasswordChanged => (
            "Your password was changed",
            "The password of your account was changed. All other sessions have ended.",
        ),
        MailKind::SecondFactorChanged => {
            ("Your second factor was changed", "The second factor of your account was changed.")
        }
        MailKind::EmailChanged => (
            "Your e-mail address was changed",
            "You sign in with another e-mail address from now on, and mails to you go there.",
        ),
        MailKind::PasskeyAdded => (
            "A passkey was added to your account",
            "A passkey was added. It signs in to your account without password and code.",
        ),
        MailKind::KeyCreated => ("An API key was created", "An API key was created."),
        _ => ("An API key was revoked", "An API key was revoked."),
    };
    let facts = [
        ("When", "at"),
        ("From", "address"),
        ("Browser", "browser"),
        ("New address", "new_address"),
        ("Key", "key"),
        ("By", "by"),
    ];
    let facts = facts.into_iter().map(|(name, field)| (name, text(field)));
    Letter {
        language: Language::English,
        subject: subject.to_owned(),
        paragraphs: vec![
            sentence.to_owned(),
            "If this was you, there is nothing to do. If not, change your password and end the sessions that you do not know, and tell your team."
                .to_owned(),
        ],
        facts: facts.filter(|(_, value)| !value.is_empty()).collect(),
        button: None,
        footer: to_member(told.business),
    }
}

fn about_webhook(told: &LetterInput<'_>) -> Letter {
    let text = |field: &str| told.data[field].as_str().unwrap_or_default().to_owned();
    let facts = [("Webhook", "host"), ("Failing since", "since"), ("Switched off", "at")];
    Letter {
        language: Language::English,
        subject: "A webhook was switched off".to_owned(),
        paragraphs: vec![
            "Your server did not accept a single delivery for five days, so this webhook was switched off. Nothing is delivered while it is off."
                .to_owned(),
            "When your server works again, switch the webhook on in the dashboard. What is missing can be read with GET /payout/events."
                .to_owned(),
        ],
        facts: facts.into_iter().map(|(name, field)| (name, text(field))).collect(),
        button: None,
        footer: to_member(told.business),
    }
}

/// The test mail.
pub(super) fn test() -> Letter {
    Letter {
        language: Language::English,
        subject: "Mail works".to_owned(),
        paragraphs: vec!["This is a test. Mails of this server reach you.".to_owned()],
        facts: Vec::new(),
        button: None,
        footer: "You get this mail because an operator asked for it.".to_owned(),
    }
}

fn to_member(business: &str) -> String {
    if business.is_empty() {
        "You get this mail because you have an account here.".to_owned()
    } else {
        format!("You get this mail because of the team of {business}.")
    }
}
