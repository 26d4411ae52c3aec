//! The installation that a command works on: data folder, database, master key; and its businesses by id or name.

use super::cli_error::CliError;
use super::secret_flag;
use crate::auth::master_key::MasterKeySource;
use crate::auth::{KeyRing, Secrets, master_key};
use crate::business;
use crate::clock::{Clock, Entropy};
use crate::config::{self, Config};
use crate::durable_file;
use crate::named_secrets;
use crate::platform::{self, Platform};
use crate::private_files;
use crate::store::{Business, DatabaseState, DatabaseUrl, Store};
use crate::witness;
use clap::Args;
use ledger::{BookId, Mode};
use secrecy::{ExposeSecret, SecretString};
use std::path::{Path, PathBuf};

const DEFAULT_DATA: &str = "outpay-data";
/// In the help of every command, so that its own options stand apart.
const HEADING: &str = "Options of every command";
const DATABASE_VARIABLE: &str = "OUTPAY_DATABASE";

/// `--data` and the other flags that every command takes.
#[derive(Args)]
pub(super) struct Installation {
    /// Folder with the master key and, unless --database is given, the database [default: ./outpay-data]
    #[arg(long, global = true, help_heading = HEADING, value_name = "DIR", env = "OUTPAY_DATA")]
    data: Option<PathBuf>,
    /// Database: sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME [default: sqlite:DIR/outpay.db]
    #[arg(long, global = true, help_heading = HEADING, value_name = "URL", env = "OUTPAY_DATABASE", hide_env_values = true)]
    database: Option<String>,
    /// Configuration file [default: DIR/outpay.toml, if it exists]
    #[arg(long, global = true, help_heading = HEADING, value_name = "FILE", env = "OUTPAY_CONFIG")]
    config: Option<PathBuf>,
    /// File that holds the master key, of a service manager or a container
    #[arg(long, global = true, help_heading = HEADING, value_name = "FILE", env = "OUTPAY_MASTER_KEY_FILE")]
    master_key_file: Option<PathBuf>,
    /// Open file descriptor that holds the master key, as in 3 after `3< FILE`
    #[arg(long, global = true, help_heading = HEADING, value_name = "N", env = "OUTPAY_MASTER_KEY_FD")]
    master_key_fd: Option<u32>,
    /// Program that prints the master key, and its arguments, separated by spaces; no shell
    #[arg(long, global = true, help_heading = HEADING, value_name = "COMMAND", env = "OUTPAY_MASTER_KEY_COMMAND")]
    master_key_command: Option<String>,
    /// Public address of the server, for links [default: `public_url` of the configuration]
    #[arg(long, global = true, help_heading = HEADING, value_name = "URL", env = "OUTPAY_PUBLIC_URL", value_parser = public_url)]
    public_url: Option<String>,
}

fn public_url(text: &str) -> Result<String, String> {
    config::check_public_url(text).map_err(|error| error.to_string())?;
    Ok(text.to_owned())
}

/// Which of the two were given on the command line, not by the environment.
#[derive(Clone, Copy)]
pub(super) struct Typed {
    pub(super) data: bool,
    pub(super) database: bool,
}

