//! What appears inside a container: `--volume`, `--mount`, `--tmpfs`, `--volumes-from`.
//!
//! [`words`](VolumeWord) become a [`MountRequest`]; what their options mean is in `options`. What a
//! volume is made of is in [`driver`].

pub mod driver;
mod options;
mod words;

pub use words::{MountWord, TmpfsWord, VolumeWord, VolumesFrom};

use super::config::Overlay;
use crate::error::{Error, Kind, Result, invalid};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::str::FromStr;

/// One mount as it was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct MountRequest {
    /// An absolute path inside; empty for a glob whose matches appear where they are on the host.
    pub destination: String,
    /// What it is.
    pub source: SourceRequest,
    /// Not writable.
    pub read_only: bool,
    /// `noexec`, `nosuid`, `size=` …
    pub options: Vec<String>,
    /// `U`: everything in it is given to the container's user first.
    pub own: bool,
    /// `O`: what is written goes elsewhere.
    pub overlay: Option<Overlay>,
    /// Only this part of the source.
    pub subpath: Option<String>,
}

/// What is to be mounted.
#[derive(Clone, Debug, PartialEq)]
pub enum SourceRequest {
    /// A path of the host, absolute or relative to the caller.
    Bind {
        /// As it was given.
        path: PathBuf,
        /// With what is mounted below it.
        recursive: bool,
        /// `rprivate`, `rslave`, `shared` …
        propagation: String,
        /// `-v` makes a missing directory, `--mount` does not.
        create: bool,
    },
    /// All that match a pattern on the host, each by its name below the destination.
    Glob {
        /// With `*`, `?` and `[…]`.
        pattern: String,
        /// With what is mounted below them.
        recursive: bool,
        /// `rprivate`, `rslave`, `shared` …
        propagation: String,
    },
    /// A volume; it is made when it is missing.
    Volume {
        /// Its name; `None` for one that is the container's own.
        name: Option<VolumeName>,
        /// It begins with what the image has at that place.
        copy: bool,
        /// `rprivate`, `rslave`, `shared` …
        propagation: String,
        /// `volume-opt`: for a volume that has to be made.
        driver_options: Vec<(String, String)>,
        /// `volume-label`: for a volume that has to be made.
        labels: Vec<(String, String)>,
    },
    /// The files of an image.
    Image {
        /// Its name or id.
        name: String,
        /// What is written is kept with the container.
        writable: bool,
    },
    /// A fresh tmpfs.
    Tmpfs,
    /// A fresh ramfs.
    Ramfs,
    /// Pseudo terminals of its own.
    Devpts,
}

/// The name of a volume: `[a-zA-Z0-9][a-zA-Z0-9_.-]*`, as in podman and docker.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VolumeName(String);

impl VolumeName {
    /// The text; it is a file name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for VolumeName {
    type Err = Error;

    fn from_str(name: &str) -> Result<VolumeName> {
        let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
        let first = name.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric);
        if !first || !name.bytes().all(good) || name.len() > 200 {
            return Err(invalid(format!(
                "{name:?} is no name of a volume: names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*"
            )));
        }
        Ok(VolumeName(name.to_string()))
    }
}

impl TryFrom<String> for VolumeName {
    type Error = Error;

    fn try_from(text: String) -> Result<VolumeName> {
        text.parse()
    }
}

impl From<VolumeName> for String {
    fn from(name: VolumeName) -> String {
        name.0
    }
}

impl std::fmt::Display for VolumeName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The error for what a later version does.
pub fn not_yet(what: impl std::fmt::Display) -> Error {
    Error::new(Kind::Unsupported, format!("not yet: {what}"))
}

/// An absolute path without `.`, `..` and doubled slashes, and not `/`.
///
/// # Errors
/// `Invalid` for any other.
pub fn clean_destination(path: &str) -> Result<String> {
    if !path.starts_with('/') {
        return Err(invalid(format!("{path:?} is not an absolute path inside the container")));
    }
    let clean = clean_path(path);
    if clean == "/" {
        return Err(invalid("nothing can be mounted at the container's / itself"));
    }
    Ok(clean)
}

/// An absolute path without `.`, `..` and doubled slashes, as Go's path.Clean has it.
#[must_use]
pub fn clean_path(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
#[path = "volume/tests.rs"]
mod tests;
