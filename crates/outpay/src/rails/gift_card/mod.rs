//! The gift card rail: cards from the business's own stock; in test mode, made-up cards (simulated.rs). The counterpart is a table of our own database, where one
//! conditional update assigns a card to one withdrawal for ever, so a repeat gives the same card.
//!
//! Invariant: codes and pins leave this file only through [`Rail::reveal`] and lie in the database encrypted.

mod own_books;
mod simulated;

use super::field::{Field, FieldProblem, FieldRole};
use super::kind::{Kind, Known, text_of};
use super::outcome::{Choice, Closed, Finding, Funds, Outcome, Prepared, Quote, Revealed};
use super::simulated::Simulated;
use super::text::RailText;
use super::{Booked, Facts, Payment, Rail};
use crate::auth::Secrets;
use crate::auth::seal::Purpose;
use crate::clock::{Clock, Entropy};
use crate::line::{Line, LineProblem};
use crate::store::{Attempt, Failure, GiftCard, Given, NewGiftCard, Store};
use anyhow::Context;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use ledger::{BookId, Cents, Micros, Mode, Occurrence, Provider, Withdrawal};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use simulated::TestCards;
use std::sync::Arc;

/// Characters of a brand.
pub const LONGEST_BRAND: usize = 60;
/// Brands and face values that a person is shown; others can still be asked for.
const MOST_KINDS: usize = 200;
/// Attempts at a card while other workers take the same one.
const TRIES: usize = 20;
const NAME: &str = "gift_card";

/// What is true of gift cards.
pub const KIND: Kind = Kind {
    provider: Provider::GiftCard,
    fixed_names: &[NAME],
    reveals_code: true,
    keeps_books: false,
    reviewed_by_default: false,
    expected_within: 5 * 60 * 1_000_000,
    detail_order: &["order_id", "brand", "currency", "face_value"],
    transaction: None,
    public_detail,
    payee: &[],
    sample_destination: r#"{"brand":"Acme"}"#,
    sample_paid: public_detail,
    receives: |to, _| RailText::code("receive_card").with("brand", text_of(to.get("brand"))),
    mark: "gift",
    mount: |rails, parts| {
        let (store, secrets) = (parts.store.clone(), Arc::clone(parts.secrets));
        let cards = GiftCards::new(parts.config.gift_card.low_stock, store, secrets, parts.clock.clone());
        rails.mount(Mode::Live, Arc::new(cards));
        rails.mount(Mode::Test, Arc::new(Simulated::new(TestCards::new())));
    },
};

/// `[rails.gift_card]` of the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GiftCardConfig {
    /// When this many or fewer cards of one brand and value are left, an event says so.
    pub low_stock: i64,
}

impl Default for GiftCardConfig {
    fn default() -> Self {
        Self { low_stock: 10 }
    }
}

/// The rail over the stock of all books.
pub struct GiftCards {
    facts: Facts,
    low_stock: i64,
    store: Store,
    secrets: Arc<Secrets>,
    clock: Clock,
}

/// Code and pin as they are sealed.
#[derive(Serialize, Deserialize)]
struct CodeAndPin {
    code: String,
    pin: Option<String>,
}

#[derive(Deserialize)]
struct CardDestination {
    brand: String,
}

#[derive(Serialize)]
struct CardDetail<'a> {
    order_id: &'a str,
    brand: &'a str,
    currency: &'static str,
    face_value: i64,
}

/// The associated data of a sealed card, so that a row moved to another book, brand or value does not open.
pub fn bound_to(book: BookId, brand: &str, face_value: Cents) -> Vec<u8> {
    format!("{}\n{brand}\n{}", book.0, face_value.0).into_bytes()
}

/// A card as it may be stored: code and pin encrypted, and a keyed digest by which the same card is known again.
#[must_use]
pub fn pack(
    secrets: &Secrets,
    entropy: &Entropy,
    book: BookId,
    (brand, face_value, expires_at): (&str, Cents, Option<i64>),
    (code, pin): (&str, Option<&str>),
) -> NewGiftCard {
    let secret = CodeAndPin { code: code.to_owned(), pin: pin.map(str::to_owned) };
    let plain = serde_json::to_string(&secret).expect("two texts can be written as JSON");
    let bound = bound_to(book, brand, face_value);
    let sealed = secrets.seals().seal(Purpose::GiftCard, &bound, &SecretString::from(plain), entropy);
    // Two spellings of one card must have one digest, or two people would get it.
    let (of, bare) = (brand.to_lowercase(), code.replace(|c: char| c == '-' || c.is_whitespace(), ""));
    let digest = secrets.credential_digest(format!("gift card\n{}\n{of}\n{bare}", book.0).as_bytes());
    NewGiftCard { brand: brand.to_owned(), face_value, expires_at, digest, sealed }
}

