//! States, fees and destinations as text. Not here: any decision.

use crate::business::branding::Branding;
use crate::language::Language;
use crate::rails::{Facts, Field};
use crate::store::Stop;
use crate::withdrawals::has_code;
use ledger::{Cents, FeeRule, Refusal, Step, Withdrawal, WithdrawalState};
use serde_json::{Map, Value};

/// The label of a state, with the CSS classes of its badge and its mark in the time line.
pub(super) struct StateWord {
    pub(super) word: &'static str,
    pub(super) badge: &'static str,
    pub(super) mark: &'static str,
}

pub(super) fn state(t: Language, withdrawal: &Withdrawal) -> StateWord {
    let (key, badge, mark) = match withdrawal.state {
        WithdrawalState::Created => ("state.created", "badge-quiet", "is-now"),
        WithdrawalState::Review => ("state.review", "badge-warn", "is-now"),
        WithdrawalState::Queued => ("state.queued", "badge-quiet", "is-now"),
        WithdrawalState::Sending if withdrawal.outcome_unknown => ("state.unknown", "badge-warn", "is-warn"),
        WithdrawalState::Sending => ("state.sending", "badge-quiet", "is-now"),
        WithdrawalState::Succeeded => ("state.succeeded", "badge-good", "is-good"),
        WithdrawalState::Failed => ("state.failed", "badge-bad", "is-bad"),
        WithdrawalState::Rejected => ("state.rejected", "badge-bad", "is-bad"),
        WithdrawalState::Cancelled => ("state.cancelled", "badge-quiet", ""),
        WithdrawalState::Returned => ("state.returned", "badge-warn", "is-warn"),
    };
    StateWord { word: t.say(key), badge, mark }
}

/// What it waits for, or how it ended.
pub(super) fn wait(t: Language, sender: &Branding, withdrawal: &Withdrawal, stop: Option<Stop>) -> String {
    let by_hand = withdrawal.provider.is_paid_by_hand();
    let key = match withdrawal.state {
        WithdrawalState::Queued if stop == Some(Stop::Paused) => "wait.paused",
        WithdrawalState::Queued if stop.is_some() => "wait.off",
        WithdrawalState::Created => "wait.created",
        WithdrawalState::Review => "wait.review",
        WithdrawalState::Queued if by_hand => "wait.queued_manual",
        WithdrawalState::Queued => "wait.queued",
        WithdrawalState::Sending if by_hand => "wait.sending_manual",
        WithdrawalState::Sending if withdrawal.outcome_unknown => "wait.unknown",
        WithdrawalState::Sending => "wait.sending",
        WithdrawalState::Succeeded if has_code(withdrawal) => "wait.succeeded_card",
        WithdrawalState::Succeeded => "wait.succeeded",
        WithdrawalState::Failed => "wait.failed",
        WithdrawalState::Rejected => "wait.rejected",
        WithdrawalState::Cancelled => "wait.cancelled",
        WithdrawalState::Returned => "wait.returned",
    };
    t.with(key, "sender", &sender.display_name)
}

/// A refusal, by its code; in English where no language has it.
pub(super) fn refusal(t: Language, refusal: &Refusal) -> String {
    let code = match refusal {
        Refusal::StepIsNotPossible(WithdrawalState::Sending, Step::Cancel) => "already_sending".to_owned(),
        Refusal::StepIsNotPossible(state, _) if !state.holds_money() => format!("already_{}", state.word()),
        other => other.code().to_owned(),
    };
    t.find(&format!("refusal.{code}")).unwrap_or_else(|| refusal.sentence()).to_owned()
}

/// Why a method is closed, by its code; in English where no language has it.
pub(super) fn closed(t: Language, (code, english): (&str, &str), minimum: Cents) -> String {
    let text = t.find(&format!("closed.{code}")).unwrap_or(english);
    t.fill_in(text, &[("minimum", &t.money(minimum.0))])
}

/// Why a withdrawal ended, by its code. A business may have given a reason of its own under the same code: that is shown as it
/// was written.
pub(super) fn reason(t: Language, withdrawal: &Withdrawal) -> String {
    let key = format!("reason.{}", withdrawal.reason_code);
    let is_standard = Language::English.find(&key) == Some(withdrawal.reason.as_str());
    t.find(&key).filter(|_| is_standard).unwrap_or(&withdrawal.reason).to_owned()
}

pub(super) fn fee_rule(t: Language, rule: &FeeRule) -> String {
    let share = t.percent(rule.basis_points.unsigned_abs());
    let fixed = t.money(rule.fixed.0);
    let mut text = match (rule.fixed > Cents::ZERO, rule.basis_points > 0) {
        (false, false) if rule.floor > Cents::ZERO => return t.money(rule.floor.0),
        (false, false) => return t.say("method.no_fee").to_owned(),
        (true, false) => t.with("fee.rule_fixed", "fixed", fixed),
        (false, true) => t.with("fee.rule_share", "share", share),
        (true, true) => t.fill("fee.rule_both", &[("fixed", &fixed), ("share", &share)]),
    };
    if rule.floor > rule.fixed {
        text += &t.with("fee.at_least", "amount", t.money(rule.floor.0));
    }
    if let Some(cap) = rule.cap.filter(|_| rule.basis_points > 0) {
        text += &t.with("fee.at_most", "amount", t.money(cap.0));
    }
    text
}

