//! Images from archives: `docker save`'s, OCI archives, and OCI layouts in a directory.
//!
//! An archive is read once, from the first byte to the last, so that it may come through a pipe:
//! what looks like a layer is unpacked as it passes, small documents are kept, and the manifest,
//! wherever it stands, says in the end what belongs together. What nothing refers to is dropped.

use super::layouts;
use super::publish::{Part, Parts, publish, warn_of_devices};
use crate::error::{Doing, Error, Kind, Result, failed, invalid};
use crate::image::config::ImageConfig;
use crate::image::digest::{BlobDigest, ImageId, is_hex};
use crate::image::manifest::{Descriptor, Document, Index, MAX_CONFIG, Manifest, media};
use crate::image::platform::Platform;
use crate::image::reference::Reference;
use crate::registry::policy::Policy;
use crate::store::archive::{MemberKind, TarReader};
use crate::store::blobs::{self, StagedBlob};
use crate::store::compress::{self, Compression};
use crate::store::images;
use crate::store::layers::{self, StagedLayer};
use crate::store::layout::Store;
use crate::store::staging::Staging;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// What to load.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LoadRequest {
    /// An archive or a directory; `None` is standard input.
    pub path: Option<PathBuf>,
    /// Where it comes from, in the user's words.
    pub source: String,
    /// Only the image of this name in it.
    pub only: Option<String>,
    /// The name of an image that has none in there.
    pub name: Option<Reference>,
    /// The platform of an index that is wanted, and of any image; this machine's if `None`.
    pub platform: Option<Platform>,
    /// What may be let in, if that was not asked yet.
    pub policy: Option<Policy>,
}

/// An image that was loaded.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Loaded {
    /// Its id.
    pub id: ImageId,
    /// The names it came with.
    pub names: Vec<Reference>,
}

/// Loads all images of an archive. Runs inside the user namespace.
///
/// They are made visible one after the other: a crash leaves those before it whole, of the one that
/// was on its way files that nothing names, which `store::gc` removes, and a directory in `tmp/`, which
/// the next job sweeps.
///
/// # Errors
/// `Invalid` for what is no image archive; what the reader and the disk say.
pub fn load(store: &Store, request: &LoadRequest) -> Result<Vec<Loaded>> {
    let _hold = images::hold(store)?;
    let staging = Staging::begin(store)?;
    let mut contents = Contents::default();
    let doing = || format!("load {}", request.source);
    match &request.path {
        Some(path) if path.is_dir() => contents.directory(&staging, path).doing(doing)?,
        Some(path) => {
            let file = File::open(path).doing(|| format!("open {}", path.display()))?;
            contents.archive(&staging, file).doing(doing)?;
        }
        None => contents.archive(&staging, std::io::stdin().lock()).doing(doing)?,
    }
    warn_of_devices(&contents.layers.values().collect::<Vec<_>>());
    let found = contents.images(request.platform.as_ref()).doing(doing)?;
    if let Some(policy) = &request.policy {
        let transport = contents.transport(request.path.as_ref().is_some_and(|path| path.is_dir()));
        policy.check_path(transport, request.path.as_deref().unwrap_or(Path::new("")), None)?;
    }
    let found: Vec<Found> = match &request.only {
        None => found,
        Some(only) => {
            let wanted = Reference::parse_local(only)?;
            found
                .into_iter()
                .filter(|f| {
                    f.label == *only
                        || f.names.contains(&wanted)
                        || f.names.iter().any(|n| n.to_string() == *only)
                })
                .collect()
        }
    };
    if found.is_empty() {
        return Err(Error::new(Kind::NotFound, format!("there is no such image in {}", request.source)));
    }
    let mut loaded = Vec::new();
    for mut image in found {
        if image.names.is_empty() {
            image.names.extend(request.name.clone());
        }
        let names = image.names.clone();
        let id = contents.publish(store, &staging, image).doing(doing)?;
        loaded.push(Loaded { id, names });
    }
    Ok(loaded)
}

/// The documents of one archive that are kept in memory; what comes after them is passed over.
const MAX_DOCUMENTS: u64 = 64 << 20;
/// What is kept of the images that they describe.
const MAX_FOUND: u64 = 256 << 20;

