//! Line numbers of a file as an editor shows them, so that an error message names the line that the user sees. Not
//! here: the lines' contents.

/// Counts lines as editors do: LF, CR and CRLF each end a line.
pub struct LineNumbers<'a> {
    bytes: &'a [u8],
    at: usize,
    number: u64,
}

impl<'a> LineNumbers<'a> {
    /// `bytes` must not include the byte order mark.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, number: 1 }
    }

    /// The last number returned.
    pub fn last(&self) -> u64 {
        self.number
    }

    /// The line on which a record begins, or an unreadable one would begin.
    pub fn of(&mut self, record: &csv::Result<csv::StringRecord>) -> u64 {
        let start = match record {
            Ok(record) => record.position(),
            Err(error) => error.position(),
        };
        let start = start.map_or(0, csv::Position::byte);
        self.at(usize::try_from(start).unwrap_or(self.bytes.len()))
    }

    /// The line on which the record at `start` begins. `start` may point at line breaks before the record, which the
    /// reader skipped.
    pub fn at(&mut self, start: usize) -> u64 {
        let rest = &self.bytes[start..];
        let skipped = rest.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
        let passed = &self.bytes[self.at..start + skipped];
        let ends = passed.iter().zip(1..).filter(|(byte, next)| match **byte {
            b'\n' => true,
            b'\r' => passed.get(*next) != Some(&b'\n'),
            _ => false,
        });
        self.number += ends.count() as u64;
        self.at = start + skipped;
        self.number
    }
}
