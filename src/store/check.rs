//! Looks for what is wrong with the store. Changes nothing; `ops::check` mends.
//!
//! Documents are read, references followed, and (unless the check is quick) every blob is hashed
//! and every layer unpacked once more beside the one that is there, so that the two can be compared.

use super::gc::{self, names};
use super::layers::{self, LayerRecord};
use super::layout::Store;
use super::lock::Lock;
use super::staging::Staging;
use super::{blobs, containers, foundations, images, mapped};
use crate::container::config::Rootfs;
use crate::container::id::ContainerId;
use crate::error::{Error, Kind, Result};
use crate::image::config::ImageConfig;
use crate::image::digest::{Algorithm, BlobDigest, ChainId, DiffId};
use crate::image::manifest::{Descriptor, MAX_CONFIG};
use crate::sys::userns::InUserNs;
use crate::sys::{compare, tree};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::path::Path;
use std::time::Duration;

/// How closely it is looked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Depth {
    /// Neither blobs are hashed nor layers compared.
    pub quick: bool,
    /// What nothing refers to is left over only when it is older.
    pub max_age: Duration,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The thing, as the user knows it: `image localhost/web:latest`.
    pub subject: String,
    /// What is wrong with it.
    pub what: String,
    /// What mends it.
    pub mend: Mend,
    /// Nothing is broken, only room is taken.
    pub harmless: bool,
}

/// What mends a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mend {
    /// Write `oci-layout`.
    Layout,
    /// Put the index together again from the manifests that are there.
    Index,
    /// Take the image of this manifest out of the index: it is lost.
    Image(BlobDigest),
    /// Remove this blob, so that a pull brings it again.
    Blob(BlobDigest),
    /// Unpack this layer from its blob once more; the manifest names the blob.
    Layer {
        /// The layer.
        chain: ChainId,
        /// A manifest that has it.
        manifest: BlobDigest,
    },
    /// Remove this name, which leads nowhere.
    Name(String),
    /// Give the container its name again.
    Link(ContainerId),
    /// Remove this container.
    Container(ContainerId),
    /// Remove what nothing refers to, and what killed commands have left.
    Sweep,
    /// Make this directory of the store.
    Directory(String),
    /// Put what is at the place of this lock away, and make it anew where it is always there.
    Lock(String),
    /// Give this volume a document again.
    Volume(String),
    /// Put the document of this network aside.
    Network(String),
    /// Remove the sockets of this short id.
    Sockets(String),
    /// Only the user can.
    Nothing(String),
}

/// Looks at everything.
///
/// # Errors
/// When the store cannot be read at all, or there is no room to unpack a layer.
pub fn check(store: &Store, depth: &Depth, _inside: &InUserNs) -> Result<Vec<Finding>> {
    // Without them nothing else can be looked at.
    let findings = foundations::look(store);
    if !findings.is_empty() {
        return Ok(findings);
    }
    // Nothing is collected while we look.
    let _held = images::hold(store)?;
    let staging = Staging::begin(store)?;
    let mut look =
        Look { store, depth, staging, findings: Vec::new(), checked: HashMap::new(), lost: HashSet::new() };
    look.index()?;
    look.containers()?;
    look.names()?;
    look.findings.extend(foundations::records(store)?);
    look.left_over()?;
    Ok(look.findings)
}

struct Look<'a> {
    store: &'a Store,
    depth: &'a Depth,
    staging: Staging,
    findings: Vec<Finding>,
    /// Layers by chain that were looked at already, for several images have them.
    checked: HashMap<ChainId, ()>,
    /// Layers that are not whole, by their chain's hex digits.
    lost: HashSet<String>,
}

