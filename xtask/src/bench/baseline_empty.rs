//! Baseline (a): an axum handler that parses the same JSON and returns a body of the same size, nothing else. The
//! cost of HTTP alone on this machine.

use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::Result;
use axum::http::StatusCode;
use axum::routing::post;
use axum::serve::ListenerExt;
use axum::{Json, Router};
use clap::Args;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

#[derive(Args)]
pub struct Arguments {
    #[arg(long)]
    listen: SocketAddr,
}

#[derive(Deserialize)]
pub struct Create {
    pub email: String,
    pub amount: i64,
}

#[derive(Serialize)]
pub struct Created {
    hash: &'static str,
}

pub const CREATED: Created = Created { hash: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };

pub async fn run(arguments: Arguments) -> Result<ExitCode> {
    serve(arguments.listen, Router::new().route("/payout/create", post(create))).await
}

pub async fn serve(address: SocketAddr, router: Router) -> Result<ExitCode> {
    let listener = TcpListener::bind(address).await?.tap_io(|stream| {
        // Otherwise the second half of a response may wait for an acknowledgement; best effort is enough.
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, router).await?;
    Ok(ExitCode::SUCCESS)
}

async fn create(Json(body): Json<Create>) -> (StatusCode, Json<Created>) {
    // Used, so that the compiler cannot remove the parsing.
    std::hint::black_box((body.email, body.amount));
    (StatusCode::CREATED, Json(CREATED))
}
