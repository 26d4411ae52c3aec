//! `xtask simulate`: the teller on a real SQLite file with simulated clients, a simulated clock and crashes between
//! any two steps of a batch. All chance comes from the seed: the same seed is the same run, byte by byte.
//!
//! Here: the loop and its report. Not here: the platform that can crash (house.rs), the clients and what they check
//! (clients.rs, witness.rs), the auditor. Invariant: only the seed and the steps decide what happens; the machine's
//! clock is read only for the report.

mod auditor;
mod clients;
mod dice;
mod fickle_rail;
mod house;
mod order;
mod post;
mod shop;
mod tally;
mod withdrawals;
mod witness;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::Args;
use ledger::BookId;
use outpay::testing::auth::Secrets;
use outpay::testing::clock::Clock;
use outpay::testing::commit::Asked;
use sha2::{Digest, Sha256};

use crate::clock;
use auditor::Auditor;
use clients::Clients;
use dice::Dice;
use house::{Crash, House, Written};
use post::Post;
use tally::Tally;

#[derive(Args)]
pub struct Arguments {
    /// Decides everything that happens
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Commands that reach the platform, including repeated ones
    #[arg(long, default_value_t = 10_000)]
    steps: u64,
    /// Instead: this many withdrawals, by an unreliable rail and a worker that is killed
    #[arg(long)]
    withdrawals: Option<u64>,
}

/// 2027-01-15.
const BEGINNING: i64 = 1_800_000_000_000_000;
const HOUR: i64 = 3_600_000_000;
/// Steps between two incremental audits.
const LOOK_EVERY: u64 = 1_000;
/// Steps between two lines of progress.
const SAY_EVERY: u64 = 50_000;
/// Initial probability of a crash per batch; copying a large database is slow, so crashes become rarer as it grows.
const CRASH_ONE_IN: u64 = 8;

pub async fn run(arguments: Arguments) -> Result<ExitCode> {
    let Arguments { seed, steps, withdrawals } = arguments;
    if let Some(withdrawals) = withdrawals {
        return withdrawals::run(seed, withdrawals).await;
    }
    println!("simulate: seed {seed}, {steps} steps");
    let started = clock::now();
    let mut simulation = Simulation::new(seed).await?;
    if let Err(error) = simulation.run(steps, Some(started)).await {
        let place = simulation.place();
        return Err(error.context(place));
    }
    let seconds = started.elapsed().as_secs_f64();
    let Simulation { batches, steps, tally, lines, .. } = &simulation;
    println!("{tally}");
    println!(
        "simulate: {steps} steps in {batches} batches, {lines} entries, {seconds:.1} s, {:.0} steps/s",
        *steps as f64 / seconds
    );
    println!("simulate: seed {seed}, digest {}", simulation.digest()?);
    Ok(ExitCode::SUCCESS)
}

struct Simulation {
    seed: u64,
    dice: Dice,
    house: House,
    clients: Clients,
    post: Post,
    auditor: Auditor,
    tally: Tally,
    /// Over all replies.
    answers: Sha256,
    /// Businesses with payouts enabled.
    enabled: [bool; 2],
    steps: u64,
    batches: u64,
    /// Entries that the auditor has seen, and those that it must find next.
    lines: u64,
    unseen: u64,
    look_at: u64,
    look_at_all_at: u64,
}

impl Simulation {
    async fn new(seed: u64) -> Result<Self> {
        let dice = Dice::new(seed);
        let house = House::new(Secrets::derive(&[42; 32]), Clock::manual(BEGINNING)).await?;
        Ok(Self {
            seed,
            dice,
            house,
            clients: Clients::new(),
            post: Post::default(),
            auditor: Auditor::default(),
            tally: Tally::default(),
            answers: Sha256::new(),
            enabled: [true; 2],
            steps: 0,
            batches: 0,
            lines: 0,
            unseen: 0,
            look_at: LOOK_EVERY,
            look_at_all_at: LOOK_EVERY,
        })
    }

