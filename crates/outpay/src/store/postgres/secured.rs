//! How connections to PostgreSQL are secured: what a URL says about TLS (`sslmode`, `sslrootcert`, `sslcert`, `sslkey`, as libpq
//! reads them), and the connector that all connections are made with. Not here: what a connection is set to (session.rs).
//!
//! Invariant: to another host the server proves by its certificate that it is the one that the URL names (verify-full), unless the
//! URL says otherwise. The default is stricter than libpq's, because the connection carries balances and digests of credentials.

use super::super::Failure;
use crate::private_files;
use anyhow::Context;
use percent_encoding::percent_decode_str;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Client, Config};
use tokio_postgres_rustls::MakeRustlsConnect;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error as TlsError, RootCertStore, SignatureScheme,
};

/// How a connection is secured, from the weakest to the strongest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsMode {
    /// In plain.
    Disable,
    /// Encrypted if the server can, to any server.
    Prefer,
    /// Encrypted, to any server.
    Require,
    /// Encrypted, to a server with a certificate of a known authority.
    VerifyCa,
    /// Encrypted, to the server with a certificate for this host name.
    VerifyFull,
}

impl TlsMode {
    const ALL: [Self; 5] = [Self::Disable, Self::Prefer, Self::Require, Self::VerifyCa, Self::VerifyFull];

    /// As `sslmode` names it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }
}

/// How the connections of a process are secured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionSecurity {
    pub mode: TlsMode,
    /// The server is on this machine.
    pub is_local: bool,
    /// Version of TLS and cipher; `None` where the connection is in plain.
    pub encrypted: Option<String>,
}

/// What a URL says.
pub(super) struct Secured {
    pub(super) config: Config,
    pub(super) mode: TlsMode,
    pub(super) is_local: bool,
    pub(super) connector: MakeRustlsConnect,
}

#[derive(Default)]
struct TlsOptions {
    mode: Option<TlsMode>,
    roots: Option<PathBuf>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
}

impl Secured {
    /// Reads a `postgres://` URL, and the files that it names.
    ///
    /// # Errors
    /// When it cannot be read, or a file cannot be used.
    pub(super) fn read(url: &str) -> Result<Self, Failure> {
        let (rest, options) = split(url)?;
        // The parser's own error may quote the password.
        let mut config =
            Config::from_str(&rest).map_err(|_| anyhow::anyhow!("the postgres:// URL cannot be read"))?;
        let mode = mode_of(&config, &options);
        config.ssl_mode(match mode {
            TlsMode::Disable => SslMode::Disable,
            TlsMode::Prefer => SslMode::Prefer,
            TlsMode::Require | TlsMode::VerifyCa | TlsMode::VerifyFull => SslMode::Require,
        });
        let connector = MakeRustlsConnect::new(client_config(mode, &options)?);
        let is_local = is_local(&config);
        Ok(Self { config, mode, is_local, connector })
    }

    /// A connection that is not set up: what is wrong with the server is told before what is wrong with a setting.
    pub(super) async fn connect(&self) -> Result<Client, Failure> {
        let connected = self.config.connect(self.connector.clone()).await;
        let (client, connection) = connected.map_err(|error| explained(error.into()))?;
        tokio::spawn(connection);
        Ok(client)
    }
}

/// Takes what is about TLS out of the URL. The query begins behind the host: a password may contain a question mark.
fn split(url: &str) -> Result<(String, TlsOptions), Failure> {
    let host = url.find('@').map_or(0, |at| at + 1);
    let Some(query) = url[host..].find('?').map(|at| host + at) else {
        return Ok((url.to_owned(), TlsOptions::default()));
    };
    let (mut options, mut rest) = (TlsOptions::default(), Vec::new());
    for pair in url[query + 1..].split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let text = || percent_decode_str(value).decode_utf8_lossy().into_owned();
        match name {
            "sslmode" => options.mode = Some(mode_named(&text())?),
            "sslrootcert" => options.roots = Some(text().into()),
            "sslcert" => options.certificate = Some(text().into()),
            "sslkey" => options.key = Some(text().into()),
            _ => rest.push(pair),
        }
    }
    let mut plain = url[..query].to_owned();
    if !rest.is_empty() {
        plain.push('?');
        plain.push_str(&rest.join("&"));
    }
    Ok((plain, options))
}

