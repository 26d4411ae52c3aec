//! The file of a batch as a CSV that is brought back with the proofs filled in: a line says that its payment was made. Amount,
//! currency and destination must be those of the payment: a line of another payment, or of another file, would otherwise settle
//! what was never paid. Not here: whether the payment can be settled (mod.rs).

use super::{Answer, AnswerTold};
use crate::batches::SentDestination;
use crate::line::typed_reference;
use crate::line_numbers::LineNumbers;
use crate::rails::BankVerdict;
use crate::sheet;

/// Where a file's columns stand.
struct SheetColumns {
    id: usize,
    amount: usize,
    currency: usize,
    destination: SentDestination,
    proof: usize,
}

impl SheetColumns {
    fn named(header: &csv::StringRecord) -> Result<Self, &'static str> {
        let column = |name: &str| header.iter().position(|column| column == name);
        if header.iter().enumerate().any(|(at, name)| column(name) != Some(at)) {
            return Err("the first line names a column twice");
        }
        let found = [column("id"), column("amount"), column("currency"), column("proof")];
        match (found, SentDestination::named(header)) {
            ([Some(id), Some(amount), Some(currency), Some(proof)], Some(destination)) => {
                Ok(Self { id, amount, currency, destination, proof })
            }
            _ => Err(
                "the first line must name the columns id, amount, currency, destination and proof, as a batch's file does",
            ),
        }
    }
}

/// The lines of a CSV. `find` says which withdrawal an id names.
///
/// # Errors
/// Why the text is not such a file.
pub(super) fn read(bytes: &[u8], find: impl Fn(&str) -> Option<i64>) -> Result<Vec<Answer>, String> {
    let text = sheet::text(bytes).map_err(|not_text| not_text.to_string())?.as_bytes();
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text);
    let header = reader.headers().map_err(|_| "the file is not a CSV")?.clone();
    let columns = SheetColumns::named(&header)?;
    let mut numbers = LineNumbers::new(text);
    let mut lines = Vec::new();
    for record in reader.records() {
        let place = format!("line {}", numbers.of(&record));
        let told = match record {
            Ok(record) => line(&columns, &record, &find),
            Err(_) => Err("it has not the columns of the header".to_owned()),
        };
        lines.push(Answer { place, told, of_whole: false });
    }
    Ok(lines)
}

fn line(
    columns: &SheetColumns,
    record: &csv::StringRecord,
    find: &impl Fn(&str) -> Option<i64>,
) -> Result<AnswerTold, String> {
    let field = |column: usize| record.get(column).unwrap_or_default();
    let (id, proof) = (field(columns.id), field(columns.proof));
    let proof = typed_reference(proof).map_err(|hint| format!("the proof is not one; {hint}"))?;
    let withdrawal = find(id).ok_or_else(|| format!("there is no withdrawal {id:?}"))?;
    let record = record.clone();
    let destination = columns.destination.clone();
    Ok(AnswerTold {
        withdrawal,
        reference: proof,
        batch: None,
        amount: Some(field(columns.amount).to_owned()),
        currency: Some(field(columns.currency).to_owned()),
        verdict: BankVerdict::Booked,
        is_destination: Box::new(move |stored: &str| destination.is(&record, stored)),
    })
}
