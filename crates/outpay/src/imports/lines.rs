//! Parses and validates the lines of a payment file. Not here: paying. Invariant: no two payments of a file share a
//! number, and the same file always gives the same numbers, because they become idempotency keys.

use super::columns::FileColumns;
use crate::line::Line;
use crate::line_numbers::LineNumbers;
use crate::sheet;
use csv::{ByteRecord, ReaderBuilder, Trim};
use ledger::{Cents, Email, EmailProblem, MAX_PAYOUT, Metadata};
use std::collections::HashSet;

/// At most this many invalid lines are reported: a wrong file can have millions.
const MOST_BAD: usize = 1_000;

const BLANK: &str = "The email field is required. The amount field is required.";

pub struct PaymentLine {
    /// Line number in the file, from 1.
    pub number: u64,
    pub email: Email,
    pub amount: Cents,
    /// The business's own reference of this payment; empty if there is none.
    pub reference: String,
    /// The business's own notes about it; usually none.
    pub metadata: Metadata,
}

/// A line that is not a valid payment.
#[derive(Debug, PartialEq, Eq)]
pub struct BadLine {
    /// Line number in the file, from 1.
    pub number: u64,
    /// All its problems.
    pub reason: String,
}

/// All payments of a file.
///
/// # Errors
/// Every invalid line, if there is one.
pub fn read(bytes: &[u8]) -> Result<Vec<PaymentLine>, Vec<BadLine>> {
    let bytes = match sheet::text(bytes) {
        Ok(text) => text.as_bytes(),
        Err(problem) => return Err(vec![BadLine { number: problem.line(), reason: not_text(problem) }]),
    };
    let mut reader =
        ReaderBuilder::new().has_headers(false).flexible(true).trim(Trim::All).from_reader(bytes);
    let mut numbers = LineNumbers::new(bytes);
    let (mut lines, mut bad) = (Vec::new(), Vec::new());
    let mut record = ByteRecord::new();
    let mut columns = None;
    let mut blank = Vec::new();
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
        if columns.is_none() && FileColumns::is_header(&record) {
            match FileColumns::named(&record) {
                Ok(named) => columns = Some(named),
                // Every line would be read wrongly.
                Err(reason) => {
                    bad.push(BadLine { number, reason });
                    break;
                }
            }
            continue;
        }
        let columns = columns.get_or_insert_with(FileColumns::unnamed);
        if record.iter().all(<[u8]>::is_empty) {
            blank.push(number);
        } else {
            // Spreadsheets append blank rows, which are ignored; a blank row before a payment is a mistake.
            bad.extend(blank.drain(..).map(|number| BadLine { number, reason: BLANK.to_owned() }));
            match line(number, &record, columns) {
                Ok(line) if !line.reference.is_empty() && !references.insert(line.reference.clone()) => {
                    let reason = "The reference is on an earlier line already, and a reference is paid once."
                        .to_owned();
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

fn not_text(not_text: sheet::NotText) -> String {
    not_text.to_string().replacen("the file", "The file", 1) + "."
}

fn line(number: u64, record: &ByteRecord, columns: &FileColumns) -> Result<PaymentLine, String> {
    if record.len() != columns.names.len() {
        return Err(wrong_length(record, columns));
    }
    let named = columns.reference.and_then(|at| record.get(at));
    let read = (
        email(&record[columns.email]),
        amount(&record[columns.amount]),
        reference(named),
        metadata(record, columns),
    );
    let problems = match read {
        (Ok(email), Ok(amount), Ok(reference), Ok(metadata)) => {
            return Ok(PaymentLine { number, email, amount, reference, metadata });
        }
        (email, amount, reference, metadata) => {
            let own = |sentence: Option<&str>| sentence.map(str::to_owned);
            [own(email.err()), amount.err(), own(reference.err()), own(metadata.err())]
        }
    };
    Err(problems.into_iter().flatten().collect::<Vec<_>>().join(" "))
}

/// A line with too many or too few fields: an amount with a comma, or a column that the header does not name.
/// Guessing would read a field as something else.
fn wrong_length(record: &ByteRecord, columns: &FileColumns) -> String {
    let count = columns.names.len();
    let names = columns.names.join(",");
    let counted = format!("The line has {} fields and not the {count} of {names}.", record.len());
    let text =
        |at: usize| record.get(at).and_then(|field| std::str::from_utf8(field).ok()).unwrap_or_default();
    let (whole, part) = (text(columns.amount), text(columns.amount + 1));
    match decimal_cents(&format!("{whole}.{part}")) {
        Some(cents) if record.len() > count && !part.is_empty() => {
            format!("{counted} The amount must be whole cents: write {cents} for {whole},{part}.")
        }
        _ if names == "email,amount" && record.len() == 3 => {
            format!("{counted} A third field is a reference where the first line is email,amount,reference.")
        }
        _ => counted,
    }
}

/// The cents of an amount with one or two decimals after a point or comma.
fn decimal_cents(text: &str) -> Option<i64> {
    let (whole, cents) = text.split_once(['.', ','])?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(cents) || cents.len() > 2 {
        return None;
    }
    whole.parse::<i64>().ok()?.checked_mul(100)?.checked_add(format!("{cents:0<2}").parse().ok()?)
}

fn reference(field: Option<&[u8]>) -> Result<String, &'static str> {
    let wrong = "The reference must be at most 255 characters, all to be seen.";
    let text = std::str::from_utf8(field.unwrap_or_default()).map_err(|_| wrong)?;
    if text.is_empty() {
        Ok(String::new())
    } else {
        Line::reference(text).map(String::from).map_err(|_| wrong)
    }
}

/// An empty field is no name.
fn metadata(record: &ByteRecord, columns: &FileColumns) -> Result<Metadata, &'static str> {
    let wrong = "The metadata must be at most 500 characters of UTF-8 each, without control characters.";
    let mut pairs = Vec::new();
    for (at, name) in &columns.metadata {
        let text = std::str::from_utf8(&record[*at]).map_err(|_| wrong)?;
        pairs.extend((!text.is_empty()).then(|| (name.clone(), text.to_owned())));
    }
    Metadata::new(pairs).map_err(|_| wrong)
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

fn amount(field: &[u8]) -> Result<Cents, String> {
    if field.is_empty() {
        return Err("The amount field is required.".to_owned());
    }
    let digits = field.strip_prefix(b"-").unwrap_or(field);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        let text = std::str::from_utf8(field).unwrap_or_default();
        let (cents, of) = decimal_cents(text).map_or((1050, "10.50"), |cents| (cents, text));
        return Err(format!("The amount must be whole cents: write {cents} for {of}."));
    }
    if digits.len() < field.len() {
        return Err("The amount must be at least 1.".to_owned());
    }
    let cents = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse::<i64>().ok());
    match cents {
        Some(0) => Err("The amount must be at least 1.".to_owned()),
        Some(cents) if cents <= MAX_PAYOUT.0 => Ok(Cents(cents)),
        _ => Err("The amount may not be greater than 100000000.".to_owned()),
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
    fn a_file_that_is_not_utf_8_is_refused_as_a_whole() {
        let bad =
            read(b"email,amount,reference\na@example.com,1,x\nb@example.com,1,M\xfcller\n").err().unwrap();
        assert_eq!(bad.len(), 1);
        assert!(bad[0].number == 3 && bad[0].reason.contains("windows-1252"), "{bad:?}");
    }

    #[test]
    fn every_bad_line_is_told_with_its_reason() {
        let text = b"email,amount\na@example.com,1\nnobody,1.5\n,\nb@example.com\nc@example.com,0\nd@example.com,-3\n\
            e@example.com,100000001\nf@example.com,99999999999999999999\ng@,1\nh@example.com,1,2,3\n";
        let bad = read(text).err().unwrap();
        let told: Vec<(u64, &str)> = bad.iter().map(|bad| (bad.number, bad.reason.as_str())).collect();
        let address = "The email must be a valid email address.";
        let integer = "The amount must be whole cents: write 150 for 1.5.";
        let too_large = "The amount may not be greater than 100000000.";
        assert_eq!(
            told,
            [
                (3, format!("{address} {integer}").as_str()),
                (4, "The email field is required. The amount field is required."),
                (5, "The line has 1 fields and not the 2 of email,amount."),
                (6, "The amount must be at least 1."),
                (7, "The amount must be at least 1."),
                (8, too_large),
                (9, too_large),
                (10, address),
                (
                    11,
                    "The line has 4 fields and not the 2 of email,amount. The amount must be whole cents: write 120 for 1,2."
                ),
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
        let text = "email,amount,reference\na@example.com,1,inv 7\nb@example.com,2,\nc@example.com,3,\n";
        let lines = read(text.as_bytes()).unwrap_or_else(|bad| panic!("{bad:?}"));
        let references: Vec<&str> = lines.iter().map(|line| line.reference.as_str()).collect();
        assert_eq!(references, ["inv 7", "", ""]);
        assert!(!lines[0].reference.is_empty());
        assert!(lines[1].reference.is_empty());
    }

    #[test]
    fn a_line_has_the_fields_of_the_header() {
        let two = "The line has 3 fields and not the 2 of email,amount.";
        for (header, line, reason) in [
            ("email,amount\n", "anna@example.com,10,50", format!("{two} The amount must be whole cents: write 1050 for 10,50.")),
            ("", "anna@example.com,10,50", format!("{two} The amount must be whole cents: write 1050 for 10,50.")),
            ("", "anna@example.com,10,inv", format!("{two} A third field is a reference where the first line is email,amount,reference.")),
            ("email,amount\n", "anna@example.com,10,", format!("{two} A third field is a reference where the first line is email,amount,reference.")),
            ("email,amount,reference\n", "anna@example.com,10", "The line has 2 fields and not the 3 of email,amount,reference.".to_owned()),
            ("email,amount,reference\n", "anna@example.com,10,50,inv 7", "The line has 4 fields and not the 3 of email,amount,reference. The amount must be whole cents: write 1050 for 10,50.".to_owned()),
            ("email,amount\n", "anna@example.com,\"10,50\"", "The amount must be whole cents: write 1050 for 10,50.".to_owned()),
            ("email,amount\n", "anna@example.com,10.5", "The amount must be whole cents: write 1050 for 10.5.".to_owned()),
            ("email,amount\n", "anna@example.com,1e3", "The amount must be whole cents: write 1050 for 10.50.".to_owned()),
        ] {
            let bad = read(format!("{header}{line}\n").as_bytes()).err().unwrap();
            assert_eq!(bad.len(), 1, "{line}");
            assert_eq!(bad[0].reason, reason, "{line}");
        }
    }

    #[test]
    fn columns_are_found_by_their_names() {
        let text = "Amount,Reference,Email\n7,inv 1,a@example.com\n";
        let lines = read(text.as_bytes()).unwrap_or_else(|bad| panic!("{bad:?}"));
        let read = (lines[0].email.as_str(), lines[0].amount, lines[0].reference.as_str());
        assert_eq!(read, ("a@example.com", Cents(7), "inv 1"));
    }

    #[test]
    fn columns_of_metadata_name_their_key() {
        let text = "email,amount,metadata[Order id],metadata[x]\na@example.com,1,7,\nb@example.com,2,,y\n";
        let lines = read(text.as_bytes()).unwrap_or_else(|bad| panic!("{bad:?}"));
        let pairs = |line: usize| {
            let pairs = lines[line].metadata.pairs().iter();
            pairs.map(|(name, value)| (name.as_str(), value.as_str())).collect::<Vec<_>>()
        };
        assert_eq!((pairs(0), pairs(1)), (vec![("Order id", "7")], vec![("x", "y")]));
        let long = format!("email,amount,metadata[x]\na@example.com,1,{}\n", "x".repeat(501));
        assert!(read(long.as_bytes()).err().unwrap()[0].reason.contains("500 characters"));
    }

    #[test]
    fn a_column_that_is_not_known_is_named_alone() {
        let known = "known are email, amount, reference, metadata[KEY].";
        for (header, reason) in [
            (
                "email,amount,refrence",
                "There is no column \"refrence\"; did you mean \"reference\"?".to_owned(),
            ),
            ("e-mail,amount", "There is no column \"e-mail\"; did you mean \"email\"?".to_owned()),
            ("email,amount,colour", format!("There is no column \"colour\"; {known}")),
            ("email,amount,", format!("There is no column \"\"; {known}")),
            (
                "email,amount,metadata[]",
                "The column \"metadata[]\" must name a key of 1 to 40 characters.".to_owned(),
            ),
            ("email,amount,metadata[a],metadata[a]", "The column metadata[a] is there twice.".to_owned()),
            ("email,amount,Email", "The column email is there twice.".to_owned()),
            ("email,reference", "The column amount is missing.".to_owned()),
        ] {
            let bad = read(format!("{header}\na@example.com,1,x\nb@example.com,2,y\n").as_bytes());
            assert_eq!(bad.err().unwrap(), [BadLine { number: 1, reason }], "{header}");
        }
    }

    #[test]
    fn blank_rows_pass_at_the_end_alone() {
        let end = "email,amount\na@example.com,1\n,\n , \n\n,,\n";
        assert_eq!(numbers(end), [(2, "a@example.com".to_owned(), 1)]);
        let bad = read(b"email,amount\n,\na@example.com,1\n,\n").err().unwrap();
        assert_eq!(bad, [BadLine { number: 2, reason: BLANK.to_owned() }]);
    }

    #[test]
    fn a_file_without_payments_is_a_mistake() {
        for text in ["", "\n\n", "email,amount\n", "\u{feff}"] {
            assert!(read(text.as_bytes()).is_err(), "{text:?}");
        }
    }
}
