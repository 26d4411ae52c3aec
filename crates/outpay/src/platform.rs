//! The parts every door needs, opened in one place: store, keys, clock, dice, teller, authentication.

use crate::auth::{Auth, Secrets, master_key};
use crate::clock::{Clock, Entropy};
use crate::commit::Teller;
use crate::config::Config;
use crate::mail::Mail;
use crate::members::Passwords;
use crate::rails::Rails;
use crate::requests::Requests;
use crate::store::{DatabaseUrl, Failure, Store};
use crate::webhooks::Webhooks;
use crate::witness::Witness;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The opened platform; cheap to clone. The teller ends when the last clone is dropped.
#[derive(Clone)]
pub struct Platform {
    /// The data folder: master key, and the database if it is SQLite.
    pub data: Arc<PathBuf>,
    /// The database.
    pub store: Store,
    /// Keys derived from the master key.
    pub secrets: Arc<Secrets>,
    /// Time.
    pub clock: Clock,
    /// Randomness.
    pub entropy: Entropy,
    /// Every change of a book goes through it.
    pub teller: Teller,
    /// What this process has answered for.
    pub witness: Witness,
    /// Who is asking.
    pub auth: Auth,
    /// The ways out.
    pub rails: Arc<Rails>,
    /// Webhooks, strictly guarded unless somebody puts others here.
    pub webhooks: Webhooks,
    /// What is remembered of API requests.
    pub requests: Requests,
    /// Outgoing mail.
    pub mail: Mail,
    /// Members' passwords.
    pub passwords: Passwords,
    /// Where signed heads are posted, if anywhere.
    pub post_heads_to: Option<Arc<str>>,
    /// Where people reach the server, without a slash at its end; links begin with it.
    pub public_url: Option<Arc<str>>,
}

/// The database of a data folder, where none is named.
#[must_use]
pub fn default_database(data: &Path) -> DatabaseUrl {
    DatabaseUrl::Sqlite(data.join("outpay.db"))
}

/// Is it the key that the database was made with?
///
/// # Errors
/// When it is not, or the database breaks.
pub async fn check_master_key(store: &Store, secrets: &Secrets, data: &Path) -> Result<(), Failure> {
    anyhow::ensure!(
        store.matches_master_key(secrets.check_value()).await?,
        "this database was made with another master key; give the right one in {} or in {}",
        master_key::MASTER_KEY_VARIABLE,
        data.join(master_key::MASTER_KEY_FILE).display()
    );
    Ok(())
}

/// What was done after a backup is not in a database restored from it; working on would do some of it again.
async fn check_is_recovered(store: &Store) -> Result<(), Failure> {
    if let Some(time) = store.recovery_mark().await? {
        anyhow::bail!(
            "this database was restored from a backup of {time} and is not recovered; run: outpay recover --accept-loss"
        );
    }
    Ok(())
}

impl Platform {
    /// Opens the database, starts a teller and mounts the rails that the configuration names.
    ///
    /// # Errors
    /// When the database cannot be opened, or belongs to another master key.
    pub async fn open(
        data: &Path,
        database: &DatabaseUrl,
        secrets: Secrets,
        clock: Clock,
        entropy: Entropy,
        config: &Config,
    ) -> Result<Self, Failure> {
        let store = Self::open_store(data, database, &secrets, &clock).await?;
        check_is_recovered(&store).await?;
        let witness = Witness::open(data, &store).await?;
        Self::over(store, witness, data, secrets, clock, entropy, config).await
    }

    /// The same for a database that has lost something and is about to be recovered: nothing is compared.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_to_recover(
        data: &Path,
        database: &DatabaseUrl,
        secrets: Secrets,
        clock: Clock,
        entropy: Entropy,
        config: &Config,
    ) -> Result<Self, Failure> {
        let store = Self::open_store(data, database, &secrets, &clock).await?;
        let witness = Witness::begin_anew(data)?;
        Self::over(store, witness, data, secrets, clock, entropy, config).await
    }

    async fn open_store(
        data: &Path,
        database: &DatabaseUrl,
        secrets: &Secrets,
        clock: &Clock,
    ) -> Result<Store, Failure> {
        let store = Store::open(database).await?.with_clock(clock.clone());
        check_master_key(&store, secrets, data).await?;
        Ok(store)
    }

    async fn over(
        store: Store,
        witness: Witness,
        data: &Path,
        secrets: Secrets,
        clock: Clock,
        entropy: Entropy,
        config: &Config,
    ) -> Result<Self, Failure> {
        store.set_page_cache(config.sqlite.cache_mib)?;
        let secrets = Arc::new(secrets);
        let teller =
            Teller::start(&store, Arc::clone(&secrets), clock.clone(), entropy.clone(), witness.clone())
                .await?;
        let auth = Auth::new(store.clone(), Arc::clone(&secrets), clock.clone());
        let rails = Arc::new(Rails::new(config, &store, &secrets, &clock));
        store.record_rails(&rails.recorded(), clock.now()).await?;
        let webhooks = Webhooks::new(store.clone(), Arc::clone(&secrets), clock.clone(), entropy.clone());
        let requests = Requests::new(store.clone(), clock.clone());
        let public_url = config.public_url.as_deref().map(|url| Arc::from(url.trim_end_matches('/')));
        let mail = Mail::new(
            config.mail.as_ref(),
            public_url.clone(),
            store.clone(),
            Arc::clone(&secrets),
            clock.clone(),
            entropy.clone(),
        );
        let passwords = Passwords::new(Arc::clone(&secrets));
        let data = Arc::new(data.to_owned());
        Ok(Self {
            data,
            store,
            secrets,
            clock,
            entropy,
            teller,
            witness,
            auth,
            rails,
            webhooks,
            requests,
            mail,
            passwords,
            post_heads_to: config.heads.post_to.as_deref().map(Arc::from),
            public_url,
        })
    }
}
