//! `login` and `logout`: who we are to a registry, kept for later.

use crate::error::{Error, Kind, Result};
use crate::image::access::RegistryOptions;
use crate::image::reference::Reference;
use crate::registry::authfile::{self, Places};
use crate::registry::client::Client;
use crate::registry::conf::Registries;
use crate::registry::credentials::{self, Credentials, plain_registry};
use crate::registry::endpoint::Endpoint;
use crate::sys::secret::Secret;
use std::path::{Path, PathBuf};

/// What one logs in to: a registry, or a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Under which name it is kept: `HOST` or `HOST/PATH`.
    pub key: String,
    /// The registry alone.
    pub registry: String,
}

impl Target {
    /// Reads `HOST[:PORT][/PATH]` or an address of the web; without one, the first search registry,
    /// which is docker.io unless registries.conf says otherwise.
    ///
    /// # Errors
    /// `Invalid` when it is no name.
    pub fn parse(text: Option<&str>, registries: &Registries) -> Result<Target> {
        let text = match text {
            Some(text) => text.to_string(),
            None => registries.search().into_iter().next().unwrap_or_default(),
        };
        let registry = plain_registry(&text).to_string();
        let key = match text.split_once('/') {
            Some((_, path)) if !text.contains("://") && registry != "docker.io" || path.is_empty() => {
                text.trim_end_matches('/').to_string()
            }
            _ => registry.clone(),
        };
        // The grammar is that of images: a host, and perhaps a path.
        let host = if registry.contains([':', '.']) { registry.clone() } else { format!("{registry}:1") };
        let path = key.split_once('/').map_or("x", |(_, path)| path);
        let parsed = Reference::parse(&format!("{host}/{path}"))
            .is_ok_and(|name| name.registry() == host && name.tag().is_none() && name.digest().is_none());
        if !parsed {
            return Err(Error::new(Kind::Invalid, format!("{text:?} is not the name of a registry"))
                .hint("for example: box login registry.example.com:5000"));
        }
        Ok(Target { key, registry })
    }
}

/// Who we are there already.
///
/// # Errors
/// When a file cannot be read or a helper fails.
pub fn current(
    options: &RegistryOptions,
    registries: &Registries,
    target: &Target,
) -> Result<Option<Credentials>> {
    let repository = target.key.split_once('/').map_or("", |(_, path)| path);
    credentials::find_saved(options, registries, &target.registry, repository)
}

/// Asks the registry whether it lets us in.
///
/// # Errors
/// `Denied` when it does not.
pub fn verify(
    options: &RegistryOptions,
    registries: &Registries,
    target: &Target,
    credentials: Credentials,
) -> Result<()> {
    let insecure = registries.is_insecure(&target.registry, &target.key)?;
    let endpoint = Endpoint::with(options, &target.registry, insecure, Some(credentials))?;
    Client::new(&endpoint)?.ping().map_err(|error| match error.kind() {
        Kind::Denied if error.chain().contains("401") || error.chain().contains("invalid username") => {
            let what = format!("logging into {:?}: invalid username/password", target.registry);
            Error::new(Kind::Denied, what)
        }
        kind => {
            let what = format!("authenticating creds for {:?}", target.registry);
            Error::new(kind, what).because(error)
        }
    })
}

/// Keeps a password; returns where.
///
/// # Errors
/// When the file cannot be written or a helper fails.
pub fn save(
    options: &RegistryOptions,
    compat: Option<&Path>,
    target: &Target,
    username: &str,
    password: &Secret<String>,
) -> Result<PathBuf> {
    let (place, key) = match compat {
        Some(path) => (authfile::chosen(path), authfile::docker_key(&target.key)),
        None => (Places::new(options.authfile.as_deref())?.primary, target.key.as_str()),
    };
    authfile::set(&place, key, username, password)?;
    Ok(place.path)
}

/// Forgets a password. `Ok(false)` when only other tools' files have one.
///
/// # Errors
/// `NotFound` when there is none.
pub fn forget(
    options: &RegistryOptions,
    compat: Option<&Path>,
    registries: &Registries,
    target: &Target,
) -> Result<bool> {
    let place = match compat {
        Some(path) => authfile::chosen(path),
        None => Places::new(options.authfile.as_deref())?.primary,
    };
    if authfile::remove(&place, &target.key)? {
        return Ok(true);
    }
    match current(options, registries, target)? {
        Some(_) if compat.is_none() => Ok(false),
        _ => Err(Error::new(Kind::NotFound, format!("not logged into {}", target.key))),
    }
}

/// Forgets all passwords that `login` keeps.
///
/// # Errors
/// When the file cannot be written or a helper fails.
pub fn forget_all(options: &RegistryOptions, compat: Option<&Path>) -> Result<()> {
    let place = match compat {
        Some(path) => authfile::chosen(path),
        None => Places::new(options.authfile.as_deref())?.primary,
    };
    authfile::clear(&place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registries_are_named_in_several_ways() {
        let registries = Registries::default();
        let target = |text: Option<&str>| {
            let target = Target::parse(text, &registries).unwrap();
            (target.key, target.registry)
        };
        let pair = |key: &str, registry: &str| (key.to_string(), registry.to_string());
        assert_eq!(target(None), pair("docker.io", "docker.io"));
        assert_eq!(target(Some("https://index.docker.io/v1/")), pair("docker.io", "docker.io"));
        assert_eq!(target(Some("http://q.io:5000/v2/")), pair("q.io:5000", "q.io:5000"));
        assert_eq!(target(Some("q.io/team/x")), pair("q.io/team/x", "q.io"));
        assert_eq!(target(Some("q.io/")), pair("q.io", "q.io"));
        for bad in ["", "q.io/x:tag", "q.io/UP", "a b", "ho_st"] {
            assert!(Target::parse(Some(bad), &registries).is_err(), "{bad}");
        }
    }
}