    /// Where the run is, for an investigation; keeps the files.
    fn place(&mut self) -> String {
        let (seed, step) = (self.seed, self.steps);
        format!("seed {seed}, step {step}; files in {}", self.house.keep().display())
    }

    async fn run(&mut self, steps: u64, report: Option<Instant>) -> Result<()> {
        let mut say_at = SAY_EVERY;
        while self.steps < steps {
            let wanted = usize::try_from(self.dice.between(1, 400)).expect("small");
            while self.post.len() < wanted {
                self.clients.send_something(&mut self.post, &mut self.dice);
            }
            self.batch().await?;
            if let Some(started) = report.filter(|_| self.steps >= say_at) {
                say_at += SAY_EVERY;
                println!(
                    "  {} steps, {} entries, {:.0} s",
                    self.steps,
                    self.lines,
                    started.elapsed().as_secs_f64()
                );
            }
        }
        // Deliver what is in flight, and retry what was lost until it is answered.
        while self.post.len() > 0 {
            self.batch().await?;
        }
        self.look().context("at the end")?;
        self.look_at_all().context("at the end")
    }

    async fn batch(&mut self) -> Result<()> {
        // An interrupt is noticed only at an await point.
        tokio::task::yield_now().await;
        self.turn_the_clock();
        self.turn_a_switch().await?;
        let most = self.dice.weighted(&[(5, 1), (60, 24), (30, 64), (5, 400)]);
        let most = usize::try_from(self.dice.between(1, most)).expect("small");
        let ids = self.post.deliver(most);
        let batch: Vec<Asked> = ids.iter().map(|id| self.clients.asked(*id)).collect();
        let one_in = CRASH_ONE_IN * (1 + self.steps / 10_000);
        let crash = if self.dice.one_in(one_in) { Some(self.dice.weighted(&Crash::ALL)) } else { None };
        ids.iter().for_each(|id| self.tally.count("commands", self.clients.name(*id)));
        self.steps += ids.len() as u64;
        self.batches += 1;

        let (verdicts, written) = self.house.settle(&batch, crash, &mut self.dice).await?;
        let Some(verdicts) = verdicts else {
            let crash = crash.expect("only a crash gives no verdicts");
            self.tally.count("crashes", crash.name());
            return self.after_crash(&ids, written).with_context(|| format!("crash {}", crash.name()));
        };
        let Written::Exactly(entries) = written else { unreachable!("the commit was not cut short") };
        self.unseen += entries;
        for ((id, asked), verdict) in ids.iter().zip(&batch).zip(&verdicts) {
            self.answers.update(format!("{id} {verdict:?}\n"));
            let enabled = self.is_enabled(asked.book);
            let Self { clients, tally, post, dice, .. } = self;
            clients.hear(*id, verdict, enabled, tally, post, dice)?;
        }
        if self.dice.one_in(one_in * 4) {
            self.house.crash_in_checkpoint(&mut self.dice).await?;
            self.tally.count("crashes", "in checkpoint");
            return self.look().context("crash in checkpoint");
        }
        self.look_if_due()
    }

    /// The audit comes before any client hears of the crash: what a batch wrote is all there or not at all, as the
    /// moment of the crash demands.
    fn after_crash(&mut self, ids: &[u64], written: Written) -> Result<()> {
        match written {
            Written::Exactly(0) => {
                self.look()?;
                self.lose(ids);
                Ok(())
            }
            Written::Exactly(entries) => {
                self.lose(ids);
                self.unseen += entries;
                self.look()
            }
            Written::AllOrNothing(entries) => {
                self.lose(ids);
                let found = self.look_for_new()?;
                let (none, all) = (self.unseen, self.unseen + entries);
                ensure!(found == none || found == all, "{found} new entries, not {none} or {all}");
                self.unseen = 0;
                Ok(())
            }
        }
    }

