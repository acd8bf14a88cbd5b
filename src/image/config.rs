//! The image configuration document.
//!
//! Source: OCI image specification 1.1 "Image Configuration", and the fields Docker adds
//! (Healthcheck, OnBuild, Shell). What is not known here is kept.

use super::digest::DiffId;
use super::manifest::not_json;
use super::platform::Platform;
use crate::error::{Doing, Result, invalid};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// An image's configuration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ImageConfig {
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "lenient_time")]
    pub created: Option<Timestamp>,
    /// Who made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// `amd64` …
    #[serde(default)]
    pub architecture: String,
    /// `linux`.
    #[serde(default)]
    pub os: String,
    /// `v7` …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// What containers take over.
    #[serde(default, deserialize_with = "null_is_default")]
    pub config: Execution,
    /// The layers.
    #[serde(default)]
    pub rootfs: RootFs,
    /// How it came about.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_default")]
    pub history: Vec<History>,
    /// Whatever else there is.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// What containers take over from their image.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Execution {
    /// `user[:group]`.
    #[serde(default, skip_serializing_if = "String::is_empty", deserialize_with = "null_is_default")]
    pub user: String,
    /// `80/tcp`, as the keys of a map.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "null_is_default")]
    pub exposed_ports: BTreeMap<String, Value>,
    /// `KEY=VALUE`.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_default")]
    pub env: Vec<String>,
    /// The first part of the command line.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "words")]
    pub entrypoint: Option<Vec<String>>,
    /// The second part, which the user's arguments replace.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "words")]
    pub cmd: Option<Vec<String>>,
    /// Directories for data, as the keys of a map.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "null_is_default")]
    pub volumes: BTreeMap<String, Value>,
    /// Where the command starts.
    #[serde(default, skip_serializing_if = "String::is_empty", deserialize_with = "null_is_default")]
    pub working_dir: String,
    /// Labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "null_is_default")]
    pub labels: BTreeMap<String, String>,
    /// What `stop` sends: a name or a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_signal: Option<String>,
    /// Docker's health check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub healthcheck: Option<Healthcheck>,
    /// Whatever else there is.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// Docker's HEALTHCHECK. Times are in nanoseconds; 0 takes the default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Healthcheck {
    /// `NONE`, or `CMD` or `CMD-SHELL` and the command.
    #[serde(default, deserialize_with = "null_is_default")]
    pub test: Vec<String>,
    /// Between two runs.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub interval: i64,
    /// How long one may take.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub timeout: i64,
    /// How long failures do not count.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub start_period: i64,
    /// Between two runs while it starts.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub start_interval: i64,
    /// Failures in a row that make it unhealthy.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub retries: i64,
}

// Serde calls it with a reference.
fn is_zero(number: &i64) -> bool {
    *number == 0
}

/// The layers of an image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RootFs {
    /// Always `layers`.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// Lowest first.
    #[serde(default, deserialize_with = "null_is_default")]
    pub diff_ids: Vec<DiffId>,
}

impl Default for RootFs {
    fn default() -> RootFs {
        RootFs { kind: "layers".to_string(), diff_ids: Vec::new() }
    }
}

/// One step of an image's making.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "lenient_time")]
    pub created: Option<Timestamp>,
    /// By what command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
    /// By whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// A remark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// It made no layer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub empty_layer: bool,
    /// Whatever else there is.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl ImageConfig {
    /// Reads the document.
    ///
    /// # Errors
    /// `Invalid` when it is not the JSON of an image, or has more layers than anybody can mount.
    pub fn parse(bytes: &[u8]) -> Result<ImageConfig> {
        let config: ImageConfig =
            serde_json::from_slice(bytes).map_err(not_json).doing(|| "read the image's configuration")?;
        if config.rootfs.diff_ids.len() > 500 {
            return Err(invalid(format!("the image has {} layers", config.rootfs.diff_ids.len()))
                .hint("the kernel's overlay takes 500; build it with fewer steps"));
        }
        Ok(config)
    }

    /// What it runs on.
    #[must_use]
    pub fn platform(&self) -> Platform {
        Platform {
            os: if self.os.is_empty() { "linux".to_string() } else { self.os.clone() },
            architecture: self.architecture.clone(),
            variant: self.variant.clone().filter(|v| !v.is_empty()),
        }
    }
}

fn null_is_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// Go's zero time and what else is no time is taken as none: an odd date must not make an image
/// unusable.
fn lenient_time<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
    let text: Option<String> = Option::deserialize(from)?;
    Ok(text.and_then(|text| text.parse().ok()))
}

/// A list of words, or one word as old images have it.
fn words<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<String>>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Words {
        Many(Vec<String>),
        One(String),
    }
    Ok(Option::<Words>::deserialize(from)?.map(|words| match words {
        Words::Many(many) => many,
        Words::One(one) => vec![one],
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_fields_survive() {
        let text = r#"{"architecture":"amd64","os":"linux","config":{"Env":["A=b"],"Shell":["sh"]},"rootfs":{"type":"layers","diff_ids":[]},"x.y":{"z":1}}"#;
        let config = ImageConfig::parse(text.as_bytes()).unwrap();
        assert_eq!(config.config.env, ["A=b"]);
        let back = serde_json::to_value(&config).unwrap();
        assert_eq!(back, serde_json::from_str::<Value>(text).unwrap());
    }

    #[test]
    fn nulls_and_odd_times_are_taken() {
        let text = r#"{"created":"0001-01-01T00:00:00Z","config":{"Env":null,"Cmd":null,"Entrypoint":"sh","Labels":null,"Volumes":{"/x":{}}},"history":null}"#;
        let config = ImageConfig::parse(text.as_bytes()).unwrap();
        assert_eq!(config.config.entrypoint.as_deref(), Some(&["sh".to_string()][..]));
        assert!(config.config.volumes.contains_key("/x"));
        assert!(ImageConfig::parse(br#"{"created":"nonsense","config":null}"#).unwrap().created.is_none());
        assert!(ImageConfig::parse(b"{").is_err());
    }
}
