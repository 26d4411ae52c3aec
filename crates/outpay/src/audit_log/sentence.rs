//! An entry of the audit log as a sentence: "changed the daily limit of bank from $500.00 to $1,000.00", after the name of who did it.
//! Not here: the field-by-field table (difference.rs), who actors are (mod.rs).

use super::difference::{FieldDifference, differences, shown};
use crate::format;
use serde_json::Value;

/// Action, what the filter calls it, and what was done: `{subject}` is the entry's subject, `{key}` a value of its detail. Texts in
/// brackets are left out where a value of theirs is empty.
const ACTIONS: &[(&str, &str, &str)] = &[
    (
        "batch.answered",
        "Bank file read",
        "read a bank's answer for {subject}: {settled} paid, {failed} failed, {returned} returned",
    ),
    ("batch.approved", "Batch approved", "approved a batch of {payments} payments[ by {method}], {$total}"),
    (
        "batch.dissolved",
        "Batch dissolved",
        "dissolved a batch of {payments} payments[ by {method}], {$total}[: {proof}]",
    ),
    (
        "batch.downloaded",
        "Batch downloaded",
        "downloaded the file of a batch of {payments} payments[ by {method}], {$total}",
    ),
    ("batch.made", "Batch made", "made a batch of {payments} payments[ by {method}], {$total}"),
    (
        "batch.trial_file",
        "Test entries written",
        "downloaded test entries of a batch of {payments} payments[ by {method}]",
    ),
    ("deposit.recorded", "Deposit recorded", "recorded a deposit of {$amount}[ ({reference})]"),
    ("import.approved", "Import approved", "approved an import of {lines} payments, {$total}"),
    ("import.confirmed", "Import confirmed", "confirmed an import of {lines} payments, {$total}"),
    ("import.discarded", "Import discarded", "discarded an import of {lines} payments, {$total}"),
    (
        "import.retried",
        "Import retried",
        "retried what was not paid of an import of {lines} payments, {$total}",
    ),
    ("installation.recovered", "Recovered", "recovered the database and accepted the loss"),
    ("key.activated", "Key activated", "activated an API key"),
    ("key.created", "Key created", "created the {mode} {kind} key[ \u{201c}{name}\u{201d}][ ({limits})]"),
    ("key.revoked", "Key revoked", "revoked an API key"),
    ("key.rolled", "Key rolled", "replaced an API key with a new one"),
    ("member.email_change_asked", "Address change asked", "asked to change the e-mail address of {subject}"),
    ("member.email_changed", "Address changed", "changed their e-mail address from {from} to {to}"),
    ("member.forged_form", "Forged form", "refused a forged form in the name of {subject}, {times} times"),
    (
        "member.invitation_withdrawn",
        "Invitation withdrawn",
        "withdrew the invitation of {subject}[ as {role}]",
    ),
    ("member.invited", "Member invited", "invited {subject}[ as {role}]"),
    ("member.joined", "Member joined", "joined the team[ as {role}]"),
    ("member.locked_out", "Locked out", "locked {subject} out after wrong passwords or codes"),
    ("member.other_sessions_ended", "Other sessions ended", "signed out all their other sessions"),
    ("member.passkey_added", "Passkey added", "added a passkey"),
    ("member.passkey_removed", "Passkey removed", "removed a passkey"),
    ("member.password_changed", "Password changed", "changed their password"),
    ("member.password_reset", "Password reset", "set a new password by a mailed link"),
    (
        "member.password_reset_asked",
        "Password reset asked",
        "asked for a link to set a new password for {subject}",
    ),
    ("member.recovery_codes_renewed", "Recovery codes renewed", "made new recovery codes"),
    ("member.refused_credential", "Credential refused", "refused a credential of {subject}, {times} times"),
    ("member.removed", "Member removed", "removed {subject} from the team[, who was {role}]"),
    ("member.reset", "Access set anew", "set their password and second factor anew"),
    ("member.reset_offered", "Reset offered", "offered {subject} to set password and second factor anew"),
    ("member.role_changed", "Role changed", "changed the role of {subject} from {from} to {to}"),
    ("member.second_factor_changed", "Second factor changed", "changed their second factor"),
    ("member.second_factor_reset", "Second factor reset", "reset the second factor of {subject}"),
    ("member.second_factor_set", "Second factor set", "set up a second factor"),
    ("member.session_ended", "Session ended", "signed out one of their sessions"),
    ("member.signed_in", "Signed in", "signed in[ with {second_factor}][ from {address}]"),
    ("member.wrong_code", "Wrong code", "counted {times} wrong codes for {subject}[ from {address}]"),
    (
        "member.wrong_password",
        "Wrong password",
        "counted {times} wrong passwords for {subject}[ from {address}]",
    ),
    ("payments.paused", "Payments paused", "paused {scope}[: {reason}]"),
    ("payments.resumed", "Payments resumed", "resumed {scope}[: {reason}]"),
    ("payout_user.exported", "Recipient exported", "exported the data of {subject}"),
    ("payout_user.link_mailed", "Link mailed", "mailed a recipient's link"),
    ("payout_user.link_shown", "Link shown", "looked at a recipient's link"),
    ("payout_user.note_added", "Note added", "added a note about a recipient"),
    ("payout_user.note_removed", "Note removed", "removed a note about a recipient"),
    ("proposal.confirmed", "Proposal confirmed", "confirmed a proposal[: {reason}]"),
    ("proposal.made", "Proposal made", "proposed a change for a second person to confirm[: {reason}]"),
    (
        "proposal.refused",
        "Proposal refused",
        "confirmed a proposal that could not be carried out[: {reason}]",
    ),
    ("proposal.withdrawn", "Proposal withdrawn", "withdrew a proposal[: {reason}]"),
    (
        "reconciliation.closed",
        "Difference closed",
        "closed a difference in the books of {method}[: {reason}]",
    ),
    ("recovery.rail_skipped", "Rail skipped", "skipped reading the transfers by {subject}[: {reason}]"),
    ("recovery.transfer_assigned", "Transfer assigned", "decided on a transfer that no payment made"),
    ("recovery.transfer_lost", "Transfer written off", "wrote off a transfer that no payment made"),
    ("settings.branding_changed", "Branding changed", "changed the branding"),
    ("settings.expiry_changed", "Expiry changed", "changed the days to claim money"),
    (
        "settings.import_approval_changed",
        "Import rule changed",
        "changed the amount above which imports need approval",
    ),
    ("settings.logo_changed", "Logo changed", "changed the logo"),
    ("settings.method_changed", "Method changed", "changed the settings of {subject}"),
    ("settings.origins_changed", "Origins changed", "changed the origins that may call the API"),
    ("settings.own_deposits_allowed", "Own deposits allowed", "allowed the business to record live deposits"),
    (
        "settings.own_deposits_denied",
        "Own deposits denied",
        "no longer lets the business record live deposits",
    ),
    ("settings.payouts_disabled", "Payouts disabled", "disabled payouts"),
    ("settings.payouts_enabled", "Payouts enabled", "enabled payouts"),
    (
        "settings.two_people_changed",
        "Two-person rule changed",
        "changed the amount above which two people are needed",
    ),
    ("test_clock.advanced", "Test clock advanced", "advanced the test clock by {advance_seconds} seconds"),
    ("webhook.deleted", "Webhook deleted", "deleted the webhook endpoint[ {host}]"),
    ("webhook.disabled", "Webhook disabled", "switched off the webhook endpoint {host}, which only failed"),
    ("webhook.replayed", "Webhooks replayed", "sent {deliveries} failed webhooks again"),
    ("webhook.retried", "Webhook retried", "sent a webhook again"),
    ("webhook.rolled", "Webhook secrets rolled", "gave a webhook endpoint new secrets"),
    ("webhook.set", "Webhook set", "set the webhook endpoint[ {host}]"),
    ("webhook.switched", "Webhook secrets switched", "ended the old secrets of a webhook endpoint"),
    ("withdrawal.metadata_set", "Metadata set", "set the metadata of a withdrawal"),
    (
        "withdrawal.screening_denied",
        "Screening denied",
        "noted that the screening service denied a withdrawal",
    ),
    (
        "withdrawal.screening_released",
        "Screening released",
        "released a withdrawal that the screening service had denied",
    ),
];

