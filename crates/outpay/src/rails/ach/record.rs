//! Records of a NACHA file: lines of 94 characters, and the sums that a file carries over itself. A file whose sums do not fit was
//! changed or cut, and nothing is taken from it.

/// Characters of a record.
pub(super) const LINE: usize = 94;
/// An entry hash has ten digits; what is above them is dropped.
pub(super) const HASH_MODULUS: u64 = 10_000_000_000;

/// The digits of a field as a number.
pub(super) fn number(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

/// One line of a file, with its number for messages.
#[derive(Clone, Copy, Debug)]
pub(super) struct NachaRecord<'a> {
    pub line: usize,
    text: &'a str,
}

impl<'a> NachaRecord<'a> {
    /// What kind of record it is.
    pub fn kind(&self) -> u8 {
        self.text.as_bytes()[0]
    }

    /// The characters from `first` to `last`, counted from 1 as the rules count them.
    pub fn field(&self, first: usize, last: usize) -> &'a str {
        &self.text[first - 1..last]
    }

    /// The number in a field.
    ///
    /// # Errors
    /// That it is none, in words for the operator.
    pub fn number(&self, first: usize, last: usize) -> Result<u64, String> {
        let of = || format!("line {}: the field {first} to {last} is not a number", self.line);
        number(self.field(first, last)).ok_or_else(of)
    }

    /// True for the lines that fill the last block.
    fn is_filler(&self) -> bool {
        self.text.bytes().all(|byte| byte == b'9')
    }
}

/// The sums over entries that a control record states.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    count: u64,
    hash: u64,
    debits: u64,
    credits: u64,
}

impl Sums {
    fn add(&mut self, other: Self) {
        self.count += other.count;
        self.hash = (self.hash + other.hash) % HASH_MODULUS;
        self.debits += other.debits;
        self.credits += other.credits;
    }
}

/// A batch of entries, each with its addenda.
pub(super) struct EntryBatch<'a> {
    /// `PPD`, `COR`, …
    pub class: &'a str,
    pub entries: Vec<(NachaRecord<'a>, Vec<NachaRecord<'a>>)>,
}

/// The file with every record at its full length: programs on the way drop blanks at the end of lines. The sums tell if more is missing.
///
/// # Errors
/// What is wrong with the file, in words for the operator.
pub(super) fn padded(text: &str) -> Result<String, String> {
    if !text.is_ascii() {
        return Err("the file has other characters than a NACHA file has".to_owned());
    }
    let mut whole = String::with_capacity(text.len());
    for (line, number) in text.lines().zip(1..) {
        let length = line.len();
        if length > LINE {
            return Err(format!(
                "line {number} has {length} characters; a record of a NACHA file has {LINE}"
            ));
        }
        whole.push_str(&format!("{line:<LINE$}\n"));
    }
    Ok(whole)
}

/// The batches of a file that is [`padded`], once all sums fit.
///
/// # Errors
/// What is wrong with the file, in words for the operator.
pub(super) fn batches(text: &str) -> Result<Vec<EntryBatch<'_>>, String> {
    let mut lines = records(text);
    let header = lines.next().ok_or("the file is empty")?;
    if header.kind() != b'1' || header.field(35, 39) != "09410" {
        return Err("the file does not begin with the header of a NACHA file".to_owned());
    }
    let mut found: Vec<EntryBatch<'_>> = Vec::new();
    let (mut open, mut sums, mut whole) = (None, Sums::default(), Sums::default());
    let mut control = None;
    for record in lines.by_ref() {
        match (record.kind(), &mut open) {
            (b'5', None) => {
                let class = record.field(51, 53);
                if class == "ADV" {
                    return Err("batches of class ADV are not read here".to_owned());
                }
                open = Some(EntryBatch { class, entries: Vec::new() });
            }
            (b'6', Some(batch)) => {
                sums.add(sums_of(&record)?);
                batch.entries.push((record, Vec::new()));
            }
            (b'7', Some(batch)) => {
                let Some((_, addenda)) = batch.entries.last_mut() else { return Err(misplaced(&record)) };
                sums.count += 1;
                addenda.push(record);
            }
            (b'8', Some(_)) => {
                check(&record, sums, [(5, 10), (11, 20), (21, 32), (33, 44)])?;
                whole.add(std::mem::take(&mut sums));
                found.extend(open.take());
            }
            (b'9', None) => {
                control = Some(record);
                break;
            }
            _ => return Err(misplaced(&record)),
        }
    }
    let control = control.ok_or("the file ends before its control record")?;
    check(&control, whole, [(14, 21), (22, 31), (32, 43), (44, 55)])?;
    if control.number(2, 7)? != found.len() as u64 {
        return Err(format!("line {}: the number of batches does not fit", control.line));
    }
    match lines.find(|record| !record.is_filler()) {
        None => Ok(found),
        Some(record) => Err(misplaced(&record)),
    }
}

fn records(text: &str) -> impl Iterator<Item = NachaRecord<'_>> {
    let numbered = text.lines().zip(1..).filter(|(text, _)| !text.trim().is_empty());
    numbered.map(|(text, line)| NachaRecord { line, text })
}

fn misplaced(record: &NachaRecord<'_>) -> String {
    format!("line {}: this record does not belong here", record.line)
}

/// What an entry adds. Credits are the codes whose last digit is 0 to 4, debits the others.
fn sums_of(entry: &NachaRecord<'_>) -> Result<Sums, String> {
    let (code, amount) = (entry.number(2, 3)?, entry.number(30, 39)?);
    let (debits, credits) = if code % 10 <= 4 { (0, amount) } else { (amount, 0) };
    Ok(Sums { count: 1, hash: entry.number(4, 11)?, debits, credits })
}

fn check(control: &NachaRecord<'_>, sums: Sums, fields: [(usize, usize); 4]) -> Result<(), String> {
    let of = |(first, last)| control.number(first, last);
    let [count, hash, debits, credits] = fields;
    let stated = Sums { count: of(count)?, hash: of(hash)?, debits: of(debits)?, credits: of(credits)? };
    if stated == sums {
        return Ok(());
    }
    Err(format!(
        "line {}: the sums do not fit the entries before it, so the file was changed or cut; nothing was taken from it",
        control.line
    ))
}
