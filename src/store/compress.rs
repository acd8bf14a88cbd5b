//! Which compression a stream has, and its uncompressed bytes.

use crate::error::{Doing, Error, Kind, Result};
use crate::image::manifest::media;
use std::io::{self, BufRead, BufReader, Read, Write};

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

/// Takes xz and bzip2 off, which people bring and no layer may have; the rest passes as it is.
///
/// # Errors
/// The reader's.
pub fn without_xz<'a, R: Read + 'a>(from: R) -> Result<Box<dyn BufRead + 'a>> {
    const BUFFER: usize = 128 << 10;
    let mut from = BufReader::with_capacity(BUFFER, from);
    let start = from.fill_buf().doing(|| "read the archive")?;
    let plain: Box<dyn Read + 'a> = match start {
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => {
            // xz -9 wants 65 MB; a header can ask for gigabytes.
            let stream =
                liblzma::stream::Stream::new_stream_decoder(512 << 20, liblzma::stream::CONCATENATED);
            let stream = stream.map_err(io::Error::from).doing(|| "begin to uncompress")?;
            Box::new(liblzma::bufread::XzDecoder::new_stream(from, stream))
        }
        [b'B', b'Z', b'h', b'1'..=b'9', ..] => Box::new(bzip2::bufread::MultiBzDecoder::new(from)),
        _ => return Ok(Box::new(from)),
    };
    Ok(Box::new(BufReader::with_capacity(BUFFER, plain)))
}

/// How something is to be compressed. The same input gives the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packing {
    /// gzip or zstd, or none at all.
    pub compression: Compression,
    /// gzip: 1 to 9; zstd: 1 to 22.
    pub level: u32,
}

impl Packing {
    /// gzip as podman pushes it.
    pub const GZIP: Packing = Packing { compression: Compression::Gzip, level: 5 };

    /// The packing of these two words of `push`; `None` takes the default level.
    ///
    /// # Errors
    /// `Invalid` for a compression that registries do not know, or a level that it does not have.
    pub fn parse(compression: &str, level: Option<u32>) -> Result<Packing> {
        let (compression, usual, most) = match compression {
            "gzip" => (Compression::Gzip, 5, 9),
            "zstd" | "zstd:chunked" => (Compression::Zstd, 3, 22),
            _ => {
                return Err(Error::new(
                    Kind::Invalid,
                    format!("layers cannot be compressed by {compression:?}"),
                )
                .hint("there are gzip and zstd"));
            }
        };
        let level = level.unwrap_or(usual);
        if !(1..=most).contains(&level) {
            return Err(Error::new(Kind::Invalid, format!("the level is 1 to {most}, not {level}")));
        }
        Ok(Packing { compression, level })
    }

    /// Compresses everything that `from` gives.
    ///
    /// # Errors
    /// The reader's and the writer's.
    pub fn pack(self, mut from: impl Read, to: impl Write) -> io::Result<()> {
        match self.compression {
            Compression::None => {
                let mut to = to;
                io::copy(&mut from, &mut to).map(drop)
            }
            Compression::Gzip => super::gzip::pack(self.level, from, to),
            Compression::Zstd => {
                let level = i32::try_from(self.level).unwrap_or(3);
                let mut encoder = zstd::stream::write::Encoder::new(to, level)?;
                io::copy(&mut from, &mut encoder)?;
                encoder.finish().map(drop)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_back_and_is_the_same_each_time() {
        let text = b"the same ".repeat(10_000);
        for word in ["gzip", "zstd"] {
            let packing = Packing::parse(word, None).unwrap();
            let pack = || {
                let mut packed = Vec::new();
                packing.pack(&text[..], &mut packed).unwrap();
                packed
            };
            let packed = pack();
            assert_eq!(packed, pack());
            let (is, mut plain) = decoder(&packed[..]).unwrap();
            let mut back = Vec::new();
            plain.read_to_end(&mut back).unwrap();
            assert_eq!((is, back == text), (packing.compression, true));
        }
        assert!(Packing::parse("gzip", Some(10)).is_err());
        assert!(Packing::parse("lzma", None).is_err());
    }

    #[test]
    fn the_first_bytes_tell() {
        assert_eq!(Compression::detect(&[0x1f, 0x8b, 8]).unwrap(), Compression::Gzip);
        assert_eq!(Compression::detect(&[0x28, 0xb5, 0x2f, 0xfd]).unwrap(), Compression::Zstd);
        assert_eq!(Compression::detect(b"etc/").unwrap(), Compression::None);
        assert_eq!(Compression::detect(b"").unwrap(), Compression::None);
        assert_eq!(Compression::detect(b"BZh9").unwrap_err().kind(), Kind::Unsupported);
    }
}
