//! From a registry into the store.
//!
//! Manifest and configuration come first; they are small and verified as a whole. Then the layers,
//! several at a time: each one's bytes are hashed, written as a blob, uncompressed, hashed again and
//! unpacked as they arrive, once. Nothing of it is visible before every digest was right.

use super::progress::{Progress, note};
use super::publish::{Part, Parts, publish, warn_of_devices};
use crate::error::{Doing, Error, Kind, Result, failed, invalid};
use crate::image::access::Retry;
use crate::image::config::ImageConfig;
use crate::image::digest::{BlobDigest, ChainId, DiffId, ImageId};
use crate::image::manifest::{Descriptor, Document, MAX_CONFIG, MAX_MANIFEST, Manifest, media};
use crate::image::platform::Platform;
use crate::image::reference::Reference;
use crate::registry::client::Client;
use crate::registry::endpoint::Place;
use crate::registry::fetch::{self, BlobReader, RawManifest, unwrap_io};
use crate::store::blobs::{self, BlobWriter};
use crate::store::images;
use crate::store::layers::{self, StagedLayer};
use crate::store::layout::Store;
use crate::store::staging::Staging;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::fs::File;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// How many layers are fetched at a time; docker fetches three.
const PARALLEL: usize = 4;

/// What to pull.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PullJob {
    /// As the user typed it.
    pub name: String,
    /// What that may stand for, the best first.
    pub candidates: Vec<Candidate>,
    /// For which platform; `None` is this machine.
    pub platform: Option<Platform>,
    /// No lines, no bars.
    pub quiet: bool,
    /// How often a request is tried again.
    pub retry: Retry,
}

/// A full name, and where to ask for it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Candidate {
    /// The name that the image gets.
    pub name: Reference,
    /// Mirrors first.
    pub places: Vec<Place>,
}

/// What came of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Pulled {
    /// The image.
    pub id: ImageId,
    /// The name it has now.
    pub name: Reference,
}

/// Pulls an image. Runs inside the user namespace.
///
/// A crash leaves a directory in `tmp/`, which the next job sweeps, or blobs and layers that nothing
/// names, which the next pull of them takes over or `store::gc` removes; the name moves last.
///
/// # Errors
/// The last registry's answer when none has the image; `Failed` for wrong digests; what the disk says.
pub fn pull(store: &Store, job: &PullJob) -> Result<Pulled> {
    let progress = Progress::new(job.quiet);
    let mut errors = Vec::new();
    for Candidate { name, places } in &job.candidates {
        progress.line(&format!("Trying to pull {name}..."));
        for place in places {
            match from_place(store, job, name, place, &progress) {
                Ok(id) => return Ok(Pulled { id, name: name.canonical() }),
                Err(error) => errors.push(error),
            }
        }
    }
    let first = match errors.len() {
        0 => failed("there is no registry to ask"),
        1 => errors.remove(0),
        _ => {
            // The kind of the last: that is the place the image belongs to.
            let kind = errors.last().map_or(Kind::Failed, Error::kind);
            let hint = errors.last().and_then(Error::find_hint).map(str::to_string);
            let told: Vec<String> = errors.iter().map(Error::chain).collect();
            let error = Error::new(kind, told.join("; "));
            match hint {
                Some(hint) => error.hint(hint),
                None => error,
            }
        }
    };
    let first_name = job.candidates.first().map(|candidate| candidate.name.to_string());
    Err(first).doing(|| format!("pull {}", first_name.unwrap_or_else(|| job.name.clone())))
}

/// The names of all tags of a repository, from the first registry that answers.
///
/// # Errors
/// The last registry's answer.
pub fn all_tags(job: &PullJob) -> Result<Vec<String>> {
    let mut last = failed("there is no registry to ask");
    for Candidate { name, places } in &job.candidates {
        for place in places {
            let tags = Client::new(&place.endpoint)
                .and_then(|client| fetch::tags(&client, place.reference.repository(), job.retry));
            match tags {
                Ok(tags) => return Ok(tags.iter().map(|tag| format!("{}:{tag}", name.name())).collect()),
                Err(error) => last = error,
            }
        }
    }
    Err(last).doing(|| format!("list the tags of {}", job.name))
}

