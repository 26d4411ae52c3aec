//! The load that a crash interrupts: creates over several connections, until the server is gone.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use anyhow::{Result, ensure};
use tokio::task::JoinSet;

use super::books::Reader;
use super::journal::Journal;
use crate::outpay::Business;

const CONNECTIONS: usize = 16;

pub struct Load {
    clients: JoinSet<Result<()>>,
    killed: Arc<AtomicBool>,
}

pub fn start(
    address: SocketAddr,
    business: &Business,
    journal: &Arc<Mutex<Journal>>,
    mut random: fastrand::Rng,
) -> Load {
    let killed = Arc::new(AtomicBool::new(false));
    let mut clients = JoinSet::new();
    for _ in 0..CONNECTIONS {
        clients.spawn(client(address, business.clone(), journal.clone(), killed.clone(), random.fork()));
    }
    Load { clients, killed }
}

impl Load {
    /// Waits until every client has lost its server. Fails if one was refused a request that must succeed.
    pub async fn finish(mut self) -> Result<()> {
        self.killed.store(true, Ordering::Relaxed);
        while let Some(ended) = self.clients.join_next().await {
            ended??;
        }
        Ok(())
    }
}

async fn client(
    address: SocketAddr,
    business: Business,
    journal: Arc<Mutex<Journal>>,
    killed: Arc<AtomicBool>,
    mut random: fastrand::Rng,
) -> Result<()> {
    let mut connection = Reader::open(address, &business).await?;
    while !killed.load(Ordering::Relaxed) {
        let (index, entry) = lock(&journal).next(&mut random)?;
        // No response, or a server error: the outcome is unknown, and this client is done.
        let Ok(answer) = connection.create(&entry).await else { break };
        ensure!(answer.status == 201 || answer.status >= 500, "{entry}: refused with {answer}");
        if answer.status != 201 {
            break;
        }
        lock(&journal).acknowledge(index, answer.body())?;
    }
    Ok(())
}

fn lock(journal: &Mutex<Journal>) -> std::sync::MutexGuard<'_, Journal> {
    journal.lock().expect("no holder of this lock panics")
}