    fn lose(&mut self, ids: &[u64]) {
        ids.iter().for_each(|id| self.clients.lose(*id, &mut self.post, &mut self.dice));
        self.tally.add("verdicts", "lost", ids.len() as u64);
    }

    fn turn_the_clock(&mut self) {
        let Self { dice, house, .. } = self;
        let step = match dice.below(200) {
            0 => dice.between(0, 90 * 24 * HOUR),
            // Clocks are also set back.
            1 => dice.between(-30 * HOUR, 0),
            _ => dice.between(0, 3_000_000),
        };
        house.clock.advance(step);
    }

    /// An operator disables payouts, never for long.
    async fn turn_a_switch(&mut self) -> Result<()> {
        let business = self.dice.between(1, 2);
        let at = usize::try_from(business - 1).expect("1 or 2");
        let turn = if self.enabled[at] { self.dice.one_in(150) } else { self.dice.one_in(6) };
        if turn {
            self.enabled[at] = !self.enabled[at];
            self.house.enable_payouts(business, self.enabled[at]).await?;
        }
        Ok(())
    }

    fn is_enabled(&self, book: BookId) -> bool {
        self.enabled[usize::try_from(book.business() - 1).expect("1 or 2")]
    }

    fn look_if_due(&mut self) -> Result<()> {
        if self.steps >= self.look_at {
            self.look_at = self.steps + LOOK_EVERY;
            self.look()?;
        }
        if self.steps >= self.look_at_all_at {
            self.look_at_all_at = self.steps * 2;
            self.look_at_all()?;
        }
        Ok(())
    }

    /// Audits new entries, and checks that their number is what was written.
    fn look(&mut self) -> Result<()> {
        let found = self.look_for_new()?;
        ensure!(found == self.unseen, "{found} new entries, not {}", self.unseen);
        self.unseen = 0;
        Ok(())
    }

    fn look_for_new(&mut self) -> Result<u64> {
        let Self { auditor, clients, house, .. } = self;
        let found = auditor.look(&house.database(), &mut |line| clients.witness.see(line))?;
        clients.witness.settle()?;
        self.lines += found;
        self.tally.count("audits", "of what is new");
        Ok(found)
    }

    fn look_at_all(&mut self) -> Result<()> {
        self.tally.count("audits", "of everything");
        Auditor::look_at_all(&self.house.database(), &self.clients.requests)
    }

    /// Over all replies and the whole database.
    fn digest(&self) -> Result<String> {
        let mut digest = self.answers.clone();
        digest.update(auditor::digest(&self.house.database())?);
        let bytes = digest.finalize();
        Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

/// A panic is a finding too: the ledger stops the teller by one if a plan does not fit its book.
impl Drop for Simulation {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("simulate: {}", self.place());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn simulate(seed: u64, steps: u64) -> (Simulation, String) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut simulation = Simulation::new(seed).await.unwrap();
            simulation.run(steps, None).await.unwrap();
            let digest = simulation.digest().unwrap();
            (simulation, digest)
        })
    }

    #[test]
    fn the_same_seed_is_the_same_run() {
        let (_, one) = simulate(11, 1_500);
        let (_, other) = simulate(11, 1_500);
        let (_, another) = simulate(12, 1_500);
        assert_eq!(one, other);
        assert_ne!(one, another);
    }

    #[test]
    fn a_run_meets_what_it_is_for() {
        let (simulation, _) = simulate(5, 4_000);
        for group in ["crashes", "refusals", "commands", "audits"] {
            assert!(simulation.tally.of(group) > 0, "{group}");
        }
        let text = simulation.tally.to_string();
        for name in [
            "after commit",
            "in commit",
            "in checkpoint",
            "replayed",
            "reference_reused",
            "rotate",
            "key_day_ceiling",
            "key_recipient_ceiling",
        ] {
            assert!(text.contains(name), "{name}: {text}");
        }
    }
}
