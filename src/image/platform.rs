//! Platforms: operating system, architecture, variant.

use crate::error::{Error, Result, invalid};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// `os/architecture[/variant]`, in Go's words for them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Platform {
    /// `linux`.
    pub os: String,
    /// `amd64`, `arm64` …
    pub architecture: String,
    /// `v7`, `v8` …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

impl Platform {
    /// The platform of this machine.
    #[must_use]
    pub fn host() -> Platform {
        let (architecture, variant) = normal(std::env::consts::ARCH, None);
        let variant = match architecture.as_str() {
            "arm" => variant.or(Some("v7".to_string())),
            _ => variant,
        };
        Platform { os: "linux".to_string(), architecture, variant }
    }

    /// How well an image for `other` does on this platform: `None` not at all, higher is better.
    #[must_use]
    pub fn rank(&self, other: &Platform) -> Option<u8> {
        let (mine, my_variant) = normal(&self.architecture, self.variant.as_deref());
        let (theirs, their_variant) = normal(&other.architecture, other.variant.as_deref());
        if self.os != other.os || mine != theirs {
            return None;
        }
        match (my_variant, their_variant) {
            (a, b) if a == b => Some(100),
            (_, None) => Some(50),
            // An unasked-for variant: the baseline of amd64 is the image without one.
            (None, Some(v)) => Some(if v == "v1" || v == "v8" { 40 } else { 10 }),
            // v7 runs v6 runs v5; the nearest below is the best.
            (Some(a), Some(b)) => match (level(&a), level(&b)) {
                (Some(a), Some(b)) if b < a => Some(20 + b.min(9)),
                _ => None,
            },
        }
    }
}

fn level(variant: &str) -> Option<u8> {
    variant.strip_prefix('v').and_then(|v| v.parse().ok())
}

/// The Go words for what uname and people say; arm64's only variant is left out.
fn normal(architecture: &str, variant: Option<&str>) -> (String, Option<String>) {
    let (architecture, implied) = match architecture.to_ascii_lowercase().as_str() {
        "x86_64" | "x86-64" | "amd64" => ("amd64".to_string(), None),
        "i386" | "i486" | "i586" | "i686" | "x86" | "386" => ("386".to_string(), None),
        "aarch64" | "arm64" => ("arm64".to_string(), None),
        "armhf" | "armv7l" => ("arm".to_string(), Some("v7")),
        "armel" => ("arm".to_string(), Some("v6")),
        "powerpc64le" | "ppc64el" => ("ppc64le".to_string(), None),
        "loongarch64" => ("loong64".to_string(), None),
        other => (other.to_string(), None),
    };
    let variant = variant.filter(|v| !v.is_empty()).or(implied).map(str::to_string);
    match (architecture.as_str(), variant.as_deref()) {
        ("arm64", Some("v8" | "8")) | ("amd64", Some("v1")) => (architecture, None),
        _ => (architecture, variant),
    }
}

impl FromStr for Platform {
    type Err = Error;

    /// `linux/arm64`, `linux/arm/v7`, or an architecture alone.
    fn from_str(text: &str) -> Result<Platform> {
        let parts: Vec<&str> = text.split('/').collect();
        if parts.iter().any(|p| p.is_empty()) || parts.len() > 3 {
            return Err(invalid(format!("{text:?} is not a platform (OS/ARCHITECTURE[/VARIANT])")));
        }
        let (os, architecture, variant) = match parts[..] {
            [architecture] => ("linux", architecture, None),
            [os, architecture] => (os, architecture, None),
            [os, architecture, variant, ..] => (os, architecture, Some(variant)),
            [] => ("linux", "", None),
        };
        let (architecture, variant) = normal(architecture, variant);
        Ok(Platform { os: os.to_ascii_lowercase(), architecture, variant })
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match &self.variant {
            Some(variant) => write!(f, "/{variant}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn platform(text: &str) -> Platform {
        text.parse().unwrap()
    }

    #[test]
    fn words_of_people_become_words_of_go() {
        assert_eq!(platform("x86_64").to_string(), "linux/amd64");
        assert_eq!(platform("linux/arm64/v8").to_string(), "linux/arm64");
        assert_eq!(platform("armhf").to_string(), "linux/arm/v7");
        assert!("linux//v7".parse::<Platform>().is_err());
    }

    #[test]
    fn the_nearest_variant_wins() {
        let want = platform("linux/arm/v7");
        let rank = |text| want.rank(&platform(text));
        assert!(rank("linux/arm/v7") > rank("linux/arm/v6"));
        assert!(rank("linux/arm/v6") > rank("linux/arm/v5"));
        assert_eq!(rank("linux/arm/v8"), None);
        assert_eq!(rank("linux/amd64"), None);
        assert_eq!(platform("amd64").rank(&platform("windows/amd64")), None);
    }
}
