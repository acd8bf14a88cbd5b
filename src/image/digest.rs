//! The four digests that must never be mixed: of a blob, of a layer's tar, of a chain of layers,
//! and of an image's configuration.
//!
//! Source: OCI image specification, "Descriptor: Digests" and "Image Configuration: ChainID".

use crate::error::{Error, Kind, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::str::FromStr;

macro_rules! digest {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Sha256Hex);

        impl $name {
            /// The 64 lower-case hex digits, without the algorithm.
            #[must_use]
            pub fn hex(&self) -> &str {
                self.0.as_str()
            }

            /// The digest of these bytes.
            #[must_use]
            pub fn of(bytes: &[u8]) -> $name {
                $name(Sha256Hex::from_bytes(&Sha256::digest(bytes)))
            }

            /// Takes over a finished SHA-256.
            #[must_use]
            pub fn from_sha256(sum: &[u8]) -> $name {
                $name(Sha256Hex::from_bytes(sum))
            }
        }

        impl FromStr for $name {
            type Err = Error;
            fn from_str(text: &str) -> Result<Self> {
                Sha256Hex::parse(text).map($name)
            }
        }

        impl TryFrom<String> for $name {
            type Error = Error;
            fn try_from(text: String) -> Result<Self> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(digest: $name) -> String {
                digest.to_string()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "sha256:{}", self.hex())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }
    };
}

digest!(
    /// The digest of a blob as it is stored and transferred (a manifest, a config, a compressed layer).
    BlobDigest
);
digest!(
    /// The digest of a layer's uncompressed tar.
    DiffId
);
digest!(
    /// Names a layer together with all layers below it; the key of the unpacked layers.
    ChainId
);
digest!(
    /// The digest of an image's configuration: what users call the image id.
    ImageId
);

impl BlobDigest {
    /// What the tar in a blob that is not compressed is called.
    #[must_use]
    pub fn plain(&self) -> DiffId {
        DiffId(self.0.clone())
    }
}

impl ChainId {
    /// The chain of one layer is that layer's own digest.
    #[must_use]
    pub fn bottom(diff: &DiffId) -> ChainId {
        ChainId(diff.0.clone())
    }

    /// The chain with `diff` on top of this one.
    #[must_use]
    pub fn with(&self, diff: &DiffId) -> ChainId {
        ChainId::of(format!("{self} {diff}").as_bytes())
    }

    /// The chain ids of a whole image, lowest layer first.
    #[must_use]
    pub fn chain(diffs: &[DiffId]) -> Vec<ChainId> {
        let mut chain: Vec<ChainId> = Vec::with_capacity(diffs.len());
        for diff in diffs {
            chain.push(match chain.last() {
                None => ChainId::bottom(diff),
                Some(below) => below.with(diff),
            });
        }
        chain
    }
}

impl ImageId {
    /// The id of the image whose configuration is this blob.
    #[must_use]
    pub fn of_config(config: &BlobDigest) -> ImageId {
        ImageId(config.0.clone())
    }

    /// The blob that holds this image's configuration.
    #[must_use]
    pub fn config(&self) -> BlobDigest {
        BlobDigest(self.0.clone())
    }

    /// The twelve digits that lists show.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.hex()[..12]
    }
}

/// 64 lower-case hex digits.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Sha256Hex(String);

impl Sha256Hex {
    fn parse(text: &str) -> Result<Sha256Hex> {
        let Some((algorithm, hex)) = text.split_once(':') else {
            return Err(Error::new(
                Kind::Invalid,
                format!("{text:?} is not a digest (sha256:<64 hex digits>)"),
            ));
        };
        if algorithm != "sha256" {
            return Err(Error::new(
                Kind::Unsupported,
                format!("digest algorithm {algorithm:?} is not supported"),
            ));
        }
        if hex.len() != 64 || !hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(Error::new(
                Kind::Invalid,
                format!("{text:?} is not a sha256 digest (64 lower-case hex digits)"),
            ));
        }
        Ok(Sha256Hex(hex.to_string()))
    }

    fn from_bytes(sum: &[u8]) -> Sha256Hex {
        use fmt::Write as _;
        let mut hex = String::with_capacity(64);
        for byte in sum {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
        }
        Sha256Hex(hex)
    }

    fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_checked_and_round_trips() {
        let text = format!("sha256:{}", "ab".repeat(32));
        assert_eq!(text.parse::<BlobDigest>().unwrap().to_string(), text);
        for bad in ["", "sha256:", "sha512:00", "sha256:AB", &format!("sha256:{}", "AB".repeat(32))] {
            assert!(bad.parse::<BlobDigest>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_chain_of_two_layers_hashes_both() {
        let diffs = [DiffId::of(b"a"), DiffId::of(b"b")];
        let chain = ChainId::chain(&diffs);
        assert_eq!(chain[0].hex(), diffs[0].hex());
        assert_eq!(chain[1], ChainId::of(format!("{} {}", chain[0], diffs[1]).as_bytes()));
    }
}
