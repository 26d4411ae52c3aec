//! The provider's own list of orders, for reconciliation. It lists all orders of the organization, so an organization of its own is
//! needed for Outpay.

use super::TremendousRail;
use super::api::TremendousError;
use super::order::{Order, OrderState};
use crate::clock::rfc3339;
use crate::rails::{Booked, Standing};
use crate::store::Failure;
use anyhow::{Context, ensure};
use ledger::Micros;
use serde::Deserialize;
use std::collections::BTreeSet;

/// The most that the provider lists at once.
const PAGE: usize = 500;
/// A guard against a list that never ends.
const MOST_PAGES: usize = 2_000;

#[derive(Deserialize)]
struct OrdersAnswer {
    orders: Vec<Order>,
}

impl TremendousRail {
    /// All orders that were made in this period: from, until.
    pub(super) async fn booked(&self, (from, until): (Micros, Micros)) -> Result<Vec<Booked>, Failure> {
        let (mut seen, mut booked) = (BTreeSet::new(), Vec::new());
        for page in 0..MOST_PAGES {
            let path = format!(
                "/orders?created_at%5Bgte%5D={}&created_at%5Blte%5D={}&limit={PAGE}&offset={}",
                rfc3339(from),
                rfc3339(until),
                page * PAGE
            );
            let OrdersAnswer { orders } = self.api.get(&path).await.map_err(TremendousError::failure)?;
            let count = orders.len();
            for order in orders {
                let line = read(&order)?;
                // A page may repeat what the one before it held, if an order was made meanwhile.
                if (from..until).contains(&line.at) && seen.insert(order.id) {
                    booked.push(line);
                }
            }
            // A last page may be shorter than asked for.
            if count == 0 || count < PAGE {
                return Ok(booked);
            }
        }
        anyhow::bail!("more than {MOST_PAGES} pages of orders")
    }
}

fn read(order: &Order) -> Result<Booked, Failure> {
    ensure!(super::config::is_id(&order.id), "an order without an id");
    let at: jiff::Timestamp = order.created_at.parse().ok().context("an order without its time")?;
    Ok(Booked {
        reference: order.external_id.clone().unwrap_or_default(),
        rail_number: order.id.clone(),
        amount: order.worth().with_context(|| format!("the order {}", order.id))?,
        fee: order.fee(),
        at: at.as_microsecond(),
        standing: match order.state() {
            OrderState::Working | OrderState::Unclear(_) => Standing::Open,
            OrderState::Paid => Standing::Paid,
            OrderState::NeverPaid => Standing::NotPaid,
            OrderState::Refunded => Standing::Returned,
        },
    })
}
