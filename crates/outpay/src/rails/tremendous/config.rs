//! The configuration of a Tremendous rail, and where its secrets come from. Not here: reading the file.

use crate::named_secrets;
use crate::rails::RailText;
use crate::store::Failure;
use anyhow::{Context, ensure};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

const PRODUCTION: &str = "https://api.tremendous.com";
const SANDBOX: &str = "https://testflight.tremendous.com";

/// `[rails.tremendous.<name>]`: one funding source, and what people can choose for its money.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TremendousConfig {
    /// The environment variable that holds the API key.
    pub api_key_env: String,
    /// The environment variable that holds the private key of the webhook. Without it, no notices are taken.
    pub webhook_key_env: Option<String>,
    /// The funding source that pays; its id, so that what is available there can be read.
    pub funding_source_id: String,
    /// The campaign, which decides how a reward looks.
    pub campaign_id: Option<String>,
    /// The provider's address; `sandbox` is that of its sandbox, in which no money moves.
    #[serde(default = "production")]
    pub base_url: String,
    /// Only products for these countries (ISO 3166-1 alpha-2); empty: for all.
    #[serde(default)]
    pub countries: Vec<String>,
    /// Only products of these categories, for example `paypal`; empty: of all.
    #[serde(default)]
    pub categories: Vec<String>,
    /// Only products with these ids; empty: all.
    #[serde(default)]
    pub products: Vec<String>,
    /// For people.
    #[serde(default = "default_title")]
    pub title: String,
    /// For people, for example `a few seconds`.
    #[serde(default = "default_expected_time")]
    pub expected_time: String,
    /// Seconds that a call may take.
    #[serde(default = "default_timeout")]
    pub timeout_seconds: u64,
}

fn production() -> String {
    PRODUCTION.to_owned()
}

fn default_title() -> String {
    RailText::code("tremendous").english()
}

fn default_expected_time() -> String {
    RailText::code("few_seconds").english()
}

fn default_timeout() -> u64 {
    20
}

/// Tremendous numbers everything so.
pub(super) fn is_id(text: &str) -> bool {
    (4..=20).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

impl TremendousConfig {
    /// Checks what can be checked without the provider.
    ///
    /// # Errors
    /// The first thing that is wrong, in words for the operator.
    pub fn check(&self) -> Result<(), Failure> {
        let is_magic = ["BALANCE", "INVOICE"].contains(&self.funding_source_id.as_str());
        ensure!(
            is_id(&self.funding_source_id) && !is_magic,
            "`funding_source_id` must be the id of a funding source"
        );
        ensure!(self.campaign_id.as_deref().is_none_or(is_id), "`campaign_id` must be the id of a campaign");
        ensure!(self.products.iter().all(|id| is_id(id)), "`products` must be a list of ids of products");
        let is_country =
            |text: &String| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase());
        ensure!(self.countries.iter().all(is_country), "`countries` must be codes of two capital letters");
        let is_word = |text: &String| {
            !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        };
        ensure!(self.categories.iter().all(is_word), "`categories` must be words such as merchant_card");
        ensure!(self.timeout_seconds >= 1, "`timeout_seconds` must be at least 1");
        self.base().map(drop)
    }

    /// Scheme, host and path in front of `/api/v2`.
    pub(super) fn base(&self) -> Result<String, Failure> {
        let base = if self.base_url == "sandbox" { SANDBOX } else { &self.base_url };
        let url = Url::parse(base).context("`base_url` is no address")?;
        let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();
        let is_plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        ensure!(is_web && is_plain, "`base_url` must be an address as https://host");
        Ok(base.trim_end_matches('/').to_owned())
    }
}

/// The secrets of a rail.
pub struct TremendousAccess {
    pub(super) api_key: SecretString,
    pub(super) webhook_key: Option<SecretString>,
}