/// The label of a destination's field.
pub(super) fn label(t: Language, field: &Field) -> String {
    field.label.in_language(t)
}

/// A stored destination as labels and values.
pub(super) fn destination(t: Language, facts: Option<&Facts>, stored: &str) -> Vec<(String, String)> {
    let Ok(Value::Object(fields)) = serde_json::from_str(stored) else { return Vec::new() };
    let named = |(name, value): (String, Value)| {
        let field = facts.and_then(|facts| facts.fields.iter().find(|field| field.name == name));
        let label = match field {
            // The label of a confirmed field repeats its value.
            Some(field) if field.only_value().is_none() => label(t, field),
            _ => t.find(&format!("field.{name}")).map_or(name, str::to_owned),
        };
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        (label, value)
    };
    fields.into_iter().map(named).collect()
}

/// The title of a withdrawal's method; its name where the method is gone.
pub(super) fn title(t: Language, facts: Option<&Facts>, withdrawal: &Withdrawal) -> String {
    facts.map_or_else(|| withdrawal.method.clone(), |facts| facts.title.in_language(t))
}

/// What the person receives, in one sentence. `detail` is that of the quote.
pub(super) fn receives(t: Language, facts: &Facts, destination: &str, detail: &str, net: Cents) -> String {
    let to: Map<String, Value> = serde_json::from_str(destination).unwrap_or_default();
    let quote: Value = serde_json::from_str(detail).unwrap_or_default();
    let sentence = (facts.kind().receives)(&to, &quote).in_language(t);
    let (method, amount) = (facts.title.in_language(t), t.money(net.0));
    t.fill_in(&sentence, &[("amount", &amount), ("number", &t.number(net.0)), ("method", &method)])
}

/// What a quote estimates: labels and values. A method paid in another currency has an estimate, the others none.
pub(super) fn estimate(t: Language, detail: &str) -> Vec<(&'static str, String)> {
    let quote: Value = serde_json::from_str(detail).unwrap_or_default();
    let value = |name: &str| quote[name].as_str().map(|text| text.replace('.', t.say("format.decimal")));
    let named = [
        (t.say("summary.estimated_amount"), value("estimated_amount")),
        (t.say("summary.estimated_rate"), value("estimated_rate")),
    ];
    named.into_iter().filter_map(|(label, value)| Some((label, value?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rails::Closed;
    use WithdrawalState::{Cancelled, Failed, Rejected, Returned, Sending, Succeeded};

    #[test]
    fn refusals_are_translated_by_their_codes() {
        let steps = [Sending, Succeeded, Failed, Rejected, Cancelled, Returned];
        let mut known: Vec<Refusal> =
            steps.into_iter().map(|state| Refusal::StepIsNotPossible(state, Step::Cancel)).collect();
        known.extend([
            Refusal::MethodIsClosed,
            Refusal::MethodIsPaused,
            Refusal::WithdrawalsArePaused,
            Refusal::AmountIsBelowTheMinimum,
            Refusal::AmountIsAboveTheMaximum,
            Refusal::AmountDoesNotCoverTheFee,
            Refusal::DailyCapIsReached,
            Refusal::AmountIsOutOfRange,
        ]);
        for of in &known {
            assert_eq!(refusal(Language::English, of), of.sentence());
            for language in Language::ALL.into_iter().filter(|language| *language != Language::English) {
                assert_ne!(refusal(language, of), of.sentence(), "{language:?} {of:?}");
            }
        }
        let keys = Language::English.keys().filter(|(key, _)| key.starts_with("refusal.")).count();
        assert_eq!(keys, known.len(), "a key that is no refusal");
        let unknown = Refusal::MainBalanceIsTooLow;
        assert_eq!(refusal(Language::German, &unknown), unknown.sentence());
    }

    #[test]
    fn closed_methods_are_translated_by_their_codes() {
        let of_rails = Closed::ALL.map(|of| (of.code(), of.sentence()));
        let below = Refusal::AmountIsBelowTheMinimum;
        let others =
            [Refusal::MethodIsPaused, Refusal::MethodIsClosed, below].map(|of| (of.code(), of.sentence()));
        for of in of_rails.into_iter().chain(others) {
            for language in Language::ALL {
                assert_ne!(closed(language, of, Cents(500)), of.1, "{language:?}");
            }
        }
        let keys = Language::English.keys().filter(|(key, _)| key.starts_with("closed.")).count();
        assert_eq!(keys, 6, "a key that is no reason");
        let below = closed(Language::English, ("below_minimum", ""), Cents(500));
        assert_eq!(below, "Your balance is below the minimum of $5.00.");
    }

    #[test]
    fn an_estimate_has_labels_in_the_person_s_language() {
        let detail = r#"{"estimated_amount":"9.00 EUR","estimated_rate":"0.9"}"#;
        let german = estimate(Language::German, detail);
        assert_eq!(
            german,
            [
                ("Voraussichtlicher Betrag", "9,00 EUR".to_owned()),
                ("Voraussichtlicher Kurs", "0,9".to_owned())
            ]
        );
        assert_eq!(estimate(Language::English, ""), []);
    }
}
