//! The parts that every door needs, opened in one place: store, secrets, clock, entropy, teller, authentication.

use crate::attacks::Attacks;
use crate::auth::Passwords;
use crate::auth::{self, Auth, Secrets, master_key};
use crate::clock::{Clock, Entropy};
use crate::commit::Teller;
use crate::config::Config;
use crate::mail::Mail;
use crate::named_secrets;
use crate::rails::Rails;
use crate::requests::Requests;
use crate::screening::Screening;
use crate::store::{DatabaseUrl, Failure, Store};
use crate::webhooks::Webhooks;
use crate::witness::Witness;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The opened platform; cheap to clone. The teller ends when the last clone is dropped.
#[derive(Clone)]
pub struct Platform {
    /// The data folder: master key, witness files, and the database if it is SQLite.
    pub data: Arc<PathBuf>,
    pub store: Store,
    /// Keys derived from the master key.
    pub secrets: Arc<Secrets>,
    pub clock: Clock,
    pub entropy: Entropy,
    /// All changes of books go through it.
    pub teller: Teller,
    /// Record of what this process has acknowledged.
    pub witness: Witness,
    pub auth: Auth,
    /// Signs of attacks.
    pub attacks: Arc<Attacks>,
    pub rails: Arc<Rails>,
    /// Asks the operator's service whether a payment may be made.
    pub screening: Screening,
    /// With the strict guard, unless replaced.
    pub webhooks: Webhooks,
    /// Usage of keys and the request log.
    pub requests: Requests,
    pub mail: Mail,
    pub passwords: Passwords,
    /// URL to which signed heads are posted, if any.
    pub post_heads_to: Option<Arc<str>>,
    /// The server's public URL, without a trailing slash; links begin with it.
    pub public_url: Option<Arc<str>>,
}

/// The database of a data folder, if none is given.
#[must_use]
pub fn default_database(data: &Path) -> DatabaseUrl {
    DatabaseUrl::Sqlite(data.join("outpay.db"))
}

/// Checks that the database was created with this master key, and takes the database's version of it into use.
pub async fn check_master_key(store: &Store, secrets: &Secrets, data: &Path) -> Result<(), Failure> {
    anyhow::ensure!(
        store.matches_master_key(secrets.check_value()).await?,
        "this database was made with another master key; give the right one in {} or in {}",
        master_key::MASTER_KEY_VARIABLE,
        data.join(master_key::MASTER_KEY_FILE).display()
    );
    auth::adopt(store, secrets).await
}

/// A database restored from a backup lacks what was done after it; working on it would do some of that again.
async fn check_is_recovered(store: &Store) -> Result<(), Failure> {
    if let Some(time) = store.recovery_mark().await? {
        anyhow::bail!(
            "this database was restored from a backup of {time} and is not recovered; run: outpay recover --accept-loss"
        );
    }
    Ok(())
}

impl Platform {
    /// Opens the database, starts a teller and mounts the configured rails.
    ///
    /// # Errors
    /// When the database cannot be opened, belongs to another master key, or lacks something that a witness
    /// remembers.
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

    /// The same for a database that has lost something and is about to be recovered: witnesses are not compared.
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
        let rails = Arc::new(Rails::new(&config.rails, &store, &secrets, &clock));
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
        let passwords = Passwords::new(Arc::clone(&secrets), clock.clone());
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
            attacks: Arc::default(),
            rails,
            screening: Screening::new(config.screening.as_ref(), &named_secrets::variable),
            webhooks,
            requests,
            mail,
            passwords,
            post_heads_to: config.heads.post_to.as_deref().map(Arc::from),
            public_url,
        })
    }
}
