//! What every connection and every transaction is set to. A role, a database or a pooler between may bring settings of its own, and
//! some of them would lose what was answered or end the server.

use super::super::Failure;
use super::secured::Secured;
use anyhow::Context;
use std::time::Duration;
use tokio_postgres::Client;

/// What a transaction begins with. Set in each one, not once per connection: a pooler may hand a connection to another server, and
/// a commit that returns before it is on disk can be lost after its caller was answered.
pub(super) const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL synchronous_commit = on";
/// The same, inside a transaction that has begun.
pub(super) const SET_LOCAL: &str =
    "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; SET LOCAL synchronous_commit = on";

const POOLED: &str = "there is a pooler between Outpay and PostgreSQL that gives each transaction another server (PgBouncer: \
     pool_mode=transaction or statement); use pool_mode=session, or connect to PostgreSQL itself";
/// How often the pool mode is looked at, and for how long at most.
const PROBES: usize = 3;
const LONGEST_PROBE: Duration = Duration::from_secs(10);

/// Sets up a connection and checks that it keeps what it commits.
///
/// A caller who waited for a lock must see what its last holder wrote, which a stricter isolation would answer with an error. A
/// machine that goes away with a book's lock in its hand must not keep it from all others for hours. A limit of the role on
/// statements, locks or idle sessions would end work that takes as long as it takes.
pub(super) async fn set_up(client: &Client) -> Result<(), Failure> {
    client
        .batch_execute(
            "SET synchronous_commit = on; SET default_transaction_isolation = 'read committed'; SET TIME ZONE 'UTC'; \
             SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = '30s'; \
             SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3",
        )
        .await?;
    // Not in all versions.
    let newer = "SELECT set_config(name, '0', false) FROM pg_settings WHERE name IN ('idle_session_timeout', 'transaction_timeout')";
    client.query(newer, &[]).await?;
    check(client).await
}

/// Does a commit on this connection survive a power cut?
pub(super) async fn check(client: &Client) -> Result<(), Failure> {
    let sql = "SELECT current_setting('synchronous_commit'), current_setting('fsync'), current_setting('full_page_writes')";
    let row = client.query_one(sql, &[]).await?;
    for (column, setting) in ["synchronous_commit", "fsync", "full_page_writes"].into_iter().enumerate() {
        let value: String = row.get(column);
        anyhow::ensure!(
            value == "on",
            "PostgreSQL has {setting}={value}; Outpay needs it on to keep what it answers"
        );
    }
    Ok(())
}

/// Can the database store every text? In any other encoding some memos and names cannot be written.
pub(super) async fn check_encoding(client: &Client) -> Result<(), Failure> {
    let row = client.query_one("SELECT current_setting('server_encoding')", &[]).await?;
    let encoding: String = row.get(0);
    anyhow::ensure!(
        encoding == "UTF8",
        "the PostgreSQL database has the encoding {encoding}; Outpay needs UTF8: \
         createdb --encoding=UTF8 --template=template0 NAME"
    );
    Ok(())
}

/// Refuses a pooler that gives each transaction another server: settings, prepared statements and advisory locks of a session would
/// be lost between two of them. A connection whose server changes while another one is in a transaction is such a pooler's.
pub(super) async fn check_pooling(server: &Secured) -> Result<(), Failure> {
    let probe = async {
        let (first, second) = (server.connect().await?, server.connect().await?);
        let mut servers = Vec::new();
        for _ in 0..PROBES {
            servers.push(process(&first).await?);
            // Refused where each statement gets another server.
            second.batch_execute("BEGIN").await.map_err(|_| anyhow::anyhow!(POOLED))?;
            process(&second).await?;
            servers.push(process(&first).await?);
            second.batch_execute("ROLLBACK").await?;
        }
        servers.dedup();
        anyhow::ensure!(servers.len() == 1, POOLED);
        Ok(())
    };
    let probed = tokio::time::timeout(LONGEST_PROBE, probe).await;
    probed.context("PostgreSQL, or a pooler before it, gives no second connection; Outpay needs up to 10")?
}

/// By the simple protocol, which every pooler passes on.
async fn process(client: &Client) -> Result<String, Failure> {
    let messages = client.simple_query("SELECT pg_backend_pid()").await?;
    let row = messages.iter().find_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    });
    row.context("PostgreSQL tells no process number")
}
