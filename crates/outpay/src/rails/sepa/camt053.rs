//! The account's statement, `camt.053`: what was booked settles payments, and what came back returns them. Only booked entries count.
//!
//! Invariant: a payment is booked by a debit, and returned by a credit that says that it is a return. What only looks like either, such
//! as a reversal of a booking, is noted for a person: the bank may book it once more.

use super::answer;
use super::xml::Element;
use super::{is_digits, order_id};
use crate::rails::bank::{noted, plain, reference, world_reason};
use crate::rails::{AnswerLine, BankVerdict, RailText};
use iban::{Iban, IbanLike};

/// The lines of all statements of our account in the file.
pub(super) fn read(root: &Element, own: &Iban) -> Result<Vec<AnswerLine>, String> {
    let report = root.child("BkToCstmrStmt").ok_or("the file has no BkToCstmrStmt")?;
    let own = own.electronic_str();
    let mut lines = Vec::new();
    let mut found = false;
    for statement in report.all("Stmt") {
        let account = statement.at(&["Acct", "Id"]);
        if account.and_then(|id| id.text_at(&["IBAN"]).or(id.text_at(&["Othr", "Id"]))) != Some(own) {
            continue;
        }
        found = true;
        let id = statement.text_at(&["Id"]).unwrap_or_default();
        for (at, entry) in statement.all("Ntry").enumerate() {
            let place = format!("{id}/{at}");
            lines.extend(BookedEntry { entry, own, place: &place }.read()?);
        }
    }
    let last = &own[own.len() - 4..];
    if found {
        Ok(lines)
    } else {
        Err(format!("the file has no statement of the account that ends in {last}"))
    }
}

/// An entry of the statement, and where it stands.
struct BookedEntry<'a> {
    entry: &'a Element,
    own: &'a str,
    /// Names the entry where the bank gave it no number.
    place: &'a str,
}