impl GiftCards {
    /// Over this store; when `low_stock` or fewer cards of a kind are left, an event says so.
    #[must_use]
    pub fn new(low_stock: i64, store: Store, secrets: Arc<Secrets>, clock: Clock) -> Self {
        Self { facts: facts(), low_stock, store, secrets, clock }
    }

    async fn card_of(&self, book: BookId, withdrawal: i64) -> Result<Option<Revealed>, Failure> {
        let Some(card) = self.store.gift_card_of(book, withdrawal).await? else { return Ok(None) };
        let bound = bound_to(book, &card.brand, card.face_value);
        let plain = self.secrets.seals().open(Purpose::GiftCard, &bound, &card.sealed);
        let plain = plain.context("a gift card cannot be opened with this master key")?;
        // The parser's own error would quote what it could not read.
        let secret: CodeAndPin = serde_json::from_str(plain.expose_secret())
            .map_err(|_| anyhow::anyhow!("a gift card cannot be read"))?;
        Ok(Some(Revealed {
            number: Some(card.number),
            brand: card.brand,
            face_value: card.face_value,
            expires_at: card.expires_at,
            code: SecretString::from(secret.code),
            is_link: false,
            pin: secret.pin.map(SecretString::from),
        }))
    }

    /// An event if this card brought the stock of its brand and value to the mark, or to nothing: one event on the way down, and
    /// one when the last card is gone.
    async fn low_stock_event(&self, payment: &Payment) -> Result<Option<(Occurrence, String)>, Failure> {
        let destination: CardDestination = serde_json::from_str(&payment.withdrawal.destination)?;
        let kind = (destination.brand.as_str(), payment.withdrawal.net());
        // One more than the mark is enough to know that it is not reached.
        let most = self.low_stock.saturating_add(1).max(1);
        let left = self.store.gift_cards_left(payment.book, kind, self.clock.now(), most).await?;
        let is_told = left == self.low_stock || left == 0;
        Ok(is_told.then(|| (Occurrence::GiftCardStockLow, format!("{} {}: {left} left", kind.0, kind.1.0))))
    }

    async fn give(&self, payment: &Payment) -> Result<Outcome, Failure> {
        let withdrawal = &payment.withdrawal;
        let destination: CardDestination = serde_json::from_str(&withdrawal.destination)?;
        for _ in 0..TRIES {
            let given = self.store.give_gift_card(
                payment.book,
                withdrawal.number,
                (&destination.brand, withdrawal.net()),
                self.clock.now(),
            );
            match given.await? {
                Given::Card(card) => return Ok(Outcome::Succeeded { detail: detail(payment, &card) }),
                Given::NoneLeft => return Ok(out_of_stock()),
                Given::TryAgain => {}
            }
        }
        Ok(Outcome::unknown("too many workers want the same gift card"))
    }
}

impl<'a> CardDetail<'a> {
    fn new(order_id: &'a str, brand: &'a str, face_value: Cents) -> Self {
        Self { order_id, brand, currency: "USD", face_value: face_value.0 }
    }

    fn json(&self) -> String {
        serde_json::to_string(self).expect("texts and numbers can be written as JSON")
    }
}

fn facts() -> Facts {
    let brand = Field { role: FieldRole::Chosen, ..Field::typed("brand", RailText::code("brand")) };
    Facts {
        name: NAME.to_owned(),
        provider: Provider::GiftCard,
        title: RailText::code("gift_card"),
        expected_time: RailText::code("at_once"),
        fields: vec![brand],
        line: None,
    }
}

fn read_destination(fields: &Map<String, Value>) -> Result<String, Vec<FieldProblem>> {
    let problem = |sentence: RailText| Err(vec![FieldProblem::new("brand", sentence.with("name", "brand"))]);
    match fields.get("brand") {
        Some(Value::String(text)) => match Line::parse(text, LONGEST_BRAND) {
            Ok(brand) => Ok(serde_json::json!({ "brand": brand.as_str() }).to_string()),
            Err(LineProblem::Empty) => problem(RailText::code("brand_required")),
            Err(LineProblem::TooLong) => problem(RailText::code("field_long").with("most", LONGEST_BRAND)),
            Err(_) => problem(RailText::code("brand_invisible")),
        },
        None => problem(RailText::code("brand_required")),
        Some(_) => problem(RailText::code("field_string")),
    }
}

fn quote_detail(brand: &str, net: Cents) -> String {
    serde_json::json!({ "brand": brand, "face_value": net.0 }).to_string()
}

fn detail(payment: &Payment, card: &GiftCard) -> String {
    CardDetail::new(&payment.order_id, &card.brand, card.face_value).json()
}