impl Installation {
    pub(super) fn data(&self) -> PathBuf {
        self.data.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_DATA))
    }

    pub(super) fn database(&self) -> Result<DatabaseUrl, CliError> {
        // With the flag in place of its variable: a file beside either of them is refused.
        let given = |name: &str| match name {
            DATABASE_VARIABLE => self.database.clone(),
            other => named_secrets::variable(other),
        };
        let found = named_secrets::find(DATABASE_VARIABLE, &given)
            .and_then(|text| text.map(|text| DatabaseUrl::parse(text.expose_secret())).transpose());
        let found = found.map_err(|error| CliError::Usage(format!("{error:#}")))?;
        Ok(found.unwrap_or_else(|| platform::default_database(&self.data())))
    }

    /// Refuses what was typed and must not be.
    pub(super) fn check(&self, typed: Typed) -> Result<(), CliError> {
        let database = self.database.as_deref().filter(|_| typed.database);
        database.map_or(Ok(()), secret_flag::check_database_argument)
    }

    /// Where the master key is: the one source that is named, or the data folder's file.
    pub(super) fn master_key(&self) -> Result<MasterKeySource, CliError> {
        self.master_key_in(Some(&self.config()?))
    }

    /// The same with a configuration that was read before, if it could be.
    pub(super) fn master_key_in(&self, config: Option<&Config>) -> Result<MasterKeySource, CliError> {
        let words = |command: &String| command.split_whitespace().map(str::to_owned).collect();
        let sources = [
            from_environment()?.map(MasterKeySource::Variable),
            self.master_key_file.clone().map(MasterKeySource::Named),
            self.master_key_fd.map(MasterKeySource::Descriptor),
            self.master_key_command.as_ref().map(words).map(MasterKeySource::Program),
            config.and_then(|config| config.master_key_command.clone()).map(MasterKeySource::Program),
        ];
        let mut named = sources.into_iter().flatten();
        let source = named.next().unwrap_or(MasterKeySource::File);
        match named.next() {
            None => Ok(source),
            Some(second) => Err(CliError::Usage(format!(
                "the master key has two sources, {} and {}; name one",
                source.name(),
                second.name()
            ))),
        }
    }

    /// The master key; an error if there is none.
    pub(super) async fn secrets(&self) -> Result<Secrets, CliError> {
        Ok(Secrets::of(&self.ring().await?))
    }

    /// The same with its versions.
    pub(super) async fn ring(&self) -> Result<KeyRing, CliError> {
        let source = self.master_key()?;
        self.check_has_key(&source)?;
        self.load(&source).await
    }

    /// Nothing is read before the folder that may hold the key is closed to others.
    async fn load(&self, source: &MasterKeySource) -> Result<KeyRing, CliError> {
        private_files::close_folder(&self.data())?;
        Ok(master_key::load_ring(source, &self.data(), &Entropy::System).await?)
    }

    fn check_has_key(&self, source: &MasterKeySource) -> Result<(), CliError> {
        match source {
            MasterKeySource::File => check_is_there(&self.data().join(master_key::MASTER_KEY_FILE)),
            _ => Ok(()),
        }
    }

    /// Refuses a folder or a database in which no installation was made: a mistyped one must not become an empty installation in
    /// which everything looks fine.
    async fn check_is_made(&self) -> Result<(), CliError> {
        let (data, database) = (self.data(), self.database()?);
        let source = self.master_key()?;
        let nothing = |what: &str| {
            let shown = data.display();
            CliError::Refused(format!(
                "there is no installation in {shown}: {what}. Name the right folder with --data, or run: outpay init"
            ))
        };
        if !data.is_dir() {
            return Err(nothing("the folder does not exist"));
        }
        match database.state().await? {
            DatabaseState::Made { .. } => self.check_has_key(&source),
            DatabaseState::Unfinished => Err(nothing("making it was cut off")),
            DatabaseState::Empty => Err(nothing(&match &database {
                DatabaseUrl::Sqlite(path) => format!("there is no database {}", path.display()),
                DatabaseUrl::Postgres(_) => "the PostgreSQL database is empty".to_owned(),
            })),
        }
    }

    /// Opens only the database, in whatever state it is, for commands that just read it.
    pub(super) async fn look(&self) -> Result<(DatabaseUrl, Store, Secrets), CliError> {
        self.check_is_made().await?;
        let secrets = self.secrets().await?;
        let store = self.store(&secrets).await?;
        Ok((self.database()?, store, secrets))
    }

    /// The same with what is derived from a master key that was read before.
    pub(super) async fn look_with(&self, secrets: &Secrets) -> Result<Store, CliError> {
        self.check_is_made().await?;
        self.store(secrets).await
    }

    async fn store(&self, secrets: &Secrets) -> Result<Store, CliError> {
        let store = Store::open(&self.database()?).await?;
        platform::check_master_key(&store, secrets, &self.data()).await?;
        Ok(store)
    }

    /// The configuration file, if one is named or there is the usual one.
    pub(super) fn config_file(&self) -> Option<PathBuf> {
        let usual = || Some(self.data().join(config::CONFIG_FILE)).filter(|path| path.exists());
        self.config.clone().or_else(usual)
    }

    pub(super) fn config(&self) -> Result<Config, CliError> {
        if let Some(file) = self.config_file().filter(|file| file.exists()) {
            private_files::check_owner(&file).map_err(|error| CliError::Usage(error.to_string()))?;
        }
        let mut config = Config::load(self.config.as_deref(), &self.data())
            .map_err(|error| CliError::Usage(format!("{error:#}")))?;
        // The usual file is in the data folder, which is closed to others before anything is done.
        if let Some(file) = &self.config {
            config.check_is_private(file).map_err(|error| CliError::Usage(error.to_string()))?;
        }
        config.public_url = self.public_url.clone().or(config.public_url);
        Ok(config)
    }

    /// Opens the platform, with a teller in this process. A server may run on the same database.
    pub(super) async fn open(&self) -> Result<Platform, CliError> {
        self.check_is_made().await?;
        let secrets = self.secrets().await?;
        self.platform(secrets).await
    }

    /// The same with what is derived from a master key that was read before.
    pub(super) async fn open_with(&self, secrets: Secrets) -> Result<Platform, CliError> {
        self.check_is_made().await?;
        self.platform(secrets).await
    }

    async fn platform(&self, secrets: Secrets) -> Result<Platform, CliError> {
        let (database, config) = (self.database()?, self.config()?);
        let (clock, entropy) = (Clock::System, Entropy::System);
        Ok(Platform::open(&self.data(), &database, secrets, clock, entropy, &config).await?)
    }

    /// Opens a database that has lost something, which every other command refuses.
    pub(super) async fn open_to_recover(&self) -> Result<Platform, CliError> {
        let (database, secrets) = (self.database()?, self.secrets().await?);
        let config = self.config()?;
        let (data, clock) = (self.data(), Clock::System);
        Ok(Platform::open_to_recover(&data, &database, secrets, clock, Entropy::System, &config).await?)
    }

    /// Makes what is missing of an installation: folder, master key, tables. What is there stays as it is.
    pub(super) async fn make(&self) -> Result<MadeParts, CliError> {
        // Read first: a typing error must not leave a new master key behind.
        let (data, database, source) = (self.data(), self.database()?, self.master_key()?);
        self.config()?;
        let state = database.state().await?;
        let has_key = self.check_has_key(&source);
        let (folder, master_key) = (!data.is_dir(), has_key.is_err());
        if matches!(state, DatabaseState::Made { .. }) {
            has_key?;
        } else {
            check_remembers_nothing(&data)?;
        }
        durable_file::create_folder(&data)?;
        let secrets = Secrets::of(&self.load(&source).await?);
        let store = self.store(&secrets).await?;
        Ok(MadeParts {
            folder,
            master_key,
            database: !matches!(state, DatabaseState::Made { .. }),
            source,
            secrets,
            store,
        })
    }
}

