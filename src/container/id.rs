//! A container's id.

use crate::error::{Error, Result, invalid};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// 64 lower-case hex digits; lists show the first twelve.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ContainerId(String);

impl ContainerId {
    /// Makes an id out of 32 random bytes.
    #[must_use]
    pub fn from_random(bytes: [u8; 32]) -> ContainerId {
        ContainerId(bytes.iter().map(|b| format!("{b:02x}")).collect())
    }

    /// All 64 digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The twelve digits that lists, hostnames and socket paths use.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.0[..12]
    }
}

impl FromStr for ContainerId {
    type Err = Error;
    fn from_str(text: &str) -> Result<ContainerId> {
        if text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            Ok(ContainerId(text.to_string()))
        } else {
            Err(invalid(format!("{text:?} is not a container id (64 hex digits)")))
        }
    }
}

impl TryFrom<String> for ContainerId {
    type Error = Error;
    fn try_from(text: String) -> Result<ContainerId> {
        text.parse()
    }
}

impl From<ContainerId> for String {
    fn from(id: ContainerId) -> String {
        id.0
    }
}

impl fmt::Display for ContainerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ContainerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContainerId({})", self.short())
    }
}
