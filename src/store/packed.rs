//! What a plain layer came to when it was packed for a registry, so that it is not packed again for
//! one that has it.
//!
//! It is an extended attribute of the layer's blob and goes with that; where the file system has none,
//! layers are packed each time. What it says is only ever asked about: a registry that knows the
//! digest has those bytes. A crash leaves the attribute whole or none.

use super::compress::{Compression, Packing};
use crate::image::digest::BlobDigest;
use rustix::fs::XattrFlags;
use std::path::Path;

/// Longer than a digest and a number are together.
const LONGEST: usize = 256;

/// One for each way of packing. The number is that of our way to do it: others make other bytes.
fn name(packing: Packing) -> Option<String> {
    let word = match packing.compression {
        Compression::None => return None,
        Compression::Gzip => "gzip",
        Compression::Zstd => "zstd",
    };
    Some(format!("user.box.packed.1.{word}.{}", packing.level))
}

/// Notes what a plain blob came to. Where that fails nothing is lost but time.
pub fn note(blob: &Path, packing: Packing, digest: &BlobDigest, size: u64) {
    if let Some(name) = name(packing) {
        let text = format!("{digest} {size}");
        let _ = rustix::fs::setxattr(blob, name.as_str(), text.as_bytes(), XattrFlags::empty());
    }
}

/// What a plain blob came to when it was packed so, if that is known: its digest and its length.
#[must_use]
pub fn noted(blob: &Path, packing: Packing) -> Option<(BlobDigest, u64)> {
    let mut text = [0; LONGEST];
    let length = rustix::fs::getxattr(blob, name(packing)?.as_str(), &mut text[..]).ok()?;
    let (digest, size) = std::str::from_utf8(&text[..length]).ok()?.split_once(' ')?;
    Some((digest.parse().ok()?, size.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_noted_is_known_for_that_way_of_packing_alone() {
        let blob = std::env::temp_dir().join(format!("box-packed-{}", std::process::id()));
        std::fs::write(&blob, "x").unwrap();
        let digest = BlobDigest::of(b"packed");
        assert_eq!(noted(&blob, Packing::GZIP), None);
        note(&blob, Packing::GZIP, &digest, 7);
        assert_eq!(noted(&blob, Packing::GZIP), Some((digest, 7)));
        assert_eq!(noted(&blob, Packing::parse("gzip", Some(9)).unwrap()), None);
        let nonsense = [0xff; 8];
        rustix::fs::setxattr(&blob, "user.box.packed.1.gzip.5", &nonsense, XattrFlags::empty()).unwrap();
        assert_eq!(noted(&blob, Packing::GZIP), None);
        std::fs::remove_file(&blob).unwrap();
    }
}