/// What the filter calls an action.
#[must_use]
pub fn label(action: &str) -> String {
    let known = ACTIONS.iter().find(|known| known.0 == action);
    known.map_or_else(|| action.replace(['.', '_'], " "), |known| known.1.to_owned())
}

/// What was done, after the name of who did it.
#[must_use]
pub fn what(action: &str, subject: &str, detail: &str) -> String {
    let detail: Value = serde_json::from_str(detail).unwrap_or_default();
    if let Some(changed) = one_change(action, subject, &detail) {
        return changed;
    }
    match ACTIONS.iter().find(|known| known.0 == action) {
        Some((_, _, phrase)) => filled(phrase, subject, &detail),
        None if subject.is_empty() => action.replace(['.', '_'], " "),
        None => format!("{}: {subject}", action.replace(['.', '_'], " ")),
    }
}

/// A change of one field says from what to what; the table has the fields of a larger one.
fn one_change(action: &str, subject: &str, detail: &Value) -> Option<String> {
    if !(action.starts_with("settings.") || action == "webhook.set") {
        return None;
    }
    let all = differences(action, detail);
    let [FieldDifference { field, from, to }] = &all[..] else { return None };
    let whose = match action {
        "settings.method_changed" => subject.to_owned(),
        "webhook.set" => format!("the webhook endpoint {}", value(&detail["host"])),
        _ => String::new(),
    };
    if field == "Enabled" {
        return Some(format!("{} {whose}", if to == "On" { "enabled" } else { "disabled" }));
    }
    let of = if whose.is_empty() { whose } else { format!(" of {whose}") };
    let field = lower_first(field);
    Some(match (from.as_str(), to.as_str()) {
        ("Off", "On") => format!("switched on the {field}{of}"),
        ("On", "Off") => format!("switched off the {field}{of}"),
        (from, to) => format!("changed the {field}{of} from {from} to {to}"),
    })
}

