//! `outpay completions` and `outpay man`: what shells and `man` know of the command line, made from its definition.

use super::cli_error::CliError;
use super::output;
use anyhow::Context;
use clap::{Args, Command};
use clap_complete::Shell;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Args)]
pub(super) struct CompletionsArguments {
    /// The shell, whose script is printed
    #[arg(value_enum)]
    shell: Shell,
}

#[derive(Args)]
pub(super) struct ManArguments {
    /// Folder for the pages, one for each command; it is made if it is missing
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

pub(super) fn completions(arguments: &CompletionsArguments, mut all: Command) -> Result<ExitCode, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut all, "outpay", &mut script);
    output::line(String::from_utf8_lossy(&script).trim_end())?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn man(arguments: &ManArguments, all: Command) -> Result<ExitCode, CliError> {
    let folder = &arguments.folder;
    let shown = folder.display();
    let cannot = || format!("cannot write manual pages into {shown}");
    std::fs::create_dir_all(folder).with_context(cannot)?;
    clap_mangen::generate_to(all, folder).with_context(cannot)?;
    output::line(format_args!("The manual pages are in {shown}; read one with: man -l {shown}/outpay.1"))?;
    Ok(ExitCode::SUCCESS)
}
