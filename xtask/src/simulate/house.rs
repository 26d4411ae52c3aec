//! The platform under test: the same steps as `outpay::testing::commit` on a real SQLite file, killed between any two of them.
//!
//! A kill is realistic: the files are copied as they are at that moment, the old connections stay with the old files,
//! and the next life begins on the copy, as after `kill -9`. A write that the kill interrupts is there up to some
//! byte.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use ledger::{BookId, Inputs, Mode};
use outpay::testing::auth::Secrets;
use outpay::testing::clock::Clock;
use outpay::testing::commit::{Asked, Verdict, decide_all, needs_of, savings};
use outpay::testing::store::{DatabaseUrl, NewBusiness, Store, TellerStore};
use tempfile::TempDir;

use super::dice::Dice;
use crate::scratch;

const PAGE: usize = 4096;
const FILE: &str = "outpay.db";
const LOG: &str = "outpay.db-wal";

/// Where a batch is interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    BeforeLoad,
    AfterLoad,
    AfterSave,
    InCommit,
    AfterCommit,
}

impl Crash {
    pub const ALL: [(u64, Self); 5] = [
        (1, Self::BeforeLoad),
        (1, Self::AfterLoad),
        (2, Self::AfterSave),
        (3, Self::InCommit),
        (3, Self::AfterCommit),
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::BeforeLoad => "before load",
            Self::AfterLoad => "after load",
            Self::AfterSave => "after save",
            Self::InCommit => "in commit",
            Self::AfterCommit => "after commit",
        }
    }
}

/// Entries that a batch wrote into the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    Exactly(u64),
    /// The commit was interrupted: this many, or none.
    AllOrNothing(u64),
}

pub struct House {
    pub secrets: Secrets,
    pub clock: Clock,
    folder: TempDir,
    lives: u64,
    /// `None` only during a crash.
    open: Option<Open>,
}

/// The teller drops first: it may hold the store's writer.
struct Open {
    teller: TellerStore,
    store: Store,
}

impl House {
    /// Two businesses with payouts enabled.
    pub async fn new(secrets: Secrets, clock: Clock) -> Result<Self> {
        let folder = scratch::in_memory("simulate")?;
        let mut house = Self { secrets, clock, folder, lives: 0, open: None };
        std::fs::create_dir(house.life())?;
        house.start().await?;
        for (number, name) in [(1, "One"), (2, "Two")] {
            let business = NewBusiness { number, name: name.to_owned(), created_at: house.clock.now() };
            house.store().create_business(&business, &[]).await?;
            house.enable_payouts(number, true).await?;
        }
        Ok(house)
    }

    pub fn books() -> [BookId; 4] {
        [(1, Mode::Live), (1, Mode::Test), (2, Mode::Live), (2, Mode::Test)]
            .map(|(b, mode)| BookId::new(b, mode))
    }

    /// An operator's command on another connection of the process.
    pub async fn enable_payouts(&self, business: i64, enabled: bool) -> Result<()> {
        Ok(self.store().set_payouts_enabled(business, enabled).await?)
    }

    /// Carries out a batch. `None`: interrupted by `crash`, no replies were sent, and the next life has begun.
    pub async fn settle(
        &mut self,
        batch: &[Asked],
        crash: Option<Crash>,
        dice: &mut Dice,
    ) -> Result<(Option<Vec<Verdict>>, Written)> {
        let nothing = (None, Written::Exactly(0));
        if crash == Some(Crash::BeforeLoad) {
            return self.crash().await.map(|()| nothing);
        }
        let open = self.open.as_mut().expect("no crash is on");
        let mut books = open.teller.load(&needs_of(batch.iter())).await?;
        if crash == Some(Crash::AfterLoad) {
            return self.crash().await.map(|()| nothing);
        }
        let verdicts = decide_all(
            &mut books,
            batch.iter(),
            Inputs { now: self.clock.now(), seed: dice.seed(), key_version: 0 },
        );
        let entries = books.iter().map(|book| book.changes().entries.len() as u64).sum();
        open.teller.save(&savings(&books, &self.secrets)?).await?;
        match crash {
            Some(Crash::AfterSave) => return self.crash().await.map(|()| nothing),
            Some(Crash::InCommit) => {
                self.crash_in_commit(dice).await?;
                return Ok((None, Written::AllOrNothing(entries)));
            }
            _ => open.teller.commit().await?,
        }
        if crash == Some(Crash::AfterCommit) {
            self.crash().await?;
            return Ok((None, Written::Exactly(entries)));
        }
        open.teller.tidy_up(false)?;
        Ok((Some(verdicts), Written::Exactly(entries)))
    }

