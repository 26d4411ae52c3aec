//! `xtask crash`: kill -9 under load, again and again, on the same data.
//!
//! Here: one run and its cycles. Not here: the load, the journal, the comparison. Invariant: the client's journal,
//! written before sending and after the response, is the only witness; whatever Outpay shows after the restart must
//! agree with it, and every cycle continues from the data of the one before.

pub mod books;
pub mod journal;
pub mod load;

use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Args;
use tempfile::TempDir;

use crate::clock;
use crate::outpay::{Business, Engine, Outpay, Profile, Server, build};
use crate::postgres::{Cluster, Place};
use crate::scratch;
use books::Books;
use journal::Journal;

#[derive(Args)]
pub struct Arguments {
    #[arg(long, value_enum)]
    engine: Engine,
    #[arg(long, default_value_t = 10)]
    cycles: u64,
    /// Chooses users, moments and victims; printed, so that a run can be repeated (up to the machine's timing)
    #[arg(long)]
    seed: Option<u64>,
}

const FUNDS: i64 = 1_000_000_000_000_000;
/// How long the server may take to notice that its database died, and to end.
const END_LIMIT: Duration = Duration::from_secs(60);
/// How long the database stays down after it was killed.
const OUTAGE: Duration = Duration::from_secs(1);
/// How many acknowledged creates are repeated after each crash.
const REPEATED: usize = 50;

pub async fn run(arguments: Arguments) -> Result<ExitCode> {
    let seed = arguments.seed.unwrap_or_else(|| fastrand::u64(..1_000_000));
    println!("crash: {} cycles, seed {seed}", arguments.cycles);
    let started = clock::now();
    let mut run = Run::set_up(&arguments, seed).await?;
    let outcome = run.all_cycles(arguments.cycles).await;
    if let Err(error) = outcome {
        run.keep();
        return Err(error);
    }
    let journal = run.journal.lock().expect("no holder of this lock panics");
    println!(
        "crash: {} cycles, {} creates, each exactly once, {:.0} s",
        arguments.cycles,
        journal.entries().len(),
        started.elapsed().as_secs_f64()
    );
    Ok(ExitCode::SUCCESS)
}

/// Fields drop in this order: the server before its database, the database before its folder.
struct Run {
    server: Server,
    outpay: Outpay,
    business: Business,
    cluster: Option<Cluster>,
    journal: Arc<Mutex<Journal>>,
    books: Books,
    random: fastrand::Rng,
    folder: TempDir,
}

impl Run {
    async fn set_up(arguments: &Arguments, seed: u64) -> Result<Self> {
        let program = build(Profile::of_this_tool()?).await?;
        let folder = scratch::on_disk("crash")?;
        let cluster = match arguments.engine {
            Engine::Postgres => Some(Cluster::start(Place::Disk, &[]).await?),
            Engine::Sqlite => None,
        };
        let outpay = Outpay::new(&program, folder.path(), cluster.as_ref().map(Cluster::url));
        let business = outpay.create_business("crash", FUNDS).await?;
        let server = outpay.serve().await?;
        server.fund_payouts(&business, FUNDS).await?;
        let journal = Arc::new(Mutex::new(Journal::create(&folder.path().join("journal"), seed)?));
        let random = fastrand::Rng::with_seed(seed);
        let books = Books::new(FUNDS);
        Ok(Self { server, outpay, business, cluster, journal, books, random, folder })
    }

    async fn all_cycles(&mut self, cycles: u64) -> Result<()> {
        for cycle in 1..=cycles {
            let line = self.cycle(cycle).await.with_context(|| format!("cycle {cycle}"))?;
            println!("cycle {cycle}: {line}");
        }
        // What an early cycle acknowledged must not be lost in a later one: compare everything again.
        self.books = Books::new(FUNDS);
        self.compare_all().await.context("after the last cycle")?;
        let status = self.server.stop(END_LIMIT).await?;
        ensure!(status.success(), "asked to stop, outpay serve ended with {status}");
        self.outpay.run(&["audit"]).await?;
        Ok(())
    }

    async fn cycle(&mut self, cycle: u64) -> Result<String> {
        let before = self.lock().entries().len();
        let load = load::start(self.server.address, &self.business, &self.journal, self.random.fork());
        let moment = Duration::from_millis(self.random.u64(20..=1000));
        tokio::time::sleep(moment).await;
        let victim = self.kill(cycle).await?;
        load.finish().await?;

        self.server = self.outpay.serve().await.context("restart")?;
        self.outpay.run(&["audit"]).await?;
        let (sent, unknown) = {
            let journal = self.lock();
            (journal.entries().len() - before, journal.unacknowledged())
        };
        // First as the crash left it, then again after every unknown outcome was resolved.
        self.compare().await.context("after the restart")?;
        let found = self.ask_again(&unknown).await?;
        self.repeat_acknowledged().await?;
        self.compare_all().await.context("after sending the unacknowledged again")?;
        Ok(format!(
            "killed {victim} after {} ms, {} acknowledged, {} not (of these {found} were done), ok",
            moment.as_millis(),
            sent - unknown.len(),
            unknown.len()
        ))
    }

