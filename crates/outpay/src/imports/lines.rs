//! Reads and checks the lines of a file. Not here: paying. Invariant: two payments of a file never have the same number,
//! and a file always gives the same numbers, since they become idempotency keys.

use crate::line_numbers::{LineNumbers, without_mark};
use csv::{ByteRecord, ReaderBuilder, Trim};
use ledger::{BatchPayout, Cents, Command, Email, EmailProblem, MAX_PAYOUT};
use std::collections::HashSet;

/// Wrong lines that are told of: who brings the wrong file needs no more, and a file can have millions.
const MOST_BAD: usize = 1_000;

/// A payment to make.
pub struct Line {
    /// In the file, from 1.
    pub number: u64,
    /// Whom.
    pub email: Email,
    /// How much.
    pub amount: Cents,
    /// The business's own name for this payment; empty for none.
    pub reference: String,
}

impl Line {
    /// What the teller is asked. A reference pays once for ever, whatever file it stands in.
    #[must_use]
    pub fn command(&self) -> Command {
        let (email, amount) = (self.email.clone(), self.amount);
        if self.reference.is_empty() {
            return Command::Create { email, amount, memo: String::new() };
        }
        let payout =
            BatchPayout { email, amount, reference: Some(self.reference.clone()), memo: String::new() };
        Command::CreateMany { payouts: vec![payout], partial: false }
    }
}

/// A line that cannot be a payment.
#[derive(Debug, PartialEq, Eq)]
pub struct BadLine {
    /// In the file, from 1.
    pub number: u64,
    /// All that is wrong with it.
    pub reason: String,
}

/// All payments of a file, or all lines that are wrong in it.
///
/// # Errors
/// Every line that is wrong.
pub fn read(bytes: &[u8]) -> Result<Vec<Line>, Vec<BadLine>> {
    let bytes = without_mark(bytes);
    let mut reader =
        ReaderBuilder::new().has_headers(false).flexible(true).trim(Trim::All).from_reader(bytes);
    let mut numbers = LineNumbers::new(bytes);
    let (mut lines, mut bad) = (Vec::new(), Vec::new());
    let mut record = ByteRecord::new();
    let mut is_first = true;
    let mut references = HashSet::new();
    loop {
        if bad.len() == MOST_BAD {
            let reason = format!("{MOST_BAD} lines are wrong up to here; what follows was not read.");
            bad.push(BadLine { number: numbers.last(), reason });
            break;
        }
        match reader.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                bad.push(BadLine { number: numbers.last(), reason: error.to_string() });
                break;
            }
        }
        let start = record.position().map_or(0, csv::Position::byte);
        let number = numbers.at(usize::try_from(start).unwrap_or(bytes.len()));
        if !(std::mem::take(&mut is_first) && is_header(&record)) {
            match line(number, &record) {
                Ok(line) if !line.reference.is_empty() && !references.insert(line.reference.clone()) => {
                    let reason =
                        "The reference stands on an earlier line, and a reference pays once.".to_owned();
                    bad.push(BadLine { number, reason });
                }
                Ok(line) => lines.push(line),
                Err(reason) => bad.push(BadLine { number, reason }),
            }
        }
    }
    if lines.is_empty() && bad.is_empty() {
        bad.push(BadLine { number: 1, reason: "The file has no payments.".to_owned() });
    }
    if bad.is_empty() { Ok(lines) } else { Err(bad) }
}

fn is_header(record: &ByteRecord) -> bool {
    let names: [&[u8]; 3] = [b"email", b"amount", b"reference"];
    (2..=3).contains(&record.len())
        && record.iter().zip(names).all(|(field, name)| field.eq_ignore_ascii_case(name))
}

fn line(number: u64, record: &ByteRecord) -> Result<Line, String> {
    if !(2..=3).contains(&record.len()) {
        let fields = record.len();
        return Err(format!(
            "A line has two fields, email and amount, or a third, its reference; this one has {fields}."
        ));
    }
    let problems = match (email(&record[0]), amount(&record[1]), reference(record.get(2))) {
        (Ok(email), Ok(amount), Ok(reference)) => return Ok(Line { number, email, amount, reference }),
        (email, amount, reference) => [email.err(), amount.err(), reference.err()],
    };
    Err(problems.into_iter().flatten().collect::<Vec<_>>().join(" "))
}

fn reference(field: Option<&[u8]>) -> Result<String, &'static str> {
    let wrong = "The reference must be at most 255 characters, all to be seen.";
    let text = std::str::from_utf8(field.unwrap_or_default()).map_err(|_| wrong)?;
    if text.is_empty() { Ok(String::new()) } else { crate::reference::reference(text).map_err(|_| wrong) }
}

