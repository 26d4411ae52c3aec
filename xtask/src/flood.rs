//! `xtask flood`: many connections that hold on to a server, and what a legitimate client gets meanwhile.
//!
//! Here: the order of measurements, and the table. Not here: the attackers (attacker.rs), the client (visitor.rs), the member who
//! signs in (member.rs). Invariant: everything is on this machine's loopback, a server of its own, and bounded in sockets and in time.

mod attacker;
mod member;
mod visitor;

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::outpay::{Outpay, Profile, build};
use crate::scratch;
use attacker::{Attack, Counts};
use member::Member;
use visitor::{Visit, Visitor};

/// Each side has an address of its own, as it would have in the field.
const OF_FLOOD: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 3));
const OF_VISITOR: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
const OF_MEMBER: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 4));
const BASELINE: Duration = Duration::from_secs(3);
const BETWEEN_CREATES: Duration = Duration::from_millis(20);
const BETWEEN_SIGN_INS: Duration = Duration::from_millis(500);
const PATIENCE_OF_CREATE: Duration = Duration::from_secs(5);
/// A browser that was signed in before is signed in within this time, whatever others do.
const PATIENCE_OF_MEMBER: Duration = Duration::from_secs(1);
/// For this tool itself, beside the sockets of the flood.
const OTHER_FILES: u64 = 200;
const MOST_SOCKETS: usize = 20_000;
const MOST_SECONDS: u64 = 600;

#[derive(Args)]
pub struct Arguments {
    /// What the connections do
    #[arg(long, value_enum, value_delimiter = ',', default_value = "slow-reader,idle,half-header,sign-in")]
    kinds: Vec<Attack>,
    /// Connections at the same time
    #[arg(long, default_value_t = 1010)]
    sockets: usize,
    /// Duration of each flood
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// Open files that the server is allowed
    #[arg(long, default_value_t = 1024)]
    open_files: u64,
    /// Where the legitimate client comes from
    #[arg(long, value_enum, default_value_t = From::Elsewhere)]
    visitor: From,
    /// Measure this program instead of building one
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum From {
    /// An address of its own
    Elsewhere,
    /// The address of the flood
    FloodAddress,
}

pub async fn run(arguments: Arguments) -> Result<ExitCode> {
    ensure!(arguments.sockets <= MOST_SOCKETS, "at most {MOST_SOCKETS} sockets");
    ensure!(arguments.seconds <= MOST_SECONDS, "at most {MOST_SECONDS} seconds");
    allow_files(arguments.sockets as u64 + OTHER_FILES)?;
    let program = match &arguments.program {
        Some(program) => program.clone(),
        None => build(Profile::of_this_tool()?).await?,
    };
    println!(
        "{} sockets, {} s each, {} open files",
        arguments.sockets, arguments.seconds, arguments.open_files
    );
    println!("{}", Visit::heading());
    let mut has_failed = false;
    for kind in &arguments.kinds {
        has_failed |= !flood(*kind, &arguments, &program).await?;
    }
    Ok(if has_failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Measures one kind on a server of its own; whether the legitimate client had no errors.
async fn flood(kind: Attack, arguments: &Arguments, program: &std::path::Path) -> Result<bool> {
    let data = scratch::on_disk("flood")?;
    let outpay = Outpay::new(program, data.path(), None).with_open_files(arguments.open_files);
    let business = outpay.create_business("Flooded", 1_000_000_000).await?;
    let mut server = outpay.serve().await?;
    server.fund_payouts(&business, 1_000_000_000).await?;
    let from = match arguments.visitor {
        From::Elsewhere => OF_VISITOR,
        From::FloodAddress => OF_FLOOD,
    };
    let visitor = Visitor { server: server.address, from, key: business.secret_key.clone() };
    let member = Member::join(&outpay, &business, server.address, OF_MEMBER).await?;
    let act = async |duration| {
        let creates =
            Visit::of(duration, BETWEEN_CREATES, PATIENCE_OF_CREATE, async || visitor.create().await);
        if kind != Attack::SignIn {
            return (creates.await, None);
        }
        let sign_ins =
            Visit::of(duration, BETWEEN_SIGN_INS, PATIENCE_OF_MEMBER, async || member.sign_in().await);
        let (creates, sign_ins) = tokio::join!(creates, sign_ins);
        (creates, Some(sign_ins))
    };

    let (before, sign_ins_before) = act(BASELINE).await;
    println!("{}", before.row("no flood"));
    sign_ins_before.iter().for_each(|visit| println!("{}", visit.row("  sign-in")));

    let counts = Arc::new(Counts::default());
    let mut attackers = tokio::task::JoinSet::new();
    for _ in 0..arguments.sockets {
        attackers.spawn(kind.attack(server.address, OF_FLOOD, Arc::clone(&counts)));
    }
    let (during, sign_ins) = act(Duration::from_secs(arguments.seconds)).await;
    println!("{}  {counts}; p99 {:.1} x", during.row(kind.name()), during.p99_ms() / before.p99_ms());
    sign_ins.iter().for_each(|visit| println!("{}", visit.row("  sign-in")));
    attackers.shutdown().await;

    let ended = server.stop(Duration::from_secs(60)).await.context("after the flood")?;
    ensure!(ended.success(), "outpay serve ended with {ended}");
    Ok(during.errors == 0 && sign_ins.is_none_or(|visit| visit.errors == 0))
}

/// Raises this tool's own limit of open files.
fn allow_files(needed: u64) -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < needed) {
        let raised = Rlimit { current: Some(needed), maximum: limit.maximum };
        setrlimit(Resource::Nofile, raised).with_context(|| format!("allowing {needed} open files"))?;
    }
    Ok(())
}
