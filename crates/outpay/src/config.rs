//! The configuration file: which rails exist and how to reach them. `outpay.toml` in the data folder, or the file
//! given by `--config`; without one there are gift cards and, in test mode, the sandbox beside them. Not here: a business's terms
//! (database), and keys, which come from the environment or from files of their own.

use crate::mail::MailConfig;
use crate::private_files;
use crate::rails::RailsConfig;
use crate::screening::ScreeningConfig;
use crate::store::Failure;
use anyhow::Context;
use serde::Deserialize;
use std::ops::RangeInclusive;
use std::path::Path;

/// File name in the data folder.
pub const CONFIG_FILE: &str = "outpay.toml";

const CACHE_MIB: RangeInclusive<u32> = 16..=65_536;

/// The whole file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The server's public address, as in `https://pay.example.com`; links begin with it.
    pub public_url: Option<String>,
    /// Program that prints the master key, and its arguments; run without a shell.
    pub master_key_command: Option<Vec<String>>,
    /// `[sqlite]`
    pub sqlite: SqliteConfig,
    /// `[rails…]`
    pub rails: RailsConfig,
    /// `[screening]`; without it nothing is asked.
    pub screening: Option<ScreeningConfig>,
    /// `[heads]`
    pub heads: HeadsConfig,
    /// `[mail]`; without it no mail is created.
    pub mail: Option<MailConfig>,
}

/// `[heads]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HeadsConfig {
    /// URL to which signed heads are posted, if any.
    pub post_to: Option<String>,
}

/// `[sqlite]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SqliteConfig {
    /// SQLite's page cache for writing, in MiB.
    pub cache_mib: u32,
}

impl Default for SqliteConfig {
    fn default() -> Self {
        Self { cache_mib: 512 }
    }
}

impl Config {
    /// Reads `file`, or the data folder's file if it exists.
    ///
    /// # Errors
    /// When it cannot be read or parsed; the error names the line.
    pub fn load(file: Option<&Path>, data: &Path) -> Result<Self, Failure> {
        let standard = data.join(CONFIG_FILE);
        let path = match file {
            Some(path) => path,
            None if standard.exists() => &standard,
            None => return Ok(Self::default()),
        };
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the configuration {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("the configuration {} is wrong", path.display()))
    }

    /// Refuses a file with secrets that other users of the machine can read.
    ///
    /// # Errors
    /// Names the command that closes it.
    pub fn check_is_private(&self, path: &Path) -> Result<(), Failure> {
        anyhow::ensure!(
            !self.rails.holds_secret() || !private_files::others_can_read(path),
            "the configuration {0} holds the address of a node, which is a secret, and can be read by others; run: chmod 600 {0}, \
             or name a variable with `rpc_url_env`",
            path.display()
        );
        Ok(())
    }

    fn parse(text: &str) -> Result<Self, Failure> {
        // The parser's own message quotes the line, which may contain a pasted key.
        let named = |error: toml::de::Error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            anyhow::anyhow!("line {}: {}", before.matches('\n').count() + 1, error.message())
        };
        let config: Self = toml::from_str(text).map_err(named)?;
        config.rails.check()?;
        anyhow::ensure!(
            config.master_key_command.as_ref().is_none_or(|command| !command.is_empty()),
            "`master_key_command` must name a program"
        );
        anyhow::ensure!(
            CACHE_MIB.contains(&config.sqlite.cache_mib),
            "`cache_mib` in [sqlite] must be from {} to {}",
            CACHE_MIB.start(),
            CACHE_MIB.end()
        );
        if let Some(screening) = &config.screening {
            screening.check().context("[screening]")?;
        }
        if let Some(mail) = &config.mail {
            mail.check().context("[mail]")?;
        }
        config.public_url.as_deref().map_or(Ok(()), check_public_url)?;
        Ok(config)
    }
}

