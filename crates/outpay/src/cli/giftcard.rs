//! `outpay giftcard`: the stock of gift cards: import, list, recall. Codes are read from a file and never printed.

use super::cli_error::CliError;
use super::installation::{self, Installation};
use super::output::{self, dollars};
use crate::clock::rfc3339;
use crate::ids::IdKind;
use crate::line::{Line, LineProblem};
use crate::line_numbers::LineNumbers;
use crate::platform::Platform;
use crate::rails::gift_card::{LONGEST_BRAND, pack};
use crate::sheet;
use crate::store::{GiftCard, NewGiftCard, WriteError};
use clap::{Args, Subcommand};
use ledger::{BookId, Cents, MAX_PAYOUT, Micros};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const MOST_CARDS: usize = 100_000;
const LONGEST: usize = 200;

#[derive(Args)]
pub(super) struct GiftcardArguments {
    #[command(subcommand)]
    verb: GiftcardCommand,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum GiftcardCommand {
    /// Import cards into stock: all of them, or none
    Import {
        /// Id or name of the business
        business: String,
        /// CSV file with the header brand,face_value,code,pin,expires (value in cents; pin and date, as in
        /// 2027-12-31, may be empty)
        file: PathBuf,
    },
    /// List the stock
    List {
        /// Id or name of the business
        business: String,
    },
    /// Take a brand's cards out of stock, and list those already given out, with their withdrawals
    Recall {
        /// Id or name of the business
        business: String,
        /// Brand, as it was imported
        brand: String,
    },
}

struct CardLine {
    /// Line number in the file, from 1.
    number: u64,
    brand: String,
    face_value: Cents,
    code: String,
    pin: Option<String>,
    expires_at: Option<Micros>,
}

pub(super) async fn run(
    arguments: GiftcardArguments,
    installation: &Installation,
) -> Result<ExitCode, CliError> {
    let platform = installation.open().await?;
    let json = arguments.json;
    // Only the live book has a stock.
    let live = async |name: &str| -> Result<BookId, CliError> {
        Ok(installation::book(&installation::business(&platform, name).await?, false))
    };
    match arguments.verb {
        GiftcardCommand::Import { business, file } => {
            import(&platform, live(&business).await?, &file, json).await?
        }
        GiftcardCommand::List { business } => list(&platform, live(&business).await?, json).await?,
        GiftcardCommand::Recall { business, brand } => {
            recall(&platform, live(&business).await?, &brand, json).await?
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn import(platform: &Platform, book: BookId, file: &Path, json: bool) -> Result<(), CliError> {
    let lines = read(file, platform.clock.now())?;
    let mut cards: Vec<NewGiftCard> = Vec::with_capacity(lines.len());
    let mut seen = HashSet::new();
    for line in &lines {
        let kind = (line.brand.as_str(), line.face_value, line.expires_at);
        let secret = (line.code.as_str(), line.pin.as_deref());
        let card = pack(&platform.secrets, &platform.entropy, book, kind, secret);
        if !seen.insert(card.digest) || platform.store.has_gift_card(book, &card.digest).await? {
            let sentence = "this card is in the file twice, or in stock already; nothing was imported";
            return Err(CliError::Refused(format!("line {}: {sentence}", line.number)));
        }
        cards.push(card);
    }
    match platform.store.import_gift_cards(book, &cards, platform.clock.now()).await {
        Ok(()) => {}
        Err(WriteError::Conflict) => {
            let sentence =
                "another import of cards is running; nothing was imported, try again when it is done";
            return Err(CliError::Refused(sentence.to_owned()));
        }
        Err(WriteError::Failure(failure)) => return Err(failure.into()),
    }
    let total = Cents(lines.iter().map(|line| line.face_value.0).sum());
    if json {
        return output::json(&json!({ "imported": cards.len(), "face_value": total.0 }));
    }
    output::line(format_args!(
        "{} cards worth {} are in stock. Delete the file: it contains the codes in clear.",
        cards.len(),
        dollars(total)
    ))
}

/// Parses all lines of the file. Errors name the line, never a code.
fn read(file: &Path, now: Micros) -> Result<Vec<CardLine>, CliError> {
    let text = std::fs::read(file)
        .map_err(|error| CliError::Usage(format!("cannot read {}: {error}", file.display())))?;
    let text = sheet::text(&text)
        .map_err(|not_text| CliError::Usage(format!("{not_text}; nothing was imported")))?
        .as_bytes();
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text);
    let header = reader.headers().map_err(|_| CliError::Usage("the file is not a CSV".to_owned()))?;
    if header.iter().collect::<Vec<_>>() != ["brand", "face_value", "code", "pin", "expires"] {
        return Err(CliError::Usage("the first line must be: brand,face_value,code,pin,expires".to_owned()));
    }
    let (mut lines, mut numbers) = (Vec::new(), LineNumbers::new(text));
    for record in reader.records() {
        let number = numbers.of(&record);
        let wrong = |what: &str| CliError::Usage(format!("line {number}: {what}; nothing was imported"));
        let record = record.map_err(|_| wrong("it does not have the five columns of the header"))?;
        lines.push(line(number, &record, now).map_err(wrong)?);
    }
    if lines.is_empty() || lines.len() > MOST_CARDS {
        return Err(CliError::Usage(format!("the file must contain 1 to {MOST_CARDS} cards")));
    }
    Ok(lines)
}

fn line(number: u64, record: &csv::StringRecord, now: Micros) -> Result<CardLine, &'static str> {
    let column = |at: usize| record.get(at).unwrap_or_default();
    let text = |at: usize, longest: usize, what: &'static str| {
        Line::parse(column(at), longest).map(String::from).map_err(|problem| match problem {
            LineProblem::Control | LineProblem::Invisible => "it contains an invisible character",
            LineProblem::Empty | LineProblem::TooLong => what,
        })
    };
    if [2, 3].into_iter().any(|at| is_scientific(column(at))) {
        return Err(
            "a spreadsheet has rounded the code or the pin (as in 6.00649E+15); export it again with the column as text",
        );
    }
    let cents: Option<i64> = column(1).parse().ok().filter(|cents| (1..=MAX_PAYOUT.0).contains(cents));
    let expires_at = match column(4) {
        "" => None,
        date => {
            let date: jiff::civil::Date = date.parse().map_err(|_| "the date must look like 2027-12-31")?;
            // A card is valid to the end of its day; the last microsecond, so that the date shown is that day.
            let end = date.tomorrow().and_then(|next| next.to_zoned(jiff::tz::TimeZone::UTC));
            let end = end.map_err(|_| "the date is too far away")?.timestamp().as_microsecond() - 1;
            if end < now {
                return Err("the card has expired");
            }
            Some(end)
        }
    };
    Ok(CardLine {
        number,
        brand: text(0, LONGEST_BRAND, "the brand is missing or too long")?,
        face_value: Cents(cents.ok_or("the face value must be whole cents")?),
        code: text(2, LONGEST, "the code is missing or too long")?,
        pin: if column(3).is_empty() { None } else { Some(text(3, LONGEST, "the pin is too long")?) },
        expires_at,
    })
}

/// Did a spreadsheet write a long number in scientific notation? Its last digits are lost.
fn is_scientific(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else { return false };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, part) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, "0"));
    digits(whole) && whole.len() == 1 && digits(part) && exponent.strip_prefix('+').is_some_and(digits)
}

