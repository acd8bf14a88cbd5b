//! Makes the index of images anew from the blobs and layers that are there.

use super::images::{REF_NAME, entry_name, manifest};
use super::layout::Store;
use super::lock::Lock;
use super::{gc, layers};
use crate::error::{Doing, Result};
use crate::image::config::ImageConfig;
use crate::image::digest::{Algorithm, BlobDigest, ChainId};
use crate::image::manifest::{Descriptor, Index, MAX_CONFIG, MAX_MANIFEST, media};
use crate::image::reference::Reference;
use crate::sys::file::{Durable, replace};

/// Puts a damaged index aside (`index.json.damaged`) and makes a new one of the manifests whose
/// layers are all unpacked here; of their names only those are known that `names` tells.
///
/// A crash leaves no index, which is an empty one: the next repair goes on from there.
///
/// # Errors
/// When the blobs cannot be listed or the index cannot be written.
pub fn index(store: &Store, names: &[(BlobDigest, Reference)]) -> Result<()> {
    let _lock = Lock::exclusive(&store.root().join("index.lock"))?;
    let path = store.images().join("index.json");
    let mut index = Index::default();
    let mut blobs = gc::blobs(store, Algorithm::Sha256)?;
    blobs.extend(gc::blobs(store, Algorithm::Sha512)?);
    for hex in blobs {
        let Ok(digest) = BlobDigest::from_hex(&hex) else { continue };
        let size = std::fs::metadata(store.blob(&digest)).map_or(u64::MAX, |meta| meta.len());
        if size > MAX_MANIFEST {
            continue;
        }
        let Ok(manifest) = manifest(store, &digest) else { continue };
        let read = super::blobs::read(store, &manifest.config.digest, MAX_CONFIG);
        let Ok(config) = read.and_then(|bytes| ImageConfig::parse(&bytes)) else { continue };
        let chain = ChainId::chain(&config.rootfs.diff_ids);
        if !chain.iter().all(|layer| layers::is_complete(store, layer)) {
            continue;
        }
        let media_type = manifest.media_type.as_deref().unwrap_or(media::OCI_MANIFEST);
        let mut entry = Descriptor::new(media_type, digest.clone(), size);
        entry.platform = Some(config.platform());
        let before = index.manifests.len();
        for (_, name) in names.iter().filter(|(of, _)| *of == digest) {
            let known = |entry: &Descriptor| entry_name(entry).is_some_and(|known| known == *name);
            if !index.manifests.iter().any(known) {
                let mut named = entry.clone();
                named.annotations.insert(REF_NAME.to_string(), name.to_string());
                index.manifests.push(named);
            }
        }
        if index.manifests.len() == before {
            index.manifests.push(entry);
        }
    }
    let aside = store.images().join("index.json.damaged");
    match std::fs::rename(&path, &aside) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).doing(|| format!("put {} aside", path.display()));
        }
        _ => {}
    }
    let text = serde_json::to_vec_pretty(&index).expect("an index is strings and numbers");
    replace(&path, &text, Durable::Yes)
}
