//! Replays one book from its entries alone.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};

use super::{CredentialRow, Line, UserRow};

pub const WORLD: i64 = -1;
const MAIN: i64 = -2;
const PAYOUT: i64 = -3;

const DEPOSITED: i64 = 1;
const MOVED_TO_PAYOUT: i64 = 2;
const MOVED_TO_MAIN: i64 = 3;
const USER_CREATED: i64 = 4;
const USER_CREDITED: i64 = 5;
const USER_DEBITED: i64 = 6;
const USER_DEACTIVATED: i64 = 7;
const USER_ACTIVATED: i64 = 8;
const HASH_ROTATED: i64 = 9;

pub struct Replay {
    pub book: i64,
    pub sequence: i64,
    pub chain: Vec<u8>,
    pub accounts: BTreeMap<i64, Held>,
    /// User `number` is at `number - 1`.
    people: Vec<Person>,
}

#[derive(Clone, Copy, Default)]
pub struct Held {
    pub balance: i64,
    pub head: i64,
}

struct Person {
    created_at: i64,
    active: bool,
    generation: i64,
    /// The credential seen last, and its generation.
    credential: Option<(Vec<u8>, i64)>,
}

impl Replay {
    pub fn new(book: i64) -> Self {
        Self { book, sequence: 0, chain: vec![0; 32], accounts: BTreeMap::new(), people: Vec::new() }
    }

    pub fn users(&self) -> i64 {
        i64::try_from(self.people.len()).expect("fewer users than entries")
    }

    /// Applies the next entry and writes the balances after it into the line.
    pub fn take(&mut self, line: &mut Line) -> Result<()> {
        let next = self.sequence + 1;
        ensure!(line.sequence == next, "entry {next} is missing");
        let digest = self.digest(line);
        ensure!(line.chain == digest, "its digest does not follow from it and the digest before it");
        self.sequence = next;
        self.chain = digest;
        self.tell_person(line)?;
        self.move_money(line)?;
        let held = |account: i64| self.accounts.get(&account).map_or(0, |held| held.balance);
        (line.main, line.payout, line.held_by_user) = (held(MAIN), held(PAYOUT), held(line.user));
        Ok(())
    }

    /// The digest of this line, following the lines applied so far.
    pub fn digest(&self, line: &Line) -> Vec<u8> {
        let created = if line.kind == USER_CREATED { line.email.as_str() } else { "" };
        let length = i64::try_from(created.len()).expect("an address is short");
        let numbers = [
            self.book,
            line.sequence,
            line.kind + if line.salt.is_empty() { 0 } else { 512 },
            line.at,
            line.user,
            line.debit,
            line.credit,
            line.amount,
            line.debit_previous,
            line.credit_previous,
            length,
        ];
        let mut digest = Sha256::new();
        digest.update(&self.chain);
        numbers.iter().for_each(|number| digest.update(number.to_be_bytes()));
        digest.update(created.as_bytes());
        digest.update(line.note.as_bytes());
        digest.update(&line.salt);
        digest.finalize().to_vec()
    }

    fn tell_person(&mut self, line: &Line) -> Result<()> {
        match line.kind {
            DEPOSITED | MOVED_TO_PAYOUT | MOVED_TO_MAIN => {
                ensure!(line.user == 0, "it names user {}", line.user);
                return Ok(());
            }
            USER_CREATED => {
                let next = self.users() + 1;
                ensure!(line.user == next, "it creates user {}, the next one is {next}", line.user);
                let person = Person { created_at: line.at, active: true, generation: 0, credential: None };
                self.people.push(person);
                return Ok(());
            }
            _ => {}
        }
        let at = usize::try_from(line.user - 1).ok();
        let person = at.and_then(|at| self.people.get_mut(at));
        let person = person.with_context(|| format!("no entry created user {}", line.user))?;
        match line.kind {
            USER_CREDITED | USER_DEBITED => {}
            USER_DEACTIVATED | USER_ACTIVATED => {
                let active = line.kind == USER_ACTIVATED;
                ensure!(person.active != active, "it gives the user the status it has");
                person.active = active;
            }
            HASH_ROTATED => person.generation += 1,
            kind => bail!("there is no kind {kind}"),
        }
        Ok(())
    }

