//! A bank with books of its own, for the never-twice test of bank files: it is given files, pays each of them once, and answers. It reads
//! files by itself and knows payments by the account that they go to, which no code of Outpay chooses.

use crate::rails::bank_ach;

/// What the bank speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Sepa,
    Ach,
}

/// A payment that left the account.
pub struct Executed {
    pub account: String,
    pub cents: i64,
    /// Its name in the file, and its place there, from 1.
    id: String,
    place: usize,
    /// Which of the files had it.
    file: usize,
    pub came_back: bool,
}

/// A payment as a file has it.
struct Ordered {
    account: String,
    cents: i64,
    id: String,
}

struct GivenFile {
    /// By this the bank knows a second copy: the message's id, or the header of an ACH file.
    id: String,
    text: String,
}

pub struct Bank {
    format: Format,
    files: Vec<GivenFile>,
    pub executed: Vec<Executed>,
    /// Accounts whose payments it refuses.
    pub refuses: Vec<String>,
    /// Statements begin here: earlier ones had what is before.
    stated: usize,
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let begin = text.find(from).unwrap() + from.len();
    &text[begin..begin + text[begin..].find(to).unwrap()]
}

/// The id of a file.
fn name_of(format: Format, file: &str) -> String {
    match format {
        Format::Sepa => between(file, "<MsgId>", "<").to_owned(),
        Format::Ach => file.lines().next().unwrap().to_owned(),
    }
}

fn payments(format: Format, file: &str) -> Vec<Ordered> {
    let of_xml = |one: &str| Ordered {
        account: between(&one[one.find("<CdtrAcct>").unwrap()..], "<IBAN>", "<").to_owned(),
        cents: between(one, "<InstdAmt Ccy=\"EUR\">", "<").replace('.', "").parse().unwrap(),
        id: between(one, "<EndToEndId>", "<").to_owned(),
    };
    let of_record = |line: &str| Ordered {
        account: line[12..29].trim().to_owned(),
        cents: line[29..39].parse().unwrap(),
        id: line[39..54].to_owned(),
    };
    match format {
        Format::Sepa => file.split("<CdtTrfTxInf>").skip(1).map(of_xml).collect(),
        Format::Ach => file.lines().filter(|line| line.starts_with('6')).map(of_record).collect(),
    }
}

impl Bank {
    pub fn new(format: Format) -> Self {
        Self { format, files: Vec::new(), executed: Vec::new(), refuses: Vec::new(), stated: 0 }
    }

    /// Statements begin anew.
    pub fn begin(&mut self) {
        self.stated = self.executed.len();
    }

    /// Takes a file that a person uploads, and pays it unless it has it already. Every payment as often as the file has it.
    pub fn take(&mut self, file: &[u8]) {
        let text = String::from_utf8(file.to_vec()).unwrap();
        let id = name_of(self.format, &text);
        if let Some(known) = self.files.iter().find(|known| known.id == id) {
            assert_eq!(known.text, text, "two files have one id: the bank would drop the second");
            return;
        }
        for (place, Ordered { account, cents, id }) in (1..).zip(payments(self.format, &text)) {
            if !self.refuses.contains(&account) {
                let file = self.files.len();
                self.executed.push(Executed { account, cents, id, place, file, came_back: false });
            }
        }
        self.files.push(GivenFile { id, text });
    }

    /// The payments to this account come back.
    pub fn send_back(&mut self, account: &str) {
        self.executed.iter_mut().filter(|one| one.account == account).for_each(|one| one.came_back = true);
    }

    /// Of the payments to this account: the cents of each, and how many came back.
    pub fn seen(&self, account: &str) -> (Vec<i64>, usize) {
        let of = self.executed.iter().filter(|one| one.account == account);
        let (cents, back): (Vec<i64>, Vec<bool>) = of.map(|one| (one.cents, one.came_back)).unzip();
        (cents, back.into_iter().filter(|back| *back).count())
    }

