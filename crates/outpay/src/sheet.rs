//! CSV for spreadsheets, and from them: the only writer, whose cells are never formulas, and the check that a file is
//! text. Not here: the columns.

use std::fmt;

/// The byte order mark: spreadsheets recognise UTF-8 by it, and write it themselves.
const MARK: &str = "\u{feff}";

/// A CSV file being written.
pub struct Sheet(csv::Writer<Vec<u8>>);

impl Sheet {
    #[must_use]
    pub fn new(header: &[&str]) -> Self {
        let mut sheet = Self(csv::WriterBuilder::new().from_writer(MARK.as_bytes().to_vec()));
        sheet.row(header);
        sheet
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

/// A spreadsheet would evaluate a cell that begins like this, so an apostrophe marks it as text (CSV injection).
fn harmless(cell: &str) -> String {
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
    fn what_is_not_utf_8_is_named() {
        assert_eq!(text("\u{feff}é".as_bytes()), Ok("é"));
        assert_eq!(text("é".as_bytes()), Ok("é"));
        assert_eq!(text(b"a\r\nM\xfcller"), Err(NotText::Byte(2, 0xfc)));
        assert_eq!(text(b"\xff\xfea\0"), Err(NotText::Utf16));
        let told = NotText::Byte(2, 0xfc).to_string();
        assert!(told.contains("line 2, byte 0xFC") && told.contains("windows-1252"), "{told}");
    }
}
