//! Everything that has to be known before a registry can be asked, put together by the command:
//! who we are there, which certificates count, and whether plain HTTP will do.

use super::certs;
use super::conf::{Registries, Source};
use super::credentials::{self, Credentials};
use crate::error::{Doing, Error, Kind, Result};
use crate::image::access::RegistryOptions;
use crate::image::reference::{DOCKER_IO, Reference};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// A registry and how it is to be asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Endpoint {
    /// Host and port, as in names.
    pub registry: String,
    /// HTTP, and certificates that nobody vouches for, are good enough.
    pub insecure: bool,
    /// The directory with its certificates.
    pub certs: Option<PathBuf>,
    /// Who we are there.
    pub credentials: Option<Credentials>,
}

/// An image at a registry.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Place {
    /// What is asked for.
    pub reference: Reference,
    /// Where.
    pub endpoint: Endpoint,
}

impl Endpoint {
    /// Puts together what the flags, the files and the environment say.
    ///
    /// # Errors
    /// When a file cannot be read or a helper fails; `NotFound` for a `--cert-dir` or `--authfile`
    /// that is not there.
    pub fn new(
        options: &RegistryOptions,
        registries: &Registries,
        registry: &str,
        repository: &str,
        insecure: bool,
    ) -> Result<Endpoint> {
        check(options)?;
        let credentials = credentials::find(options, registries, registry, repository)
            .doing(|| format!("find the credentials for {registry}"))?;
        Endpoint::with(options, registry, insecure, credentials)
    }

    /// As [`Endpoint::new`], with these credentials and no others.
    ///
    /// # Errors
    /// As [`Endpoint::new`].
    pub fn with(
        options: &RegistryOptions,
        registry: &str,
        insecure: bool,
        credentials: Option<Credentials>,
    ) -> Result<Endpoint> {
        let host = host_of(registry);
        // Nobody listens in between on the loopback interface (docker decides the same).
        let insecure = match options.tls_verify {
            Some(verify) => !verify,
            None => insecure || is_loopback(host),
        };
        let certs = match &options.cert_dir {
            Some(dir) => Some(dir.clone()),
            None => certs::directory_of(registry).or_else(|| certs::directory_of(host)),
        };
        Ok(Endpoint { registry: registry.to_string(), insecure, certs, credentials })
    }

    /// The host that is asked: docker.io is a name of images, the registry behind it has another.
    #[must_use]
    pub fn host(&self) -> &str {
        host_of(&self.registry)
    }
}

/// Where an image is to be asked for, mirrors first.
///
/// # Errors
/// `Denied` when registries.conf blocks the name; as [`Endpoint::new`].
pub fn places(options: &RegistryOptions, registries: &Registries, name: &Reference) -> Result<Vec<Place>> {
    let place = |source: Source| -> Result<Place> {
        // What was typed for one registry is not told to another that stands in for it.
        let others = RegistryOptions { creds: None, ..options.clone() };
        let same = source.reference.registry() == name.registry();
        let options = if same { options } else { &others };
        let reference = source.reference;
        let endpoint = Endpoint::new(
            options,
            registries,
            reference.registry(),
            reference.repository(),
            source.insecure,
        )?;
        Ok(Place { reference, endpoint })
    };
    registries.sources(name)?.into_iter().map(place).collect()
}

/// Where an image is to be sent: mirrors and other locations are for reading only.
///
/// # Errors
/// As [`places`].
pub fn for_push(options: &RegistryOptions, registries: &Registries, name: &Reference) -> Result<Endpoint> {
    let insecure = registries.is_insecure(name.registry(), &name.to_string())?;
    Endpoint::new(options, registries, name.registry(), name.repository(), insecure)
}

/// Whether the files that flags name are there: said before anything else is done.
fn check(options: &RegistryOptions) -> Result<()> {
    let there = |path: &Path| std::fs::metadata(path);
    if let Some(dir) = &options.cert_dir {
        there(dir).doing(|| format!("use the certificates in {}", dir.display()))?;
    }
    if let Some(file) = &options.authfile {
        there(file)
            .map_err(|cause| {
                let missing = cause.kind() == std::io::ErrorKind::NotFound;
                let error = Error::from(cause).with_kind(Kind::Invalid);
                if missing { error.hint("box login --authfile makes one") } else { error }
            })
            .doing(|| format!("use the auth file {}", file.display()))?;
    }
    Ok(())
}

fn host_of(registry: &str) -> &str {
    if registry == DOCKER_IO { "registry-1.docker.io" } else { registry }
}

/// Whether a host (with or without port) is this machine by its name or address.
pub(crate) fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_told_from_the_rest() {
        for host in ["localhost", "localhost:5000", "127.0.0.1:5000", "127.9.9.9", "[::1]:5000"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["docker.io", "127.0.0.1.example", "10.0.0.1:5000", "[fe80::1]:1"] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn the_flag_decides_over_the_file() {
        let with = |tls_verify, insecure| {
            let options = RegistryOptions { tls_verify, ..RegistryOptions::default() };
            Endpoint::with(&options, "r.example", insecure, None).unwrap().insecure
        };
        assert!(with(None, true) && with(Some(false), false));
        assert!(!with(None, false) && !with(Some(true), true));
    }
}
