//! A tarball of a root file system becomes an image of one layer.

use super::publish::{Part, Parts, publish, warn_of_devices};
use crate::error::{Doing, Result, failed};
use crate::image::change;
use crate::image::config::{Execution, History, ImageConfig, RootFs};
use crate::image::digest::ImageId;
use crate::image::manifest::{Descriptor, Manifest, media};
use crate::image::platform::Platform;
use crate::image::reference::Reference;
use crate::registry::client::download;
use crate::store::compress;
use crate::store::images;
use crate::store::layers;
use crate::store::layout::Store;
use crate::store::staging::Staging;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

/// What to import, and as what.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ImportRequest {
    /// The tarball; `None` is standard input, or `source` if that is an address.
    pub path: Option<PathBuf>,
    /// Where it came from, in the user's words, for the history.
    pub source: String,
    /// Its name.
    pub name: Option<Reference>,
    /// `--change`.
    pub changes: Vec<String>,
    /// `--message`.
    pub message: Option<String>,
    /// `--os`, `--arch`, `--variant`.
    pub platform: Option<Platform>,
}

/// Imports a tarball. Runs inside the user namespace.
///
/// A crash leaves a directory in `tmp/`, which the next job sweeps, or blobs and layers that nothing
/// names, which `store::gc` removes; the name moves last, in one step.
///
/// # Errors
/// `Invalid` for what is no tarball and for bad changes, else what the disk says.
pub fn import(store: &Store, request: &ImportRequest) -> Result<ImageId> {
    let mut execution = Execution::default();
    for line in &request.changes {
        change::apply(&mut execution, line)?;
    }
    let _hold = images::hold(store)?;
    let staging = Staging::begin(store)?;
    let is_address = request.source.starts_with("http://") || request.source.starts_with("https://");
    let reader: Box<dyn Read> = match &request.path {
        None if is_address => {
            let found = download(&request.source).doing(|| format!("import {}", request.source));
            Box::new(found.map_err(|error| error.hint("it is read as curl would: is the address right?"))?)
        }
        Some(path) => Box::new(File::open(path).doing(|| format!("open {}", path.display()))?),
        None => Box::new(std::io::stdin().lock()),
    };
    let reader = compress::without_xz(reader).doing(|| format!("import {}", request.source))?;
    let layer = layers::stage(&staging, reader).doing(|| format!("import {}", request.source))?;
    if layer.blob.size() == 0 {
        return Err(failed(format!("cannot import {}: it is empty", request.source)));
    }
    warn_of_devices(&[&layer]);
    let (now, _) = super::commit::moment()?;
    let platform = request.platform.clone().unwrap_or_else(Platform::host);
    let config = ImageConfig {
        created: Some(now),
        architecture: platform.architecture,
        os: platform.os,
        variant: platform.variant,
        config: execution,
        rootfs: RootFs { diff_ids: vec![layer.diff_id.clone()], ..RootFs::default() },
        history: vec![History {
            created: Some(now),
            created_by: Some(format!("/bin/sh -c #(nop) ADD file:{} in /", layer.diff_id.hex())),
            comment: Some(
                request.message.clone().unwrap_or_else(|| format!("imported from {}", request.source)),
            ),
            ..History::default()
        }],
        ..ImageConfig::default()
    };
    let config = serde_json::to_vec(&config).expect("a configuration is strings, numbers and lists");
    let layer_entry =
        Descriptor::new(layer.compression.media_type(), layer.blob.digest().clone(), layer.blob.size());
    let manifest = Manifest::oci(Descriptor::of(media::OCI_CONFIG, &config), vec![layer_entry]);
    let manifest = serde_json::to_vec(&manifest).expect("a manifest is strings and numbers");
    let parts = Parts {
        layers: vec![Part::Staged(layer)],
        config,
        manifest,
        digest: None,
        media_type: media::OCI_MANIFEST.to_string(),
        names: request.name.clone().into_iter().collect(),
        index: None,
        beside: Vec::new(),
    };
    publish(store, &staging, parts)
}
