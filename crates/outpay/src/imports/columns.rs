//! The columns of a payment file, by the names in its first line. Invariant: a column that is not known is refused, since a
//! misspelt `reference` would let a payment be made twice.

use crate::unknown_name::sentence;
use csv::ByteRecord;
use ledger::Metadata;

const NAMES: [&str; 3] = ["email", "amount", "reference"];
/// As they are told.
const KNOWN: [&str; 4] = ["email", "amount", "reference", "metadata[KEY]"];

/// Where the fields of a line stand.
pub struct FileColumns {
    /// In the order of the file.
    pub names: Vec<String>,
    pub email: usize,
    pub amount: usize,
    pub reference: Option<usize>,
    /// With the key of each.
    pub metadata: Vec<(usize, String)>,
}

impl FileColumns {
    /// Those of a file whose first line is a payment.
    pub fn unnamed() -> Self {
        let names = ["email", "amount"].map(str::to_owned).to_vec();
        Self { names, email: 0, amount: 1, reference: None, metadata: Vec::new() }
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
        let names: Vec<String> = header.iter().map(name).collect();
        let (mut problems, mut metadata) = (Vec::new(), Vec::new());
        for (at, name) in names.iter().enumerate() {
            let is_new = names.iter().take(at).all(|earlier| earlier != name);
            let key = name.strip_prefix("metadata[").and_then(|rest| rest.strip_suffix(']'));
            match key {
                _ if !is_new => problems.push(format!("The column {name} is there twice.")),
                Some(key) if Metadata::is_key(key) => metadata.push((at, key.to_owned())),
                Some(_) => {
                    problems.push(format!("The column {name:?} must name a key of 1 to 40 characters."));
                }
                None if NAMES.contains(&name.as_str()) => {}
                None => problems.push(sentence("column", name, &KNOWN)),
            }
        }
        if metadata.len() > Metadata::MOST_KEYS {
            problems.push(format!("There may be at most {} columns of metadata.", Metadata::MOST_KEYS));
        }
        let place = |wanted: &str| names.iter().position(|name| name == wanted);
        let (email, amount, reference) = (place("email"), place("amount"), place("reference"));
        if let (Some(email), Some(amount), true) = (email, amount, problems.is_empty()) {
            return Ok(Self { names, email, amount, reference, metadata });
        }
        // A misspelt name is told already.
        if problems.is_empty() {
            let missing = [("email", email), ("amount", amount)];
            let missing = missing.iter().filter(|(_, place)| place.is_none());
            problems.extend(missing.map(|(name, _)| format!("The column {name} is missing.")));
        }
        Err(problems.join(" "))
    }
}

/// A column's name in its known form; the key of metadata is the business's own and stays as it is.
fn name(field: &[u8]) -> String {
    let text = String::from_utf8_lossy(field);
    match text.split_once('[') {
        Some((start, rest)) => format!("{}[{rest}", start.to_ascii_lowercase()),
        None => text.to_ascii_lowercase(),
    }
}