/// Where a layout has its blobs.
const BLOBS: [&str; 2] = ["blobs/sha256/", "blobs/sha512/"];

/// What passed by.
#[derive(Default)]
struct Contents {
    documents: HashMap<String, Vec<u8>>,
    /// The bytes of the documents.
    kept: u64,
    /// And of names.
    names: u64,
    layers: HashMap<String, StagedLayer>,
    /// Layers that were used up already, where their blobs are.
    used: HashMap<String, (PathBuf, BlobDigest)>,
    /// Symlinks, in archives of old Docker versions.
    links: HashMap<String, String>,
}

/// An image that the archive's own list names.
struct Found {
    /// The word that stands for it in the archive.
    label: String,
    names: Vec<Reference>,
    config: Vec<u8>,
    layers: Vec<String>,
    /// `None`: one is made.
    manifest: Option<(Vec<u8>, String, Option<BlobDigest>)>,
    /// The index through which it was found.
    index: Option<BlobDigest>,
}

/// One image in `manifest.json` of Docker's archives.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DockerImage {
    config: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    #[serde(default)]
    layers: Option<Vec<String>>,
}

impl Contents {
    fn archive(&mut self, staging: &Staging, from: impl Read) -> Result<()> {
        // The archive as a whole may be compressed.
        let (_, plain) = compress::decoder(compress::without_xz(from)?)?;
        let mut tar = TarReader::new(BufReader::with_capacity(128 << 10, plain));
        while let Some(member) = tar.next_member()? {
            let name = plain_name(&member.path);
            self.keep(name.len() + member.link.len())?;
            match member.kind {
                MemberKind::File => self.file(staging, &name, member.size, &mut tar)?,
                MemberKind::Symlink | MemberKind::HardLink => {
                    let link = String::from_utf8_lossy(&member.link).into_owned();
                    let target = match (member.kind, name.rsplit_once('/')) {
                        (MemberKind::Symlink, Some((dir, _))) => format!("{dir}/{link}"),
                        _ => link,
                    };
                    self.links.insert(name, plain_name(target.as_bytes()));
                }
                _ => {}
            }
        }
        tar.finish()
    }

    /// Notes that so much more is kept of names: a few bytes of a compressed archive make many of them.
    fn keep(&mut self, bytes: usize) -> Result<()> {
        self.names += bytes as u64;
        if self.names > MAX_DOCUMENTS {
            return Err(invalid("the names of its members need too much memory"));
        }
        Ok(())
    }

    fn directory(&mut self, staging: &Staging, dir: &Path) -> Result<()> {
        let mut waiting = vec![String::new()];
        while let Some(below) = waiting.pop() {
            let path = dir.join(&below);
            for entry in std::fs::read_dir(&path).doing(|| format!("read {}", path.display()))? {
                let entry = entry.doing(|| format!("read {}", path.display()))?;
                let name = entry.file_name().to_string_lossy().into_owned();
                let name = if below.is_empty() { name } else { format!("{below}/{name}") };
                let kind = entry.file_type().doing(|| format!("look at {name}"))?;
                // A layout has only these two levels; anything else is not ours to read.
                if kind.is_dir() && (name == "blobs" || BLOBS.iter().any(|dir| name == dir[..dir.len() - 1]))
                {
                    waiting.push(name);
                } else if kind.is_file() {
                    let file =
                        File::open(entry.path()).doing(|| format!("open {}", entry.path().display()))?;
                    let size = file.metadata().doing(|| format!("look at {name}"))?.len();
                    self.file(staging, &name, size, file)?;
                }
            }
        }
        Ok(())
    }

    fn file(&mut self, staging: &Staging, name: &str, size: u64, data: impl Read) -> Result<()> {
        let mut data = BufReader::with_capacity(16 << 10, data);
        let start = data.fill_buf().doing(|| format!("read {name}"))?;
        if looks_like_a_layer(name, start) {
            let layer = layers::stage(staging, data).doing(|| format!("unpack the layer {name}"))?;
            self.layers.insert(name.to_string(), layer);
        } else if size <= MAX_CONFIG && self.kept + size <= MAX_DOCUMENTS {
            self.kept += size;
            let mut bytes = Vec::new();
            data.read_to_end(&mut bytes).doing(|| format!("read {name}"))?;
            self.documents.insert(name.to_string(), bytes);
        }
        Ok(())
    }

