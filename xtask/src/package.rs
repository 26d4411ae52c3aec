//! `xtask package`: builds everything that operators install, and tries each thing as an operator would.
//!
//! Here: the steps, their order, the table at the end. Not here: the steps themselves, a file each. Invariant: a step
//! that cannot run fails with the name of what is missing; none is left out silently.

mod container;
mod deb;
mod documents;
mod image;
mod installed;
mod machine;
mod manifests;
mod notices;
mod resolver;
mod sbom;
mod tools;
mod unit;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::Args;
use rustix::process::geteuid;
use tempfile::TempDir;

use crate::outpay::{Profile, build};
use crate::{clock, scratch};

#[derive(Args)]
pub struct Arguments {
    /// Only the checks of files: seconds, without root and without a release build
    #[arg(long)]
    short: bool,
    /// Package this program instead of building a release
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Where the packages are put
    #[arg(long, value_name = "DIR", default_value = "target/package")]
    output: PathBuf,
}

/// What the steps share.
pub struct Workshop {
    /// The root of the tree.
    tree: PathBuf,
    /// Programs and bundles in the making; deleted at the end.
    scratch: TempDir,
    /// Finished packages.
    output: PathBuf,
    program: PathBuf,
}

/// The version in Cargo.toml, which packages carry.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Lines of the table: step, what was found or why it failed, seconds.
#[derive(Default)]
struct Report {
    lines: Vec<(&'static str, Result<String>, f64)>,
}

impl Report {
    async fn step(&mut self, name: &'static str, work: impl Future<Output = Result<String>>) {
        println!("== {name}");
        let started = clock::now();
        let outcome = work.await;
        let seconds = started.elapsed().as_secs_f64();
        match &outcome {
            Ok(found) => println!("{found}"),
            Err(error) => println!("FAILED: {error:#}"),
        }
        self.lines.push((name, outcome, seconds));
    }

    fn print(&self) -> ExitCode {
        println!("\n{:<12} {:<7} {:>8}  found", "step", "result", "seconds");
        for (name, outcome, seconds) in &self.lines {
            let (result, found) = match outcome {
                Ok(found) => ("ok", found.clone()),
                Err(error) => ("FAILED", error.to_string()),
            };
            let first = found.lines().next().unwrap_or_default().to_owned();
            println!("{name:<12} {result:<7} {seconds:>8.1}  {first}");
        }
        let failed = self.lines.iter().filter(|(_, outcome, _)| outcome.is_err()).count();
        println!("package: {} steps, {failed} failed", self.lines.len());
        if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

pub async fn run(arguments: Arguments) -> Result<ExitCode> {
    let tree = tools::tree()?;
    tools::check(unit::TOOLS)?;
    let mut report = Report::default();
    report.step("unit", unit::verify(&tree)).await;
    report.step("hardening", unit::security(&tree)).await;
    report.step("kubernetes", manifests::kubernetes(&tree)).await;
    report.step("compose", manifests::compose(&tree)).await;
    if !arguments.short {
        whole(arguments, tree, &mut report).await?;
    }
    Ok(report.print())
}

/// What needs root, minutes and the tools of Debian.
async fn whole(arguments: Arguments, tree: PathBuf, report: &mut Report) -> Result<()> {
    ensure!(
        geteuid().is_root(),
        "the whole of package starts a machine and a container and so needs root: run it as root, or with sudo \
         (or --short)"
    );
    tools::check(
        &[manifests::TOOLS, sbom::TOOLS, deb::TOOLS, machine::TOOLS, image::TOOLS, container::TOOLS].concat(),
    )?;
    report.step("alerts", manifests::alerts(&tree)).await;
    report.step("proxy", manifests::proxy(&tree)).await;
    let program = match arguments.program {
        Some(program) => std::path::absolute(program)?,
        None => build(Profile::Release).await?,
    };
    ensure!(program.is_file(), "{} is no program", program.display());
    let output = std::path::absolute(&arguments.output)?;
    std::fs::create_dir_all(&output).with_context(|| format!("creating {}", output.display()))?;
    let shop = Workshop { tree, scratch: scratch::on_disk("package")?, output, program };
    report.step("sbom", sbom::run(&shop)).await;
    report.step("licences", notices::run(&shop)).await;
    report.step("deb", deb::run(&shop)).await;
    report.step("machine", installed::run(&shop)).await;
    report.step("image", image::run(&shop)).await;
    report.step("container", container::run(&shop)).await;
    println!("\nThe packages are in {}", shop.output.display());
    Ok(())
}