    /// Interrupts a checkpoint: any of the pages that it wrote may have reached the file.
    pub async fn crash_in_checkpoint(&mut self, dice: &mut Dice) -> Result<()> {
        let before = std::fs::read(self.database())?;
        let connection = rusqlite::Connection::open(self.database())?;
        connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
        let mut file = std::fs::read(self.database())?;
        for (number, page) in file.chunks_mut(PAGE).enumerate() {
            if dice.one_in(2) {
                let at = number * PAGE;
                match before.get(at..at + page.len()) {
                    Some(old) => page.copy_from_slice(old),
                    None => page.fill(0),
                }
            }
        }
        let log = std::fs::read(self.life().join(LOG))?;
        self.crash_onto(&file, &log).await
    }

    /// Interrupts a commit: up to some byte the log has its new contents, and after that its old ones.
    async fn crash_in_commit(&mut self, dice: &mut Dice) -> Result<()> {
        let path = self.life().join(LOG);
        let before = std::fs::read(&path)?;
        self.open.as_mut().expect("no crash is on").teller.commit().await?;
        let mut log = std::fs::read(&path)?;
        let same = before.iter().zip(&log).take_while(|(one, other)| one == other).count();
        let new = log.len() - same;
        let cut = if dice.one_in(3) { new } else { dice.index(new + 1).expect("never empty") };
        let cut = same + cut;
        let old = before.get(cut..).unwrap_or_default();
        log.truncate(cut);
        log.extend_from_slice(old);
        let file = std::fs::read(self.database())?;
        self.crash_onto(&file, &log).await
    }

    async fn crash_onto(&mut self, file: &[u8], log: &[u8]) -> Result<()> {
        let next = self.next_life()?;
        std::fs::write(next.join(FILE), file)?;
        std::fs::write(next.join(LOG), log)?;
        self.live_on().await
    }

    async fn crash(&mut self) -> Result<()> {
        let next = self.next_life()?;
        for name in [FILE, LOG] {
            let from = self.life().join(name);
            if from.exists() {
                std::fs::copy(&from, next.join(name)).context("copying the files at the crash")?;
            }
        }
        self.live_on().await
    }

    fn next_life(&self) -> Result<PathBuf> {
        let next = self.folder.path().join(format!("life-{}", self.lives + 1));
        std::fs::create_dir(&next)?;
        Ok(next)
    }

    async fn live_on(&mut self) -> Result<()> {
        let old = self.life();
        self.open = None;
        std::fs::remove_dir_all(old)?;
        self.lives += 1;
        self.start().await
    }

    async fn start(&mut self) -> Result<()> {
        let store = Store::open(&DatabaseUrl::Sqlite(self.database())).await?;
        let teller = store.teller().await?;
        self.open = Some(Open { teller, store });
        Ok(())
    }

    fn store(&self) -> &Store {
        &self.open.as_ref().expect("no crash is on").store
    }

    fn life(&self) -> PathBuf {
        self.folder.path().join(format!("life-{}", self.lives))
    }

    pub fn database(&self) -> PathBuf {
        self.life().join(FILE)
    }

    /// Keeps the files for an investigation.
    pub fn keep(&mut self) -> &Path {
        self.folder.disable_cleanup(true);
        self.folder.path()
    }
}