    fn move_money(&mut self, line: &Line) -> Result<()> {
        let accounts = match line.kind {
            DEPOSITED => (WORLD, MAIN),
            MOVED_TO_PAYOUT => (MAIN, PAYOUT),
            MOVED_TO_MAIN => (PAYOUT, MAIN),
            USER_CREATED | USER_CREDITED => (PAYOUT, line.user),
            USER_DEBITED => (line.user, PAYOUT),
            _ => {
                let numbers =
                    [line.debit, line.credit, line.amount, line.debit_previous, line.credit_previous];
                ensure!(numbers == [0; 5], "it moves money, which its kind never does");
                return Ok(());
            }
        };
        let stored = (line.debit, line.credit);
        ensure!(stored == accounts, "it moves money from {} to {}, not {accounts:?}", stored.0, stored.1);
        ensure!(line.amount > 0, "it moves {} cents", line.amount);
        self.touch(line.debit, -line.amount, line.debit_previous, line.sequence)?;
        self.touch(line.credit, line.amount, line.credit_previous, line.sequence)
    }

    fn touch(&mut self, account: i64, change: i64, previous: i64, sequence: i64) -> Result<()> {
        let held = self.accounts.entry(account).or_default();
        let before = held.head;
        ensure!(previous == before, "account {account}: its entry before was {before}, not {previous}");
        held.head = sequence;
        held.balance = held.balance.checked_add(change).context("a balance does not fit")?;
        let balance = held.balance;
        ensure!(balance >= 0 || account == WORLD, "it takes account {account} to {balance}");
        Ok(())
    }

    pub fn compare_users(&self, rows: &[UserRow]) -> Result<()> {
        let (told, stored) = (self.people.len(), rows.len());
        ensure!(told == stored, "the entries create {told} users, stored are {stored}");
        for (person, row) in self.people.iter().zip(rows) {
            let number = row.number;
            ensure!(row.active == person.active, "user {number}: the status is not what the entries say");
            ensure!(
                row.generation == person.generation,
                "user {number}: rotated {} times",
                person.generation
            );
            ensure!(row.created_at == person.created_at, "user {number}: created at {}", person.created_at);
            ensure!(row.email.contains('@'), "user {number}: the address is {:?}", row.email);
        }
        let mut emails: Vec<&str> = rows.iter().map(|row| row.email.as_str()).collect();
        emails.sort_unstable();
        ensure!(emails.windows(2).all(|two| two[0] != two[1]), "two users have one address");
        Ok(())
    }

    /// Each user has one credential, active if the user is, and another one after every rotation.
    pub fn compare_credentials(&mut self, rows: &[CredentialRow]) -> Result<()> {
        let (users, stored) = (self.people.len(), rows.len());
        for (number, row) in (1..).zip(rows) {
            ensure!(
                row.user == number,
                "user {number}: its credential should be next, not that of {}",
                row.user
            );
            let at = usize::try_from(number - 1).expect("counted from 1");
            let Some(person) = self.people.get_mut(at) else {
                bail!("a credential opens user {number}, who is not there")
            };
            ensure!(row.active == person.active, "user {number}: the credential has not the user's status");
            if let Some((digest, generation)) = &person.credential {
                let same = (*digest == row.digest, *generation == person.generation);
                ensure!(
                    same.0 == same.1,
                    "user {number}: the credential changes with rotations and only then"
                );
            }
            person.credential = Some((row.digest.clone(), person.generation));
        }
        ensure!(users == stored, "{users} users have {stored} credentials");
        Ok(())
    }
}