fn mode_named(text: &str) -> Result<TlsMode, Failure> {
    let all = TlsMode::ALL.map(TlsMode::word).join(", ");
    let found = TlsMode::ALL.into_iter().find(|mode| mode.word() == text);
    found.with_context(|| format!("`sslmode` in the postgres:// URL must be one of: {all}"))
}

fn mode_of(config: &Config, options: &TlsOptions) -> TlsMode {
    let hosts = config.get_hosts();
    // A socket of this machine does not leave it, and TLS over it has no host name to verify.
    if !hosts.is_empty() && hosts.iter().all(|host| !matches!(host, Host::Tcp(_))) {
        return TlsMode::Disable;
    }
    match options.mode {
        None if is_local(config) && options.roots.is_none() => TlsMode::Disable,
        None => TlsMode::VerifyFull,
        // As libpq does: an authority that is named is meant to be checked.
        Some(TlsMode::Require) if options.roots.is_some() => TlsMode::VerifyCa,
        Some(mode) => mode,
    }
}

fn is_local(config: &Config) -> bool {
    let addresses = config.get_hostaddrs();
    if !addresses.is_empty() {
        return addresses.iter().all(IpAddr::is_loopback);
    }
    config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => {
            name.eq_ignore_ascii_case("localhost")
                || name.parse().is_ok_and(|address: IpAddr| address.is_loopback())
        }
        Host::Unix(_) => true,
    })
}

fn client_config(mode: TlsMode, options: &TlsOptions) -> Result<ClientConfig, Failure> {
    let provider = Arc::new(ring::default_provider());
    let builder =
        ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
    let verified = match mode {
        TlsMode::VerifyFull => builder.with_root_certificates(roots(options.roots.as_deref())?),
        mode => {
            let authority = match mode {
                TlsMode::VerifyCa => Some(authority(roots(options.roots.as_deref())?, &provider)?),
                _ => None,
            };
            let verifier = Arc::new(AnyName { authority, provider });
            builder.dangerous().with_custom_certificate_verifier(verifier)
        }
    };
    match (&options.certificate, &options.key) {
        (None, None) => Ok(verified.with_no_client_auth()),
        (Some(certificate), Some(key)) => {
            private_files::check_key_file(key).context("`sslkey` in the postgres:// URL")?;
            let key = PrivateKeyDer::from_pem_file(key)
                .with_context(|| format!("`sslkey` {} is not a PEM private key", key.display()))?;
            verified
                .with_client_auth_cert(certificates(certificate, "sslcert")?, key)
                .context("`sslcert` and `sslkey` in the postgres:// URL do not fit each other")
        }
        _ => anyhow::bail!("`sslcert` and `sslkey` in the postgres:// URL go together"),
    }
}

fn certificates(file: &Path, name: &str) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let read = read.with_context(|| format!("`{name}` {} is not a PEM certificate", file.display()))?;
    anyhow::ensure!(!read.is_empty(), "`{name}` {} holds no certificate", file.display());
    Ok(read)
}