impl TremendousAccess {
    /// With these keys.
    #[must_use]
    pub fn new(api_key: SecretString, webhook_key: Option<SecretString>) -> Self {
        Self { api_key, webhook_key }
    }

    /// As the configuration says; `environment` gives the value of a variable, or of the one that names its file.
    ///
    /// # Errors
    /// When something is missing, or a key is of the other environment. No secret is in the error.
    pub fn load(
        config: &TremendousConfig,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, Failure> {
        let secret = |name: &str| {
            let value = named_secrets::require(name, environment)?;
            let value = value.expose_secret().trim();
            let is_visible = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_graphic());
            ensure!(is_visible, "{name} holds no key");
            Ok::<_, Failure>(SecretString::from(value))
        };
        let api_key = secret(&config.api_key_env)?;
        // Keys say for which environment they are. A key of the wrong one would be refused with every payment.
        let (is_test, is_production) =
            (api_key.expose_secret().starts_with("TEST_"), api_key.expose_secret().starts_with("PROD_"));
        let name = &config.api_key_env;
        let is_sandbox = config.base()? == SANDBOX;
        let is_live = config.base()? == PRODUCTION;
        ensure!(!(is_live && is_test), "{name} is a key of the sandbox; set `base_url = \"sandbox\"`");
        ensure!(!(is_sandbox && is_production), "{name} is a key of production; remove `base_url`");
        let webhook_key = config.webhook_key_env.as_deref().map(secret).transpose()?;
        Ok(Self { api_key, webhook_key })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SANDBOXED: &str = "base_url = \"sandbox\"";

    fn config(more: &str) -> Result<TremendousConfig, Failure> {
        let text = format!("api_key_env = \"KEY\"\nfunding_source_id = \"FUND1234\"\n{more}");
        let config: TremendousConfig = toml::from_str(&text)?;
        config.check().map(|()| config)
    }

    #[test]
    fn the_address_is_of_production_unless_said_otherwise() {
        let base = |more: &str| config(more).unwrap().base().unwrap();
        assert_eq!(base(""), PRODUCTION);
        assert_eq!(base("base_url = \"sandbox\""), SANDBOX);
        assert_eq!(base("base_url = \"http://127.0.0.1:9/x/\""), "http://127.0.0.1:9/x");
    }

    #[test]
    fn what_cannot_work_is_named() {
        let cases = [
            ("base_url = \"ftp://127.0.0.1\"", "`base_url`"),
            ("base_url = \"https://user@host\"", "`base_url`"),
            ("countries = [\"usa\"]", "`countries`"),
            ("categories = [\"PayPal\"]", "`categories`"),
            ("products = [\"a/b\"]", "`products`"),
            ("campaign_id = \"../x\"", "`campaign_id`"),
            ("timeout_seconds = 0", "`timeout_seconds`"),
            ("currency = \"EUR\"", "unknown field"),
        ];
        for (more, expected) in cases {
            let refused = format!("{:#}", config(more).unwrap_err());
            assert!(refused.contains(expected), "{more}: {refused}");
        }
        let magic: TremendousConfig =
            toml::from_str("api_key_env = \"KEY\"\nfunding_source_id = \"BALANCE\"").unwrap();
        assert!(magic.check().is_err());
    }

    #[test]
    fn a_key_of_the_other_environment_is_refused_and_not_shown() {
        let load = |more: &str, key: &'static str| {
            let environment = move |name: &str| (name == "KEY").then(|| key.to_owned());
            TremendousAccess::load(&config(more).unwrap(), &environment).map(drop)
        };
        assert!(load("", "PROD_abc").is_ok() && load(SANDBOXED, "TEST_abc").is_ok());
        for (more, key) in [("", "TEST_abc"), (SANDBOXED, "PROD_abc"), ("", " "), ("", "a\nb")] {
            let refused = format!("{:#}", load(more, key).unwrap_err());
            assert!(refused.contains("KEY") && !refused.contains("abc"), "{refused}");
        }
    }
}
