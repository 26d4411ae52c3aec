//! What a reviewer sees beside a withdrawal: the recipient's history in figures, and who else was or is to be paid at the same
//! destination. Only reads.

use crate::dashboard::door::query;
use crate::dashboard::door::signed_in::SignedIn;
use crate::dashboard::money::withdrawal_filter;
use crate::dashboard::money::withdrawal_row::{WithdrawalRow, rows};
use crate::format::{grouped, money};
use crate::ids::IdKind;
use crate::store::{Failure, MOST_OF_A_PERSON, WithdrawalFilter, WithdrawalHistory};
use crate::test_clock;
use crate::withdrawals::same_payee;
use ledger::{Cents, Micros, Withdrawal};

/// Earlier withdrawals that are shown.
const LAST: i64 = 3;
/// Other people who are named.
const MOST_PEOPLE: usize = 5;
const DAY: Micros = 86_400_000_000;

/// A recipient until now.
pub struct PersonHistory {
    pub since: Micros,
    /// `12 days`
    pub age: String,
    /// Less what was taken back; `None` where it is not known exactly.
    pub given: Option<Cents>,
    pub withdrawn: Cents,
    /// `4 earlier withdrawals, 3 paid`
    pub count: String,
    /// The last of them, newest first.
    pub last: Vec<WithdrawalRow>,
}

/// Another recipient who uses the destination.
pub struct OtherPerson {
    pub id: String,
    pub email: String,
    /// `2 withdrawals, $50.00`
    pub count: String,
    pub newest: WithdrawalRow,
}

/// Who uses the account, wallet or address of a withdrawal.
pub struct ShownPayee {
    pub value: String,
    /// Earlier ones of the same person, and whether there are more.
    pub own: Vec<WithdrawalRow>,
    pub has_more_own: bool,
    pub others: Vec<OtherPerson>,
    /// `2 other recipients use the same destination`; empty for none.
    pub warning: String,
    /// Where all of them are listed.
    pub all: String,
    /// What the search does not have yet, in a sentence.
    pub behind: Option<String>,
}

/// The history of the recipient of this withdrawal; `None` where there is no such person any more.
pub async fn history(who: &SignedIn, of: &Withdrawal) -> Result<Option<PersonHistory>, Failure> {
    let (store, book) = (&who.platform.store, who.book);
    let Some(row) = store.user(book, of.user).await? else { return Ok(None) };
    let found = store.withdrawal_history(book, of.user, of.number).await?;
    let earlier =
        WithdrawalFilter { user: Some(of.user), below: Some(of.number), ..WithdrawalFilter::default() };
    let last = store.withdrawals(book, &earlier, LAST).await?;
    let now = test_clock::now(&who.platform, book).await?;
    let user = &row.user;
    // What was given and not taken back is on the balance, on its way, or withdrawn.
    let given = user.balance.plus(user.pending).and_then(|kept| kept.plus(found.withdrawn));
    Ok(Some(PersonHistory {
        since: user.created_at,
        age: age(now.saturating_sub(user.created_at)),
        given: given.filter(|_| found.is_all),
        withdrawn: found.withdrawn,
        count: count(&found),
        last: rows(who, last).await?,
    }))
}

fn age(span: Micros) -> String {
    match span / DAY {
        days if days < 1 => "less than a day".to_owned(),
        1 => "1 day".to_owned(),
        days => format!("{} days", grouped(days.unsigned_abs(), ",")),
    }
}

fn count(found: &WithdrawalHistory) -> String {
    let number = |number: i64| grouped(number.unsigned_abs(), ",");
    match (found.earlier, found.is_all) {
        (_, false) => format!("More than {}", number(MOST_OF_A_PERSON)),
        (0, true) => "None: this is the first".to_owned(),
        (earlier, true) => format!("{}, {} of all paid", number(earlier), number(found.succeeded)),
    }
}

