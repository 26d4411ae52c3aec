//! `/dashboard/methods`: the health of each method: whether it works, what its withdrawals came to, what could be paid now, and the way to
//! its pause. Not here: fees, limits and review (business/settings.rs).

use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::frame::Frame;
use crate::dashboard::door::query;
use crate::dashboard::door::signed_in::SignedIn;
use crate::roles::Permission;
use crate::web::page;
use crate::withdrawals::health::{self, MethodHealth, Works};
use axum::response::Response;
use http::StatusCode;

#[derive(askama::Template)]
#[template(path = "dashboard/money/methods.html")]
struct MethodsPage {
    frame: Frame,
    manages: bool,
    methods: Vec<ShownMethod>,
}

struct ShownMethod {
    of: MethodHealth,
    /// The page that asks whether to pause it.
    pause: String,
    /// Its withdrawals.
    withdrawals: String,
}

impl ShownMethod {
    fn new(of: MethodHealth) -> Self {
        let path = |page: &str| query::path(page, &[("method", &of.name)]);
        Self { pause: path("/dashboard/pauses"), withdrawals: path("/dashboard/withdrawals"), of }
    }

    /// Class of the badge, and words.
    fn badge(&self) -> (&'static str, &'static str) {
        match self.of.works {
            Works::Yes => ("badge-good", "works"),
            Works::Paused => ("badge-warn", "paused"),
            Works::Off => ("badge-quiet", "switched off"),
            Works::LeftAlone => ("badge-bad", "left alone"),
            Works::No(crate::rails::Closed::OutOfFunds) => ("badge-bad", "out of funds"),
            Works::No(_) | Works::Silent => ("badge-bad", "does not answer"),
        }
    }

    /// What the badge means, where it needs a word.
    fn advice(&self) -> &'static str {
        match self.of.works {
            Works::Yes => "",
            Works::Paused => "Nothing is sent, and new requests are refused, until it is resumed.",
            Works::Off => "It is not offered. It is switched on in the settings.",
            Works::LeftAlone => {
                "It did not answer five payments in a row. It is asked again within half a minute; what is queued waits."
            }
            Works::No(crate::rails::Closed::OutOfFunds) => {
                "New requests are refused, and what is queued waits, until the operator of this server adds funds."
            }
            Works::No(_) | Works::Silent => "What is queued waits. The log of this server says why.",
        }
    }
}

/// The page.
pub async fn view(who: SignedIn) -> Result<Response, Declined> {
    let methods = health::all(&who.platform, who.book).await?;
    let shown = MethodsPage {
        frame: Frame::new(&who, "methods", "Methods"),
        manages: who.may(Permission::ManageSettings),
        methods: methods.into_iter().map(ShownMethod::new).collect(),
    };
    Ok(page::html(StatusCode::OK, &shown))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::snapshot;
    use crate::rails::Closed;
    use crate::store::MethodActivity;
    use ledger::Cents;

    const AT: i64 = 1_800_000_000_000_000;

    fn method(name: &str, title: &str, works: Works) -> ShownMethod {
        ShownMethod::new(MethodHealth {
            name: name.to_owned(),
            title: title.to_owned(),
            by_hand: false,
            works,
            activity: MethodActivity::default(),
            float: None,
            left_alone: None,
            mismatches: 0,
            compared_until: None,
        })
    }

    #[test]
    fn page_methods() {
        let failure = "The address cannot receive this token. Please check it and try again.";
        let mut usdc = method("usdc", "USDC on Base", Works::Yes);
        usdc.of.activity = MethodActivity {
            last_success: Some(AT),
            last_failure: Some((AT - 60_000_000, "refused_by_token".to_owned(), failure.to_owned())),
            failed_since: 3,
            on_the_way: (12, Cents(123_450)),
            in_doubt: 1,
        };
        usdc.of.float = Some(Cents(4_200_000));
        usdc.of.left_alone = Some((AT - 3_600_000_000, 2));
        usdc.of.mismatches = 2;
        usdc.of.compared_until = Some(AT);
        let mut bank = method("bank", "Bank transfer", Works::Paused);
        bank.of.by_hand = true;
        snapshot(
            "methods",
            &MethodsPage {
                frame: Frame {
                    paused: Some("Withdrawals by Bank transfer are paused.".to_owned()),
                    ..Frame::sample("methods", "Methods")
                },
                manages: true,
                methods: vec![
                    usdc,
                    bank,
                    method("gift_card", "Gift card", Works::No(Closed::OutOfFunds)),
                    method("usdt", "USDT on Ethereum", Works::LeftAlone),
                    method("eurc", "EURC on Base", Works::Off),
                ],
            },
        );
    }
}
