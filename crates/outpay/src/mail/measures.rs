//! Mail metrics. Label values are constants of this program: none comes from a recipient or a mail server.

use crate::store::MailState;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

#[derive(Debug, Default)]
pub struct MailMeasures {
    tries: Family<MailLabels, Counter>,
    waiting: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct MailLabels {
    outcome: &'static str,
}

impl MailMeasures {
    pub fn register(&self, registry: &mut Registry) {
        // From the beginning: a counter that appears with its first failure has no rate.
        for state in MailState::ALL {
            drop(self.tries.get_or_create(&MailLabels { outcome: outcome_word(state) }));
        }
        registry.register("mail_tries", "Tries to send a mail by outcome", self.tries.clone());
        registry.register("mail_waiting", "Mails that wait to be sent", self.waiting.clone());
    }

    pub(super) fn tried(&self, state: MailState) {
        self.tries.get_or_create(&MailLabels { outcome: outcome_word(state) }).inc();
    }

    pub(super) fn waiting(&self, mails: i64) {
        self.waiting.set(mails);
    }
}

/// What a try has made of its mail.
fn outcome_word(state: MailState) -> &'static str {
    if state == MailState::Pending { "put_off" } else { state.word() }
}
