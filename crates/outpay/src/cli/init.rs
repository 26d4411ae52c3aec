//! `outpay init`: makes an installation and says what it made. Every other command but `demo` and `restore` needs one, so that a
//! mistyped folder is refused. A second run makes what is missing and changes nothing that is there.

use super::cli_error::CliError;
use super::installation::{Installation, MadeParts};
use super::output;
use crate::auth::master_key::{MASTER_KEY_FILE, MasterKeySource};
use crate::store::DatabaseUrl;
use crate::witness;
use clap::Args;
use serde_json::json;
use std::process::ExitCode;

#[derive(Args)]
pub(super) struct InitArguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: InitArguments, installation: &Installation) -> Result<ExitCode, CliError> {
    let data = installation.data();
    let MadeParts { folder, master_key, database, source, store, .. } = installation.make().await?;
    let lacks = witness::missing(&witness::read_all(&data)?, &store.snapshot().await?).await?;
    let word = |made: bool| if made { "made" } else { "there already" };
    if arguments.json {
        let key = if matches!(source, MasterKeySource::File) { word(master_key) } else { "elsewhere" };
        output::json(&json!({
            "data": data.display().to_string(), "folder": word(folder), "master_key": key,
            "database": word(database), "engine": store.engine(), "lost": lacks.len(),
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let key = match &source {
        MasterKeySource::File => format!("{} ({})", data.join(MASTER_KEY_FILE).display(), word(master_key)),
        other => format!("from {}", other.name()),
    };
    let shown = match installation.database()? {
        DatabaseUrl::Sqlite(path) => path.display().to_string(),
        DatabaseUrl::Postgres(_) => "PostgreSQL".to_owned(),
    };
    output::facts([
        ("data folder", format!("{} ({})", data.display(), word(folder))),
        ("master key", key),
        ("database", format!("{shown} ({})", word(database))),
    ])?;
    if let Some(first) = lacks.first() {
        return output::line(format_args!(
            "\nThis folder knows of {} changes that the database lacks, the first: {first}. Restore a backup, or run: outpay recover",
            lacks.len()
        ))
        .map(|()| ExitCode::SUCCESS);
    }
    if master_key {
        output::line(
            "\nWithout the master key no hash and no API key works: keep a copy of it apart from the database.",
        )?;
    }
    output::line("Next: outpay business create NAME")?;
    Ok(ExitCode::SUCCESS)
}
