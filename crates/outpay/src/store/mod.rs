//! The store: all SQL of the platform. A thin driver gives SQLite and PostgreSQL one face (driver.rs), so that every
//! statement outside the teller's load and save is written once, in one file per family of tables. Not here: any
//! decision about money; that is the ledger's, through the teller.

mod attempts;
mod audit;
mod audit_evidence;
mod audit_log;
mod audit_log_chain;
mod audit_log_export;
mod branding;
mod businesses;
mod chains;
mod codes;
mod copies;
mod credentials;
mod day_sums;
mod deposits;
mod driver;
mod due;
mod epoch;
mod expectations;
mod fail_stop;
mod gift_cards;
mod import_lines;
mod imports;
mod installation_rails;
mod invitations;
mod journal;
mod key_usage;
mod keys;
mod leases;
mod list_filters;
mod list_page;
mod list_rows;
mod list_sql;
mod lists;
mod made;
mod mail_choices;
mod mails;
mod master_keys;
mod member_changes;
mod member_sessions;
mod member_statements;
mod members;
mod metadata;
mod method_activity;
mod migrations;
mod mismatches;
mod overdue;
mod own_movements;
mod passkeys;
mod pauses;
mod payment_batches;
mod payment_references;
pub mod postgres;
mod postings;
mod proposals;
mod rail_notices;
mod rail_numbers;
mod rail_openings;
mod rail_spending;
mod recipient_notes;
mod recipient_totals;
mod reconciliations;
mod recovery;
mod request_log;
mod reward_links;
mod screening;
mod sealed;
mod search_index;
mod settings;
mod sign_in_attempts;
mod sql;
pub mod sqlite;
mod states;
mod teller;
mod teller_store;
mod terms;
mod test_clocks;
mod treasury_scans;
mod users;
mod waiting;
mod webhook_attempts;
mod webhook_deliveries;
mod webhook_endpoints;
mod webhook_events;
mod withdrawal_history;
mod withdrawal_traces;
mod withdrawals;
mod witnessed;

pub use attempts::Attempt;
pub use audit::{AuditAccount, AuditBook, AuditUser, HashCredential, Snapshot};
pub use audit_evidence::AuditAttempt;
pub use audit_log::{AuditEntry, AuditFilter, NewAuditEntry};
pub use audit_log_chain::LogDigest;
pub use audit_log_export::ExportedEntry;
pub use branding::BrandingRow;
pub use businesses::{Business, NewBusiness};
pub use copies::{OpenCopy, files_of_copy, in_the_way, newest_schema, open_copy, restore_copy};
pub use credentials::{Credential, CredentialKind};
pub use day_sums::{HouseBalances, MoneySum, PEOPLE, PeriodSums};
pub use driver::{Row, WriteError};
pub use due::{DueWork, Longest, LongestSteps, PulledBack};
pub use expectations::{Expectation, OverdueWithdrawal, UntoldDelay};
pub use gift_cards::{GiftCard, Given, NewGiftCard};
pub use import_lines::ImportLine;
pub use imports::Import;
pub use installation_rails::InstallationRail;
pub use invitations::Invitation;
pub use journal::{HistoryFilter, HistoryPlace, StoredEntry};
pub use key_usage::{KeyUsage, UsageCounts};
pub use keys::{ApiKey, KeyNews, NewApiKey};
pub use leases::{Clearance, Hold, Leased};
pub use list_filters::{
    AuditList, BatchList, DeliveryList, ImportList, ListFilter, UserList, WithdrawalList,
};
pub use list_page::{ListCount, ListOrder, ListPage, ListPlace, ListWindow, MOST_COUNTED};
pub use made::DatabaseState;
pub use mail_choices::{MailChoice, MailEvent};
pub use mails::{MailEnd, MailRow, NewMail};
pub use master_keys::{KeyHolder, MasterKeyRow, bit};
pub use member_changes::{MemberChange, NewInvitation, NewSession};
pub use member_sessions::SessionRow;
pub use members::{MemberRow, Membership, TeamMember};
pub use metadata::MetadataOf;
pub use method_activity::MethodActivity;
pub use mismatches::{Mismatch, MismatchKind, MismatchState, NewMismatch, Standing};
pub use overdue::MailNeeds;
pub use own_movements::{ALL_DAYS, MovementFilter, MovementKinds, OwnMovement};
pub use passkeys::PasskeyRow;
pub use pauses::{BookPart, PauseScope, Stop, StoredPause};
pub use payment_batches::{BatchFilter, BatchLine, LineCount, PaymentBatch, StoredBatchFile};
pub use payment_references::ReferenceSource;
pub use postgres::{ConnectionSecurity, TlsMode};
pub use proposals::ProposalRow;
pub use rail_numbers::RailNumber;
pub use rail_openings::RailOpening;
pub use rail_spending::{Ceiling, Reservation};
pub use recipient_notes::RecipientNote;
pub use recipient_totals::{MOST_ENTRIES, RecipientTotals};
pub use reconciliations::{GivenCard, ReconciliationRun};
pub use recovery::{RecoveryChanges, RecoveryCounts};
pub use request_log::{RequestFilter, RequestLine, RequestPlace};
pub use reward_links::RewardLink;
pub use screening::ScreeningRow;
pub use sealed::{SealedColumn, SealedText};
pub use search_index::{SearchKind, SearchSource};
pub use settings::RECOVERY_MARK;
pub use sign_in_attempts::{Bucket, Tries};
pub use states::{
    BatchState, DeliveryState, ImportState, LineState, MailState, ProposalState, ScreeningState,
};
pub use teller::{AskedBefore, BookNeeds, Needs, NewCredential, Saving};
pub use teller_store::TellerStore;
pub use terms::{BookSettings, SettingsChange, Unclaimed};
pub use test_clocks::{Advanced, NewAdvance};
pub use treasury_scans::{Assigned, Outgoing, SentSince, TreasuryScan, UnmatchedTransfer};
pub use users::{UserFilter, UserRow};
pub use waiting::{MOST, WaitingCount};
pub use webhook_attempts::{Attempted, WebhookAttempt};
pub use webhook_deliveries::{Delivery, NewDelivery};
pub use webhook_endpoints::{EndpointKey, WebhookEndpoint};
pub use webhook_events::{FAR_BEHIND, PayoutEvent};
pub use withdrawal_history::{MOST_OF_A_PERSON, WithdrawalHistory};
pub use withdrawals::WithdrawalFilter;

