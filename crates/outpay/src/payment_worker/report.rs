//! What a turn tells the log and the metrics: each refusal and return, and each failure once. With the rail, the withdrawal's public id and
//! the code, and never with a destination (rails/for_log.rs). Refusals in test mode are what a business's tests ask for, so they are
//! no warnings.

use super::turn::Turn;
use crate::ids::IdKind;
use crate::rails::for_log;
use crate::store::Attempt;
use ledger::Mode;

impl Turn<'_> {
    /// The rail refused the payment; the person has the money again.
    pub(super) fn report_refusal(&self, code: &str, text: &str) {
        let (rail, withdrawal, text) = (self.rail(), self.public_id(), for_log(text));
        self.platform.rails.measures().refused(rail, code);
        match rail {
            (Mode::Live, rail) => tracing::warn!(rail, withdrawal, code, text, "a rail refused a payment"),
            (Mode::Test, rail) => {
                tracing::info!(rail, withdrawal, code, text, "a simulated rail refused a payment")
            }
        }
    }

    /// The payment came back after it had succeeded.
    pub(super) fn report_return(&self, code: &str, text: &str) {
        let (rail, withdrawal, text) = (self.rail(), self.public_id(), for_log(text));
        self.platform.rails.measures().returned(rail, code);
        match rail {
            (Mode::Live, rail) => tracing::warn!(rail, withdrawal, code, text, "a payment came back"),
            (Mode::Test, rail) => {
                tracing::info!(rail, withdrawal, code, text, "a simulated payment came back")
            }
        }
    }

    /// The rail did not say what became of the payment. Asked again and again, it often says the same: that is no news.
    pub(super) fn report_unknown(&self, attempts: &[Attempt], text: &str) {
        let is_said =
            attempts.last().is_some_and(|last| last.answer == "unknown" && last.answer_text == text);
        if is_said {
            return;
        }
        let (rail, withdrawal, text) = (self.rail(), self.public_id(), for_log(text));
        match rail {
            (Mode::Live, rail) => {
                tracing::warn!(rail, withdrawal, text, "the outcome of a payment is unknown")
            }
            (Mode::Test, rail) => {
                tracing::info!(rail, withdrawal, text, "the outcome of a simulated payment is unknown")
            }
        }
    }

    /// Nothing could be sent; it is tried again.
    pub(super) fn report_no_attempt(&self, text: &str) {
        let (rail, withdrawal, reason) = (self.rail().1, self.public_id(), for_log(text));
        tracing::warn!(rail, withdrawal, reason, "no attempt can be made now");
    }

    /// The withdrawal's public id.
    fn public_id(&self) -> String {
        self.platform.secrets.ids().seal(IdKind::Withdrawal, self.hold.book, self.hold.withdrawal)
    }
}