async fn list(platform: &Platform, book: BookId, json: bool) -> Result<(), CliError> {
    let stock = platform.store.gift_card_stock(book, platform.clock.now()).await?;
    if json {
        let kind = |(brand, face_value, count): &(String, Cents, i64)| json!({ "brand": brand, "face_value": face_value.0, "in_stock": count });
        return output::json(&stock.iter().map(kind).collect::<Vec<Value>>());
    }
    let row =
        |(brand, face_value, count): (String, Cents, i64)| [brand, dollars(face_value), count.to_string()];
    output::table(["brand", "face value", "in stock"], stock.into_iter().map(row))
}

async fn recall(platform: &Platform, book: BookId, brand: &str, json: bool) -> Result<(), CliError> {
    let brand = &Line::parse(brand, LONGEST_BRAND)
        .map(String::from)
        .map_err(|problem| CliError::Usage(format!("{brand:?} is not a valid brand: {problem}")))?;
    platform.store.recall_gift_cards(book, brand).await?;
    let mut cards: Vec<GiftCard> = Vec::new();
    loop {
        let after = cards.last().map_or(0, |card| card.number);
        let page = platform.store.gift_cards(book, brand, after, 1_000).await?;
        if page.is_empty() {
            break;
        }
        cards.extend(page);
    }
    if cards.is_empty() {
        return Err(CliError::Refused(format!("there has never been a card of the brand {brand:?}")));
    }
    let ids = platform.secrets.ids();
    let withdrawal = |card: &GiftCard| {
        card.withdrawal.map(|number| ids.seal(IdKind::Withdrawal, book, number)).unwrap_or_default()
    };
    let row = |card: &GiftCard| {
        [
            ids.seal(IdKind::GiftCard, book, card.number),
            dollars(card.face_value),
            card.expires_at.map(rfc3339).unwrap_or_default(),
            card.state_word().to_owned(),
            withdrawal(card),
        ]
    };
    if json {
        let card = |card: &GiftCard| {
            json!({ "id": ids.seal(IdKind::GiftCard, book, card.number), "face_value": card.face_value.0,
                "state": card.state_word(), "withdrawal": withdrawal(card) })
        };
        return output::json(&cards.iter().map(card).collect::<Vec<Value>>());
    }
    output::table(["card", "face value", "expires", "state", "withdrawal"], cards.iter().map(row))
}
