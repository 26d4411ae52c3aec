//! Are the nodes there, of the configured chain, and is there a coin for fees? For `outpay doctor`.

use super::CryptoRail;
use super::chain::Chain;
use super::rpc::At;
use crate::rails::Diagnosis;

impl CryptoRail {
    pub(super) async fn diagnosis(&self) -> Diagnosis {
        let mut found = Diagnosis::default();
        self.ask("the node", &self.chain, &mut found).await;
        if let Some(second) = &self.second {
            self.ask("the second node", second, &mut found).await;
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
