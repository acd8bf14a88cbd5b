//! The four digests that must never be mixed: of a blob, of a layer's tar, of a chain of layers,
//! and of an image's configuration.
//!
//! Those that box makes are SHA-256; what others made may be named by SHA-512 as well, the other
//! algorithm that is registered.
//!
//! Source: OCI image specification, "Descriptor: Digests" and "Image Configuration: ChainID".

use crate::error::{Error, Kind, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256, Sha512};
use std::fmt;
use std::io;
use std::str::FromStr;

/// How a digest is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Algorithm {
    /// `sha256`
    Sha256,
    /// `sha512`
    Sha512,
}

impl Algorithm {
    /// All that box knows.
    pub const ALL: [Algorithm; 2] = [Algorithm::Sha256, Algorithm::Sha512];

    /// The word before the colon, and the directory below `blobs/` in a layout.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Sha256 => "sha256",
            Algorithm::Sha512 => "sha512",
        }
    }

    /// How many hex digits there are.
    #[must_use]
    pub const fn digits(self) -> usize {
        match self {
            Algorithm::Sha256 => 64,
            Algorithm::Sha512 => 128,
        }
    }

    /// Begins a digest.
    #[must_use]
    pub fn hasher(self) -> Hasher {
        match self {
            Algorithm::Sha256 => Hasher::Sha256(Sha256::new()),
            Algorithm::Sha512 => Hasher::Sha512(Sha512::new()),
        }
    }
}

/// A digest in the making; what is written to it counts.
#[derive(Clone, Debug)]
pub enum Hasher {
    /// By SHA-256.
    Sha256(Sha256),
    /// By SHA-512.
    Sha512(Sha512),
}

impl Hasher {
    /// Takes these bytes in.
    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            Hasher::Sha256(sum) => sum.update(bytes),
            Hasher::Sha512(sum) => sum.update(bytes),
        }
    }

    fn finish(self) -> Sum {
        match self {
            Hasher::Sha256(sum) => Sum::from_bytes(Algorithm::Sha256, &sum.finalize()),
            Hasher::Sha512(sum) => Sum::from_bytes(Algorithm::Sha512, &sum.finalize()),
        }
    }
}

impl io::Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The hex digits of what the user typed: what comes after the algorithm, if that is there.
#[must_use]
pub fn digits(text: &str) -> &str {
    let rest = |algorithm: Algorithm| text.strip_prefix(algorithm.name())?.strip_prefix(':');
    Algorithm::ALL.into_iter().find_map(rest).unwrap_or(text)
}

/// Whether these are as many lower-case hex digits as a digest has.
#[must_use]
pub fn is_hex(text: &str) -> bool {
    Algorithm::ALL.iter().any(|algorithm| text.len() == algorithm.digits())
        && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

macro_rules! digest {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Sum);

        impl $name {
            /// The lower-case hex digits, without the algorithm: 64 of SHA-256, 128 of SHA-512.
            #[must_use]
            pub fn hex(&self) -> &str {
                &self.0.hex
            }

            /// How it was made.
            #[must_use]
            pub fn algorithm(&self) -> Algorithm {
                self.0.algorithm
            }

            /// The digest of these bytes, by SHA-256.
            #[must_use]
            pub fn of(bytes: &[u8]) -> $name {
                $name::by(Algorithm::Sha256, bytes)
            }

            /// The digest of these bytes.
            #[must_use]
            pub fn by(algorithm: Algorithm, bytes: &[u8]) -> $name {
                let mut sum = algorithm.hasher();
                sum.update(bytes);
                $name::finish(sum)
            }

            /// Takes over what was hashed.
            #[must_use]
            pub fn finish(sum: Hasher) -> $name {
                $name(sum.finish())
            }

            /// The digest with these digits, whose number tells the algorithm.
            ///
            /// # Errors
            /// `Invalid` for what are not the digits of a digest.
            pub fn from_hex(hex: &str) -> Result<$name> {
                let fits = |algorithm: &Algorithm| hex.len() == algorithm.digits();
                let algorithm = Algorithm::ALL.into_iter().find(fits).unwrap_or(Algorithm::Sha256);
                Sum::parse(&format!("{}:{hex}", algorithm.name())).map($name)
            }
        }

        impl FromStr for $name {
            type Err = Error;
            fn from_str(text: &str) -> Result<Self> {
                Sum::parse(text).map($name)
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
                write!(f, "{}:{}", self.0.algorithm.name(), self.0.hex)
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
    /// Whether it is the digest of these bytes.
    #[must_use]
    pub fn fits(&self, bytes: &[u8]) -> bool {
        BlobDigest::by(self.algorithm(), bytes) == *self
    }

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

/// An algorithm and as many lower-case hex digits as it has.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Sum {
    algorithm: Algorithm,
    hex: String,
}

impl Sum {
    fn parse(text: &str) -> Result<Sum> {
        let Some((name, hex)) = text.split_once(':') else {
            return Err(Error::new(
                Kind::Invalid,
                format!("{text:?} is not a digest (sha256:<64 hex digits>)"),
            ));
        };
        let Some(algorithm) = Algorithm::ALL.into_iter().find(|algorithm| algorithm.name() == name) else {
            return Err(Error::new(Kind::Unsupported, format!("digest algorithm {name:?} is not supported")));
        };
        if hex.len() != algorithm.digits() || !is_hex(hex) {
            return Err(Error::new(
                Kind::Invalid,
                format!("{text:?} is not a {name} digest ({} lower-case hex digits)", algorithm.digits()),
            ));
        }
        Ok(Sum { algorithm, hex: hex.to_string() })
    }

    fn from_bytes(algorithm: Algorithm, sum: &[u8]) -> Sum {
        use fmt::Write as _;
        let mut hex = String::with_capacity(algorithm.digits());
        for byte in sum {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
        }
        Sum { algorithm, hex }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_checked_and_round_trips() {
        let text = format!("sha256:{}", "ab".repeat(32));
        assert_eq!(text.parse::<BlobDigest>().unwrap().to_string(), text);
        let long = BlobDigest::by(Algorithm::Sha512, b"");
        assert!(long.to_string().starts_with("sha512:cf83e1357eefb8bdf1542850d66d8007"), "{long}");
        assert_eq!(long.to_string().parse::<BlobDigest>().unwrap(), long);
        assert_eq!(BlobDigest::from_hex(long.hex()).unwrap(), long);
        assert_eq!(digits(&long.to_string()), long.hex());
        assert!(long.fits(b"") && !long.fits(b"x"));
        let upper = format!("sha256:{}", "AB".repeat(32));
        let short = format!("sha512:{}", "ab".repeat(32));
        let other = format!("sha384:{}", "ab".repeat(48));
        for bad in ["", "sha256:", "sha512:00", "sha256:AB", &upper, &short, &other] {
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