use crate::clock::Clock;
use driver::Driver;
use ledger::Micros;
use std::path::PathBuf;

/// A failure of the machinery below: an opaque chain for the operator, logged once where it surfaces.
pub type Failure = anyhow::Error;

/// Which database, as the operator names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// `sqlite:PATH`
    Sqlite(PathBuf),
    /// `postgres://…`, kept as it was given; may hold a password, so it is never printed.
    Postgres(PostgresUrl),
}

/// A connection string that does not print.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl(pub(crate) String);

impl std::fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("postgres://[redacted]")
    }
}

impl DatabaseUrl {
    /// Reads what `--database` was given.
    ///
    /// # Errors
    /// Says which forms there are.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            anyhow::ensure!(
                !path.is_empty(),
                "--database sqlite: needs a path, as in sqlite:outpay-data/outpay.db"
            );
            return Ok(Self::Sqlite(PathBuf::from(path)));
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(PostgresUrl(text.to_owned())));
        }
        anyhow::bail!("--database takes sqlite:PATH or postgres://user@host/name")
    }
}

/// A handle to the database; cheap to clone.
#[derive(Clone)]
pub struct Store {
    driver: Driver,
    clock: Clock,
}

impl Store {
    /// Opens the database, brings its tables up to date under a lock and returns a handle.
    ///
    /// # Errors
    /// When the engine cannot be reached, is too old, or is not set to durable writes.
    pub async fn open(url: &DatabaseUrl) -> Result<Self, Failure> {
        Self::open_as_it_is(url).await.map_err(sqlite::with_advice)
    }

    async fn open_as_it_is(url: &DatabaseUrl) -> Result<Self, Failure> {
        let driver = match url {
            DatabaseUrl::Sqlite(path) => Driver::Sqlite(sqlite::Sqlite::open(path)?),
            DatabaseUrl::Postgres(url) => Driver::Postgres(postgres::Postgres::open(&url.0).await?),
        };
        migrations::run(&driver).await?;
        Ok(Self { driver, clock: Clock::System })
    }

    /// The same with the time that leases go by on SQLite, and in tests on PostgreSQL as well: see [`Self::now`].
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// The time that leases go by. On PostgreSQL it is the database's own, so that all machines have one, however wrong their
    /// clocks are; on SQLite all processes are on one machine and have its clock. A clock moved by hand stands for both.
    pub async fn now(&self) -> Result<Micros, Failure> {
        match (&self.driver, &self.clock) {
            (Driver::Postgres(postgres), Clock::System) => postgres.now().await,
            _ => Ok(self.clock.now()),
        }
    }

    /// How many MiB of an SQLite file the writer may keep in memory; PostgreSQL has a cache of its own.
    ///
    /// # Errors
    /// When the engine does not take it.
    pub fn set_page_cache(&self, mib: u32) -> Result<(), Failure> {
        match &self.driver {
            Driver::Sqlite(sqlite) => sqlite.set_page_cache(mib),
            Driver::Postgres(_) => Ok(()),
        }
    }

    /// Has a durable write of this process failed, so that it has to end? On PostgreSQL only the teller's can.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        matches!(&self.driver, Driver::Sqlite(sqlite) if sqlite.fail_stop().is_tripped())
    }

    /// Comes when a durable write of this process has failed.
    pub async fn broken(&self) {
        match &self.driver {
            Driver::Sqlite(sqlite) => sqlite.fail_stop().tripped().await,
            Driver::Postgres(_) => std::future::pending().await,
        }
    }

    /// The name of the engine: `sqlite` or `postgres`.
    #[must_use]
    pub fn engine(&self) -> &'static str {
        match self.driver {
            Driver::Sqlite(_) => "sqlite",
            Driver::Postgres(_) => "postgres",
        }
    }

    /// The teller's own way into the database: one connection that only the teller uses.
    ///
    /// # Errors
    /// When it cannot connect.
    pub async fn teller(&self) -> Result<TellerStore, Failure> {
        match &self.driver {
            Driver::Sqlite(sqlite) => Ok(TellerStore::Sqlite(sqlite.teller(self.clock.clone()))),
            Driver::Postgres(postgres) => {
                let teller = postgres.teller(self.clock.clone()).await?;
                Ok(TellerStore::Postgres(Box::new(teller)))
            }
        }
    }
}