    /// What a person brings back to say what was paid and what came back: a statement, or a file of returns.
    pub fn answer(&self) -> String {
        match self.format {
            Format::Sepa => self.statement(),
            Format::Ach => self.returns(),
        }
    }

    fn statement(&self) -> String {
        let entry = |number: String, id: &str, cents: i64, direction: &str, family: &str, reason: &str| {
            format!(
                "<Ntry><Amt Ccy=\"EUR\">{}.{:02}</Amt><CdtDbtInd>{direction}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>\
                 <BookgDt><Dt>2026-12-07</Dt></BookgDt><AcctSvcrRef>{number}</AcctSvcrRef>\
                 <BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>ICDT</Cd><SubFmlyCd>{family}</SubFmlyCd></Fmly></Domn></BkTxCd>\
                 <NtryDtls><TxDtls><Refs><EndToEndId>{id}</EndToEndId></Refs>{reason}</TxDtls></NtryDtls></Ntry>\n",
                cents / 100,
                cents % 100
            )
        };
        let mut entries = String::new();
        for (number, one) in self.executed.iter().enumerate().skip(self.stated) {
            entries += &entry(format!("BK-{number}"), &one.id, one.cents, "DBIT", "ESCT", "");
            if one.came_back {
                let reason = "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>";
                entries += &entry(format!("BK-{number}-R"), &one.id, one.cents, "CRDT", "RRTN", reason);
            }
        }
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\">\
             <BkToCstmrStmt><GrpHdr><MsgId>M</MsgId><CreDtTm>2026-12-08T06:00:00</CreDtTm></GrpHdr><Stmt><Id>S</Id>\
             <CreDtTm>2026-12-08T06:00:00</CreDtTm><Acct><Id><IBAN>DE89370400440532013000</IBAN></Id><Ccy>EUR</Ccy></Acct>\n\
             {entries}</Stmt></BkToCstmrStmt></Document>\n"
        )
    }

    /// Of what came back from the newest file.
    fn returns(&self) -> String {
        let newest = self.files.len() - 1;
        let back = self.executed.iter().skip(self.stated).filter(|one| one.came_back && one.file == newest);
        let back: Vec<(usize, &str)> = back.map(|one| (one.place, "R03")).collect();
        bank_ach::returned(&self.files[newest].text, &back)
    }

    /// The report on a file: the payment to this account is refused, or the whole file where there is none.
    pub fn refusal(file: &[u8], account: Option<&str>, code: &str) -> String {
        let text = String::from_utf8(file.to_vec()).unwrap();
        let message = name_of(Format::Sepa, &text);
        let reason = format!("<StsRsnInf><Rsn><Cd>{code}</Cd></Rsn></StsRsnInf>");
        let all = payments(Format::Sepa, &text);
        let (group, of_file, of_payment) = match account {
            None => ("RJCT", reason, String::new()),
            Some(account) => {
                let id = &all.iter().find(|one| one.account == account).unwrap().id;
                let one = format!(
                    "<OrgnlPmtInfAndSts><OrgnlPmtInfId>{message}</OrgnlPmtInfId><PmtInfSts>PART</PmtInfSts><TxInfAndSts>\
                     <OrgnlEndToEndId>{id}</OrgnlEndToEndId><TxSts>RJCT</TxSts>{reason}</TxInfAndSts></OrgnlPmtInfAndSts>"
                );
                ("PART", String::new(), one)
            }
        };
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.002.001.03\">\
             <CstmrPmtStsRpt><GrpHdr><MsgId>R</MsgId><CreDtTm>2026-12-07T09:30:00</CreDtTm></GrpHdr><OrgnlGrpInfAndSts>\
             <OrgnlMsgId>{message}</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId><GrpSts>{group}</GrpSts>{of_file}\
             </OrgnlGrpInfAndSts>{of_payment}</CstmrPmtStsRpt></Document>\n"
        )
    }
}