    /// What podman calls this kind of archive or directory.
    fn transport(&self, directory: bool) -> &'static str {
        match (self.documents.get("manifest.json"), directory) {
            (Some(list), _) if list.starts_with(b"[") => "docker-archive",
            (Some(_), _) => "dir",
            (None, true) => "oci",
            (None, false) => "oci-archive",
        }
    }

    /// The images that the archive lists, or those of them for `platform`.
    fn images(&self, platform: Option<&Platform>) -> Result<Vec<Found>> {
        let host = Platform::host();
        let mut found = self.all_images(platform.unwrap_or(&host))?;
        if let Some(wanted) = platform {
            let fits = |found: &Found| -> Result<bool> {
                // An index has said what it is for.
                if found.index.is_some() {
                    return Ok(true);
                }
                let config = ImageConfig::parse(&found.config)?;
                Ok(wanted.rank(&config.platform()).is_some())
            };
            let all = found.len();
            let mut kept = Vec::new();
            for image in found {
                if fits(&image)? {
                    kept.push(image);
                }
            }
            found = kept;
            if found.is_empty() && all > 0 {
                return Err(Error::new(Kind::NotFound, format!("it has no image for {wanted}")));
            }
        }
        Ok(found)
    }

    fn all_images(&self, platform: &Platform) -> Result<Vec<Found>> {
        // Docker's newer archives have both; their manifest.json has the full names.
        if let Some(list) = self.documents.get("manifest.json").filter(|d| d.starts_with(b"[")) {
            let list: Vec<DockerImage> = serde_json::from_slice(list)
                .map_err(|cause| invalid("its manifest.json cannot be read").because(cause))?;
            return bounded(list.into_iter().map(|image| self.docker_image(image)));
        }
        if let Some(manifest) = self.documents.get("manifest.json") {
            // What skopeo calls `dir:`.
            let entry = Descriptor::of("", manifest);
            return Ok(vec![self.oci_image(&entry, &entry, None, platform)?]);
        }
        if let Some(index) = self.documents.get("index.json") {
            let index: Index = serde_json::from_slice(index)
                .map_err(|cause| invalid("its index.json cannot be read").because(cause))?;
            return bounded(index.manifests.iter().map(|entry| self.oci_image(entry, entry, None, platform)));
        }
        Err(invalid("it is no archive of images (docker-archive, oci-archive or an OCI layout)")
            .hint("a tarball of a root file system becomes an image by `box import`"))
    }

    fn document(&self, name: &str) -> Result<&Vec<u8>> {
        let name = self.resolve(name);
        self.documents.get(&name).ok_or_else(|| invalid(format!("{name} is missing in it")))
    }

    fn docker_image(&self, image: DockerImage) -> Result<Found> {
        let names = image.repo_tags.unwrap_or_default();
        let names: Vec<Reference> =
            names.iter().map(|name| Ok(Reference::parse(name)?.tagged())).collect::<Result<_>>()?;
        Ok(Found {
            label: image.config.clone(),
            names,
            config: self.document(&image.config)?.clone(),
            layers: image.layers.unwrap_or_default().iter().map(|name| self.resolve(name)).collect(),
            manifest: None,
            index: None,
        })
    }

    /// The file of a blob: an OCI layout has them below `blobs/`, a `dir:` beside its manifest.
    fn blob_name(&self, digest: &BlobDigest) -> String {
        let in_dir = [digest.hex().to_string(), format!("{}.manifest.json", digest.hex())];
        let here = |name: &String| self.documents.contains_key(name) || self.layers.contains_key(name);
        in_dir.into_iter().find(here).unwrap_or_else(|| layouts::blob_name(digest))
    }

    fn oci_image(
        &self,
        named: &Descriptor,
        entry: &Descriptor,
        index: Option<&BlobDigest>,
        platform: &Platform,
    ) -> Result<Found> {
        let bytes = match self.documents.get("manifest.json") {
            Some(bytes) if entry.digest.fits(bytes) => bytes,
            _ => self.document(&self.blob_name(&entry.digest))?,
        };
        check(bytes, &entry.digest)?;
        let manifest = match Document::parse(bytes, Some(&entry.media_type))? {
            Document::Index(_) if index.is_some() => {
                return Err(invalid("it has an index in an index"));
            }
            Document::Index(index) => {
                let chosen = index.choose(platform)?;
                return self.oci_image(named, chosen, Some(&entry.digest), platform);
            }
            Document::Manifest(manifest) => manifest,
        };
        let config = self.document(&self.blob_name(&manifest.config.digest))?;
        check(config, &manifest.config.digest)?;
        let note = |key: &str| named.annotations.get(key).filter(|text| !text.is_empty());
        let label = note(images::REF_NAME).cloned().unwrap_or_default();
        let name = note("io.containerd.image.name").or(note(images::REF_NAME));
        // Without a registry it is nobody's but ours: docker.io would be a lie.
        let names = name.map(|name| Reference::parse_local(name)).transpose()?;
        let media_type = match (&manifest.media_type, entry.media_type.as_str()) {
            (Some(own), _) => own.clone(),
            (None, "") => media::OCI_MANIFEST.to_string(),
            (None, given) => given.to_string(),
        };
        Ok(Found {
            label,
            names: names.into_iter().collect(),
            config: config.clone(),
            layers: manifest.layers.iter().map(|layer| self.blob_name(&layer.digest)).collect(),
            manifest: Some((bytes.clone(), media_type, Some(entry.digest.clone()))),
            index: index.cloned(),
        })
    }

    /// Follows symlinks inside the archive.
    fn resolve(&self, name: &str) -> String {
        let mut name = plain_name(name.as_bytes());
        for _ in 0..8 {
            match self.links.get(&name) {
                Some(target) => name.clone_from(target),
                None => break,
            }
        }
        name
    }

    fn publish(&mut self, store: &Store, staging: &Staging, image: Found) -> Result<ImageId> {
        let mut entries = Vec::new();
        let mut parts = Vec::new();
        for name in &image.layers {
            let layer = self.take(store, staging, name)?;
            entries.push(Descriptor::new(
                layer.compression.media_type(),
                layer.blob.digest().clone(),
                layer.blob.size(),
            ));
            parts.push(Part::Staged(layer));
        }
        let (manifest, media_type, digest) = match image.manifest {
            Some(manifest) => manifest,
            None => {
                let manifest = Manifest::oci(Descriptor::of(media::OCI_CONFIG, &image.config), entries);
                let bytes = serde_json::to_vec(&manifest).expect("a manifest is strings and numbers");
                (bytes, media::OCI_MANIFEST.to_string(), None)
            }
        };
        let (config, names) = (image.config, image.names);
        let beside = match &image.index {
            Some(index) => self.beside(store, staging, index)?,
            None => Vec::new(),
        };
        let index = image.index;
        publish(
            store,
            staging,
            Parts { layers: parts, config, manifest, digest, media_type, names, index, beside },
        )
    }

    /// An index and what is here of its images: blobs of other platforms are kept as they are.
    fn beside(&mut self, store: &Store, staging: &Staging, index: &BlobDigest) -> Result<Vec<StagedBlob>> {
        let name = match self.documents.get("manifest.json") {
            Some(bytes) if index.fits(bytes) => "manifest.json".to_string(),
            _ => self.blob_name(index),
        };
        let bytes = self.document(&name)?.clone();
        let Document::Index(list) = Document::parse(&bytes, None)? else { return Ok(Vec::new()) };
        let mut kept = vec![blobs::stage_as(staging, &bytes, index)?];
        for entry in &list.manifests {
            let Some(bytes) = self.documents.get(&self.blob_name(&entry.digest)).cloned() else { continue };
            check(&bytes, &entry.digest)?;
            kept.push(blobs::stage_as(staging, &bytes, &entry.digest)?);
            let Document::Manifest(manifest) = Document::parse(&bytes, Some(&entry.media_type))? else {
                continue;
            };
            for blob in manifest.layers.iter().chain([&manifest.config]) {
                let name = self.blob_name(&blob.digest);
                if let Some(bytes) = self.documents.get(&name) {
                    check(bytes, &blob.digest)?;
                    kept.push(blobs::stage_as(staging, bytes, &blob.digest)?);
                } else if self.layers.contains_key(&name) {
                    let mut staged = self.take(store, staging, &name)?.into_blob();
                    staged.expect(&blob.digest)?;
                    kept.push(staged);
                }
            }
        }
        Ok(kept)
    }

    /// The staged layer of that name; one that was used already is unpacked again from its blob.
    fn take(&mut self, store: &Store, staging: &Staging, name: &str) -> Result<StagedLayer> {
        // By the name in a layout or a `dir:`.
        let hex = BLOBS.iter().find_map(|dir| name.strip_prefix(dir)).unwrap_or(name);
        let digest = is_hex(hex).then(|| BlobDigest::from_hex(hex)).transpose()?;
        let verified = |mut layer: StagedLayer| {
            if let Some(digest) = &digest {
                layer.blob.expect(digest)?;
            }
            Ok(layer)
        };
        if let Some(layer) = self.layers.remove(name) {
            let layer = verified(layer)?;
            let place = (layer.blob.path().to_path_buf(), layer.blob.digest().clone());
            self.used.insert(name.to_string(), place);
            return Ok(layer);
        }
        let (staged, digest) =
            self.used.get(name).ok_or_else(|| invalid(format!("the layer {name} is missing in it")))?;
        let file = File::open(staged).or_else(|_| File::open(store.blob(digest)));
        verified(layers::stage(staging, file.doing(|| format!("read the layer {name} again"))?)?)
    }
}

