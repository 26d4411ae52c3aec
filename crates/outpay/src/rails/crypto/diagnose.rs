//! Are the nodes there, of the configured chain, and is there a coin for fees? For `outpay doctor`.

use super::CryptoRail;
use super::chain::Chain;
use super::config::Finality;
use super::rpc::At;
use crate::rails::Diagnosis;
use crate::store::Failure;
use anyhow::Context;

impl CryptoRail {
    pub(super) async fn diagnosis(&self) -> Diagnosis {
        let mut found = Diagnosis::default();
        for (number, chain) in self.nodes.all() {
            let which = if number == 1 { "the node".to_owned() } else { format!("node {number}") };
            self.ask(&which, chain, &mut found).await;
        }
        if matches!(self.finality, Finality::Finalized) {
            let answers = self.nodes.ask(|chain| Box::pin(finalized(chain)));
            if let Err(failure) = answers.await.enough(self.nodes.agree) {
                found.faults.push(format!("no block is final, as `finality` wants it: {failure:#}"));
            }
        }
        found
    }

    async fn ask(&self, which: &str, chain: &Chain, found: &mut Diagnosis) {
        if chain.rpc.is_open() {
            found.warnings.push(format!(
                "{which} is another machine and is asked by http: answers can be read and changed on the way; use https"
            ));
        }
        let holdings = async {
            chain.check().await?;
            chain.holdings(At::Latest).await
        };
        match holdings.await {
            Err(failure) => found.faults.push(format!("{which} cannot be used: {failure:#}")),
            Ok(holdings) if holdings.coins.is_zero() => found.warnings.push(format!(
                "the treasury {} has no coin of the chain for fees",
                chain.treasury.to_checksum(None)
            )),
            Ok(_) => found.facts.push(format!("{which} answers for chain {}", chain.id)),
        }
    }
}

/// The newest block that is final.
pub(super) async fn finalized(chain: &Chain) -> Result<u64, Failure> {
    let block = chain.rpc.block(At::Finalized).await?;
    Ok(block.context("the node knows no finalized block")?.number)
}
