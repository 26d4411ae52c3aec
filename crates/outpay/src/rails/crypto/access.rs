//! The secrets of a rail, from where its configuration points: the nodes' addresses and who signs. Invariant: no secret is in
//! an error.

use super::CryptoConfig;
use super::config::SignerConfig;
use super::signer::{RemoteAccess, Signer};
use super::treasury::Treasury;
use crate::named_secrets;
use crate::private_files;
use crate::rails::client::RailClient;
use crate::store::Failure;
use anyhow::{Context, anyhow, bail, ensure};
use secrecy::{ExposeSecret, SecretString};

/// Who signs, before there is a client to ask a remote signer with.
pub(super) enum KeySource {
    Key(Treasury),
    Remote(RemoteAccess),
}

impl KeySource {
    pub fn with(self, client: &RailClient) -> Signer {
        match self {
            Self::Key(treasury) => Signer::Key(treasury),
            Self::Remote(access) => Signer::remote(client.clone(), access),
        }
    }
}

/// The secrets of a rail: who signs, and the addresses of the nodes.
pub struct ChainAccess {
    pub(super) signing: KeySource,
    pub(super) nodes: Vec<SecretString>,
}

impl ChainAccess {
    /// With the private key in hexadecimal, with or without `0x`.
    ///
    /// # Errors
    /// When it is no key.
    pub fn new(rpc_url: SecretString, key: &SecretString) -> Result<Self, Failure> {
        Ok(Self { signing: KeySource::Key(Treasury::from_hex(key)?), nodes: vec![rpc_url] })
    }

    /// The same with another node.
    #[must_use]
    pub fn with_second(mut self, rpc_url: SecretString) -> Self {
        self.nodes.push(rpc_url);
        self
    }

    /// The same with a remote signer in place of the key.
    ///
    /// # Errors
    /// When its address or its account cannot be read.
    pub fn with_signer(self, config: &SignerConfig, token: Option<SecretString>) -> Result<Self, Failure> {
        Ok(Self { signing: KeySource::Remote(remote(config, token)?), ..self })
    }

    /// As the configuration says; `environment` gives the value of a variable, or of the one that names its file.
    ///
    /// # Errors
    /// When something is missing or cannot be read. No secret is in the error.
    pub fn load(
        config: &CryptoConfig,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, Failure> {
        let variable = |name: &str| {
            let value = named_secrets::require(name, environment)?;
            Ok::<_, Failure>(SecretString::from(value.expose_secret().trim()))
        };
        let nodes = nodes(config, &variable)?;
        let signing = signing(config, &variable)?;
        for url in &nodes {
            let known = ["http://", "https://"].iter().any(|start| url.expose_secret().starts_with(start));
            ensure!(known, "a node's address must begin with https:// or http://");
        }
        let mut different: Vec<&str> = nodes.iter().map(ExposeSecret::expose_secret).collect();
        different.sort_unstable();
        different.dedup();
        ensure!(different.len() == nodes.len(), "a node is named twice: the first node again proves nothing");
        Ok(Self { signing, nodes })
    }
}

type Variable<'a> = dyn Fn(&str) -> Result<SecretString, Failure> + 'a;

fn nodes(config: &CryptoConfig, variable: &Variable<'_>) -> Result<Vec<SecretString>, Failure> {
    let one_way = "give one of `rpc_url`, `rpc_url_env`, `rpc_urls` and `rpc_urls_env`";
    let mut nodes =
        match (&config.rpc_url, &config.rpc_url_env, config.rpc_urls.as_slice(), &config.rpc_urls_env) {
            (Some(url), None, [], None) => vec![url.clone()],
            (None, Some(name), [], None) => vec![variable(name)?],
            (None, None, [], Some(name)) => {
                let list = variable(name)?;
                list.expose_secret().split_whitespace().map(SecretString::from).collect()
            }
            (None, None, urls @ [_, ..], None) => urls.to_vec(),
            _ => bail!(one_way),
        };
    ensure!(!nodes.is_empty(), "`rpc_urls_env` names a variable without an address");
    nodes.extend(match (&config.second_rpc_url, &config.second_rpc_url_env) {
        (None, None) => None,
        (Some(url), None) => Some(url.clone()),
        (None, Some(name)) => Some(variable(name)?),
        _ => bail!("give either `second_rpc_url` or `second_rpc_url_env`"),
    });
    Ok(nodes)
}

fn signing(config: &CryptoConfig, variable: &Variable<'_>) -> Result<KeySource, Failure> {
    match (&config.key_env, &config.keystore, &config.keystore_password_env, &config.signer) {
        (Some(name), None, None, None) => {
            let treasury = Treasury::from_hex(&variable(name)?);
            Ok(KeySource::Key(treasury.with_context(|| format!("reading {name}"))?))
        }
        (None, Some(path), Some(name), None) => {
            let shown = path.display();
            ensure!(
                !private_files::others_can_read(path),
                "the keystore {shown} can be read by others; run: chmod 600 {shown}"
            );
            Ok(KeySource::Key(Treasury::from_keystore(path, &variable(name)?)?))
        }
        (None, None, None, Some(signer)) => {
            let token = signer.token_env.as_deref().map(variable).transpose()?;
            Ok(KeySource::Remote(remote(signer, token)?))
        }
        _ => bail!("give one of `key_env`, `keystore` with `keystore_password_env`, and a `signer`"),
    }
}

fn remote(config: &SignerConfig, token: Option<SecretString>) -> Result<RemoteAccess, Failure> {
    let url = reqwest::Url::parse(&config.url).map_err(|_| anyhow!("the `url` of `signer` is no address"))?;
    let known = ["http", "https"].contains(&url.scheme());
    ensure!(known, "the `url` of `signer` must begin with https:// or http://");
    let is_plain = url.username().is_empty() && url.password().is_none();
    ensure!(is_plain, "the `url` of `signer` must hold no password: use `token_env`");
    let address = super::address::parse(&config.address)
        .map_err(|sentence| anyhow!("the `address` of `signer`: {}", sentence.english()))?;
    Ok(RemoteAccess { url: SecretString::from(config.url.as_str()), token, address })
}