/// The authorities that may vouch for the server: those of the file, or the system's.
fn roots(file: Option<&Path>) -> Result<RootCertStore, Failure> {
    let mut roots = RootCertStore::empty();
    match file {
        Some(file) if file != Path::new("system") => {
            for certificate in certificates(file, "sslrootcert")? {
                roots.add(certificate).context("`sslrootcert` in the postgres:// URL")?;
            }
        }
        _ => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    anyhow::ensure!(
        !roots.is_empty(),
        "this machine trusts no authority that could vouch for PostgreSQL; name one with sslrootcert=FILE in the URL"
    );
    Ok(roots)
}

fn authority(
    roots: RootCertStore,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, Failure> {
    let builder = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
    Ok(builder.build()?)
}

/// Accepts a certificate for any name: of the authority, or of any. Only for the modes that ask for it.
#[derive(Debug)]
struct AnyName {
    authority: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        let Some(authority) = &self.authority else { return Ok(ServerCertVerified::assertion()) };
        match authority.verify_server_cert(certificate, between, name, ocsp, now) {
            // The name is judged last, so all else has been found right.
            Err(TlsError::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            judged => judged,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Says what to do about a connection that failed for its security.
fn explained(failure: Failure) -> Failure {
    let told = failure.chain().map(ToString::to_string).collect::<Vec<_>>().join(": ");
    let advice = if told.contains("NotValidForName") || told.contains("not valid for name") {
        "its certificate is for another host name; connect by a name that it is for, or set sslmode=verify-ca in the URL"
    // A bad signature is that of another authority with the same name.
    } else if told.contains("UnknownIssuer") || told.contains("BadSignature") {
        "its certificate is of no known authority; name the authority with sslrootcert=FILE in the URL"
    } else if told.contains("server does not support TLS") {
        "it does not encrypt; turn `ssl` on there, or, in a network that is yours alone, set sslmode=disable in the URL"
    } else {
        return failure.context("cannot connect to PostgreSQL");
    };
    failure.context(advice).context("cannot connect to PostgreSQL securely")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(url: &str) -> TlsMode {
        let (rest, options) = split(url).unwrap();
        mode_of(&Config::from_str(&rest).unwrap(), &options)
    }

    #[test]
    fn other_hosts_are_verified_unless_the_url_says_otherwise() {
        for (url, expected) in [
            ("postgres://u@db.example.com/outpay", TlsMode::VerifyFull),
            ("postgres://u@10.0.0.1:5432/outpay", TlsMode::VerifyFull),
            ("postgres://u@localhost,db.example.com/outpay", TlsMode::VerifyFull),
            ("postgres://u@localhost/outpay?hostaddr=10.0.0.1", TlsMode::VerifyFull),
            ("postgres://u@db.example.com/outpay?hostaddr=127.0.0.1", TlsMode::Disable),
            ("postgres://u@localhost/outpay", TlsMode::Disable),
            ("postgres://u@127.0.0.1/outpay", TlsMode::Disable),
            ("postgres://u@%2Frun%2Fpostgresql/outpay", TlsMode::Disable),
            ("postgres://u@%2Frun%2Fpostgresql/outpay?sslmode=require", TlsMode::Disable),
            ("postgres://u@localhost/outpay?sslmode=verify-full", TlsMode::VerifyFull),
            ("postgres://u@localhost/outpay?sslrootcert=ca.pem", TlsMode::VerifyFull),
            ("postgres://u@db.example.com/outpay?sslmode=disable", TlsMode::Disable),
            ("postgres://u@db.example.com/outpay?sslmode=prefer", TlsMode::Prefer),
            ("postgres://u@db.example.com/outpay?sslmode=require", TlsMode::Require),
            ("postgres://u@db.example.com/outpay?sslmode=require&sslrootcert=ca.pem", TlsMode::VerifyCa),
            ("postgres://u@db.example.com/outpay?sslmode=verify-ca", TlsMode::VerifyCa),
        ] {
            assert_eq!(mode(url), expected, "{url}");
        }
        assert!(split("postgres://u@h/outpay?sslmode=allow").is_err());
    }

    #[test]
    fn the_rest_of_a_url_stays_as_it_was() {
        let (rest, options) =
            split("postgres://u:a?sslmode=b@h/x?connect_timeout=3&sslmode=require&sslcert=a%20b").unwrap();
        assert_eq!(rest, "postgres://u:a?sslmode=b@h/x?connect_timeout=3");
        assert_eq!((options.mode, options.certificate), (Some(TlsMode::Require), Some("a b".into())));
    }

    #[test]
    fn files_that_cannot_be_used_are_named() {
        let url = |rest: &str| format!("postgres://u:hunter2@db.example.com/x?{rest}");
        for (rest, says) in [
            ("sslrootcert=/nowhere/ca.pem", "`sslrootcert` /nowhere/ca.pem"),
            ("sslmode=require&sslcert=/nowhere/c.pem", "go together"),
            ("sslmode=require&sslcert=/nowhere/c.pem&sslkey=/nowhere/k.pem", "/nowhere/k.pem"),
        ] {
            let failure = Secured::read(&url(rest)).err().map(|failure| format!("{failure:#}"));
            let failure = failure.expect("it is refused");
            assert!(failure.contains(says) && !failure.contains("hunter2"), "{failure}");
        }
    }
}
