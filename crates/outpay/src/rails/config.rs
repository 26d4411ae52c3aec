//! `[rails…]` of the configuration file: one field per kind of rail that is configured. Not here: reading the file
//! (`crate::config`), and what each rail's table holds (the rail's own file).

use super::KINDS;
use super::ach::AchConfig;
use super::crypto::CryptoConfig;
use super::gift_card::GiftCardConfig;
use super::limits::Limits;
use super::manual::ManualConfig;
use super::paypal::PaypalConfig;
use super::sepa::SepaConfig;
use super::tremendous::TremendousConfig;
use super::tron::TronConfig;
use crate::store::Failure;
use anyhow::{Context, ensure};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The rails of live mode.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RailsConfig {
    /// `[rails.crypto.<name>]`
    pub crypto: BTreeMap<String, CryptoConfig>,
    /// `[rails.tron.<name>]`
    pub tron: BTreeMap<String, TronConfig>,
    /// `[rails.manual.<name>]`
    pub manual: BTreeMap<String, ManualConfig>,
    /// `[rails.sepa.<name>]`
    pub sepa: BTreeMap<String, SepaConfig>,
    /// `[rails.ach.<name>]`
    pub ach: BTreeMap<String, AchConfig>,
    /// `[rails.paypal.<name>]`
    pub paypal: BTreeMap<String, PaypalConfig>,
    /// `[rails.tremendous.<name>]`
    pub tremendous: BTreeMap<String, TremendousConfig>,
    /// `[rails.gift_card]`
    pub gift_card: GiftCardConfig,
    /// `[rails.limits.<method>]`
    pub limits: BTreeMap<String, Limits>,
}

impl RailsConfig {
    /// Is a secret in it, and not only the name of a variable or a file?
    #[must_use]
    pub fn holds_secret(&self) -> bool {
        self.crypto.values().any(CryptoConfig::holds_secret)
            || self.tron.values().any(TronConfig::holds_secret)
    }

    /// Checks what the parser cannot: names, and what each kind requires of its table.
    ///
    /// # Errors
    /// The first thing that is wrong, in words for the operator.
    pub fn check(&self) -> Result<(), Failure> {
        let tables = self.tables();
        let mut names: Vec<&str> = tables.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        for name in &names {
            let fits =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
            ensure!(
                (1..=40).contains(&name.len()) && name.bytes().all(fits),
                "the rail {name:?} must be named with 1 to 40 lower-case letters, digits, dashes"
            );
            let is_taken = KINDS.iter().any(|kind| kind.fixed_names.contains(name));
            ensure!(!is_taken, "the name {name:?} is taken by a rail that is always there");
        }
        let twice = names.windows(2).find(|pair| pair[0] == pair[1]);
        ensure!(twice.is_none(), "two rails have one name: {twice:?}");
        for (name, checked) in tables {
            checked.with_context(|| format!("the rail {name:?}"))?;
        }
        for (name, limits) in &self.limits {
            limits.check().with_context(|| format!("the limits of {name:?}"))?;
        }
        Ok(())
    }

    /// Every named table, and what its kind says of it.
    fn tables(&self) -> Vec<Checked<'_>> {
        let tables = [
            of_kind(&self.manual, ManualConfig::check),
            of_kind(&self.crypto, |table| table.check().map(drop)),
            of_kind(&self.sepa, SepaConfig::check),
            of_kind(&self.ach, AchConfig::check),
            of_kind(&self.paypal, PaypalConfig::check),
            of_kind(&self.tremendous, TremendousConfig::check),
            of_kind(&self.tron, |table| table.check().map(drop)),
        ];
        tables.into_iter().flatten().collect()
    }
}

/// A table's name, and whether it is as its kind requires.
type Checked<'a> = (&'a str, Result<(), Failure>);

fn of_kind<T>(tables: &BTreeMap<String, T>, check: impl Fn(&T) -> Result<(), Failure>) -> Vec<Checked<'_>> {
    tables.iter().map(|(name, table)| (name.as_str(), check(table))).collect()
}