fn from_place(
    store: &Store,
    job: &PullJob,
    name: &Reference,
    place: &Place,
    progress: &Progress,
) -> Result<ImageId> {
    let asked = &place.reference;
    let (client, retry) = (Client::new(&place.endpoint)?, job.retry);
    let repository = asked.repository();
    let platform = job.platform.clone().unwrap_or_else(Platform::host);

    let top = fetch::manifest(&client, repository, &asked.manifest_selector(), retry)?;
    let (raw, manifest, index) = match Document::parse(&top.bytes, top.media_type.as_deref())? {
        Document::Manifest(manifest) => (top, manifest, None),
        Document::Index(list) => {
            let chosen = list.choose(&platform)?;
            let raw = fetch::manifest(&client, repository, &chosen.digest.to_string(), retry)?;
            match Document::parse(&raw.bytes, raw.media_type.as_deref())? {
                Document::Manifest(manifest) => (raw, manifest, Some(top.digest)),
                Document::Index(_) => {
                    return Err(invalid("the index contains another index for this platform"));
                }
            }
        }
    };
    let staging = Staging::begin(store)?;
    // Taken after everything that waits for a person or a server, and kept to the end.
    let _hold = images::hold(store)?;
    let config_bytes = fetch::small_blob(&client, repository, &manifest.config, MAX_CONFIG, retry)
        .doing(|| "get the image's configuration")?;
    let config = ImageConfig::parse(&config_bytes)?;
    check_platform(job, &config, &platform, progress);
    if config.rootfs.diff_ids.len() != manifest.layers.len() {
        return Err(invalid("the manifest and the configuration have different numbers of layers"));
    }
    let fetcher = Fetcher { store, staging: &staging, client: &client, repository, retry, progress };
    let parts = fetcher.layers(&manifest, &config)?;
    let staged: Vec<&StagedLayer> = parts
        .iter()
        .filter_map(|part| match part {
            Part::Staged(layer) => Some(layer),
            _ => None,
        })
        .collect();
    warn_of_devices(&staged);
    progress.line(&format!("Copying config {}", &manifest.config.digest.hex()[..12]));
    progress.line("Writing manifest to image destination");
    let media_type = media_type(&raw, &manifest);
    let parts = Parts {
        layers: parts,
        config: config_bytes,
        manifest: raw.bytes,
        digest: Some(raw.digest),
        media_type,
        names: vec![name.canonical()],
        index,
        beside: Vec::new(),
    };
    publish(store, &staging, parts)
}

/// Unpacks the layers of an image that are not unpacked, from its blobs: somebody else wrote the
/// image into the layout, or a layer was lost. Runs inside the user namespace.
///
/// A crash leaves some of them unpacked, each complete or absent, and a directory in `tmp/`, which the
/// next job sweeps; whoever uses the image next unpacks the rest.
///
/// # Errors
/// `NotFound` when a blob is missing as well; `Failed` when one is damaged.
pub fn unpack_missing(store: &Store, digest: &BlobDigest) -> Result<()> {
    let _hold = images::hold(store)?;
    let staging = Staging::begin(store)?;
    let bytes = blobs::read(store, digest, MAX_MANIFEST)?;
    let Document::Manifest(manifest) = Document::parse(&bytes, None)? else {
        return Err(invalid(format!("{digest} is an index")));
    };
    let config_bytes = blobs::read(store, &manifest.config.digest, MAX_CONFIG)?;
    let config = ImageConfig::parse(&config_bytes)?;
    let mut parts = Vec::new();
    for (layer, chain) in manifest.layers.iter().zip(ChainId::chain(&config.rootfs.diff_ids)) {
        if layers::is_complete(store, &chain) {
            parts.push(Part::Present);
            continue;
        }
        let doing = || format!("unpack the layer {} again", layer.digest);
        let blob = File::open(store.blob(&layer.digest)).doing(doing)?;
        let mut staged = layers::stage(&staging, blob).doing(doing)?;
        staged.blob.expect(&layer.digest).doing(doing)?;
        parts.push(Part::Staged(staged));
    }
    let media_type = manifest.media_type.clone().unwrap_or_else(|| media::OCI_MANIFEST.to_string());
    let (config, manifest) = (config_bytes, bytes);
    let parts = Parts {
        layers: parts,
        config,
        manifest,
        digest: Some(digest.clone()),
        media_type,
        names: Vec::new(),
        index: None,
        beside: Vec::new(),
    };
    publish(store, &staging, parts).map(drop)
}

/// A platform that was asked for but is not what came is worth a word; what nobody asked for as well.
fn check_platform(job: &PullJob, config: &ImageConfig, wanted: &Platform, progress: &Progress) {
    let is = config.platform();
    if is.architecture.is_empty() || wanted.rank(&is).is_some() {
        return;
    }
    match job.platform {
        None => progress.line(&format!("WARNING: the image is for {is}, this machine is {wanted}")),
        // The index lies, or the image has no other: not what was asked for, even to who is quiet.
        Some(_) => {
            note(&format!("WARNING: image platform ({is}) does not match the expected platform ({wanted})"))
        }
    }
}

/// The manifest's own word, the registry's, or what it must be.
fn media_type(raw: &RawManifest, manifest: &Manifest) -> String {
    let known = |text: &&String| *text == media::OCI_MANIFEST || *text == media::DOCKER_MANIFEST;
    manifest
        .media_type
        .as_ref()
        .filter(known)
        .or(raw.media_type.as_ref().filter(known))
        .cloned()
        .unwrap_or_else(|| media::OCI_MANIFEST.to_string())
}

