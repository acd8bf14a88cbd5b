//! certs.d: the certificates that count for one registry.
//!
//! Source: containers-certs.d(5).

use crate::error::{Doing, Error, Kind, Result, invalid};
use crate::sys::file;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::{Path, PathBuf};

/// Files longer than this are no certificates.
const MAX_FILE: usize = 4 << 20;

/// What is in the directory of one registry.
#[derive(Default)]
pub(crate) struct Certs {
    /// `*.crt`: whoever signed the registry's certificate.
    pub(crate) authorities: Vec<CertificateDer<'static>>,
    /// `NAME.cert` with `NAME.key`: who we are.
    pub(crate) clients: Vec<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
}

/// The directory for a registry (host and port), in the first place that has one.
#[must_use]
pub fn directory_of(registry: &str) -> Option<PathBuf> {
    let user = dirs::config_dir().map(|dir| dir.join("containers/certs.d"));
    let system = ["/etc/containers/certs.d", "/etc/docker/certs.d"].map(PathBuf::from);
    let all = user.into_iter().chain(system);
    all.map(|dir| dir.join(registry)).find(|dir| dir.is_dir())
}

/// Reads a directory.
///
/// # Errors
/// `Invalid` for a certificate without its key, a key without its certificate, and files that are
/// neither; what the disk says.
pub(crate) fn read(dir: &Path) -> Result<Certs> {
    let doing = || format!("use the certificates in {}", dir.display());
    let mut names: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(dir).doing(doing)? {
        names.push(entry.doing(doing)?.path());
    }
    names.sort();
    let mut certs = Certs::default();
    for path in &names {
        match path.extension().and_then(|e| e.to_str()) {
            Some("crt") => certs.authorities.extend(chain(path).doing(doing)?),
            Some("cert") => {
                let key = path.with_extension("key");
                if !names.contains(&key) {
                    let what = format!("{} has no {} beside it", path.display(), key.display());
                    return Err(invalid(what).hint("the certificate of an authority is to end in .crt"));
                }
                certs.clients.push((chain(path).doing(doing)?, private_key(&key).doing(doing)?));
            }
            Some("key") if !names.contains(&path.with_extension("cert")) => {
                let cert = path.with_extension("cert");
                return Err(invalid(format!("{} has no {} beside it", path.display(), cert.display())));
            }
            _ => {}
        }
    }
    Ok(certs)
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let bytes = file::read(path, MAX_FILE)?;
    let bad = || invalid(format!("{} is no certificate in PEM form", path.display()));
    let found: Vec<_> =
        CertificateDer::pem_slice_iter(&bytes).collect::<Result<_, _>>().map_err(|_| bad())?;
    if found.is_empty() { Err(bad()) } else { Ok(found) }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>> {
    let bytes = file::read(path, MAX_FILE)?;
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|_| {
        let error = Error::new(Kind::Invalid, format!("{} is no private key in PEM form", path.display()));
        error.hint("a key with a pass phrase cannot be used: openssl pkey -in KEY -out PLAIN")
    })
}