/// What a webhook says of a withdrawal that was given no card yet.
fn public_detail(known: &Known<'_>) -> String {
    let brand = known.text("brand", "brand");
    let worth = ["\"currency\":\"USD\"".to_owned(), format!("\"face_value\":{}", known.net.0)];
    known.object(brand.into_iter().chain(worth))
}

fn out_of_stock() -> Outcome {
    let text = "This gift card is out of stock. Please choose another one; your balance is as before.";
    Outcome::Refused { code: "out_of_stock".to_owned(), text: text.to_owned() }
}

fn unreadable(failure: &Failure) -> Closed {
    tracing::error!(error = format!("{failure:#}"), "the stock of gift cards could not be read");
    Closed::Unhealthy
}

fn broken(failure: &Failure) -> Outcome {
    Outcome::unknown(format!("{failure:#}"))
}

impl Rail for GiftCards {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn destination(&self, fields: &Map<String, Value>) -> Result<String, Vec<FieldProblem>> {
        read_destination(fields)
    }

    fn quote<'a>(
        &'a self,
        book: BookId,
        net: Cents,
        destination: &'a str,
    ) -> BoxFuture<'a, Result<Quote, Closed>> {
        async move {
            let wanted: CardDestination =
                serde_json::from_str(destination).map_err(|_| Closed::AmountNotPossible)?;
            let left = self.store.gift_cards_left(book, (&wanted.brand, net), self.clock.now(), 1).await;
            if left.map_err(|failure| unreadable(&failure))? > 0 {
                return Ok(Quote { detail: quote_detail(&wanted.brand, net) });
            }
            let others = self.balance(book).await?.choices;
            let has_brand = others.iter().any(|choice| choice.name == wanted.brand);
            Err(if has_brand { Closed::AmountNotPossible } else { Closed::OutOfFunds })
        }
        .boxed()
    }

    fn balance(&self, book: BookId) -> BoxFuture<'_, Result<Funds, Closed>> {
        async move {
            let kinds = self.store.gift_card_kinds(book, self.clock.now(), MOST_KINDS).await;
            let kinds = kinds.map_err(|failure| unreadable(&failure))?;
            if kinds.is_empty() {
                return Err(Closed::OutOfFunds);
            }
            let choice = |(name, net): (String, Cents)| Choice { name, net, most: None };
            Ok(Funds { available: None, choices: kinds.into_iter().map(choice).collect() })
        }
        .boxed()
    }

    fn prepare<'a>(
        &'a self,
        payment: &'a Payment,
        earlier: &'a [Attempt],
        _slot: i64,
    ) -> BoxFuture<'a, Result<Prepared, Outcome>> {
        let key = format!("{}-{}", payment.order_id, earlier.len() + 1);
        let request = payment.withdrawal.destination.clone().into_bytes();
        ready(Ok(Prepared { key, request, slot: 0 })).boxed()
    }

    fn submit<'a>(&'a self, payment: &'a Payment, _: &'a Attempt) -> BoxFuture<'a, Outcome> {
        async move { self.give(payment).await.unwrap_or_else(|failure| broken(&failure)) }.boxed()
    }

    fn query<'a>(&'a self, payment: &'a Payment, _: &'a [Attempt]) -> BoxFuture<'a, Finding> {
        async move {
            match self.store.gift_card_of(payment.book, payment.withdrawal.number).await {
                Ok(Some(card)) => Finding::Outcome(Outcome::Succeeded { detail: detail(payment, &card) }),
                // The stock is our own table: where no card of this brand and value is left, none was given and none can be.
                Ok(None) => match self
                    .quote(payment.book, payment.withdrawal.net(), &payment.withdrawal.destination)
                    .await
                {
                    Err(Closed::OutOfFunds | Closed::AmountNotPossible) => Finding::Outcome(out_of_stock()),
                    Ok(_) | Err(Closed::Unhealthy) => Finding::NotFound,
                },
                Err(failure) => Finding::Outcome(broken(&failure)),
            }
        }
        .boxed()
    }

    fn after_success<'a>(
        &'a self,
        payment: &'a Payment,
    ) -> BoxFuture<'a, Result<Option<(Occurrence, String)>, Failure>> {
        self.low_stock_event(payment).boxed()
    }

    fn reveal<'a>(
        &'a self,
        book: BookId,
        withdrawal: &'a Withdrawal,
    ) -> BoxFuture<'a, Result<Option<Revealed>, Failure>> {
        self.card_of(book, withdrawal.number).boxed()
    }

    fn own_books(&self, period: (Micros, Micros)) -> BoxFuture<'_, Result<Option<Vec<Booked>>, Failure>> {
        async move { self.given_out(period).await.map(Some) }.boxed()
    }
}