/// Refuses to make a database where the witness knows of one: an empty one in its place would hide that it is missing, and what
/// SQLite leaves of the empty one beside it would overwrite the right file when that is put back.
fn check_remembers_nothing(data: &Path) -> Result<(), CliError> {
    if !data.is_dir() || witness::read_all(data)?.records().next().is_none() {
        return Ok(());
    }
    Err(CliError::Refused(format!(
        "{} has worked with a database that is not there: put it back, with its -wal file, or restore a backup (outpay restore); a new \
         installation needs another folder",
        data.display()
    )))
}

/// Which parts of an installation were made, and not there before.
pub(super) struct MadeParts {
    pub(super) folder: bool,
    pub(super) master_key: bool,
    pub(super) database: bool,
    pub(super) source: MasterKeySource,
    pub(super) secrets: Secrets,
    pub(super) store: Store,
}

fn check_is_there(key: &Path) -> Result<(), CliError> {
    if key.exists() {
        return Ok(());
    }
    Err(CliError::Refused(format!(
        "there is no master key {}, and the database needs it: put it back or give it in {}, or name the right folder with --data",
        key.display(),
        master_key::MASTER_KEY_VARIABLE
    )))
}

fn from_environment() -> Result<Option<SecretString>, CliError> {
    match std::env::var(master_key::MASTER_KEY_VARIABLE) {
        Ok(text) => Ok(Some(SecretString::from(text))),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(CliError::Usage(format!("{} must be 64 hexadecimal digits", master_key::MASTER_KEY_VARIABLE)))
        }
    }
}

/// Finds a business by id or name.
pub(super) async fn business(platform: &Platform, id_or_name: &str) -> Result<Business, CliError> {
    let found = business::find(platform, id_or_name).await?;
    let sentence = || format!("there is no business {id_or_name:?}; list them with: outpay business list");
    found.ok_or_else(|| CliError::Refused(sentence()))
}

/// The business's test or live book.
pub(super) fn book(business: &Business, test: bool) -> BookId {
    BookId::new(business.number, if test { Mode::Test } else { Mode::Live })
}
