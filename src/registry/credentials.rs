//! Who we are to a registry, and where that is written.
//!
//! Helpers are programs of the user's own session (a key ring, a password store): credentials are
//! therefore looked up by the command itself, before any namespace is entered, and handed to
//! whoever makes the requests.
//!
//! Source: containers-auth.json(5).

use super::authfile::{AuthFile, Places};
use super::conf::Registries;
use super::helper;
use crate::error::{Result, invalid};
use crate::image::access::RegistryOptions;
use crate::sys::secret::Secret;
use serde::{Deserialize, Serialize};

/// What a registry is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Credentials {
    /// Sent to the registry, or exchanged for a token.
    Password {
        /// The user's name there.
        username: String,
        /// Never printed.
        password: Secret<String>,
    },
    /// Can only be exchanged for a token.
    IdentityToken(Secret<String>),
    /// A token already.
    RegistryToken(Secret<String>),
}

impl Credentials {
    /// A user name and a password.
    #[must_use]
    pub fn password(username: impl Into<String>, password: impl Into<String>) -> Credentials {
        Credentials::Password { username: username.into(), password: Secret::new(password.into()) }
    }

    /// The user's name, where there is one.
    #[must_use]
    pub fn username(&self) -> Option<&str> {
        match self {
            Credentials::Password { username, .. } => Some(username),
            Credentials::IdentityToken(_) => Some(helper::TOKEN_USER),
            Credentials::RegistryToken(_) => None,
        }
    }
}

/// Reads `--creds`: `USER:PASSWORD`, or `USER` for an empty password.
///
/// # Errors
/// `Invalid` for an empty one.
pub fn parse(creds: &Secret<String>) -> Result<Credentials> {
    let (username, password) = creds.expose().split_once(':').unwrap_or((creds.expose(), ""));
    if username.is_empty() {
        return Err(invalid("--creds has no user name").hint("--creds USER:PASSWORD"));
    }
    Ok(Credentials::password(username, password))
}

/// What was said to the registry of this name at `login`, or by other means; the entry for the
/// longest part of `registry/repository` counts.
///
/// # Errors
/// When a file cannot be read, or a helper that is asked for by name fails.
pub fn find(
    options: &RegistryOptions,
    registries: &Registries,
    registry: &str,
    repository: &str,
) -> Result<Option<Credentials>> {
    if let Some(creds) = &options.creds {
        return parse(creds).map(Some);
    }
    find_saved(options, registries, registry, repository)
}

/// As [`find`], without `--creds`.
///
/// # Errors
/// As [`find`].
pub fn find_saved(
    options: &RegistryOptions,
    registries: &Registries,
    registry: &str,
    repository: &str,
) -> Result<Option<Credentials>> {
    let places = Places::new(options.authfile.as_deref())?;
    for helper in registries.credential_helpers() {
        if helper != AUTH_FILES {
            if let Some(found) = helper::get(helper, registry)? {
                return Ok(Some(found));
            }
            continue;
        }
        for place in places.all() {
            if let Some(found) = AuthFile::read(place)?.find(registry, repository)? {
                return Ok(Some(found));
            }
        }
    }
    Ok(None)
}

/// The word in `credential-helpers` that stands for the files.
pub const AUTH_FILES: &str = "containers-auth.json";

/// The name of a registry as files know it: without scheme and path, docker.io by its own name.
#[must_use]
pub fn plain_registry(text: &str) -> &str {
    let text = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or(text);
    match text.split('/').next().unwrap_or_default() {
        "index.docker.io" | "registry-1.docker.io" => crate::image::reference::DOCKER_IO,
        host => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn creds_are_a_name_and_a_password() {
        let parse = |text: &str| parse(&Secret::new(text.to_string()));
        assert_eq!(parse("a:b:c").unwrap(), Credentials::password("a", "b:c"));
        assert_eq!(parse("a").unwrap(), Credentials::password("a", ""));
        assert!(parse(":b").is_err());
        assert!(!format!("{:?}", parse("a:hunter2").unwrap()).contains("hunter2"));
    }

    #[test]
    fn docker_io_has_one_name() {
        for text in ["docker.io", "https://index.docker.io/v1/", "index.docker.io", "registry-1.docker.io"] {
            assert_eq!(plain_registry(text), "docker.io", "{text}");
        }
        assert_eq!(plain_registry("http://h:5000/v2/"), "h:5000");
    }
}