struct Fetcher<'a> {
    store: &'a Store,
    staging: &'a Staging,
    client: &'a Client,
    repository: &'a str,
    retry: Retry,
    progress: &'a Progress,
}

impl Fetcher<'_> {
    /// All layers, lowest first, those that are not here fetched by several threads.
    fn layers(&self, manifest: &Manifest, config: &ImageConfig) -> Result<Vec<Part>> {
        let chain = ChainId::chain(&config.rootfs.diff_ids);
        let queue: VecDeque<usize> = (0..chain.len()).collect();
        let queue = Mutex::new(queue);
        let parts: Vec<Mutex<Option<Part>>> = chain.iter().map(|_| Mutex::new(None)).collect();
        let errors = Mutex::new(Vec::new());
        let stop = AtomicBool::new(false);
        let work = || {
            while !stop.load(Ordering::Relaxed) {
                let Some(at) = queue.lock().expect("no panic while it is held").pop_front() else { return };
                match self.layer(&manifest.layers[at], &chain[at], &config.rootfs.diff_ids[at], &stop) {
                    Ok(part) => *parts[at].lock().expect("no panic while it is held") = Some(part),
                    Err(error) => {
                        stop.store(true, Ordering::Relaxed);
                        let digest = &manifest.layers[at].digest;
                        let error = Err::<(), _>(error).doing(|| format!("get the layer {digest}"));
                        errors.lock().expect("no panic while it is held").extend(error.err());
                    }
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..PARALLEL.min(chain.len()) {
                scope.spawn(work);
            }
            work();
        });
        // The first one is the cause; the others were stopped by it.
        if let Some(error) = errors.into_inner().expect("no panic while it is held").into_iter().next() {
            return Err(error);
        }
        let parts = parts.into_iter().map(|part| part.into_inner().expect("no panic while it is held"));
        parts.map(|part| part.ok_or_else(|| failed("a layer was not fetched"))).collect()
    }

    fn layer(
        &self,
        descriptor: &Descriptor,
        chain: &ChainId,
        diff_id: &DiffId,
        stop: &AtomicBool,
    ) -> Result<Part> {
        let unpacked = layers::is_complete(self.store, chain);
        if unpacked && blobs::exists(self.store, &descriptor.digest) {
            self.progress.present(descriptor.digest.hex());
            return Ok(Part::Present);
        }
        if descriptor.media_type.contains("foreign") || descriptor.media_type.contains("nondistributable") {
            return Err(Error::new(
                Kind::Unsupported,
                "it may not be distributed by registries (a Windows image?)",
            ));
        }
        let bar = self.progress.blob(descriptor.digest.hex(), descriptor.size);
        let blob = BlobReader::open(self.client, self.repository, descriptor, self.retry)?;
        let mut blob = Stoppable { from: bar.watch(blob), stop };
        if unpacked {
            let mut writer = BlobWriter::begin(self.staging)?;
            std::io::copy(&mut blob, &mut writer).map_err(unwrap_io).doing(|| "keep it")?;
            let mut blob = writer.finish();
            blob.expect(&descriptor.digest)?;
            bar.done();
            return Ok(Part::Blob(blob));
        }
        let staged = layers::stage(self.staging, &mut blob);
        let mut layer = match staged {
            Ok(layer) => layer,
            Err(error) => return Err(self.why_broken(error, descriptor)),
        };
        layer.blob.expect(&descriptor.digest)?;
        layer.expect(diff_id)?;
        bar.done();
        Ok(Part::Staged(layer))
    }

    /// Bytes that do not fit their digest often fail to uncompress first; the digest is the better
    /// explanation, but only the whole blob has one.
    fn why_broken(&self, error: Error, descriptor: &Descriptor) -> Error {
        let is_content = error.kind() == Kind::Invalid
            || error.io().is_some_and(|io| {
                matches!(io.kind(), std::io::ErrorKind::InvalidData | std::io::ErrorKind::InvalidInput)
            });
        if !is_content {
            return error;
        }
        let again = || -> Result<()> {
            let mut writer = BlobWriter::begin(self.staging)?;
            let mut blob = BlobReader::open(self.client, self.repository, descriptor, self.retry)?;
            std::io::copy(&mut blob, &mut writer).map_err(unwrap_io)?;
            writer.finish().expect(&descriptor.digest)
        };
        match again() {
            Err(wrong) => wrong,
            Ok(()) => error,
        }
    }
}

/// Ends when another layer has failed.
struct Stoppable<'a, R> {
    from: R,
    stop: &'a AtomicBool,
}

impl<R: std::io::Read> std::io::Read for Stoppable<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(std::io::Error::other("stopped, because another layer could not be fetched"));
        }
        self.from.read(into)
    }
}
