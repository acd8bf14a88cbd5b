//! How the user wants registries to be reached.

use crate::sys::secret::Secret;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

/// The flags that every command has which talks to a registry.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RegistryOptions {
    /// `--authfile`.
    pub authfile: Option<PathBuf>,
    /// `--creds`: `USER` or `USER:PASSWORD`.
    pub creds: Option<Secret<String>>,
    /// `--cert-dir`.
    pub cert_dir: Option<PathBuf>,
    /// `--tls-verify`.
    pub tls_verify: Option<bool>,
    /// `--retry` and `--retry-delay`.
    pub retry: Retry,
}

/// How often a request is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// How many times after the first.
    pub times: u32,
    /// Before each of them; where it is not given, two seconds that double each time.
    pub delay: Option<Duration>,
}

impl Default for Retry {
    fn default() -> Retry {
        Retry { times: 3, delay: None }
    }
}
