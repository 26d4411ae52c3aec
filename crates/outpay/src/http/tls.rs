//! HTTPS: certificate and key from PEM files, TLS 1.2 and 1.3 by rustls, HTTP/2 or HTTP/1.1 as the client prefers. The files are
//! read again when they change, and at a SIGHUP; connections that exist keep the certificate that they began with.

use crate::private_files;
use crate::store::Failure;
use anyhow::Context;
use ledger::Micros;
use parking_lot::{Mutex, RwLock};
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use x509_cert::der::Decode;

/// HTTP/2 in the negotiation of protocols (RFC 9113, 3.2).
pub(super) const H2: &[u8] = b"h2";

/// A certificate that can be replaced while the server runs.
pub struct Certificate {
    certificate: PathBuf,
    key: PathBuf,
    current: RwLock<TlsAcceptor>,
    seen: Mutex<Stamps>,
}

/// By which a change of the files is noticed, without reading them.
type Stamps = [Option<(Option<SystemTime>, u64, u64)>; 2];

impl Certificate {
    /// Reads the files and checks that they fit each other.
    ///
    /// # Errors
    /// Names the file that cannot be used.
    pub(super) fn read(certificate: PathBuf, key: PathBuf) -> Result<Self, Failure> {
        let seen = Mutex::new(stamps(&certificate, &key));
        let current = RwLock::new(acceptor(&certificate, &key)?);
        Ok(Self { certificate, key, current, seen })
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        self.current.read().clone()
    }

    /// Reads the files again. Where they cannot be used, the log says why, and the certificate before stays in use.
    pub(crate) fn read_again(&self) {
        // Before reading, so that a change meanwhile is noticed.
        *self.seen.lock() = stamps(&self.certificate, &self.key);
        match acceptor(&self.certificate, &self.key) {
            Ok(new) => {
                *self.current.write() = new;
                tracing::info!("the certificate was read again");
            }
            Err(failure) => tracing::error!(
                error = format!("{failure:#}"),
                "the certificate could not be read again; the one before stays in use"
            ),
        }
    }

    /// The same, if a file has changed.
    pub(super) fn read_if_changed(&self) {
        if *self.seen.lock() != stamps(&self.certificate, &self.key) {
            self.read_again();
        }
    }
}

fn stamps(certificate: &Path, key: &Path) -> Stamps {
    [certificate, key].map(|path| {
        let found = std::fs::metadata(path).ok()?;
        Some((found.modified().ok(), found.len(), inode(&found)))
    })
}

/// A file that is replaced by another has another number.
#[cfg(unix)]
fn inode(found: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(found)
}

#[cfg(not(unix))]
fn inode(_found: &Metadata) -> u64 {
    0
}

/// When the first certificate of a chain holds, in microseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertificateLife {
    pub begins: Micros,
    pub ends: Micros,
}

/// Reads the files as a server would, and when the certificate holds.
///
/// # Errors
/// When a server could not use them.
pub fn certificate_life(certificate: &Path, key: &Path) -> Result<CertificateLife, Failure> {
    drop(acceptor(certificate, key)?);
    let first = CertificateDer::from_pem_file(certificate)?;
    let read = x509_cert::Certificate::from_der(&first)
        .with_context(|| format!("--tls-cert {} cannot be read", certificate.display()))?;
    let validity = read.tbs_certificate.validity;
    let micros = |time: x509_cert::time::Time| {
        Micros::try_from(time.to_unix_duration().as_micros()).unwrap_or(Micros::MAX)
    };
    Ok(CertificateLife { begins: micros(validity.not_before), ends: micros(validity.not_after) })
}

fn acceptor(certificate: &Path, key: &Path) -> Result<TlsAcceptor, Failure> {
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| format!("--tls-cert {} is not a PEM certificate", certificate.display()))?;
    private_files::check_key_file(key).context("--tls-key")?;
    let key = PrivateKeyDer::from_pem_file(key)
        .with_context(|| format!("--tls-key {} is not a PEM private key", key.display()))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .context("--tls-cert and --tls-key do not fit each other")?;
    config.alpn_protocols = vec![H2.to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes a new certificate and its key.
    fn write(folder: &Path) -> (PathBuf, PathBuf) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
        std::fs::write(&certificate, made.cert.pem()).unwrap();
        std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        #[cfg(unix)]
        std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        (certificate, key)
    }

    #[test]
    fn a_changed_file_is_read_and_a_broken_one_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = write(folder.path());
        let tls = Certificate::read(certificate.clone(), key).unwrap();
        let now = || Arc::as_ptr(tls.acceptor().config());
        let first = now();
        tls.read_if_changed();
        assert_eq!(now(), first, "nothing has changed");

        std::fs::write(&certificate, "half a certificate").unwrap();
        tls.read_if_changed();
        assert_eq!(now(), first, "the one before stays in use");

        std::fs::remove_file(&certificate).unwrap();
        write(folder.path());
        tls.read_if_changed();
        let second = now();
        assert_ne!(second, first);
        tls.read_again();
        assert_ne!(now(), second, "also without a change, as a SIGHUP asks for");
    }
}