    /// Kills the server or, every other time if there is one, its database.
    async fn kill(&mut self, cycle: u64) -> Result<&'static str> {
        match &mut self.cluster {
            Some(cluster) if cycle.is_multiple_of(2) => {
                cluster.kill().await?;
                tokio::time::sleep(OUTAGE).await;
                cluster.start_again().await.context("restarting the killed database")?;
                // The server ends if a write was in progress, because its outcome is unknown; otherwise it keeps
                // running.
                match self.server.ended()? {
                    Some(status) => {
                        ensure!(
                            !status.success(),
                            "its database was killed, but outpay serve ended with success"
                        );
                        Ok("PostgreSQL, and outpay ended")
                    }
                    None => {
                        self.recover().await.context("its database was killed and is back")?;
                        self.server.kill().await?;
                        Ok("PostgreSQL, and outpay went on")
                    }
                }
            }
            _ => {
                self.server.kill().await?;
                Ok("outpay")
            }
        }
    }

    /// A server that outlived its database must pay again soon.
    async fn recover(&self) -> Result<()> {
        let deadline = clock::now() + END_LIMIT;
        let known = self.lock().entries().iter().find(|entry| entry.answer.is_some()).cloned();
        let Some(known) = known else { return Ok(()) };
        loop {
            let answer = self.reader().await?.create(&known).await?;
            if answer.status == 201 {
                ensure!(is_replayed(&answer), "{known}: a repeat without Idempotent-Replayed: true");
                return Ok(());
            }
            ensure!(answer.status >= 500, "{known}: refused with {answer}");
            ensure!(clock::now() < deadline, "it still answers {answer}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn compare(&mut self) -> Result<()> {
        let mut reader = self.reader().await?;
        self.books.read_on(&mut reader).await?;
        self.books.compare_creates(&self.lock())
    }

    /// When no outcome is unknown: compares users and balances as well.
    async fn compare_all(&mut self) -> Result<()> {
        self.compare().await?;
        let balances = books::Balances::read(&mut self.reader().await?).await?;
        self.books.compare_users(&balances, &self.lock())
    }

    /// Repeats every create without a response under its own key; returns how many had been done.
    async fn ask_again(&mut self, unknown: &[usize]) -> Result<usize> {
        let mut reader = self.reader().await?;
        let mut found = 0;
        for &index in unknown {
            let entry = self.lock().entries()[index].clone();
            let answer = reader.create(&entry).await?;
            ensure!(answer.status == 201, "{entry}: sent again, answered {answer}");
            let was_done = self.books.has(entry.amount);
            ensure!(
                was_done == is_replayed(&answer),
                "{entry}: was done before: {was_done}, answered as replayed: {}",
                is_replayed(&answer)
            );
            found += usize::from(was_done);
            self.lock().acknowledge(index, answer.body())?;
        }
        Ok(found)
    }

    /// Repeats some acknowledged creates: same bytes, and the header that marks a replay.
    async fn repeat_acknowledged(&mut self) -> Result<()> {
        let mut reader = self.reader().await?;
        let count = self.lock().entries().len();
        for _ in 0..REPEATED.min(count) {
            let index = self.random.usize(..count);
            let entry = self.lock().entries()[index].clone();
            let answer = reader.create(&entry).await?;
            let same = answer.status == 201 && entry.answer.as_deref() == Some(answer.body());
            ensure!(same, "{entry}: answered otherwise than the first time: {answer}");
            ensure!(is_replayed(&answer), "{entry}: a repeat without Idempotent-Replayed: true");
        }
        Ok(())
    }

    async fn reader(&self) -> Result<books::Reader> {
        books::Reader::open(self.server.address, &self.business).await
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Journal> {
        self.journal.lock().expect("no holder of this lock panics")
    }

    /// Keeps all files for an investigation of the failure.
    fn keep(&mut self) {
        self.folder.disable_cleanup(true);
        eprintln!("crash: journal, log and data are kept in {}", self.folder.path().display());
        if let Some(cluster) = &mut self.cluster {
            eprintln!("crash: PostgreSQL's data is kept in {}", cluster.keep().display());
        }
    }
}

pub fn is_replayed(answer: &crate::client::Answer) -> bool {
    answer.header("Idempotent-Replayed").as_deref() == Some("true")
}
