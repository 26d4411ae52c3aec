//! Where an ACH credit goes: the holder's name, the bank's routing number, the account and its kind. Checked here with a sentence for
//! each mistake. Stored: the name as it was typed, the numbers without spaces, the kind in small letters.

use crate::rails::bank::{holder, line};
use crate::rails::{FieldProblem, RailText};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A file has 22 characters of a name; longer ones are cut there.
const LONGEST_NAME: usize = 70;
const LONGEST_TYPED: usize = 40;

/// As it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct AchDestination {
    pub name: String,
    pub routing_number: String,
    pub account_number: String,
    pub account_type: AccountType,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum AccountType {
    Checking,
    Savings,
}

/// Reads a destination and writes its canonical form.
pub(super) fn read(fields: &Map<String, Value>) -> Result<String, Vec<FieldProblem>> {
    let mut problems = Vec::new();
    let name = holder(fields, LONGEST_NAME).map_err(|problem| problems.push(problem));
    let mut checked = |field: &'static str, check: fn(&str) -> Result<String, RailText>| {
        let read = line(fields, field, LONGEST_TYPED);
        let read = read.and_then(|text| check(&text).map_err(|text| FieldProblem::new(field, text)));
        read.map_err(|problem| problems.push(problem))
    };
    let routing_number = checked("routing_number", check_routing);
    let account_number = checked("account_number", check_account);
    let account_type = checked("account_type", |text| kind_of(text).map(|_| text.to_owned()));
    let account_type = account_type.and_then(|text| kind_of(&text).map_err(drop));
    match (name, routing_number, account_number, account_type) {
        (Ok(name), Ok(routing_number), Ok(account_number), Ok(account_type)) => {
            let stored = AchDestination { name, routing_number, account_number, account_type };
            Ok(serde_json::to_string(&stored).expect("texts are JSON"))
        }
        _ => Err(problems),
    }
}

fn joined(text: &str) -> String {
    text.chars().filter(|character| !matches!(character, ' ' | '-')).collect()
}

/// A routing number of a bank: nine digits, the first two of a Federal Reserve district or a thrift, the last one a check digit
/// (American Bankers Association, Key to Routing Numbers).
pub(super) fn check_routing(text: &str) -> Result<String, RailText> {
    let digits = joined(text);
    if digits.len() != 9 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(RailText::code("routing_form"));
    }
    let sum: u32 = digits
        .bytes()
        .zip([3, 7, 1].into_iter().cycle())
        .map(|(digit, by)| u32::from(digit - b'0') * by)
        .sum();
    let district: u8 = digits[..2].parse().map_err(|_| RailText::code("routing_form"))?;
    let is_a_bank = matches!(district, 1..=12 | 21..=32 | 61..=72);
    if sum.is_multiple_of(10) && is_a_bank { Ok(digits) } else { Err(RailText::code("routing_digits")) }
}

fn check_account(text: &str) -> Result<String, RailText> {
    let account = joined(text).to_ascii_uppercase();
    let fits = (4..=17).contains(&account.len()) && account.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let has_digit = account.bytes().any(|byte| byte.is_ascii_digit());
    if fits && has_digit { Ok(account) } else { Err(RailText::code("account_form")) }
}

fn kind_of(text: &str) -> Result<AccountType, RailText> {
    match text.to_ascii_lowercase().as_str() {
        "checking" => Ok(AccountType::Checking),
        "savings" => Ok(AccountType::Savings),
        _ => Err(RailText::code("account_type_form")),
    }
}
