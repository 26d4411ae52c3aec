//! CSV for spreadsheets, and from them: the only writer, whose cells are never formulas, and the check that a file is
//! text. Money is written as a decimal, with the currency in a column beside it. Not here: the columns.

use ledger::Cents;
use std::fmt;

/// The byte order mark: spreadsheets recognise UTF-8 by it, and write it themselves.
const MARK: &str = "\u{feff}";

/// A CSV file being written.
pub struct Sheet(csv::Writer<Vec<u8>>);

impl Sheet {
    #[must_use]
    pub fn new<T: AsRef<str>>(header: &[T]) -> Self {
        let mut sheet = Self(csv::WriterBuilder::new().from_writer(MARK.as_bytes().to_vec()));
        sheet.row(header);
        sheet
    }

    /// A later piece of a file that is sent while it is written: without header and mark.
    #[must_use]
    pub fn continued() -> Self {
        Self(csv::WriterBuilder::new().flexible(true).from_writer(Vec::new()))
    }

    /// Adds a row; it must be as long as the header.
    pub fn row<T: AsRef<str>>(&mut self, cells: &[T]) {
        self.0
            .write_record(cells.iter().map(|cell| harmless(cell.as_ref())))
            .expect("memory takes what fits");
    }

    /// The whole file.
    #[must_use]
    pub fn text(self) -> String {
        let bytes = self.0.into_inner().expect("memory takes what fits");
        String::from_utf8(bytes).expect("only text was written")
    }
}

/// Of all money.
pub const CURRENCY: &str = "USD";

/// `25.00`: the one unit of money in every file that is written.
#[must_use]
pub fn money(cents: Cents) -> String {
    let (sign, cents) = (if cents.0 < 0 { "-" } else { "" }, cents.0.unsigned_abs());
    format!("{sign}{}.{:02}", cents / 100, cents % 100)
}

/// Digits that stay exact in a spreadsheet, which shows and saves longer numbers as `1.23E+11`.
const EXACT_DIGITS: usize = 11;

/// A cell that stays as it is: a spreadsheet would drop the zeros before a number, round a long one, or make a date of it. Such
/// text is marked by an apostrophe.
#[must_use]
pub fn as_text(cell: &str) -> String {
    let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || b" .,/-:eE+".contains(&byte));
    let is_number = cell.starts_with(|first: char| first.is_ascii_digit()) && number(cell);
    let digits = cell.bytes().all(|byte| byte.is_ascii_digit());
    let is_exact = digits && cell.len() <= EXACT_DIGITS && (cell == "0" || !cell.starts_with('0'));
    let mark = if is_number && !is_exact { "'" } else { "" };
    format!("{mark}{cell}")
}

/// Is this cell the text, with or without the apostrophe that marks it?
#[must_use]
pub fn is_written(cell: &str, text: &str) -> bool {
    cell == text || cell.strip_prefix('\'') == Some(text)
}

/// A spreadsheet would evaluate a cell that begins like this, so an apostrophe marks it as text (CSV injection). An amount below zero
/// is a number, which a spreadsheet adds up only without the mark.
fn harmless(cell: &str) -> String {
    let is_amount =
        cell.strip_prefix('-').and_then(|rest| rest.split_once('.')).is_some_and(|(dollars, cents)| {
            let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
            !dollars.is_empty() && cents.len() == 2 && digits(dollars) && digits(cents)
        });
    if is_amount {
        return cell.to_owned();
    }
    let guard = if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    format!("{guard}{cell}")
}

/// Why a file is not text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotText {
    /// It begins with a UTF-16 byte order mark, as a spreadsheet's "Unicode text" does.
    Utf16,
    /// Line (from 1) and value of a byte that is not part of a UTF-8 character.
    Byte(u64, u8),
}

impl NotText {
    /// The line, from 1.
    #[must_use]
    pub fn line(self) -> u64 {
        match self {
            Self::Utf16 => 1,
            Self::Byte(line, _) => line,
        }
    }
}

impl fmt::Display for NotText {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Utf16 => {
                write!(to, "the file is UTF-16 and not UTF-8: save it as \"CSV UTF-8\" and try again")
            }
            Self::Byte(line, byte) => write!(
                to,
                "the file is not UTF-8 (line {line}, byte 0x{byte:02X}). It looks like windows-1252, as spreadsheets save \"CSV\": save it as \"CSV UTF-8\" and try again"
            ),
        }
    }
}

/// A file's text, without the byte order mark.
///
/// # Errors
/// When it is not UTF-8: read in another encoding, names and references would change.
pub fn text(bytes: &[u8]) -> Result<&str, NotText> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(NotText::Utf16);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix(MARK).unwrap_or(text)),
        Err(error) => {
            let at = error.valid_up_to();
            let before = bytes.get(..at).unwrap_or_default();
            let lines = before.iter().filter(|byte| **byte == b'\n').count() as u64;
            Err(NotText::Byte(lines + 1, bytes.get(at).copied().unwrap_or_default()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for (cell, written) in [
            ("a@example.com", "a@example.com"),
            ("a,b", "\"a,b\""),
            ("say \"x\"", "\"say \"\"x\"\"\""),
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("-1.50", "-1.50"),
            ("-1.50+A1", "'-1.50+A1"),
            ("-.50", "'-.50"),
            ("-A.50", "'-A.50"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "\"'\r=1\""),
            ("=HYPERLINK(\"x\",1)", "\"'=HYPERLINK(\"\"x\"\",1)\""),
        ] {
            let mut sheet = Sheet::new(&["first", "second"]);
            sheet.row(&[cell, "x"]);
            assert_eq!(sheet.text(), format!("\u{feff}first,second\n{written},x\n"));
        }
    }

    #[test]
    fn money_is_a_decimal() {
        for (cents, text) in
            [(0, "0.00"), (5, "0.05"), (2_500, "25.00"), (123_456_789, "1234567.89"), (-150, "-1.50")]
        {
            assert_eq!(money(Cents(cents)), text);
        }
    }

    #[test]
    fn text_that_looks_like_a_number_stays_text() {
        for changed in ["007", "123456789012", "1E5", "1-2", "3/4", "12 34", "0.5"] {
            assert_eq!(as_text(changed), format!("'{changed}"));
        }
        for kept in ["0", "12345", "DE89 3704", "Ann", "", "12 Main Street"] {
            assert_eq!(as_text(kept), kept);
        }
        assert!(is_written("'007", "007") && is_written("007", "007") && !is_written("7", "007"));
    }

    #[test]
    fn what_is_not_utf_8_is_named() {
        assert_eq!(text("\u{feff}é".as_bytes()), Ok("é"));
        assert_eq!(text("é".as_bytes()), Ok("é"));
        assert_eq!(text(b"a\r\nM\xfcller"), Err(NotText::Byte(2, 0xfc)));
        assert_eq!(text(b"\xff\xfea\0"), Err(NotText::Utf16));
        let told = NotText::Byte(2, 0xfc).to_string();
        assert!(told.contains("line 2, byte 0xFC") && told.contains("windows-1252"), "{told}");
    }
}
