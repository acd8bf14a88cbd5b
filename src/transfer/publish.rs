//! From staged parts to a visible image.

use crate::error::{Doing, Result, failed, invalid};
use crate::image::config::ImageConfig;
use crate::image::digest::{BlobDigest, ChainId, ImageId};
use crate::image::manifest::{Descriptor, Manifest};
use crate::image::reference::Reference;
use crate::store::blobs::{self, StagedBlob};
use crate::store::images;
use crate::store::layers::{self, StagedLayer};
use crate::store::layout::Store;
use crate::store::staging::Staging;
use std::io::Write;

/// A layer of an image that is being made.
pub enum Part {
    /// Unpacked already.
    Present,
    /// Unpacked already, but its blob was not here.
    Blob(StagedBlob),
    /// Staged by this job.
    Staged(StagedLayer),
}

/// Everything of one image.
pub struct Parts {
    /// Lowest first, as many as the configuration has.
    pub layers: Vec<Part>,
    /// The configuration's bytes.
    pub config: Vec<u8>,
    /// The manifest's bytes.
    pub manifest: Vec<u8>,
    /// The manifest's digest, if somebody named it by one.
    pub digest: Option<BlobDigest>,
    /// The manifest's media type.
    pub media_type: String,
    /// The names it gets; one without names is entered nameless.
    pub names: Vec<Reference>,
    /// The index it was chosen from.
    pub index: Option<BlobDigest>,
    /// What else is kept: the index and its other images, so that they go out together again.
    pub beside: Vec<StagedBlob>,
}

/// Compares each layer with the configuration, then makes layers, blobs and names visible, in this
/// order: whatever happens between two steps leaves unreferenced files that `store::gc` removes.
///
/// # Errors
/// `Failed` when a layer is not the one that the configuration names; what the disk says.
pub fn publish(store: &Store, staging: &Staging, mut parts: Parts) -> Result<ImageId> {
    let config = ImageConfig::parse(&parts.config)?;
    let diff_ids = &config.rootfs.diff_ids;
    if diff_ids.len() != parts.layers.len() {
        return Err(invalid(format!(
            "the manifest has {} layers and the configuration {}",
            parts.layers.len(),
            diff_ids.len()
        )));
    }
    for (layer, wanted) in parts.layers.iter_mut().zip(diff_ids) {
        if let Part::Staged(layer) = layer {
            layer.expect(wanted).doing(|| "use a layer")?;
        }
    }
    let manifest: Manifest = serde_json::from_slice(&parts.manifest)
        .map_err(|cause| invalid("the manifest cannot be read").because(cause))?;
    let config_blob = blobs::stage_as(staging, &parts.config, &manifest.config.digest)?;
    let manifest_blob = match &parts.digest {
        Some(digest) => blobs::stage_as(staging, &parts.manifest, digest)?,
        None => blobs::stage(staging, &parts.manifest)?,
    };
    let id = ImageId::of_config(config_blob.digest());
    let mut entry = Descriptor::new(&parts.media_type, manifest_blob.digest().clone(), manifest_blob.size());
    entry.platform = Some(config.platform());
    staging.sync()?;

    let mut below: Option<ChainId> = None;
    for (layer, chain) in parts.layers.into_iter().zip(ChainId::chain(diff_ids)) {
        match layer {
            Part::Present => {}
            Part::Blob(blob) => blob.publish(store)?,
            Part::Staged(layer) if layers::is_complete(store, &chain) => layer.into_blob().publish(store)?,
            Part::Staged(layer) => layer.publish(store, &chain, below.as_ref())?,
        }
        below = Some(chain);
    }
    for blob in parts.beside {
        blob.publish(store)?;
    }
    config_blob.publish(store)?;
    manifest_blob.publish(store)?;
    if parts.names.is_empty() {
        images::add(store, &entry, None, parts.index.as_ref())?;
    }
    for name in &parts.names {
        images::add(store, &entry, Some(name), parts.index.as_ref())?;
    }
    Ok(id)
}

/// Stages a layer that is written as a tar by `pack`, in one pass: it is hashed, kept as a blob and
/// unpacked while it is written.
///
/// It is all in `staging`: see there what a crash leaves.
///
/// # Errors
/// What `pack` fails with, else as [`layers::stage`].
pub fn stage_packed(
    staging: &Staging,
    pack: impl FnOnce(&mut dyn Write) -> Result<()> + Send,
) -> Result<StagedLayer> {
    let (from, to) = std::io::pipe().doing(|| "make a pipe")?;
    std::thread::scope(|scope| {
        let packer = scope.spawn(move || -> Result<()> {
            let mut to = std::io::BufWriter::with_capacity(128 << 10, to);
            pack(&mut to)?;
            to.flush().doing(|| "write the archive")
        });
        let staged = layers::stage(staging, from);
        let packed = packer.join().unwrap_or_else(|_| Err(failed("the archive could not be written")));
        match (packed, staged) {
            // The reader went away: it has the reason.
            (Err(error), Err(reader)) if is_broken_pipe(&error) => Err(reader),
            (Err(error), _) => Err(error),
            (Ok(()), staged) => staged,
        }
    })
}

fn is_broken_pipe(error: &crate::error::Error) -> bool {
    error.io().is_some_and(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
}

/// Says once what was left out of the layers.
pub fn warn_of_devices(layers: &[&StagedLayer]) {
    let skipped: u64 = layers.iter().map(|layer| layer.skipped_devices).sum();
    if skipped > 0 {
        crate::transfer::progress::note(&format!(
            "warning: {skipped} device nodes outside /dev were left out: only the host's root can make them"
        ));
    }
}
