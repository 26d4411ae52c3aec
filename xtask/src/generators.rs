//! `xtask generators`: what generators of clients make of the OpenAPI document. Each generates; what it made is compiled; a small
//! program that uses it (tests/peers/openapi/programs) pays, reads an error by its type, reads a list page by page, withdraws,
//! against a running server. Prints a table, a row per generator.
//!
//! Needs the network: pip, npm's folder of `./test`, cargo, Java, Go, PHP with Guzzle (Debian: golang-go, php-cli,
//! php-guzzlehttp-guzzle, php-curl, php-mbstring). A generator whose tools are missing is a row that says so, and a failure.
//! Not here: the two generators that `./test` runs.

mod recipes;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};

use anyhow::{Context, Result, bail};
use clap::Args;
use tokio::process::Command;

use crate::outpay::{Outpay, Profile, build};
use crate::scratch;
use recipes::{Client, RECIPES};

#[derive(Args)]
pub struct Arguments {
    /// Generate from this document in place of `/openapi.json`
    #[arg(long, value_name = "FILE")]
    document: Option<PathBuf>,
    /// Generate from this document in place of `/openapi-3.0.json`
    #[arg(long, value_name = "FILE")]
    older_document: Option<PathBuf>,
    /// Ask this program instead of building one
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Only this generator (repeatable)
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
}

/// The steps of every program.
const STEPS: [&str; 4] = ["create", "error", "pages", "withdraw"];

/// Where a generator works.
pub struct Bench {
    /// A folder of its own.
    folder: PathBuf,
    /// The document in OpenAPI 3.1.
    document: PathBuf,
    /// The same in OpenAPI 3.0.
    older: PathBuf,
    /// Python with the generators and the runtimes of their clients.
    python: PathBuf,
    /// tests/peers/openapi
    peers: PathBuf,
}

pub async fn run(arguments: Arguments) -> Result<ExitCode> {
    let program = match &arguments.program {
        Some(program) => program.clone(),
        None => build(Profile::of_this_tool()?).await?,
    };
    let scratch = scratch::on_disk("generators")?;
    let folder = scratch.path();
    let outpay = Outpay::new(&program, folder, None);
    let business = outpay.create_test_business("Generators", 100_000_000).await?;
    outpay.run(&["business", "transfer", &business.id, "90000000", "--test"]).await?;
    let server = outpay.serve().await?;
    let url = format!("http://{}", server.address);
    let document = text_of(arguments.document.as_deref(), ::outpay::testing::http::openapi_document)?;
    let older = text_of(arguments.older_document.as_deref(), ::outpay::testing::http::openapi_3_0_document)?;
    std::fs::write(folder.join("openapi.json"), document)?;
    std::fs::write(folder.join("openapi-3.0.json"), older)?;
    let python = python(folder).await?;
    println!(
        "{:<34} {:<10} {:<10} {:<10} {:<10} {:<10} {:<10}",
        "generator", "generates", "compiles", "create", "error", "pages", "withdraw"
    );
    let mut failed = Vec::new();
    for recipe in RECIPES
        .iter()
        .filter(|one| arguments.only.is_empty() || arguments.only.iter().any(|only| only == one.name))
    {
        let own = folder.join(recipe.name.replace([' ', ','], "-"));
        std::fs::create_dir(&own)?;
        let bench = Bench {
            folder: own,
            document: folder.join("openapi.json"),
            older: folder.join("openapi-3.0.json"),
            python: python.clone(),
            peers: std::env::current_dir()?.join("tests/peers/openapi"),
        };
        let cells = row(recipe.make, &bench, (&url, &business.secret_key), recipe.name, &mut failed).await;
        println!("{:<34} {}", recipe.name, cells.map(|cell| format!("{cell:<10}")).join(" "));
    }
    for problem in &failed {
        println!("\n{problem}");
    }
    drop(server);
    Ok(if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn text_of(given: Option<&Path>, own: fn() -> String) -> Result<String> {
    given.map_or_else(
        || Ok(own()),
        |file| std::fs::read_to_string(file).with_context(|| file.display().to_string()),
    )
}

/// What became of each step: `yes`, `no`, or `-` where an earlier one failed.
async fn row(
    make: recipes::Make,
    bench: &Bench,
    (url, key): (&str, &str),
    name: &str,
    failed: &mut Vec<String>,
) -> [&'static str; 6] {
    let mut cells = ["-"; 6];
    let client = match make(bench).await {
        Ok(client) => client,
        Err((stage, error)) => {
            cells[..stage].fill("yes");
            cells[stage] = "no";
            failed.push(format!("{name}: {error:#}"));
            return cells;
        }
    };
    cells[..2].fill("yes");
    for (at, step) in STEPS.iter().enumerate() {
        let done = match &client {
            Client::Types => {
                cells[at + 2] = "types";
                continue;
            }
            Client::Program(arguments) => {
                let mut command = Command::new(&arguments[0]);
                command.args(&arguments[1..]).arg(step).env("OUTPAY_URL", url).env("OUTPAY_KEY", key);
                told(command.env("PYTHONPATH", &bench.folder)).await
            }
        };
        match done {
            Ok(_) => cells[at + 2] = "yes",
            Err(error) => {
                cells[at + 2] = "no";
                failed.push(format!("{name}, {step}: {error:#}"));
            }
        }
    }
    cells
}

/// Python with the generators, and what the clients that they make need.
async fn python(folder: &Path) -> Result<PathBuf> {
    let environment = folder.join("python");
    run_in(folder, "python3", ["-m", "venv", "python"]).await?;
    let packages = [
        "openapi-generator-cli==7.26.0",
        "openapi-python-client==0.29.1",
        "pydantic",
        "python-dateutil",
        "urllib3",
        "typing-extensions",
        "httpx",
        "attrs",
    ];
    let pip = environment.join("bin/pip");
    let arguments = [&["install", "--quiet", "--disable-pip-version-check"][..], &packages].concat();
    run_in(folder, &pip, arguments).await?;
    Ok(environment)
}

/// Runs it in this folder; it must succeed.
pub async fn run_in<S: AsRef<OsStr>>(
    folder: &Path,
    program: impl AsRef<OsStr>,
    arguments: impl IntoIterator<Item = S>,
) -> Result<String> {
    let mut command = Command::new(program);
    told(command.args(arguments).current_dir(folder)).await
}

/// What it prints; the end of it where it fails.
pub async fn told(command: &mut Command) -> Result<String> {
    // A backtrace would push the message out of the lines that are kept.
    command.env("RUST_BACKTRACE", "0").stdin(Stdio::null()).kill_on_drop(true);
    let output =
        command.output().await.with_context(|| format!("{:?} is needed", command.as_std().get_program()))?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(printed);
    }
    let all = format!("{printed}{}", String::from_utf8_lossy(&output.stderr));
    let lines: Vec<&str> = all.lines().collect();
    bail!("{}", lines[lines.len().saturating_sub(12)..].join("\n"))
}
