//! The columns of a payment file, by the names in its first line. Invariant: a column that is not known is refused, since a
//! misspelt `reference` would let a payment be made twice.

use crate::unknown_name::sentence;
use csv::ByteRecord;

const NAMES: [&str; 3] = ["email", "amount", "reference"];

/// Where the fields of a line stand.
pub struct FileColumns {
    /// In the order of the file.
    pub names: Vec<String>,
    pub email: usize,
    pub amount: usize,
    pub reference: Option<usize>,
}

impl FileColumns {
    /// Those of a file whose first line is a payment.
    pub fn unnamed() -> Self {
        let names = ["email", "amount"].map(str::to_owned).to_vec();
        Self { names, email: 0, amount: 1, reference: None }
    }

    /// A first line that names a required column, and holds no address, names all columns.
    pub fn is_header(record: &ByteRecord) -> bool {
        let is_name =
            |field: &[u8]| field.eq_ignore_ascii_case(b"email") || field.eq_ignore_ascii_case(b"amount");
        record.iter().any(is_name) && !record.iter().any(|field| field.contains(&b'@'))
    }

    /// Reads the names.
    ///
    /// # Errors
    /// What is wrong with them, in sentences.
    pub fn named(header: &ByteRecord) -> Result<Self, String> {
        let names: Vec<String> =
            header.iter().map(|name| String::from_utf8_lossy(name).to_ascii_lowercase()).collect();
        let mut problems = Vec::new();
        for (at, name) in names.iter().enumerate() {
            if !NAMES.contains(&name.as_str()) {
                problems.push(sentence("column", name, &NAMES));
            } else if names.iter().take(at).any(|earlier| earlier == name) {
                problems.push(format!("The column {name} is there twice."));
            }
        }
        let place = |wanted: &str| names.iter().position(|name| name == wanted);
        let (email, amount, reference) = (place("email"), place("amount"), place("reference"));
        match (email, amount) {
            (Some(email), Some(amount)) if problems.is_empty() => {
                Ok(Self { names, email, amount, reference })
            }
            _ => {
                let missing = [("email", email), ("amount", amount)];
                // A misspelt name is told already.
                if problems.is_empty() {
                    let missing = missing.iter().filter(|(_, place)| place.is_none());
                    problems.extend(missing.map(|(name, _)| format!("The column {name} is missing.")));
                }
                Err(problems.join(" "))
            }
        }
    }
}