fn email(field: &[u8]) -> Result<Email, &'static str> {
    if field.is_empty() {
        return Err("The email field is required.");
    }
    let text = std::str::from_utf8(field).map_err(|_| "The email must be a valid email address.")?;
    Email::parse(text).map_err(|problem| match problem {
        EmailProblem::TooLong => "The email may not be greater than 255 characters.",
        EmailProblem::NotAnAddress => "The email must be a valid email address.",
    })
}

fn amount(field: &[u8]) -> Result<Cents, &'static str> {
    if field.is_empty() {
        return Err("The amount field is required.");
    }
    let digits = field.strip_prefix(b"-").unwrap_or(field);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err("The amount must be an integer: cents, as in 1050 for 10.50.");
    }
    if digits.len() < field.len() {
        return Err("The amount must be at least 1.");
    }
    let cents = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse::<i64>().ok());
    match cents {
        Some(0) => Err("The amount must be at least 1."),
        Some(cents) if cents <= MAX_PAYOUT.0 => Ok(Cents(cents)),
        _ => Err("The amount may not be greater than 100000000."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(text: &str) -> Vec<(u64, String, i64)> {
        let lines = read(text.as_bytes()).unwrap_or_else(|bad| panic!("{bad:?}"));
        lines.into_iter().map(|line| (line.number, line.email.to_string(), line.amount.0)).collect()
    }

    #[test]
    fn lines_have_the_numbers_that_an_editor_shows() {
        let a = |number| (number, "a@example.com".to_owned(), 1);
        let b = |number| (number, "b@example.com".to_owned(), 2);
        for (text, expected) in [
            ("a@example.com,1\nb@example.com,2\n", [a(1), b(2)]),
            ("a@example.com,1\nb@example.com,2", [a(1), b(2)]),
            ("a@example.com,1\r\nb@example.com,2\r\n", [a(1), b(2)]),
            ("a@example.com,1\rb@example.com,2\r", [a(1), b(2)]),
            ("email,amount\na@example.com,1\nb@example.com,2\n", [a(2), b(3)]),
            ("\u{feff}Email, Amount\r\na@example.com,1\r\nb@example.com,2\r\n", [a(2), b(3)]),
            ("\n\na@example.com,1\n\n\r\n\nb@example.com,2\n\n", [a(3), b(7)]),
            ("\"A@Example.com\" , 1 \n b@example.com,\"2\"\n", [a(1), b(2)]),
        ] {
            assert_eq!(numbers(text), expected, "{text:?}");
        }
    }

    #[test]
    fn every_bad_line_is_told_with_its_reason() {
        let text = b"email,amount\na@example.com,1\nnobody,1.5\n,\nb@example.com\nc@example.com,0\nd@example.com,-3\n\
            e@example.com,100000001\nf@example.com,99999999999999999999\ng@\xff,1\nh@example.com,1,2,3\n";
        let bad = read(text).err().unwrap();
        let told: Vec<(u64, &str)> = bad.iter().map(|bad| (bad.number, bad.reason.as_str())).collect();
        let address = "The email must be a valid email address.";
        let integer = "The amount must be an integer: cents, as in 1050 for 10.50.";
        let too_large = "The amount may not be greater than 100000000.";
        assert_eq!(
            told,
            [
                (3, format!("{address} {integer}").as_str()),
                (4, "The email field is required. The amount field is required."),
                (5, "A line has two fields, email and amount, or a third, its reference; this one has 1."),
                (6, "The amount must be at least 1."),
                (7, "The amount must be at least 1."),
                (8, too_large),
                (9, too_large),
                (10, address),
                (11, "A line has two fields, email and amount, or a third, its reference; this one has 4."),
            ]
        );
    }

    #[test]
    fn the_wrong_file_is_not_told_of_line_by_line() {
        let bad = read("x\n".repeat(MOST_BAD * 3).as_bytes()).err().unwrap();
        assert_eq!(bad.len(), MOST_BAD + 1);
        assert!(bad[MOST_BAD].reason.contains("was not read"), "{:?}", bad[MOST_BAD]);
    }

    #[test]
    fn a_third_field_is_a_reference() {
        let text = "email,amount,reference\na@example.com,1,inv 7\nb@example.com,2,\nc@example.com,3\n";
        let lines = read(text.as_bytes()).unwrap_or_else(|bad| panic!("{bad:?}"));
        let references: Vec<&str> = lines.iter().map(|line| line.reference.as_str()).collect();
        assert_eq!(references, ["inv 7", "", ""]);
        assert!(matches!(lines[0].command(), Command::CreateMany { .. }));
        assert!(matches!(lines[1].command(), Command::Create { .. }));
    }

    #[test]
    fn a_file_without_payments_is_a_mistake() {
        for text in ["", "\n\n", "email,amount\n", "\u{feff}"] {
            assert!(read(text.as_bytes()).is_err(), "{text:?}");
        }
    }
}