/// The images, if what is kept of all of them fits into memory: each of many short entries can name the
/// same long document.
fn bounded(images: impl Iterator<Item = Result<Found>>) -> Result<Vec<Found>> {
    let (mut all, mut sum) = (Vec::new(), 0);
    for image in images {
        let image = image?;
        sum += image.config.len() + image.manifest.as_ref().map_or(0, |(bytes, ..)| bytes.len());
        sum += image.layers.iter().map(|name| name.len() + 100).sum::<usize>();
        if sum as u64 > MAX_FOUND {
            return Err(invalid("what it says about its images needs too much memory"));
        }
        all.push(image);
    }
    Ok(all)
}

/// Without `./`, `..` and doubled slashes.
fn plain_name(path: &[u8]) -> String {
    let text = String::from_utf8_lossy(path);
    let mut parts: Vec<&str> = Vec::new();
    for part in text.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn check(bytes: &[u8], digest: &BlobDigest) -> Result<()> {
    let actual = BlobDigest::by(digest.algorithm(), bytes);
    if actual == *digest {
        return Ok(());
    }
    Err(failed(format!("{digest} in it is damaged: its digest is {actual}")))
}

/// By the name in Docker's archives, by the content in OCI's, where all blobs look alike.
fn looks_like_a_layer(name: &str, start: &[u8]) -> bool {
    if name.ends_with(".tar") || name.ends_with(".tar.gz") {
        return true;
    }
    if !name.starts_with("blobs/") && !is_hex(name) {
        return false;
    }
    let compressed = !matches!(Compression::detect(start), Ok(Compression::None));
    let tar = start.len() >= 512 && &start[257..262] == b"ustar";
    let empty_tar = start.len() >= 512 && start[..512].iter().all(|&b| b == 0);
    compressed || tar || empty_tar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blobs_are_told_by_their_content() {
        assert!(looks_like_a_layer("abc/layer.tar", b""));
        assert!(looks_like_a_layer("blobs/sha256/ab", &[0x1f, 0x8b, 8, 0]));
        assert!(looks_like_a_layer("blobs/sha256/ab", &[0; 1024]));
        assert!(!looks_like_a_layer("blobs/sha256/ab", b"{\"schemaVersion\":2}"));
        assert!(!looks_like_a_layer("manifest.json", b"[]"));
    }

    #[test]
    fn names_in_archives_are_plain() {
        assert_eq!(plain_name(b"./a//b/../c.tar"), "a/c.tar");
        assert_eq!(plain_name(b"../../x"), "x");
    }
}
