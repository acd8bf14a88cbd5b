//! Manifests and indexes, OCI and Docker schema 2.
//!
//! Source: OCI image specification 1.1 "Image Manifest", "Image Index"; Docker "Image Manifest
//! Version 2, Schema 2".

use super::digest::BlobDigest;
use super::platform::Platform;
use crate::error::{Doing, Error, Kind, Result, invalid};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Manifests larger than this are refused, as registries and containerd do.
pub const MAX_MANIFEST: u64 = 4 << 20;
/// Image configurations larger than this are refused.
pub const MAX_CONFIG: u64 = 8 << 20;

/// The media types.
pub mod media {
    /// An OCI index.
    pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
    /// An OCI manifest.
    pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
    /// An OCI configuration.
    pub const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
    /// An uncompressed layer.
    pub const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
    /// A layer compressed by gzip.
    pub const OCI_LAYER_GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
    /// A layer compressed by zstd.
    pub const OCI_LAYER_ZSTD: &str = "application/vnd.oci.image.layer.v1.tar+zstd";
    /// Docker's index.
    pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
    /// Docker's manifest.
    pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
    /// Docker's configuration.
    pub const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
    /// Docker's compressed layer.
    pub const DOCKER_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";
    /// Docker's uncompressed layer.
    pub const DOCKER_LAYER_PLAIN: &str = "application/vnd.docker.image.rootfs.diff.tar";
    /// The manifests that box can read, as an `Accept` header.
    pub const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json";
}

/// Points to a blob.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What is in it.
    #[serde(default)]
    pub media_type: String,
    /// Which one.
    pub digest: BlobDigest,
    /// Its length in bytes.
    pub size: u64,
    /// What it runs on; in indexes only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// Free words.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Descriptor {
    /// A descriptor without platform and annotations.
    #[must_use]
    pub fn new(media_type: &str, digest: BlobDigest, size: u64) -> Descriptor {
        let media_type = media_type.to_string();
        Descriptor { media_type, digest, size, platform: None, annotations: BTreeMap::new() }
    }

    /// The descriptor of these bytes.
    #[must_use]
    pub fn of(media_type: &str, bytes: &[u8]) -> Descriptor {
        Descriptor::new(media_type, BlobDigest::of(bytes), bytes.len() as u64)
    }
}

/// An image's manifest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// Always 2.
    pub schema_version: u32,
    /// OCI's may leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// The configuration.
    pub config: Descriptor,
    /// The layers, lowest first.
    pub layers: Vec<Descriptor>,
    /// Free words.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Manifest {
    /// An OCI manifest of these parts.
    #[must_use]
    pub fn oci(config: Descriptor, layers: Vec<Descriptor>) -> Manifest {
        let media_type = Some(media::OCI_MANIFEST.to_string());
        Manifest { schema_version: 2, media_type, config, layers, annotations: BTreeMap::new() }
    }
}

/// Several manifests, for several platforms; also the `index.json` of an image layout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Index {
    /// Always 2.
    pub schema_version: u32,
    /// OCI's may leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// What it offers.
    pub manifests: Vec<Descriptor>,
    /// Free words.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Default for Index {
    fn default() -> Index {
        Index {
            schema_version: 2,
            media_type: Some(media::OCI_INDEX.to_string()),
            manifests: Vec::new(),
            annotations: BTreeMap::new(),
        }
    }
}

impl Index {
    /// The entry that suits `platform` best.
    ///
    /// # Errors
    /// `NotFound`, with the platforms that there are.
    pub fn choose(&self, platform: &Platform) -> Result<&Descriptor> {
        let ranked = |d: &&Descriptor| d.platform.as_ref().and_then(|theirs| platform.rank(theirs));
        // The first of equals, as everybody does; max_by_key would take the last.
        let best = self.manifests.iter().rev().filter(|d| ranked(d).is_some()).max_by_key(ranked);
        if let Some(best) = best {
            return Ok(best);
        }
        // An index of one image without a platform is what some tools write.
        if let [only] = &self.manifests[..]
            && only.platform.is_none()
        {
            return Ok(only);
        }
        let there: Vec<String> = self
            .manifests
            .iter()
            .filter_map(|d| d.platform.as_ref())
            .filter(|p| p.os != "unknown")
            .map(Platform::to_string)
            .collect();
        Err(Error::new(
            Kind::NotFound,
            format!("there is no image for {platform} (there is: {})", there.join(", ")),
        ))
    }
}

