//! Baseline (b): what most such services do. One durable PostgreSQL transaction per request, with the hot business
//! row locked, through the same driver.
//!
//! Invariant: it moves the same money as a create (debit the business, credit the user, write the transfer), so that
//! the ratio compares like with like.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result, ensure};
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use clap::Args;
use tokio::sync::Semaphore;
use tokio_postgres::{Client, NoTls, Statement};

use super::baseline_empty::{CREATED, Create, Created, serve};

#[derive(Args)]
pub struct Arguments {
    #[arg(long)]
    listen: SocketAddr,
    /// A PostgreSQL server on which a database of this name may be recreated
    #[arg(long)]
    database: String,
}

const CONNECTIONS: usize = 64;
const DATABASE: &str = "baseline_per_request";
const FUNDS: i64 = 1_000_000_000_000_000;

const TABLES: &str = "
CREATE TABLE business (
    id bigint PRIMARY KEY,
    payout_balance bigint NOT NULL CHECK (payout_balance >= 0)
);
CREATE TABLE payout_user (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    business_id bigint NOT NULL REFERENCES business,
    email text NOT NULL,
    balance bigint NOT NULL CHECK (balance >= 0),
    UNIQUE (business_id, email)
);
CREATE TABLE transfer (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    business_id bigint NOT NULL REFERENCES business,
    payout_user_id bigint NOT NULL REFERENCES payout_user,
    amount bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON transfer (payout_user_id, id);
";

pub async fn run(arguments: Arguments) -> Result<ExitCode> {
    let maintenance = connect(&arguments.database).await?;
    maintenance.batch_execute(&format!("DROP DATABASE IF EXISTS {DATABASE}")).await?;
    maintenance.batch_execute(&format!("CREATE DATABASE {DATABASE}")).await?;
    let (server, _) = arguments.database.rsplit_once('/').context("the address names no database")?;
    let database = format!("{server}/{DATABASE}");
    let client = connect(&database).await?;
    client.batch_execute(TABLES).await?;
    client.execute("INSERT INTO business VALUES (1, $1)", &[&FUNDS]).await?;
    let pool = Arc::new(Pool::open(&database).await?);
    serve(arguments.listen, Router::new().route("/payout/create", post(create)).with_state(pool)).await
}

async fn connect(url: &str) -> Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.context("connecting")?;
    tokio::spawn(connection);
    Ok(client)
}

struct Pool {
    free: Mutex<Vec<Prepared>>,
    permits: Semaphore,
}

/// A connection with its prepared statements.
struct Prepared {
    client: Client,
    lock_business: Statement,
    credit_user: Statement,
    debit_business: Statement,
    write_transfer: Statement,
}

impl Pool {
    async fn open(url: &str) -> Result<Self> {
        let mut free = Vec::with_capacity(CONNECTIONS);
        for _ in 0..CONNECTIONS {
            free.push(Prepared::open(url).await?);
        }
        Ok(Self { free: Mutex::new(free), permits: Semaphore::new(CONNECTIONS) })
    }

    async fn pay(&self, create: &Create) -> Result<()> {
        let _permit = self.permits.acquire().await?;
        let mut prepared = {
            let mut free = self.free.lock().expect("no holder of this lock panics");
            free.pop().context("more permits than connections")?
        };
        let outcome = prepared.pay(create).await;
        self.free.lock().expect("no holder of this lock panics").push(prepared);
        outcome
    }
}

impl Prepared {
    async fn open(url: &str) -> Result<Self> {
        let client = connect(url).await?;
        let lock_business = "SELECT payout_balance FROM business WHERE id = $1 FOR UPDATE";
        let credit_user = "INSERT INTO payout_user (business_id, email, balance) VALUES ($1, $2, $3)
            ON CONFLICT (business_id, email) DO UPDATE SET balance = payout_user.balance + excluded.balance
            RETURNING id";
        let debit_business = "UPDATE business SET payout_balance = payout_balance - $2 WHERE id = $1";
        let write_transfer = "INSERT INTO transfer (business_id, payout_user_id, amount) VALUES ($1, $2, $3)";
        Ok(Self {
            lock_business: client.prepare(lock_business).await?,
            credit_user: client.prepare(credit_user).await?,
            debit_business: client.prepare(debit_business).await?,
            write_transfer: client.prepare(write_transfer).await?,
            client,
        })
    }

    async fn pay(&mut self, create: &Create) -> Result<()> {
        let business = 1_i64;
        let transaction = self.client.transaction().await?;
        let row = transaction.query_one(&self.lock_business, &[&business]).await?;
        ensure!(row.get::<_, i64>(0) >= create.amount, "insufficient balance");
        let credited =
            transaction.query_one(&self.credit_user, &[&business, &create.email, &create.amount]).await?;
        let user: i64 = credited.get(0);
        transaction.execute(&self.debit_business, &[&business, &create.amount]).await?;
        transaction.execute(&self.write_transfer, &[&business, &user, &create.amount]).await?;
        transaction.commit().await?;
        Ok(())
    }
}

async fn create(
    State(pool): State<Arc<Pool>>,
    Json(body): Json<Create>,
) -> Result<(StatusCode, Json<Created>), (StatusCode, String)> {
    match pool.pay(&body).await {
        Ok(()) => Ok((StatusCode::CREATED, Json(CREATED))),
        Err(error) => Err((StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}"))),
    }
}
