//! The file of a batch: ISO 20022 `pain.001.001.09`, as the EPC's implementation guidelines for SEPA credit transfers want it. One
//! payment information block, so that a bank's word about the file, the block or a payment always has an addressee here.
//!
//! Invariant: the file follows from configuration and batch alone, so one that is written again is the same to the byte.

use super::destination::SepaDestination;
use super::{CURRENCY, Debtor, end_to_end_id};
use crate::rails::bank::{moment, to_latin, total, working_day};
use crate::rails::batch_file::{BatchFile, BatchPayment, BatchToWrite, message_id};
use crate::store::Failure;
use anyhow::{Context, anyhow};
use iban::IbanLike;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use std::io;

const NAMESPACE: &str = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09";
/// 999,999,999.99, the most that SEPA transfers carry.
const MOST: i64 = 99_999_999_999;

type Xml = Writer<Vec<u8>>;

/// The file of this batch.
pub(super) fn write(debtor: &Debtor, batch: &BatchToWrite<'_>) -> Result<BatchFile, Failure> {
    let head = FileHead {
        id: message_id(batch.id)?,
        made_at: moment(batch.made_at)?.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        count: batch.payments.len().to_string(),
        sum: euros(total(batch.payments, MOST)?),
        day: working_day(batch.made_at, debtor.execution_days)?.to_string(),
    };
    let transfers: Vec<CreditTransfer> =
        batch.payments.iter().map(|payment| CreditTransfer::of(debtor, payment)).collect::<Result<_, _>>()?;
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    xml.create_element("Document").with_attribute(("xmlns", NAMESPACE)).write_inner_content(|xml| {
        within(xml, "CstmrCdtTrfInitn", |xml| {
            group_header(xml, debtor, &head)?;
            within(xml, "PmtInf", |xml| {
                payment_information(xml, debtor, &head)?;
                transfers.iter().try_for_each(|transfer| transfer.write(xml))
            })
        })
    })?;
    let mut bytes = xml.into_inner();
    bytes.push(b'\n');
    let name = format!("outpay-{}.xml", batch.number);
    Ok(BatchFile { name, media_type: "application/xml", bytes })
}

struct FileHead {
    id: String,
    made_at: String,
    count: String,
    sum: String,
    day: String,
}

fn group_header(xml: &mut Xml, debtor: &Debtor, head: &FileHead) -> io::Result<()> {
    within(xml, "GrpHdr", |xml| {
        text(xml, "MsgId", &head.id)?;
        text(xml, "CreDtTm", &head.made_at)?;
        text(xml, "NbOfTxs", &head.count)?;
        text(xml, "CtrlSum", &head.sum)?;
        within(xml, "InitgPty", |xml| text(xml, "Nm", &debtor.name))
    })
}

fn payment_information(xml: &mut Xml, debtor: &Debtor, head: &FileHead) -> io::Result<()> {
    text(xml, "PmtInfId", &head.id)?;
    text(xml, "PmtMtd", "TRF")?;
    // Each payment is an entry of its own on the statement, with its id, so that the statement settles them one by one.
    text(xml, "BtchBookg", "false")?;
    text(xml, "NbOfTxs", &head.count)?;
    text(xml, "CtrlSum", &head.sum)?;
    within(xml, "PmtTpInf", |xml| within(xml, "SvcLvl", |xml| text(xml, "Cd", "SEPA")))?;
    within(xml, "ReqdExctnDt", |xml| text(xml, "Dt", &head.day))?;
    within(xml, "Dbtr", |xml| text(xml, "Nm", &debtor.name))?;
    account(xml, "DbtrAcct", debtor.iban.electronic_str())?;
    within(xml, "DbtrAgt", |xml| {
        within(xml, "FinInstnId", |xml| match &debtor.bic {
            Some(bic) => text(xml, "BICFI", bic),
            // The schema wants a bank; the guidelines say how to name none.
            None => within(xml, "Othr", |xml| text(xml, "Id", "NOTPROVIDED")),
        })
    })?;
    text(xml, "ChrgBr", "SLEV")
}

/// One payment, in the words of the file.
struct CreditTransfer {
    id: String,
    amount: String,
    name: String,
    iban: String,
    bic: Option<String>,
    remittance: String,
}

impl CreditTransfer {
    fn of(debtor: &Debtor, payment: &BatchPayment) -> Result<Self, Failure> {
        let order = &payment.order_id;
        let id =
            end_to_end_id(order).with_context(|| format!("{order} is not a number of a SEPA payment"))?;
        let to: SepaDestination = serde_json::from_str(&payment.destination)
            .with_context(|| format!("the destination of {order} cannot be read"))?;
        let name = to_latin(&to.name)
            .map_err(|_| anyhow!("the name of {order} cannot be written in the letters of banks"))?;
        Ok(Self {
            id: id.to_owned(),
            amount: euros(payment.amount),
            name,
            iban: to.iban,
            bic: to.bic,
            remittance: format!("{} {order}", debtor.remittance).trim().to_owned(),
        })
    }

    fn write(&self, xml: &mut Xml) -> io::Result<()> {
        within(xml, "CdtTrfTxInf", |xml| {
            within(xml, "PmtId", |xml| text(xml, "EndToEndId", &self.id))?;
            within(xml, "Amt", |xml| {
                let amount = xml.create_element("InstdAmt").with_attribute(("Ccy", CURRENCY));
                amount.write_text_content(BytesText::new(&self.amount)).map(drop)
            })?;
            if let Some(bic) = &self.bic {
                within(xml, "CdtrAgt", |xml| within(xml, "FinInstnId", |xml| text(xml, "BICFI", bic)))?;
            }
            within(xml, "Cdtr", |xml| text(xml, "Nm", &self.name))?;
            account(xml, "CdtrAcct", &self.iban)?;
            within(xml, "RmtInf", |xml| text(xml, "Ustrd", &self.remittance))
        })
    }
}

fn account(xml: &mut Xml, name: &str, iban: &str) -> io::Result<()> {
    within(xml, name, |xml| within(xml, "Id", |xml| text(xml, "IBAN", iban)))
}

fn within(xml: &mut Xml, name: &str, content: impl FnOnce(&mut Xml) -> io::Result<()>) -> io::Result<()> {
    xml.create_element(name).write_inner_content(content).map(drop)
}

fn text(xml: &mut Xml, name: &str, value: &str) -> io::Result<()> {
    xml.create_element(name).write_text_content(BytesText::new(value)).map(drop)
}

/// Cents as euros, `12.05`.
fn euros(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}