/// What a manifest's bytes turned out to be.
#[derive(Clone, Debug, PartialEq)]
pub enum Document {
    /// One image.
    Manifest(Manifest),
    /// Several.
    Index(Index),
}

impl Document {
    /// Reads a manifest or an index.
    ///
    /// # Errors
    /// `Unsupported` for Docker's schema 1 and for what is not an image; `Invalid` for the rest.
    pub fn parse(bytes: &[u8], content_type: Option<&str>) -> Result<Document> {
        let value: serde_json::Value =
            serde_json::from_slice(bytes).map_err(not_json).doing(|| "read the manifest")?;
        let text = |key: &str| value.get(key).and_then(|v| v.as_str());
        if value.get("schemaVersion").and_then(serde_json::Value::as_u64) == Some(1) {
            return Err(Error::new(Kind::Unsupported, "the image has a manifest of Docker's schema 1")
                .hint("push it again with a tool of this decade: the format was given up in 2019"));
        }
        let media = text("mediaType").or(content_type).unwrap_or_default();
        let is_index = media == media::OCI_INDEX
            || media == media::DOCKER_LIST
            || (value.get("manifests").is_some() && value.get("config").is_none());
        // One document that is both would be read differently by different tools (CVE-2021-41190).
        if value.get("manifests").is_some() && value.get("layers").is_some() {
            return Err(invalid("the manifest is an index and an image at the same time"));
        }
        if is_index {
            let index = serde_json::from_value(value).map_err(not_json).doing(|| "read the index")?;
            return Ok(Document::Index(index));
        }
        let manifest: Manifest =
            serde_json::from_value(value).map_err(not_json).doing(|| "read the manifest")?;
        let config = manifest.config.media_type.as_str();
        if !matches!(config, media::OCI_CONFIG | media::DOCKER_CONFIG | "") {
            return Err(Error::new(Kind::Unsupported, format!("this is not an image but a {config}")));
        }
        Ok(Document::Manifest(manifest))
    }
}

/// A JSON error as ours.
pub(crate) fn not_json(cause: serde_json::Error) -> Error {
    invalid("it is not the JSON that was expected").because(cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(platforms: &[&str]) -> Index {
        let manifests = platforms
            .iter()
            .map(|text| Descriptor {
                platform: Some(text.parse().unwrap()),
                ..Descriptor::new(media::OCI_MANIFEST, BlobDigest::of(text.as_bytes()), 1)
            })
            .collect();
        Index { manifests, ..Index::default() }
    }

    #[test]
    fn the_platform_decides_and_the_rest_is_named() {
        let index = index(&["linux/arm64", "linux/amd64", "unknown/unknown"]);
        let amd64 = index.choose(&"linux/amd64".parse().unwrap()).unwrap();
        assert_eq!(amd64.digest, BlobDigest::of(b"linux/amd64"));
        let error = index.choose(&"linux/s390x".parse().unwrap()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no image for linux/s390x (there is: linux/arm64, linux/amd64)"
        );
    }

    #[test]
    fn schema_1_and_double_documents_are_refused() {
        let schema1 = Document::parse(br#"{"schemaVersion":1}"#, None).unwrap_err();
        assert_eq!(schema1.kind(), Kind::Unsupported);
        let both = Document::parse(br#"{"schemaVersion":2,"manifests":[],"layers":[]}"#, None);
        assert_eq!(both.unwrap_err().kind(), Kind::Invalid);
        assert!(Document::parse(b"[]", None).is_err());
    }

    #[test]
    fn a_manifest_is_known_by_its_parts() {
        let config = Descriptor::new(media::DOCKER_CONFIG, BlobDigest::of(b"c"), 1);
        let manifest = Manifest { media_type: None, ..Manifest::oci(config, Vec::new()) };
        let bytes = serde_json::to_vec(&manifest).unwrap();
        assert_eq!(Document::parse(&bytes, None).unwrap(), Document::Manifest(manifest));
    }
}
