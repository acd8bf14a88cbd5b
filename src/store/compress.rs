//! Which compression a stream has, and its uncompressed bytes.

use crate::error::{Doing, Error, Kind, Result};
use crate::image::manifest::media;
use std::io::{BufRead, Read};

/// How a layer is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// A plain tar.
    None,
    /// gzip.
    Gzip,
    /// zstd.
    Zstd,
}

impl Compression {
    /// Tells it by the first bytes, as media types are often wrong.
    ///
    /// # Errors
    /// `Unsupported` for compressions that box does not read.
    pub fn detect(start: &[u8]) -> Result<Compression> {
        let unsupported = |what: &str, tool: &str| {
            Err(Error::new(Kind::Unsupported, format!("the archive is compressed by {what}"))
                .hint(format!("uncompress it first: {tool} -dc FILE | box import - NAME")))
        };
        match start {
            [0x1f, 0x8b, ..] => Ok(Compression::Gzip),
            // A frame, or a skippable frame as zstd:chunked has them.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Ok(Compression::Zstd),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => unsupported("xz", "xz"),
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => unsupported("bzip2", "bzip2"),
            _ => Ok(Compression::None),
        }
    }

    /// The OCI media type of such a layer.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Compression::None => media::OCI_LAYER,
            Compression::Gzip => media::OCI_LAYER_GZIP,
            Compression::Zstd => media::OCI_LAYER_ZSTD,
        }
    }
}

/// The uncompressed bytes of `from`, whatever compresses them.
///
/// # Errors
/// `Unsupported` for compressions that box does not read, else the reader's.
pub fn decoder<'a, R: BufRead + 'a>(mut from: R) -> Result<(Compression, Box<dyn Read + 'a>)> {
    let start = from.fill_buf().doing(|| "read the archive")?;
    let compression = Compression::detect(start)?;
    let reader: Box<dyn Read + 'a> = match compression {
        Compression::None => Box::new(from),
        Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(from)),
        Compression::Zstd => {
            Box::new(zstd::stream::read::Decoder::with_buffer(from).doing(|| "begin to uncompress")?)
        }
    };
    Ok((compression, reader))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_tell() {
        assert_eq!(Compression::detect(&[0x1f, 0x8b, 8]).unwrap(), Compression::Gzip);
        assert_eq!(Compression::detect(&[0x28, 0xb5, 0x2f, 0xfd]).unwrap(), Compression::Zstd);
        assert_eq!(Compression::detect(b"etc/").unwrap(), Compression::None);
        assert_eq!(Compression::detect(b"").unwrap(), Compression::None);
        assert_eq!(Compression::detect(b"BZh9").unwrap_err().kind(), Kind::Unsupported);
    }
}
