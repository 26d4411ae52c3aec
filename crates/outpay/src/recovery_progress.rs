//! How far the recovery of a database has come: which rails' books were read, and which transfers are still unassigned. Not
//! here: reading and assigning them (recovery/).

use crate::store::{Assigned, Failure, Store, TreasuryScan, UnmatchedTransfer};

#[derive(Debug)]
pub struct RecoveryProgress {
    /// The rails whose books must be read, or were.
    pub scans: Vec<TreasuryScan>,
    /// Transfers in those books that no attempt made.
    pub transfers: Vec<UnmatchedTransfer>,
}

impl RecoveryProgress {
    pub async fn load(store: &Store) -> Result<Self, Failure> {
        Ok(Self { scans: store.treasury_scans().await?, transfers: store.unmatched_transfers().await? })
    }

    /// The reasons why payments stay paused; empty when the recovery is complete.
    #[must_use]
    pub fn open(&self) -> Vec<String> {
        let unread = self.scans.iter().filter(|scan| !scan.is_done()).map(|scan| {
            format!(
                "the transfers by {} were not read yet: outpay recover scan, or outpay recover skip {}",
                scan.rail, scan.rail
            )
        });
        let open = self.transfers.iter().filter(|found| found.assigned == Assigned::Open).map(|found| {
            let of = &found.outgoing;
            let amount =
                of.cents.map_or_else(|| format!("{} units", of.units), |cents| format!("{} cents", cents.0));
            format!("{}: {amount} to {} in {} is not assigned", found.rail, of.destination, of.transfer)
        });
        unread.chain(open).collect()
    }
}