/// Checks that the URL has a scheme and a host, and nothing after them, because links are appended to it.
pub fn check_public_url(url: &str) -> Result<(), Failure> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let fits = rest.is_some_and(|rest| {
        !rest.is_empty()
            && !rest.contains(['?', '#', '"', '<', '>'])
            && rest.chars().all(|c| c.is_ascii_graphic())
    });
    anyhow::ensure!(fits, "`public_url` must be as in https://pay.example.com, not {url:?}");
    // Pages and their links begin at the root.
    let has_path = rest.is_some_and(|rest| rest.trim_end_matches('/').contains('/'));
    anyhow::ensure!(
        !has_path,
        "`public_url` cannot have a path, as {url:?} has: give the server a host name of its own, as in https://pay.example.com"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger::Cents;

    const CRYPTO: &str = r#"
        [rails.crypto.usdc]
        chain = "Base"
        chain_id = 8453
        currency = "USDC"
        token = "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"
        decimals = 6
        rpc_url_env = "NODE"
        key_env = "KEY""#;

    const SEPA: &str = r#"
        [rails.sepa.bank]
        debtor_name = "Example"
        iban = "DE89 3704 0044 0532 0130 00""#;

    #[test]
    fn an_empty_file_is_a_configuration_and_a_wrong_one_is_named() {
        assert_eq!(Config::parse("").unwrap().rails.gift_card.low_stock, 10);
        let heads = Config::parse("[heads]\npost_to = \"https://keep.example.com/heads\"").unwrap().heads;
        assert_eq!(heads.post_to.as_deref(), Some("https://keep.example.com/heads"));
        assert_eq!(Config::parse("[sqlite]\ncache_mib = 2048").unwrap().sqlite.cache_mib, 2048);
        let bank = Config::parse("[rails.manual.bank]\ntitle = \"Bank transfer\"").unwrap();
        assert_eq!(bank.rails.manual["bank"].fields.len(), 2);
        assert_eq!(Config::parse(CRYPTO).unwrap().rails.crypto["usdc"].confirmations, 12);
        assert_eq!(Config::parse(SEPA).unwrap().rails.sepa["bank"].execution_days, 1);
        Config::parse("public_url = \"https://pay.example.com/\"").unwrap();
        let limits = "[rails.limits.gift_card]\nper_hour = 500000\nmost_funds = 1\nexpected_minutes = 5";
        assert_eq!(Config::parse(limits).unwrap().rails.limits["gift_card"].per_hour, Some(Cents(500_000)));
        Config::parse("[screening]\nurl = \"https://screening.example.com/ask\"").unwrap();
        Config::parse("master_key_command = [\"vault\", \"read\"]").unwrap();
        for wrong in [
            "[rail]",
            "[sqlite]\ncache_mib = 0",
            "[sqlite]\ncache_mib = 70000",
            "[sqlite]\ncache = 64",
            "[heads]\npost = \"https://keep.example.com\"",
            "master_key_command = []",
            "master_key_command = \"vault read\"",
            "public_url = \"pay.example.com\"",
            "public_url = \"https://\"",
            "public_url = \"https://example.com/pay/\"",
            "public_url = \"https://pay.example.com/#\"",
            "[rails.manual.bank]",
            "[rails.manual.Bank]\ntitle = \"x\"",
            "[rails.manual.sandbox]\ntitle = \"x\"",
            "[rails.manual.bank]\ntitle = \"x\"\nfee = 1",
            "[rails.crypto.usdc]",
            "[rails.limits.usdc]\nper_minute = 1",
            "[rails.limits.usdc]\nper_hour = 0",
            "[rails.limits.usdc]\nper_day = 1.5",
            "[screening]\nurl = \"http://screening.example.com\"",
            "[screening]\ncommand = []",
            &CRYPTO.replace("0x833589", "0x833588"),
            &format!("{CRYPTO}\n[rails.manual.usdc]\ntitle = \"x\""),
            "[rails.ach.us]",
            &SEPA.replace("DE89", "DE88"),
            &SEPA.replace("sepa.bank", "sepa.Bank"),
            &format!("{SEPA}\n[rails.manual.bank]\ntitle = \"x\""),
        ] {
            assert!(Config::parse(wrong).is_err(), "{wrong}");
        }
    }
}