/// Who uses the destination of this withdrawal; `None` where it names no account.
pub async fn payee(who: &SignedIn, of: &Withdrawal) -> Result<Option<ShownPayee>, Failure> {
    let Some(found) = same_payee::of(&who.platform, who.book, of).await? else { return Ok(None) };
    let mut people: Vec<(i64, i64, Cents, Withdrawal)> = Vec::new();
    for of in found.others {
        match people.iter_mut().find(|person| person.0 == of.user) {
            Some(person) => {
                person.1 += 1;
                person.2 = person.2.plus(of.amount).unwrap_or(person.2);
            }
            None => people.push((of.user, 1, of.amount, of)),
        }
    }
    let warning = warning(people.len(), found.has_more_others);
    people.truncate(MOST_PEOPLE);
    let (counts, newest): (Vec<_>, Vec<_>) =
        people.into_iter().map(|(user, many, sum, newest)| ((user, many, sum), newest)).unzip();
    let newest = rows(who, newest).await?;
    let other = |((user, many, sum), newest): ((i64, i64, Cents), WithdrawalRow)| OtherPerson {
        id: who.platform.secrets.ids().seal(IdKind::PayoutUser, who.book, user),
        email: newest.email.clone(),
        count: format!("{many} {}, {}", if many == 1 { "withdrawal" } else { "withdrawals" }, money(sum.0)),
        newest,
    };
    let others = counts.into_iter().zip(newest).map(other).collect();
    Ok(Some(ShownPayee {
        own: rows(who, found.own).await?,
        has_more_own: found.has_more_own,
        others,
        warning,
        all: query::path(withdrawal_filter::LIST.path, &[("q", found.value.as_str())]),
        behind: behind(found.behind),
        value: found.value,
    }))
}

fn warning(people: usize, is_more: bool) -> String {
    match (people, is_more) {
        (0, _) => String::new(),
        (1, false) => "Another recipient uses the same destination".to_owned(),
        (many, false) => format!("{many} other recipients use the same destination"),
        (many, true) => format!("{many} or more other recipients use the same destination"),
    }
}

fn behind(rows: i64) -> Option<String> {
    let rows = u64::try_from(rows).ok().filter(|rows| *rows > 0)?;
    Some(format!("The newest {} withdrawals were not compared yet.", grouped(rows, ",")))
}

/// Invented ones, for snapshots.
#[cfg(test)]
pub(crate) fn sample_history() -> PersonHistory {
    use crate::dashboard::money::withdrawal_row::sample;
    PersonHistory {
        since: 1_799_000_000_000_000,
        age: age(12 * DAY),
        given: Some(Cents(125_000)),
        withdrawn: Cents(37_500),
        count: count(&WithdrawalHistory { earlier: 4, succeeded: 3, withdrawn: Cents(37_500), is_all: true }),
        last: vec![
            sample(5, ledger::WithdrawalState::Succeeded),
            sample(4, ledger::WithdrawalState::Rejected),
        ],
    }
}

#[cfg(test)]
pub(crate) fn sample_payee() -> ShownPayee {
    use crate::dashboard::money::withdrawal_row::sample;
    let newest =
        WithdrawalRow { email: "bob@example.com".to_owned(), ..sample(6, ledger::WithdrawalState::Review) };
    ShownPayee {
        value: "DE02120300000000202051".to_owned(),
        own: vec![sample(5, ledger::WithdrawalState::Succeeded)],
        has_more_own: true,
        others: vec![OtherPerson {
            id: "usr_2".to_owned(),
            email: newest.email.clone(),
            count: "2 withdrawals, $50.00".to_owned(),
            newest,
        }],
        warning: warning(1, false),
        all: "/dashboard/withdrawals?q=DE02120300000000202051".to_owned(),
        behind: behind(70),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_said_in_words() {
        assert_eq!(age(-DAY), "less than a day");
        assert_eq!(age(DAY), "1 day");
        assert_eq!(age(1_500 * DAY), "1,500 days");
        let found =
            |earlier, is_all| WithdrawalHistory { earlier, succeeded: 2, withdrawn: Cents::ZERO, is_all };
        assert_eq!(count(&found(0, true)), "None: this is the first");
        assert_eq!(count(&found(3, true)), "3, 2 of all paid");
        assert_eq!(count(&found(10_000, false)), "More than 10,000");
        assert_eq!(warning(0, true), "");
        assert_eq!(warning(1, true), "1 or more other recipients use the same destination");
        assert_eq!(warning(2, false), "2 other recipients use the same destination");
    }
}