impl BookedEntry<'_> {
    fn read(&self) -> Result<Vec<AnswerLine>, String> {
        let entry = self.entry;
        // `Sts` is a word up to version 07, and a choice with a code in it after.
        let status = entry.text_at(&["Sts", "Cd"]).or(entry.text_at(&["Sts"]));
        if status != Some("BOOK") {
            return Ok(Vec::new());
        }
        let details: Vec<&Element> = entry.all("NtryDtls").flat_map(|of| of.all("TxDtls")).collect();
        if details.is_empty() {
            return Ok(self.whole_batch()?.into_iter().collect());
        }
        let is_single = details.len() == 1;
        let lines = details.iter().enumerate().map(|(at, one)| self.transaction(one, at, is_single));
        lines.filter_map(Result::transpose).collect()
    }

    /// A batch that was booked in one sum without its payments. `BtchBookg` asks for single entries, but a bank may do as it likes.
    fn whole_batch(&self) -> Result<Option<AnswerLine>, String> {
        let batch = self.entry.at(&["NtryDtls", "Btch"]);
        let id = batch.and_then(|batch| batch.text_at(&["PmtInfId"]).or(batch.text_at(&["MsgId"])));
        let Some(id) = id.filter(|id| is_digits(id)) else { return Ok(None) };
        let Some(total) = self.entry.child("Amt") else { return Ok(None) };
        let (amount, currency) = answer::amount(total)?;
        let direction = self.entry.text_at(&["CdtDbtInd"]).unwrap_or_default();
        let verdict = match direction {
            "DBIT" if !self.is_reversal() => BankVerdict::Booked,
            _ => unclear(&format!("{direction} of the whole batch")),
        };
        let order_id = answer::batch(id);
        let reference = self.reference(&order_id, direction, amount, (None, 0));
        let batch = Some(order_id.clone());
        Ok(Some(AnswerLine { order_id, batch, reference, amount: Some(amount), currency, verdict }))
    }

    fn transaction(&self, one: &Element, at: usize, is_single: bool) -> Result<Option<AnswerLine>, String> {
        let direction =
            one.text_at(&["CdtDbtInd"]).or(self.entry.text_at(&["CdtDbtInd"])).unwrap_or_default();
        let named = one.text_at(&["Refs", "EndToEndId"]);
        let is_ours = named.and_then(order_id).is_some();
        let verdict = match (direction, is_ours) {
            (_, true) if self.is_reversal() => unclear(&format!("{direction} as a reversal")),
            ("CRDT", _) if self.is_return(one) && !self.is_reversal() => returned(one),
            ("DBIT", true) if !self.is_return(one) => BankVerdict::Booked,
            (_, true) => unclear(&format!("{direction} with the number of this payment")),
            (_, false) => return Ok(None),
        };
        let stated = amount_of(one, is_single.then_some(self.entry)).map(answer::amount).transpose()?;
        let (amount, currency) = stated.map_or((None, None), |(amount, currency)| (Some(amount), currency));
        let order_id = answer::payment(named);
        let number = one.text_at(&["Refs", "AcctSvcrRef"]);
        let reference = self.reference(&order_id, direction, amount.unwrap_or(-1), (number, at));
        // Only of a booking: a return bears the numbers of the message that brought it back.
        let block = one.text_at(&["Refs", "PmtInfId"]).filter(|id| is_digits(id));
        let batch = block.filter(|_| verdict == BankVerdict::Booked).map(answer::batch);
        Ok(Some(AnswerLine { order_id, batch, reference, amount, currency, verdict }))
    }

    fn is_reversal(&self) -> bool {
        matches!(self.entry.text_at(&["RvslInd"]), Some("true" | "1"))
    }

    /// By a return's own reason, or by the code of the entry: `RRTN` is a return of a transfer, `RPCR` one after a recall; 159 is the
    /// former in the codes of German banks.
    fn is_return(&self, one: &Element) -> bool {
        let by_code = |of: &Element| {
            let family = of.text_at(&["BkTxCd", "Domn", "Fmly", "SubFmlyCd"]);
            let own = of.text_at(&["BkTxCd", "Prtry", "Cd"]).unwrap_or_default();
            matches!(family, Some("RRTN" | "RPCR")) || own.split('+').nth(1) == Some("159")
        };
        one.child("RtrInf").is_some() || by_code(one) || by_code(self.entry)
    }

    /// By the bank's own numbers, which are the same in every file; where it gave none, by the place in the statement.
    fn reference(
        &self,
        order: &str,
        direction: &str,
        amount: i64,
        (number, at): (Option<&str>, usize),
    ) -> String {
        let of_entry = self.entry.text_at(&["AcctSvcrRef"]);
        let place = match (number, of_entry) {
            (Some(_), _) => String::new(),
            (None, Some(_)) => at.to_string(),
            (None, None) => format!("{}/{at}", self.place),
        };
        let booked = self.entry.child("BookgDt");
        let booked = booked.and_then(|date| date.text_at(&["Dt"]).or(date.text_at(&["DtTm"])));
        let (entry, own) = (of_entry.unwrap_or_default(), number.unwrap_or_default());
        let (amount, booked) = (amount.to_string(), booked.unwrap_or_default());
        let parts = [self.own, entry, own, &place, order, direction, &amount, booked];
        reference(&["camt.053", number.or(of_entry).unwrap_or_default()], &parts)
    }
}

/// The amount of one transaction: its own, or that of its entry where it is the only one.
fn amount_of<'a>(one: &'a Element, entry: Option<&'a Element>) -> Option<&'a Element> {
    one.child("Amt")
        .or_else(|| one.at(&["AmtDtls", "TxAmt", "Amt"]))
        .or_else(|| entry?.child("Amt"))
        .or_else(|| one.at(&["AmtDtls", "InstdAmt", "Amt"]))
}

fn returned(one: &Element) -> BankVerdict {
    let reason = one.at(&["RtrInf", "Rsn"]);
    let code = reason.and_then(|reason| reason.text_at(&["Cd"]).or(reason.text_at(&["Prtry"])));
    let code = plain(code.unwrap_or("RRTN"));
    BankVerdict::Returned { text: world_reason(&code), code }
}

fn unclear(what: &str) -> BankVerdict {
    noted("UNCLEAR", RailText::code("bank_unclear").with("what", what))
}
