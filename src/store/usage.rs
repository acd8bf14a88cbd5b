//! How much of the disk the images take: which blobs and layers there are, and who refers to them.

use super::gc::References;
use super::layout::Store;
use super::{containers, images, layers};
use crate::error::{Doing, Result};
use crate::image::digest::{Algorithm, ChainId, ImageId};
use std::collections::{HashMap, HashSet};

/// A file or directory of the image store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// A blob, by the hex digits of its digest.
    Blob(String),
    /// An unpacked layer, by the hex digits of its chain.
    Layer(String),
}

/// All parts with their sizes, and those that each image and the containers refer to.
#[derive(Clone, Debug, Default)]
pub struct Usage {
    /// Bytes of each part that is there.
    pub sizes: HashMap<Part, u64>,
    /// What each image refers to.
    pub images: HashMap<ImageId, HashSet<Part>>,
    /// What the containers refer to.
    pub containers: HashSet<Part>,
}

impl Usage {
    /// Reads it all; takes no lock, so what is being made or removed meanwhile may be half counted.
    ///
    /// A layer counts as many bytes as its regular files had when it was unpacked.
    ///
    /// # Errors
    /// When the store cannot be listed.
    pub fn read(store: &Store) -> Result<Usage> {
        let mut usage = Usage::default();
        for algorithm in Algorithm::ALL {
            for hex in super::gc::blobs(store, algorithm)? {
                let path = store.blobs(algorithm).join(&hex);
                // One that went away meanwhile takes no room.
                let size = std::fs::symlink_metadata(path).map_or(0, |meta| meta.len());
                usage.sizes.insert(Part::Blob(hex), size);
            }
        }
        for hex in super::gc::names(&store.layers())? {
            // Copies with other owners belong to it.
            let hex = super::mapped::chain_of(&hex).to_string();
            let chain = ChainId::from_hex(&hex);
            let size = chain.and_then(|chain| layers::record(store, &chain)).map_or(0, |record| record.size);
            *usage.sizes.entry(Part::Layer(hex)).or_default() += size;
        }
        for entry in images::read_index(store)?.manifests {
            let of_entry = References::of(store, &entry);
            // A broken image harms only itself; `system check` names it.
            let Some(image) = of_entry.image else { continue };
            let parts = usage.images.entry(image).or_default();
            parts.extend(of_entry.blobs.into_iter().map(Part::Blob));
            parts.extend(of_entry.layers.into_iter().map(Part::Layer));
        }
        for id in containers::list(store).doing(|| "look at what the containers use")? {
            let Ok(config) = containers::config(store, &id) else { continue };
            usage.containers.extend(config.layers().map(|layer| Part::Layer(layer.hex().to_string())));
        }
        Ok(usage)
    }

    /// Bytes of these parts together.
    pub fn size<'a>(&self, parts: impl IntoIterator<Item = &'a Part>) -> u64 {
        parts.into_iter().filter_map(|part| self.sizes.get(part)).sum()
    }

    /// Bytes that would stay if all images went but those that `keep` takes.
    pub fn kept(&self, keep: impl Fn(&ImageId) -> bool) -> u64 {
        let of_images = self.images.iter().filter(|(id, _)| keep(id)).flat_map(|(_, parts)| parts);
        let kept: HashSet<&Part> = of_images.chain(&self.containers).collect();
        self.size(kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::digest::BlobDigest;

    #[test]
    fn what_two_images_share_counts_once() {
        let part = |name: &str| Part::Layer(name.to_string());
        let id = |name: &str| ImageId::of_config(&BlobDigest::of(name.as_bytes()));
        let mut usage = Usage::default();
        for (name, size) in [("base", 100), ("a", 10), ("b", 1), ("garbage", 1000), ("held", 5)] {
            usage.sizes.insert(part(name), size);
        }
        usage.images.insert(id("a"), [part("base"), part("a"), part("gone")].into());
        usage.images.insert(id("b"), [part("base"), part("b")].into());
        usage.containers.insert(part("held"));
        assert_eq!(usage.size(usage.sizes.keys()), 1116);
        assert_eq!(usage.kept(|image| *image == id("b")), 106);
        assert_eq!(usage.kept(|_| true), 116);
    }
}
