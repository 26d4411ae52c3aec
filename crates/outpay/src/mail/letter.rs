//! The text of each kind of mail, in English. Not here: encoding (message.rs). A letter may hold a link that only its
//! reader may see, so the type has no `Debug`.

use crate::format::money;
use crate::mail_kind::MailKind;
use secrecy::SecretString;
use serde_json::Value;

/// The content of a mail, before encoding.
pub(super) struct Letter {
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
    pub(super) business: &'a str,
    pub(super) is_test_mode: bool,
    /// The JSON stored with the mail; its fields depend on the kind.
    pub(super) data: &'a Value,
    pub(super) link: Option<SecretString>,
    /// The rail's title, for mails about a withdrawal.
    pub(super) method: &'a str,
}

pub(super) fn write(told: LetterInput<'_>) -> Letter {
    let mut letter = match told.kind {
        MailKind::ClaimLink | MailKind::Expiring => about_money(&told),
        MailKind::Delivered | MailKind::Failed | MailKind::Rejected | MailKind::Returned => {
            about_withdrawal(&told)
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
        letter.subject = format!("[Test] {}", letter.subject);
        letter.paragraphs.insert(0, "This is a test. No real money is involved.".to_owned());
    }
    let label = match told.kind {
        MailKind::ClaimLink => "Choose how to get your money",
        MailKind::Invitation => "Accept the invitation",
        MailKind::Reset => "Set a new password",
        MailKind::EmailChange => "Confirm this address",
        _ => "Open your page",
    };
    letter.button = told.link.map(|link| (label, link));
    letter
}

fn about_money(told: &LetterInput<'_>) -> Letter {
    let (business, balance) = (told.business, money(told.data["balance"].as_i64().unwrap_or(0)));
    if told.kind == MailKind::Expiring {
        let ends_at = told.data["ends_at"].as_str().unwrap_or_default();
        let day = ends_at.split('T').next().unwrap_or_default();
        return Letter {
            subject: format!("{balance} from {business} is waiting for you until {day}"),
            paragraphs: vec![
                format!(
                    "You have not taken {balance} that {business} gave you. If you leave it untouched, it goes back on {day}."
                ),
                how_to_open(told),
            ],
            facts: vec![("Waiting for you", balance), ("Until", day.to_owned())],
            button: None,
            footer: to_person(business),
        };
    }
    // A link that is sent again must not announce new money.
    let (subject, sentence) = if told.data["again"] == true {
        let sentence =
            format!("Here is the link to your page. {balance} from {business} is waiting for you there.");
        (format!("Your page: {balance} from {business}"), sentence)
    } else {
        let subject = format!("{business} has sent you {balance}");
        (subject.clone(), format!("{subject}. Open your page to choose how you want to get it."))
    };
    Letter {
        subject,
        paragraphs: vec![
            sentence,
            "The link is for you alone: anyone who has it can take the money. Do not pass it on.".to_owned(),
        ],
        facts: vec![("From", business.to_owned()), ("Amount", balance)],
        button: None,
        footer: to_person(business),
    }
}

fn about_withdrawal(told: &LetterInput<'_>) -> Letter {
    let business = told.business;
    let cents = |field: &str| told.data[field].as_i64().unwrap_or(0);
    let (amount, fees) = (money(cents("amount")), cents("fees"));
    let back = format!("The whole {amount} is in your balance again.");
    let (subject, said) = match told.kind {
        MailKind::Delivered => (
            format!("Your {amount} from {business} is on its way"),
            vec![format!("Your withdrawal of {amount} has been paid.")],
        ),
        MailKind::Rejected => (
            format!("{business} has not approved your withdrawal of {amount}"),
            vec![format!(
                "{business} has looked at your withdrawal of {amount} and has not approved it. {back}"
            )],
        ),
        MailKind::Returned => (
            format!("Your withdrawal of {amount} came back"),
            vec![format!("Your withdrawal of {amount} was paid, but the money came back. {back}")],
        ),
        _ => (
            format!("Your withdrawal of {amount} did not work"),
            vec![format!(
                "Your withdrawal of {amount} could not be paid. {back} You can correct the details and try again."
            )],
        ),
    };
    let mut paragraphs = said;
    paragraphs.push(how_to_open(told));
    let mut facts = vec![("Amount", amount)];
    if fees > 0 {
        facts.push(("Fees", money(fees)));
        if told.kind == MailKind::Delivered {
            facts.push(("You get", money(cents("amount") - fees)));
        }
    }
    if !told.method.is_empty() {
        facts.push(("By", told.method.to_owned()));
    }
    let reason = told.data["reason"].as_str().unwrap_or_default();
    if told.kind != MailKind::Delivered && !reason.is_empty() {
        facts.push(("Reason", reason.to_owned()));
    }
    Letter { subject, paragraphs, facts, button: None, footer: to_person(business) }
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
        subject: "Mail works".to_owned(),
        paragraphs: vec!["This is a test. Mails of this server reach you.".to_owned()],
        facts: Vec::new(),
        button: None,
        footer: "You get this mail because an operator asked for it.".to_owned(),
    }
}

fn how_to_open(told: &LetterInput<'_>) -> String {
    if told.link.is_some() {
        "You see everything about it on your page. The link is for you alone: do not pass it on.".to_owned()
    } else {
        format!("You see everything about it on your page, behind the link that {} gave you.", told.business)
    }
}

fn to_person(business: &str) -> String {
    format!(
        "You get this mail because {business} pays you. Questions about the money are answered by {business}."
    )
}

fn to_member(business: &str) -> String {
    if business.is_empty() {
        "You get this mail because you have an account here.".to_owned()
    } else {
        format!("You get this mail because of the team of {business}.")
    }
}