fn lower_first(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_lowercase().to_string()).unwrap_or_default();
    format!("{first}{}", characters.as_str())
}

/// The phrase with its values.
fn filled(phrase: &str, subject: &str, detail: &Value) -> String {
    let mut text = String::new();
    let mut rest = phrase;
    while let Some(at) = rest.find(['[', '{']) {
        text.push_str(&rest[..at]);
        let is_optional = rest[at..].starts_with('[');
        let end = at + rest[at..].find(if is_optional { ']' } else { '}' }).unwrap_or(rest.len() - at - 1);
        let inside = &rest[at + 1..end];
        if is_optional {
            let name = inside.split(['{', '}']).nth(1).unwrap_or_default();
            if !named(name, subject, detail).is_empty() {
                text.push_str(&filled(inside, subject, detail));
            }
        } else {
            text.push_str(&named(inside, subject, detail));
        }
        rest = &rest[end + 1..];
    }
    text + rest
}

fn named(name: &str, subject: &str, detail: &Value) -> String {
    match (name, name.strip_prefix('$')) {
        ("subject", _) => subject.to_owned(),
        (_, Some(cents)) => detail[cents].as_i64().map(format::money).unwrap_or_default(),
        _ => value(&detail[name]),
    }
}

fn value(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => shown("", other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_entry_is_a_sentence() {
        for (action, subject, detail, sentence) in [
            (
                "member.invited",
                "bob@example.com",
                json!({ "role": "viewer" }),
                "invited bob@example.com as viewer",
            ),
            (
                "member.role_changed",
                "bob@example.com",
                json!({ "from": "viewer", "to": "admin" }),
                "changed the role of bob@example.com from viewer to admin",
            ),
            (
                "import.confirmed",
                "imp_1",
                json!({ "lines": 3, "total": 123_456 }),
                "confirmed an import of 3 payments, $1,234.56",
            ),
            (
                "payments.paused",
                "bank",
                json!({ "scope": "method bank", "reason": "" }),
                "paused method bank",
            ),
            (
                "key.created",
                "key_1",
                json!({ "name": "", "kind": "secret", "mode": "live", "limits": "" }),
                "created the live secret key",
            ),
            (
                "settings.expiry_changed",
                "",
                json!({ "from": null, "to": 30 }),
                "changed the days to claim money from none to 30",
            ),
            ("something.quite_new", "x", json!({}), "something quite new: x"),
            ("something.quite_new", "", json!(null), "something quite new"),
        ] {
            assert_eq!(what(action, subject, &detail.to_string()), sentence);
        }
    }

    #[test]
    fn one_changed_field_says_from_what_to_what() {
        let terms =
            |cap: i64, enabled: bool| json!({ "enabled": enabled, "daily_cap": cap, "fee": { "fixed": 50 } });
        let said = |from, to| {
            what("settings.method_changed", "bank", &json!({ "from": from, "to": to }).to_string())
        };
        assert_eq!(
            said(terms(50_000, true), terms(100_000, true)),
            "changed the daily limit of bank from $500.00 to $1,000.00"
        );
        assert_eq!(said(terms(50_000, false), terms(50_000, true)), "enabled bank");
        assert_eq!(said(terms(1, false), terms(2, true)), "changed the settings of bank");
    }

    #[test]
    fn every_action_has_a_label_and_stands_once() {
        assert!(ACTIONS.is_sorted_by(|one, next| one.0 < next.0));
        assert_eq!(label("batch.made"), "Batch made");
        assert_eq!(label("something.quite_new"), "something quite new");
    }

    /// An action without a sentence would be shown by its technical name.
    #[test]
    fn every_action_in_the_source_has_a_sentence() {
        let is_word =
            |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        let groups: Vec<&str> = ACTIONS.iter().filter_map(|known| Some(known.0.split_once('.')?.0)).collect();
        // A file and a setting, named in the same shape.
        let others = ["key.pem", "recovery.needed", "something.quite_new"];
        let mut ahead = vec![std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src")];
        let mut used = std::collections::BTreeSet::new();
        while let Some(path) = ahead.pop() {
            if path.is_dir() {
                ahead.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
                continue;
            }
            let source = std::fs::read_to_string(path).unwrap();
            let source = source.split_once("const ACTIONS").map_or(source.as_str(), |_| "");
            let names = source.split('"').filter(|text| {
                text.split_once('.').is_some_and(|(group, word)| groups.contains(&group) && is_word(word))
            });
            used.extend(names.filter(|name| !others.contains(name)).map(str::to_owned));
        }
        assert!(used.len() > 50, "{used:?}");
        let known = |name: &&String| ACTIONS.iter().all(|action| action.0 != **name);
        assert_eq!(used.iter().find(known), None, "it has no sentence in ACTIONS");
    }
}
