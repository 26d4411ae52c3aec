//! What the machine's clients know, and its comparison with what the machine shows after a cut.
//!
//! Invariant: a create that was answered with 201, at any time, counts as acknowledged; no cut takes that back.

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use anyhow::{Context, Result, ensure};

use super::Tally;
use super::machine::Machine;
use crate::client::Answer;
use crate::crash::books::{Balances, Books, Reader};
use crate::crash::is_replayed;
use crate::crash::journal::{Entry, Journal};
use crate::crash::load::{self, Load};
use crate::outpay::{Business, Outpay, Server};

const FUNDS: i64 = 1_000_000_000_000_000;

pub struct Client {
    pub business: Business,
    journal: Arc<Mutex<Journal>>,
    books: Books,
    pub random: fastrand::Rng,
}

impl Client {
    /// Creates a funded business while the machine's server is not running; it runs afterwards.
    pub async fn set_up(machine: &mut Machine, journal: &Path, seed: u64) -> Result<Self> {
        let business = machine.outpay.create_business("powercut", FUNDS).await?;
        machine.serve().await?;
        machine.server()?.fund_payouts(&business, FUNDS).await?;
        let journal = Arc::new(Mutex::new(Journal::create(journal, seed)?));
        Ok(Self { business, journal, books: Books::new(FUNDS), random: fastrand::Rng::with_seed(seed) })
    }

    pub fn start_load(&mut self, server: &Server) -> Load {
        load::start(server.address, &self.business, &self.journal, self.random.fork())
    }

    pub fn journal(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().expect("no holder of this lock panics")
    }

    /// The indexes of the creates acknowledged so far.
    pub fn acknowledged(&self) -> Vec<usize> {
        let journal = self.journal();
        let entries = journal.entries().iter().enumerate();
        entries.filter(|(_, entry)| entry.answer.is_some()).map(|(index, _)| index).collect()
    }

    /// First as the cut left it, then again after each key was repeated: creates acknowledged since `from` must get
    /// the same bytes, and the others can succeed now.
    pub async fn compare(&mut self, machine: &Machine, from: usize, tally: &mut Tally) -> Result<String> {
        let server = machine.server()?;
        machine.outpay.run(&["audit"]).await?;
        tally.audits += 1;
        let mut reader = Reader::open(server.address, &self.business).await?;
        self.books.read_on(&mut reader).await?;
        let (lost, doubled) = self.books.lost_and_doubled(&self.journal());
        tally.lost += lost.len() as u64;
        tally.doubled += doubled;
        self.books.compare_creates(&self.journal())?;

        let acknowledged: Vec<usize> =
            self.acknowledged().into_iter().filter(|index| *index >= from).collect();
        for index in &acknowledged {
            let entry = self.entry(*index);
            let answer = reader.create(&entry).await?;
            if !is_the_same(&entry, &answer) {
                tally.lost += 1;
                ensure!(false, "{entry}: acknowledged before the cut, answered otherwise after it: {answer}");
            }
        }
        let unknown = self.journal().unacknowledged();
        let done = self.ask_again(&mut reader, &unknown).await?;
        self.compare_all(server).await.context("after sending the unacknowledged again")?;
        Ok(format!("{} acknowledged, {} not (of these {done} were done)", acknowledged.len(), unknown.len()))
    }

    /// Repeats every create without a response; returns how many had been done.
    async fn ask_again(&mut self, reader: &mut Reader, unknown: &[usize]) -> Result<usize> {
        let mut done = 0;
        for index in unknown {
            let entry = self.entry(*index);
            let answer = reader.create(&entry).await?;
            ensure!(answer.status == 201, "{entry}: sent again, answered {answer}");
            let (was_done, replayed) = (self.books.has(entry.amount), is_replayed(&answer));
            ensure!(
                was_done == replayed,
                "{entry}: was done before: {was_done}, answered as replayed: {replayed}"
            );
            done += usize::from(was_done);
            self.journal().acknowledge(*index, answer.body())?;
        }
        Ok(done)
    }

    /// When no outcome is unknown: compares users and balances as well.
    async fn compare_all(&mut self, server: &Server) -> Result<()> {
        let mut reader = Reader::open(server.address, &self.business).await?;
        self.books.read_on(&mut reader).await?;
        self.books.compare_creates(&self.journal())?;
        let balances = Balances::read(&mut reader).await?;
        self.books.compare_users(&balances, &self.journal())
    }

    /// What an early cycle acknowledged must not be lost in a later one: everything from the first event on.
    pub async fn compare_from_the_start(&mut self, machine: &Machine) -> Result<()> {
        self.books = Books::new(FUNDS);
        self.compare_all(machine.server()?).await.context("everything once more")
    }

    /// Repeats creates without a response, and stops at the first that had been done: its reply may come from a log
    /// that is not synced yet. Acknowledged ones are sent first, and must get the same reply.
    pub async fn replay(&mut self, server: &Server) -> Result<bool> {
        let mut reader = Reader::open(server.address, &self.business).await?;
        if let Some(index) = self.acknowledged().last().copied() {
            let entry = self.entry(index);
            let answer = reader.create(&entry).await?;
            ensure!(is_the_same(&entry, &answer), "{entry}: answered otherwise after the kill: {answer}");
        }
        let unknown = self.journal().unacknowledged();
        for index in unknown {
            let entry = self.entry(index);
            let answer = reader.create(&entry).await?;
            ensure!(answer.status == 201, "{entry}: sent again, answered {answer}");
            self.journal().acknowledge(index, answer.body())?;
            if is_replayed(&answer) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A restored copy: what was acknowledged before the backup began is in it once, and nothing is in it twice.
    pub async fn compare_copy(&self, copy: &Outpay, before: &[usize], tally: &mut Tally) -> Result<()> {
        let mut server = copy.serve().await.context("starting on the restored database")?;
        let mut books = Books::new(FUNDS);
        books.read_on(&mut Reader::open(server.address, &self.business).await?).await?;
        let (lost, doubled) = books.lost_and_doubled(&self.journal());
        let lost: HashSet<u64> = lost.into_iter().collect();
        let missing =
            before.iter().map(|index| self.entry(*index)).find(|entry| lost.contains(&entry.amount));
        if let Some(entry) = missing {
            tally.lost += 1;
            ensure!(false, "{entry}: acknowledged before the backup began, and not in it");
        }
        tally.doubled += doubled;
        ensure!(doubled == 0, "{doubled} creates are in the backup more than once");
        copy.run(&["audit"]).await?;
        tally.audits += 1;
        server.kill().await
    }

    /// For the control: the number of acknowledged creates that a fresh read does not find.
    pub async fn count_lost(&self, server: &Server) -> Result<u64> {
        let mut books = Books::new(FUNDS);
        books.read_on(&mut Reader::open(server.address, &self.business).await?).await?;
        Ok(books.lost_and_doubled(&self.journal()).0.len() as u64)
    }

    fn entry(&self, index: usize) -> Entry {
        self.journal().entries()[index].clone()
    }
}

fn is_the_same(entry: &Entry, answer: &Answer) -> bool {
    answer.status == 201 && entry.answer.as_deref() == Some(answer.body()) && is_replayed(answer)
}
