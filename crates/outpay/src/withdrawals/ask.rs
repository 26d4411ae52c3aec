//! Asking for money: the price of a withdrawal, and the withdrawal itself. The rail is asked first whether it could pay,
//! so that nobody's money is held for something that cannot work; the ledger has the last word.

use super::Stopped;
use super::offer::{is_paused, rail, terms};
use crate::clock::start_of_day;
use crate::platform::Platform;
use crate::rails::Quote;
use ledger::{Answer, BookId, Cents, Command, OnceKey, Order, Origin, Outcome, Refusal, Request, Withdrawal};
use serde_json::{Map, Value};

/// What a person asks for.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The method's name.
    pub method: String,
    /// Gross, cents.
    pub amount: Cents,
    /// As the person gave it.
    pub destination: Map<String, Value>,
}

/// What it would cost.
#[derive(Clone, Debug)]
pub struct Price {
    /// Gross, cents.
    pub amount: Cents,
    /// Cents the business keeps.
    pub fees: Cents,
    /// Cents that the rail pays.
    pub net: Cents,
    /// For people.
    pub expected_time: String,
    /// The destination in canonical form.
    pub destination: String,
    /// What the rail says to it.
    pub quote: Quote,
}

/// The price of a wish.
///
/// # Errors
/// [`Stopped`]: everything that can be known to stand in the way without holding money.
pub async fn quote(platform: &Platform, book: BookId, wish: &Wish) -> Result<Price, Stopped> {
    let mounted = rail(platform, book, &wish.method)?;
    let terms = terms(platform, book, &wish.method).await?;
    if is_paused(platform, book, &wish.method).await? {
        return Err(Refusal::MethodIsPaused.into());
    }
    if !terms.enabled {
        return Err(Refusal::MethodIsClosed.into());
    }
    let destination = mounted.rail.destination(&wish.destination).map_err(Stopped::Destination)?;
    if wish.amount < terms.minimum {
        return Err(Refusal::AmountIsBelowTheMinimum.into());
    }
    if wish.amount > terms.maximum {
        return Err(Refusal::AmountIsAboveTheMaximum.into());
    }
    let fees = terms.fee.fee(wish.amount);
    let net = wish.amount.minus(fees).filter(|net| *net > Cents::ZERO);
    let net = net.ok_or(Refusal::AmountDoesNotCoverTheFee)?;
    mounted.check_health(platform.clock.monotonic()).map_err(Stopped::Closed)?;
    let quote = mounted.rail.quote(book, net, &destination).await.map_err(Stopped::Closed)?;
    let expected_time = mounted.facts().expected_time.clone();
    Ok(Price { amount: wish.amount, fees, net, expected_time, destination, quote })
}

/// What can be known to stand in the way before anything is held.
async fn look_first(platform: &Platform, book: BookId, user: i64, wish: &Wish) -> Result<(), Stopped> {
    if platform.store.user(book, user).await?.is_some_and(|row| row.user.balance < wish.amount) {
        return Err(Refusal::UserBalanceIsTooLow.into());
    }
    quote(platform, book, wish).await.map(drop)
}

/// Holds the money and queues the withdrawal, or puts it up for review. With it, whether this is a first answer again.
///
/// # Errors
/// [`Stopped`].
pub async fn withdraw(
    platform: &Platform,
    book: BookId,
    user: i64,
    origin: impl Into<Origin>,
    wish: &Wish,
    once: Option<OnceKey>,
) -> Result<(Withdrawal, bool), Stopped> {
    let mounted = rail(platform, book, &wish.method)?;
    let destination = mounted.rail.destination(&wish.destination).map_err(Stopped::Destination)?;
    let remembered = async || match once {
        Some(key) => platform.store.is_remembered(book, &key).await,
        None => Ok(false),
    };
    // A repeat of something that was done is answered again, whatever the rail could do now; also where the first copy was
    // done while this one was being looked at.
    if !remembered().await?
        && let Err(stopped) = look_first(platform, book, user, wish).await
        && !remembered().await?
    {
        return Err(stopped);
    }
    // Read last: asking a rail can take seconds, in which the business may have changed its mind.
    let order = Order {
        user,
        method: wish.method.clone(),
        provider: mounted.facts().provider,
        amount: wish.amount,
        destination,
        terms: terms(platform, book, &wish.method).await?,
        day: start_of_day(platform.clock.now()),
    };
    let command = Command::Withdraw(Box::new(order));
    let request = Request::maybe_once(command, once).by(origin);
    let (outcome, replayed) = match platform.teller.ask(book, request).await?? {
        Answer::Done(outcome) => (outcome, false),
        Answer::Replayed(outcome) => (outcome, true),
    };
    let Outcome::Withdrawal(withdrawal) = outcome else {
        return Err(anyhow::anyhow!("a withdrawal was answered as something else").into());
    };
    platform.rails.nudge.send();
    Ok((*withdrawal, replayed))
}
