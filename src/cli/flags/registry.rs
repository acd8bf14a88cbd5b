//! The flags of every command that talks to a registry.

use super::words;
use crate::error::{Doing, Result, invalid};
use crate::image::access::{RegistryOptions, Retry};
use crate::settings::conf::Conf;
use crate::sys::secret::Secret;
use clap::ArgAction;
use std::path::PathBuf;
use std::time::Duration;

/// Who we are, and what proves who they are.
#[derive(clap::Args, Clone, Debug, Default)]
pub(crate) struct RegistryFlags {
    /// The file with user names and passwords (default: $REGISTRY_AUTH_FILE, else the usual places)
    #[arg(long, value_name = "FILE", help_heading = "Registry")]
    authfile: Option<PathBuf>,
    /// User name and password for the registry
    #[arg(long, value_name = "USER:PASSWORD", value_parser = secret, help_heading = "Registry")]
    creds: Option<Secret<String>>,
    #[command(flatten)]
    tls: TlsFlags,
}

/// What proves who they are.
#[derive(clap::Args, Clone, Debug, Default)]
pub(crate) struct TlsFlags {
    /// A directory with the registry's certificates (default: certs.d/REGISTRY)
    #[arg(long, value_name = "DIR", help_heading = "Registry")]
    cert_dir: Option<PathBuf>,
    /// Insist on HTTPS and known certificates (true), or on neither (false)
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", action = ArgAction::Set, value_parser = words::boolean, help_heading = "Registry")]
    tls_verify: Option<bool>,
}

/// How often is often enough.
#[derive(clap::Args, Clone, Debug, Default)]
pub(crate) struct RetryFlags {
    /// How often a failed request is tried again (default: 3)
    #[arg(long, value_name = "TIMES", help_heading = "Registry")]
    retry: Option<u32>,
    /// How long to wait in between, as in 5s (default: 2s, doubling each time)
    #[arg(long, value_name = "DURATION", value_parser = delay, help_heading = "Registry")]
    retry_delay: Option<Duration>,
}

impl RegistryFlags {
    /// What the flags say, or else containers.conf.
    ///
    /// # Errors
    /// `Invalid` for a `retry_delay` in there that is no duration.
    pub(crate) fn options(self, retry: RetryFlags, conf: &Conf) -> Result<RegistryOptions> {
        let of = &conf.engine;
        let times = retry.retry.or(of.retry).unwrap_or(Retry::default().times);
        let delay = match (retry.retry_delay, of.retry_delay.as_deref()) {
            (None, Some(text)) if !text.is_empty() => {
                let doing = || format!("use retry_delay = {text:?} of containers.conf");
                Some(delay(text).doing(doing)?)
            }
            (given, _) => given,
        };
        let retry = Retry { times, delay };
        Ok(RegistryOptions { creds: self.creds, retry, ..self.tls.options(self.authfile) })
    }
}

impl TlsFlags {
    pub(crate) fn options(self, authfile: Option<PathBuf>) -> RegistryOptions {
        RegistryOptions {
            authfile,
            cert_dir: self.cert_dir,
            tls_verify: self.tls_verify,
            ..RegistryOptions::default()
        }
    }
}

/// The words of a command line as they may be kept: without the password of `--creds`.
pub(crate) fn without_password(words: &[String], creds: Option<&Secret<String>>) -> Vec<String> {
    let Some(creds) = creds.map(Secret::expose) else { return words.to_vec() };
    let one = |word: &String| match word.strip_prefix("--creds=") {
        Some(value) if value == creds => "--creds=***".to_string(),
        None if word == creds => "***".to_string(),
        _ => word.clone(),
    };
    words.iter().map(one).collect()
}

fn secret(text: &str) -> Result<Secret<String>> {
    Ok(Secret::new(text.to_string()))
}

fn delay(text: &str) -> Result<Duration> {
    let wrong = || invalid("it is a duration, as in 500ms, 2s or 1m");
    let length: jiff::SignedDuration = text.parse().map_err(|_| wrong())?;
    Duration::try_from(length).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_kept() {
        let words = ["run", "--creds", "a:b", "--creds=a:b", "x"].map(String::from);
        let kept = without_password(&words, Some(&Secret::new("a:b".to_string())));
        assert_eq!(kept, ["run", "--creds", "***", "--creds=***", "x"]);
        assert_eq!(without_password(&words, None), words);
    }

    #[test]
    fn a_delay_is_a_duration() {
        assert_eq!(delay("2s").unwrap(), Duration::from_secs(2));
        assert_eq!(delay("1m30s").unwrap(), Duration::from_secs(90));
        assert!(delay("2").is_err() && delay("-1s").is_err());
    }
}