impl Look<'_> {
    fn find(&mut self, subject: impl Into<String>, what: impl Into<String>, mend: Mend) {
        let finding = Finding { subject: subject.into(), what: what.into(), mend, harmless: false };
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }

    fn leftover(&mut self, subject: impl Into<String>, what: impl Into<String>, mend: Mend) {
        self.find(subject, what, mend);
        self.findings.last_mut().expect("it was just added").harmless = true;
    }

    fn index(&mut self) -> Result<()> {
        let images = self.store.images();
        let index = match images::read_index(self.store) {
            Ok(index) => index,
            Err(error) => {
                self.find("the index of images", error.chain(), Mend::Index);
                return Ok(());
            }
        };
        // It is written first, so there was an index once.
        if images.join("oci-layout").exists() && !images.join("index.json").exists() {
            self.find("the index of images", "is missing", Mend::Index);
            return Ok(());
        }
        let layout = std::fs::read(images.join("oci-layout")).unwrap_or_default();
        let version = serde_json::from_slice::<serde_json::Value>(&layout).unwrap_or_default();
        if !index.manifests.is_empty() && version["imageLayoutVersion"] != "1.0.0" {
            self.find("images/oci-layout", "is missing or damaged", Mend::Layout);
        }
        for entry in &index.manifests {
            self.image(entry)?;
        }
        Ok(())
    }

    fn image(&mut self, entry: &Descriptor) -> Result<()> {
        let name = entry.annotations.get(images::REF_NAME);
        let subject = format!("image {}", name.map_or_else(|| entry.digest.to_string(), Clone::clone));
        let lost = |look: &mut Self, error: Error| {
            let what = format!("{}; it is lost", error.chain());
            look.find(&subject, what, Mend::Image(entry.digest.clone()));
        };
        let manifest = match images::manifest(self.store, &entry.digest) {
            Ok(manifest) => manifest,
            Err(error) => {
                lost(self, error);
                return Ok(());
            }
        };
        let read = blobs::read(self.store, &manifest.config.digest, MAX_CONFIG);
        let config = match read.and_then(|bytes| ImageConfig::parse(&bytes)) {
            Ok(config) => config,
            Err(error) => {
                lost(self, error);
                return Ok(());
            }
        };
        let diff_ids = &config.rootfs.diff_ids;
        if diff_ids.len() != manifest.layers.len() {
            lost(
                self,
                Error::new(Kind::Invalid, "its manifest and its configuration do not have as many layers"),
            );
            return Ok(());
        }
        let mut parent = None;
        for ((blob, diff_id), chain) in manifest.layers.iter().zip(diff_ids).zip(ChainId::chain(diff_ids)) {
            let layer =
                LayerPlace { subject: &subject, manifest: &entry.digest, blob, diff_id, chain: &chain };
            self.layer(&layer, parent.as_ref())?;
            parent = Some(chain);
        }
        Ok(())
    }

    fn layer(&mut self, layer: &LayerPlace<'_>, parent: Option<&ChainId>) -> Result<()> {
        let subject = format!("{}, layer {}", layer.subject, &layer.chain.hex()[..12]);
        let path = self.store.blob(&layer.blob.digest);
        let blob_size = std::fs::metadata(&path).ok().map(|meta| meta.len());
        let whole = self.recorded(layer, parent);
        let mend = || Mend::Layer { chain: layer.chain.clone(), manifest: layer.manifest.clone() };
        match blob_size {
            None => {
                let what = match whole {
                    Ok(()) => "its blob is missing, so the image cannot be saved or pushed".to_string(),
                    Err(what) => {
                        self.lost.insert(layer.chain.hex().to_string());
                        format!("{what}, and its blob is missing too")
                    }
                };
                self.find(subject, what, Mend::Nothing("pull the image again".into()));
                return Ok(());
            }
            Some(size) if size != layer.blob.size => {
                let what = format!("its blob has {size} bytes instead of {}", layer.blob.size);
                self.find(&subject, what, Mend::Blob(layer.blob.digest.clone()));
                if let Err(what) = whole {
                    self.lost.insert(layer.chain.hex().to_string());
                    self.find(subject, what, Mend::Nothing("pull the image again".into()));
                }
                return Ok(());
            }
            Some(_) => {}
        }
        if let Err(what) = whole {
            self.lost.insert(layer.chain.hex().to_string());
            self.find(subject, what, mend());
            return Ok(());
        }
        if self.depth.quick || self.checked.insert(layer.chain.clone(), ()).is_some() {
            return Ok(());
        }
        self.content(layer, parent, &subject, &path)
    }

    /// Whether the layer's record is there and says what it should; what is wrong otherwise.
    fn recorded(&self, layer: &LayerPlace<'_>, parent: Option<&ChainId>) -> Result<(), String> {
        if !layers::diff(self.store, layer.chain).is_dir() {
            return Err("it is not unpacked".into());
        }
        let record = layers::record(self.store, layer.chain).map_err(|error| error.chain())?;
        let LayerRecord { diff_id, parent: below, .. } = record;
        if diff_id != *layer.diff_id || below.as_ref() != parent {
            return Err("its record is that of another layer".into());
        }
        Ok(())
    }

    /// Unpacks the blob once more and compares.
    fn content(
        &mut self,
        layer: &LayerPlace<'_>,
        parent: Option<&ChainId>,
        subject: &str,
        path: &Path,
    ) -> Result<()> {
        let blob = || Mend::Blob(layer.blob.digest.clone());
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) => {
                self.find(subject, format!("its blob cannot be read: {error}"), blob());
                return Ok(());
            }
        };
        let mut staged = match layers::stage(&self.staging, file) {
            Ok(staged) => staged,
            Err(error) if no_room(&error) => return Err(cannot_unpack(&error, subject)),
            Err(error) => {
                self.find(subject, format!("its blob is damaged: {}", error.chain()), blob());
                return Ok(());
            }
        };
        if staged.blob.expect(&layer.blob.digest).is_err() {
            let what = format!("its blob is damaged: its digest is {}", staged.blob.digest());
            self.find(subject, what, blob());
        } else if staged.expect(layer.diff_id).is_err() {
            let what = format!("its blob holds the layer {} instead of {}", staged.diff_id, layer.diff_id);
            self.find(subject, what, Mend::Image(layer.manifest.clone()));
        } else {
            let there = layers::diff(self.store, layer.chain);
            match staged.complete(self.store, parent) {
                Err(error) if no_room(&error) => return Err(cannot_unpack(&error, subject)),
                // A layer below is broken, which was found there; this one cannot be compared then.
                Err(_) => return Ok(()),
                Ok(()) => {}
            }
            if let Some((at, what)) = compare::first_difference(&there, &staged.dir().join("diff"))? {
                let mend = Mend::Layer { chain: layer.chain.clone(), manifest: layer.manifest.clone() };
                self.lost.insert(layer.chain.hex().to_string());
                self.find(subject, format!("{} {what}", at.display()), mend);
            }
        }
        // Now, not with the staging directory: there may be many.
        let _ = tree::remove(staged.dir());
        let _ = std::fs::remove_file(staged.blob.path());
        Ok(())
    }

    fn containers(&mut self) -> Result<()> {
        for (id, looked) in containers::look_at_all(self.store)? {
            let subject = format!("container {}", id.short());
            let entry = match looked {
                Ok(Some(entry)) => entry,
                Ok(None) => {
                    self.half_made(&id, &subject);
                    continue;
                }
                Err(error) => {
                    self.find(subject, error.chain(), Mend::Container(id));
                    continue;
                }
            };
            let subject = format!("container {}", entry.name);
            let Rootfs::Layers(chain) = &entry.config.rootfs else { continue };
            let missing = |layer: &&ChainId| {
                !self.lost.contains(layer.hex()) && !layers::is_complete(self.store, layer)
            };
            if let Some(layer) = chain.iter().find(missing) {
                let what = format!("its layer {} is gone", &layer.hex()[..12]);
                self.find(&subject, what, Mend::Container(id.clone()));
            }
            for directory in ["diff", "work"] {
                if !self.store.container(&id).join(directory).is_dir() {
                    self.find(
                        &subject,
                        format!("its directory {directory} is gone"),
                        Mend::Container(id.clone()),
                    );
                }
            }
        }
        Ok(())
    }

    fn half_made(&mut self, id: &ContainerId, subject: &str) {
        let dir = self.store.container(id);
        // Without a lock file it is a moment old, or empty and nobody's.
        let in_the_making = Lock::is_held(&dir.join("lock")).unwrap_or(true);
        if !in_the_making && dir.is_dir() && !containers::exists(self.store, id) {
            self.leftover(subject, "was left half made", Mend::Sweep);
        }
    }

    fn names(&mut self) -> Result<()> {
        for name in names(&self.store.names())? {
            let link = self.store.names().join(&name);
            let owner = std::fs::read_link(&link).ok();
            let owner = owner.and_then(|to| to.file_name()?.to_str()?.parse::<ContainerId>().ok());
            let right = owner.is_some_and(|id| {
                containers::name(self.store, &id).is_ok_and(|of_container| of_container.as_str() == name)
                    || Lock::is_held(&self.store.container(&id).join("lock")).unwrap_or(false)
            });
            if !right {
                // As one leaves it who is killed between the container and its name; whoever wants the
                // name next takes it.
                let subject = format!("name {name}");
                self.leftover(&subject, "leads to no container of that name", Mend::Name(name));
            }
        }
        for id in containers::list(self.store)? {
            let Ok(name) = containers::written_name(self.store, &id) else {
                if containers::exists(self.store, &id) {
                    let subject = format!("container {}", id.short());
                    self.find(subject, "its name is lost", Mend::Link(id));
                }
                continue;
            };
            let link = self.store.names().join(name.as_str());
            let leads_here = std::fs::read_link(&link).is_ok_and(|to| to.ends_with(id.as_str()));
            if containers::exists(self.store, &id) && !leads_here {
                self.find(
                    format!("container {}", id.short()),
                    format!("is not found by its name {name}"),
                    Mend::Link(id),
                );
            }
        }
        Ok(())
    }

    fn left_over(&mut self) -> Result<()> {
        // Without an index nobody knows what is referred to.
        if let Ok((of_images, of_layers)) = gc::marked(self.store) {
            let old = |path: &Path| {
                let age = std::fs::symlink_metadata(path)
                    .ok()
                    .and_then(|meta| meta.modified().ok()?.elapsed().ok());
                age.is_some_and(|age| age >= self.depth.max_age)
            };
            let unused = |names: Vec<String>, dir: &Path, used: &HashSet<String>| {
                let unused = |name: &&String| !used.contains(mapped::chain_of(name)) && old(&dir.join(name));
                names.iter().filter(unused).count()
            };
            let mut blobs = 0;
            for algorithm in Algorithm::ALL {
                let names = gc::blobs(self.store, algorithm)?;
                blobs += unused(names, &self.store.blobs(algorithm), &of_images);
            }
            let dir = self.store.layers();
            let layers = unused(names(&dir)?, &dir, &of_layers);
            if blobs > 0 {
                self.leftover("blobs", format!("{blobs} that no image refers to"), Mend::Sweep);
            }
            if layers > 0 {
                self.leftover(
                    "layers",
                    format!("{layers} that no image and no container refers to"),
                    Mend::Sweep,
                );
            }
        }
        let trash = containers::trash(self.store)?.len();
        if trash > 0 {
            self.leftover("trash", format!("{trash} directories wait for their removal"), Mend::Sweep);
        }
        let run = self.store.run().join("c");
        let live: HashSet<String> =
            containers::list(self.store)?.iter().map(|id| id.short().to_string()).collect();
        for short in names(&run).unwrap_or_default() {
            if !live.contains(&short) {
                self.leftover(format!("sockets of {short}"), "belong to no container", Mend::Sockets(short));
            }
        }
        Ok(())
    }
}

/// A layer of an image.
struct LayerPlace<'a> {
    subject: &'a str,
    manifest: &'a BlobDigest,
    blob: &'a Descriptor,
    diff_id: &'a DiffId,
    chain: &'a ChainId,
}

/// No room for a second copy of a layer, which says nothing about the one that is there.
fn cannot_unpack(error: &Error, subject: &str) -> Error {
    Error::new(error.kind(), format!("there is no room to unpack {subject}, once more: {}", error.chain()))
        .hint("make room, or: box system check --quick")
}

/// Whether the disk is full: then nothing is said about the blob.
fn no_room(error: &Error) -> bool {
    let chain = error.chain();
    chain.contains("No space left") || chain.contains("Disk quota")
}
