//! The numbers of a file's lines as an editor counts them, so that what is wrong is named where a person finds it. Not here:
//! what stands in the lines.

/// Counts lines as an editor does, whatever ends them.
pub struct LineNumbers<'a> {
    bytes: &'a [u8],
    at: usize,
    number: u64,
}

impl<'a> LineNumbers<'a> {
    /// Of a file without its byte order mark.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, number: 1 }
    }

    /// The number that was given last.
    pub fn last(&self) -> u64 {
        self.number
    }

    /// The number of the line on which a record, or what should have been one, begins.
    pub fn of(&mut self, record: &csv::Result<csv::StringRecord>) -> u64 {
        let start = match record {
            Ok(record) => record.position(),
            Err(error) => error.position(),
        };
        let start = start.map_or(0, csv::Position::byte);
        self.at(usize::try_from(start).unwrap_or(self.bytes.len()))
    }

    /// The number of the line on which the record found at `start` begins. A record's place can lie on blank lines or on
    /// a line end before it, which the reader has skipped.
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
