//! `bench --growth`: the same load on small and large sets of users, as a ratio to the first.
//!
//! All servers run at once and are measured in turns, so that a slow minute of the machine affects every size.

use anyhow::{Context, Result};

use super::load::{self, Report, Work};
use super::stage::Stage;
use super::{Arguments, HASHES, OPERATIONS_CONNECTIONS};
use crate::outpay::{Profile, build};

struct Size {
    users: u64,
    stage: Stage,
    creates: Option<Report>,
    operations: Option<Report>,
}

pub async fn run(arguments: &Arguments) -> Result<()> {
    eprintln!("bench: building outpay");
    let program = build(Profile::Release).await?;
    let mut sizes = Vec::new();
    for &users in &arguments.growth {
        let stage = Stage::set(arguments.engine, &program, users, &arguments.settings).await?;
        sizes.push(Size { users, stage, creates: None, operations: None });
    }
    let connections = arguments.connections.iter().copied().max().unwrap_or(1);
    for round in 1..=arguments.rounds {
        for size in &mut sizes {
            size.measure(arguments, connections).await?;
            eprintln!("bench: round {round}, {} users done", size.users);
        }
    }
    print(&sizes, connections)
}

impl Size {
    async fn measure(&mut self, arguments: &Arguments, connections: usize) -> Result<()> {
        let work = Work::Create { addresses: self.users };
        let mut plan = arguments.plan(self.stage.address(), &self.stage, connections, work);
        plan.collect_hashes = HASHES;
        let mut creates = load::in_own_process(&plan).await?;
        plan.work = Work::Operations { hashes: std::mem::take(&mut creates.hashes) };
        plan.connections = OPERATIONS_CONNECTIONS;
        let operations = load::in_own_process(&plan).await?;
        Report::keep_better(&mut self.creates, creates);
        Report::keep_better(&mut self.operations, operations);
        Ok(())
    }
}

fn print(sizes: &[Size], connections: usize) -> Result<()> {
    println!("\nGrowth: {connections} connections for creates, {OPERATIONS_CONNECTIONS} for operations");
    println!(
        "{:>10}  {:>9}  {:>6}  {:>12}  {:>17}",
        "users", "create/s", "ratio", "op. p99 ms", "first p99 / p99"
    );
    let mut first = None;
    for size in sizes {
        let creates = size.creates.as_ref().context("nothing was measured")?.rate();
        let p99 = size.operations.as_ref().context("nothing was measured")?.p99_ms;
        let (first_creates, first_p99) = *first.get_or_insert((creates, p99));
        println!(
            "{:>10}  {creates:>9.0}  {:>6.2}  {p99:>12.2}  {:>17.2}",
            size.users,
            creates / first_creates,
            first_p99 / p99
        );
    }
    Ok(())
}
