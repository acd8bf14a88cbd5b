//! The images: `images/index.json` of the OCI layout, whose entries name manifests.
//!
//! An entry's `org.opencontainers.image.ref.name` is a full reference; an image with two names
//! has two entries, one without a name has one without the annotation. The index is replaced as a
//! whole under its lock. Reading takes no lock.
//!
//! Who makes or uses images holds [`hold`] while there are blobs and layers that nothing refers to
//! yet; the garbage collection takes the same lock alone.

use super::blobs;
use super::layers;
use super::layout::Store;
use super::lock::Lock;
use crate::error::{Doing, Error, Kind, Result, failed};
use crate::image::config::ImageConfig;
use crate::image::digest::{Algorithm, BlobDigest, ChainId, DiffId, ImageId, digits, is_hex as is_digest};
use crate::image::manifest::{Descriptor, Document, Index, MAX_CONFIG, MAX_MANIFEST, Manifest};
use crate::image::platform::Platform;
use crate::image::reference::{DOCKER_IO, Reference};
use crate::sys::file::{Durable, is_left_over, replace, replace_json};
use jiff::Timestamp;
use std::collections::HashMap;

/// The annotation that names an image. Source: OCI image specification, "Annotations".
pub const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// The annotation with the digest of the index that an image was pulled through.
pub const INDEX_DIGEST: &str = "box.index.digest";

/// An image of the store.
#[derive(Clone, Debug)]
pub struct Image {
    /// The digest of its configuration.
    pub id: ImageId,
    /// Its names with their tags (or digests, for one pulled by digest), as they stand in the index.
    pub names: Vec<Reference>,
    /// The manifest of each name, in their order: one configuration can have several, packed otherwise.
    pub manifests: Vec<BlobDigest>,
    /// Its repositories by digest (`docker.io/library/debian@sha256:…`), for `RepoDigests`.
    pub digests: Vec<Reference>,
    /// Its manifest.
    pub manifest: BlobDigest,
    /// The manifest's media type.
    pub media_type: String,
    /// Its configuration.
    pub config: ImageConfig,
    /// Its layers, lowest first.
    pub diff_ids: Vec<DiffId>,
    /// The bytes of the regular files in its layers.
    pub size: u64,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// What it runs on.
    pub platform: Platform,
}

impl Image {
    /// The unpacked layers, lowest first.
    #[must_use]
    pub fn chain(&self) -> Vec<ChainId> {
        ChainId::chain(&self.diff_ids)
    }

    /// The name to show where one is wanted: the first, or the id.
    #[must_use]
    pub fn display_name(&self) -> String {
        self.names.first().map_or_else(|| self.id.hex().to_string(), Reference::to_string)
    }
}

/// Keeps the garbage collection away for as long as the result lives.
///
/// # Errors
/// When the store is not writable.
pub fn hold(store: &Store) -> Result<Lock> {
    Lock::shared(&store.root().join("images.lock"))
}

/// The same lock alone, or nothing while somebody holds it.
pub(crate) fn try_hold_alone(store: &Store) -> Result<Option<Lock>> {
    Lock::try_exclusive(&store.root().join("images.lock"), true)
}

/// Reads the index; an absent one is empty.
pub(crate) fn read_index(store: &Store) -> Result<Index> {
    let path = store.images().join("index.json");
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Index::default()),
        Err(error) => return Err(error).doing(|| format!("read {}", path.display())),
    };
    serde_json::from_slice(&bytes)
        .map_err(|cause| failed(format!("{} is damaged", path.display())).because(cause))
}

/// Changes the index under its lock and replaces the file; `change`'s error changes nothing.
fn with_index<T>(store: &Store, change: impl FnOnce(&mut Index) -> Result<T>) -> Result<T> {
    let _lock = Lock::exclusive(&store.root().join("index.lock"))?;
    if !store.images().join("oci-layout").exists() {
        write_layout(store)?;
    }
    let mut index = read_index(store)?;
    let before = index.clone();
    let result = change(&mut index)?;
    if index != before || !store.images().join("index.json").exists() {
        let text = serde_json::to_vec_pretty(&index).expect("an index is strings and numbers");
        // Whoever removes an image may do so because the disk is full.
        replace_json(&store.images().join("index.json"), &text, Durable::Yes)?;
    }
    Ok(result)
}

/// Writes the file that makes the directory an OCI image layout.
///
/// A crash leaves it or not; whoever changes the index next writes it.
///
/// # Errors
/// What the disk says.
pub fn write_layout(store: &Store) -> Result<()> {
    replace(&store.images().join("oci-layout"), br#"{"imageLayoutVersion":"1.0.0"}"#, Durable::Yes)
}

/// Takes every entry of this manifest out of the index.
///
/// A crash leaves what it does to [`add`].
///
/// # Errors
/// When the index cannot be written.
pub fn forget(store: &Store, manifest: &BlobDigest) -> Result<()> {
    with_index(store, |index| {
        index.manifests.retain(|entry| entry.digest != *manifest);
        Ok(())
    })
}

/// Removes what a crash left of a file that was being replaced. Under the index's lock: without it,
/// it is taken from under whoever writes right now (removing an image holds nothing else).
///
/// # Errors
/// When the layout cannot be listed.
pub(crate) fn sweep_half_written(store: &Store) -> Result<()> {
    let _lock = Lock::exclusive(&store.root().join("index.lock"))?;
    let dir = store.images();
    for entry in std::fs::read_dir(&dir).doing(|| format!("list {}", dir.display()))?.flatten() {
        if is_left_over(&entry.file_name().to_string_lossy()) {
            // What cannot be removed now is met by the next collection.
            let _ = std::fs::remove_file(entry.path());
        }
    }
    Ok(())
}

/// The name in an entry of the index. One without a registry was written by another tool.
pub(crate) fn entry_name(entry: &Descriptor) -> Option<Reference> {
    let text = entry.annotations.get(REF_NAME)?;
    match Reference::is_short(text) {
        Ok(true) => Reference::parse_local(text).ok(),
        _ => Reference::parse(text).ok(),
    }
}

/// Enters an image whose blobs and layers are published. A name moves here from where it was.
///
/// Without a name the image is entered once, nameless, unless it has an entry.
///
/// One replacement of the index: a crash leaves the old one or the new one.
///
/// # Errors
/// When the index cannot be written.
pub fn add(
    store: &Store,
    manifest: &Descriptor,
    name: Option<&Reference>,
    index_digest: Option<&BlobDigest>,
) -> Result<()> {
    with_index(store, |index| {
        let mut entry = Descriptor::new(&manifest.media_type, manifest.digest.clone(), manifest.size);
        entry.platform.clone_from(&manifest.platform);
        if let Some(digest) = index_digest {
            entry.annotations.insert(INDEX_DIGEST.to_string(), digest.to_string());
        }
        match name {
            None => {
                if !index.manifests.iter().any(|d| d.digest == manifest.digest) {
                    index.manifests.push(entry);
                }
            }
            Some(name) => {
                entry.annotations.insert(REF_NAME.to_string(), name.to_string());
                take_name(index, name);
                // The name takes the place of a nameless entry for the same manifest.
                index.manifests.retain(|d| d.digest != manifest.digest || entry_name(d).is_some());
                index.manifests.push(entry);
            }
        }
        Ok(())
    })
}

/// Takes a name away from whichever entry has it; an image that loses its last one stays, nameless.
fn take_name(index: &mut Index, name: &Reference) -> bool {
    let Some(at) = index.manifests.iter().position(|d| entry_name(d).as_ref() == Some(name)) else {
        return false;
    };
    let mut entry = index.manifests.remove(at);
    if !index.manifests.iter().any(|d| d.digest == entry.digest) {
        entry.annotations.remove(REF_NAME);
        index.manifests.insert(at, entry);
    }
    true
}

/// The entry of an image that has this name, or its first. The same image can be here through several
/// manifests, compressed by gzip and by zstd for example.
///
/// # Errors
/// `NotFound` when the image has gone meanwhile.
pub fn entry(store: &Store, image: &Image, name: Option<&Reference>) -> Result<Descriptor> {
    let index = read_index(store)?;
    let named = |entry: &&Descriptor| name.is_some() && entry_name(entry).as_ref() == name;
    let entry = index.manifests.iter().find(named);
    let entry = entry.or_else(|| index.manifests.iter().find(|entry| entry.digest == image.manifest));
    entry.cloned().ok_or_else(|| unknown(&image.display_name()))
}

/// Gives an image, meant by its name `found` or by its id, one more name; that moves here from where
/// it was.
///
/// A crash leaves what it does to [`add`].
///
/// # Errors
/// `NotFound` when the image has gone meanwhile.
pub fn tag(store: &Store, image: &Image, found: Option<&Reference>, name: &Reference) -> Result<()> {
    let entry = entry(store, image, found)?;
    let through = entry.annotations.get(INDEX_DIGEST).and_then(|text| text.parse().ok());
    add(store, &entry, Some(name), through.as_ref())
}

/// Takes a name away. The image stays, even nameless.
///
/// A crash leaves what it does to [`add`].
///
/// # Errors
/// When the index cannot be written.
pub fn untag(store: &Store, name: &Reference) -> Result<bool> {
    with_index(store, |index| Ok(take_name(index, name)))
}

/// Takes all entries of an image out of the index; its blobs and layers are left to `store::gc`.
///
/// A crash leaves what it does to [`add`].
///
/// # Errors
/// When the index cannot be written.
pub fn remove(store: &Store, image: &Image) -> Result<()> {
    // Two manifests may have the same configuration (one compressed by gzip, one by zstd).
    let same: Vec<BlobDigest> = group(store, &read_index(store)?)
        .into_iter()
        .filter(|(id, _)| *id == image.id)
        .flat_map(|(_, entries)| entries.into_iter().map(|(entry, _)| entry.digest))
        .collect();
    with_index(store, |index| {
        index.manifests.retain(|d| !same.contains(&d.digest));
        Ok(())
    })
}

/// Drops nameless entries of images that have a name through another manifest: what is left when an
/// image comes a second time, compressed otherwise.
pub(crate) fn drop_shadowed(store: &Store) -> Result<()> {
    let index = read_index(store)?;
    if index.manifests.iter().all(|entry| entry_name(entry).is_some()) {
        return Ok(());
    }
    let mut shadowed = Vec::new();
    for (_, entries) in group(store, &index) {
        if entries.iter().any(|(entry, _)| entry_name(entry).is_some()) {
            let nameless = entries.into_iter().filter(|(entry, _)| entry_name(entry).is_none());
            shadowed.extend(nameless.map(|(entry, _)| entry.digest));
        }
    }
    with_index(store, |index| {
        index.manifests.retain(|entry| entry_name(entry).is_some() || !shadowed.contains(&entry.digest));
        Ok(())
    })
}

/// Takes an entry that cannot be read out of the index, found by its name.
///
/// A crash leaves what it does to [`add`].
///
/// # Errors
/// When the index cannot be written.
pub fn remove_broken(store: &Store, name: &Reference) -> Result<bool> {
    with_index(store, |index| {
        let before = index.manifests.len();
        index.manifests.retain(|d| entry_name(d).as_ref() != Some(name));
        Ok(index.manifests.len() < before)
    })
}

/// The manifest of an entry.
pub(crate) fn manifest(store: &Store, digest: &BlobDigest) -> Result<Manifest> {
    match Document::parse(&blobs::read(store, digest, MAX_MANIFEST)?, None)? {
        Document::Manifest(manifest) => Ok(manifest),
        Document::Index(_) => Err(failed(format!("{digest} is an index, not an image"))),
    }
}

/// The index that an image came through; `None` unless it was kept.
pub(crate) fn index(store: &Store, digest: &BlobDigest) -> Option<Index> {
    match Document::parse(&blobs::read(store, digest, MAX_MANIFEST).ok()?, None) {
        Ok(Document::Index(index)) => Some(index),
        _ => None,
    }
}

type Entries = Vec<(Descriptor, Manifest)>;

/// The entries by image, in the order of the index. Unreadable ones are left out: a broken image
/// harms only itself.
fn group(store: &Store, index: &Index) -> Vec<(ImageId, Entries)> {
    let mut known: HashMap<BlobDigest, Option<Manifest>> = HashMap::new();
    let mut groups: Vec<(ImageId, Entries)> = Vec::new();
    let mut places: HashMap<ImageId, usize> = HashMap::new();
    for entry in &index.manifests {
        let read = known.entry(entry.digest.clone()).or_insert_with(|| manifest(store, &entry.digest).ok());
        let Some(manifest) = read.clone() else { continue };
        let id = ImageId::of_config(&manifest.config.digest);
        let place = *places.entry(id.clone()).or_insert_with(|| {
            groups.push((id, Vec::new()));
            groups.len() - 1
        });
        groups[place].1.push((entry.clone(), manifest));
    }
    groups
}

fn load(store: &Store, id: ImageId, entries: &Entries, sizes: &mut HashMap<ChainId, u64>) -> Result<Image> {
    let config = ImageConfig::parse(&blobs::read(store, &id.config(), MAX_CONFIG)?)?;
    let mut size = 0;
    for chain in ChainId::chain(&config.rootfs.diff_ids) {
        size += match sizes.get(&chain) {
            Some(size) => *size,
            None => {
                let read = layers::record(store, &chain).map_or(0, |record| record.size);
                sizes.insert(chain, read);
                read
            }
        };
    }
    let mut names = Vec::new();
    let mut manifests = Vec::new();
    let mut digests = Vec::new();
    for (entry, _) in entries {
        let Some(name) = entry_name(entry) else { continue };
        let through = entry.annotations.get(INDEX_DIGEST).and_then(|text| text.parse().ok());
        for digest in [Some(entry.digest.clone()), through].into_iter().flatten() {
            let by_digest = name.with_digest(digest);
            if !digests.contains(&by_digest) {
                digests.push(by_digest);
            }
        }
        names.push(name);
        manifests.push(entry.digest.clone());
    }
    let (first, _) = &entries[0];
    Ok(Image {
        manifest: first.digest.clone(),
        media_type: first.media_type.clone(),
        diff_ids: config.rootfs.diff_ids.clone(),
        created: config.created,
        platform: config.platform(),
        id,
        names,
        manifests,
        digests,
        config,
        size,
    })
}

/// All images, in the order in which they came. Unreadable ones are left out.
///
/// # Errors
/// When the index itself cannot be read.
pub fn list(store: &Store) -> Result<Vec<Image>> {
    let mut sizes = HashMap::new();
    let index = read_index(store)?;
    let groups = group(store, &index);
    Ok(groups.into_iter().filter_map(|(id, entries)| load(store, id, &entries, &mut sizes).ok()).collect())
}

/// Finds an image by id, unique beginning of an id, or name.
///
/// A name without a registry is looked for among the images here: `localhost/NAME`, then
/// `docker.io/library/NAME`, then any whose last path components are `NAME`.
///
/// # Errors
/// `Invalid` for what is no name and no id, or an ambiguous one; `Failed` for a damaged image.
pub fn find(store: &Store, text: &str) -> Result<Option<Image>> {
    Ok(find_named(store, text)?.map(|(image, _)| image))
}

/// Like [`find`] for a start that is waited for: by a name only that one manifest is read, so names
/// that the same image has through another manifest are missing. With a hundred images here this is
/// the difference between 3 documents read and 102.
///
/// # Errors
/// As [`find`].
pub fn find_to_run(store: &Store, text: &str) -> Result<Option<Image>> {
    Ok(search(store, text, false)?.map(|(image, _)| image))
}

/// Like [`find`]; with the name by which it was found, `None` for an id.
///
/// # Errors
/// As [`find`].
pub fn find_named(store: &Store, text: &str) -> Result<Option<(Image, Option<Reference>)>> {
    search(store, text, true)
}

fn search(store: &Store, text: &str, whole: bool) -> Result<Option<(Image, Option<Reference>)>> {
    let mut index = read_index(store)?;
    if digits(text) != text || is_digest(text) {
        return Ok(by_id(store, &index, text)?.map(|image| (image, None)));
    }
    let named = Reference::parse(text);
    if let Ok(reference) = &named {
        let short = Reference::is_short(text)?;
        if let Some((digest, name)) = by_name(&index, text, reference, short)? {
            if !whole {
                index.manifests.retain(|entry| entry.digest == digest);
            }
            let groups = group(store, &index);
            let found =
                groups.into_iter().find(|(_, entries)| entries.iter().any(|(e, _)| e.digest == digest));
            let Some((id, entries)) = found else {
                // Says what is wrong with it.
                manifest(store, &digest).doing(|| format!("read the image {text}"))?;
                return Ok(None);
            };
            let image =
                load(store, id, &entries, &mut HashMap::new()).doing(|| format!("read the image {text}"))?;
            return Ok(Some((image, Some(name))));
        }
    }
    match by_id(store, &index, text)? {
        Some(image) => Ok(Some((image, None))),
        None => named.map(|_| None),
    }
}

fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn by_id(store: &Store, index: &Index, text: &str) -> Result<Option<Image>> {
    let prefix = digits(text);
    if !is_hex(prefix) || prefix.len() > Algorithm::Sha512.digits() {
        return Ok(None);
    }
    let mut matches: Vec<(ImageId, Entries)> =
        group(store, index).into_iter().filter(|(id, _)| id.hex().starts_with(prefix)).collect();
    if matches.len() > 1 {
        return Err(Error::new(
            Kind::Invalid,
            format!("{text:?} is ambiguous: {} images have an id that begins so", matches.len()),
        ));
    }
    match matches.pop() {
        Some((id, entries)) => load(store, id, &entries, &mut HashMap::new())
            .doing(|| format!("read the image {text}"))
            .map(Some),
        None => Ok(None),
    }
}

/// The manifest that a name stands for here, and the entry's name.
fn by_name(
    index: &Index,
    text: &str,
    reference: &Reference,
    short: bool,
) -> Result<Option<(BlobDigest, Reference)>> {
    let wanted = reference.canonical();
    let entries: Vec<(&Descriptor, Reference)> =
        index.manifests.iter().filter_map(|d| Some((d, entry_name(d)?))).collect();
    let matching = |fits: &dyn Fn(&Reference) -> bool| -> Vec<&(&Descriptor, Reference)> {
        entries
            .iter()
            .filter(|(entry, name)| {
                let same = match wanted.digest() {
                    None => name.digest().is_none() && name.tag() == wanted.tag(),
                    Some(digest) => {
                        entry.digest == *digest
                            || entry.annotations.get(INDEX_DIGEST) == Some(&digest.to_string())
                            || name.digest() == Some(digest)
                    }
                };
                same && fits(name)
            })
            .collect()
    };
    let take = |(entry, name): &&(&Descriptor, Reference)| (entry.digest.clone(), name.clone());
    if !short {
        let exact = matching(&|name| name.name() == wanted.name());
        return Ok(exact.first().map(take));
    }
    // As typed, without docker's `library/`.
    let path = wanted.repository();
    let typed = path.strip_prefix("library/").filter(|_| !text.starts_with("library/")).unwrap_or(path);
    for registry in ["localhost", DOCKER_IO] {
        let repository = if registry == DOCKER_IO { path } else { typed };
        let exact = matching(&|name| name.registry() == registry && name.repository() == repository);
        if let Some(found) = exact.first() {
            return Ok(Some(take(found)));
        }
    }
    let tail = format!("/{typed}");
    let elsewhere = matching(&|name| format!("/{}", name.repository()).ends_with(&tail));
    if elsewhere.iter().any(|(entry, _)| entry.digest != elsewhere[0].0.digest) {
        let names: Vec<String> = elsewhere.iter().map(|(_, name)| name.to_string()).collect();
        return Err(Error::new(Kind::Invalid, format!("{text:?} is ambiguous: {}", names.join(", "))));
    }
    Ok(elsewhere.first().map(take))
}

/// The error for an image that is not here, in podman's words.
#[must_use]
pub fn unknown(name: &str) -> Error {
    Error::new(Kind::NotFound, format!("{name}: image not known"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::manifest::media;

    fn entry(name: &str) -> Descriptor {
        let mut entry = Descriptor::new(media::OCI_MANIFEST, BlobDigest::of(name.as_bytes()), 1);
        entry.annotations.insert(REF_NAME.to_string(), name.to_string());
        entry
    }

    fn found(index: &Index, text: &str) -> Option<String> {
        let reference = Reference::parse(text).unwrap();
        let short = Reference::is_short(text).unwrap();
        by_name(index, text, &reference, short).unwrap().map(|(_, name)| name.to_string())
    }

    #[test]
    fn a_short_name_prefers_what_was_made_here() {
        let manifests = vec![
            entry("docker.io/library/debian:latest"),
            entry("localhost/debian:latest"),
            entry("q.io/team/tool:1"),
        ];
        let mut index = Index { manifests, ..Index::default() };
        assert_eq!(found(&index, "debian").as_deref(), Some("localhost/debian:latest"));
        assert_eq!(found(&index, "docker.io/debian").as_deref(), Some("docker.io/library/debian:latest"));
        assert_eq!(found(&index, "tool:1").as_deref(), Some("q.io/team/tool:1"));
        assert_eq!(found(&index, "team/tool:1").as_deref(), Some("q.io/team/tool:1"));
        assert_eq!(found(&index, "ool:1"), None);
        assert_eq!(found(&index, "tool"), None);
        index.manifests.remove(1);
        assert_eq!(found(&index, "debian").as_deref(), Some("docker.io/library/debian:latest"));
    }

    #[test]
    fn two_images_for_one_short_name_are_ambiguous() {
        let index = Index { manifests: vec![entry("a.io/x:1"), entry("b.io/x:1")], ..Index::default() };
        let reference = Reference::parse("x:1").unwrap();
        assert!(by_name(&index, "x:1", &reference, true).is_err());
    }

    #[test]
    fn an_image_that_loses_its_last_name_stays() {
        let mut index = Index { manifests: vec![entry("a.io/x:1")], ..Index::default() };
        let name = Reference::parse("a.io/x:1").unwrap();
        assert!(take_name(&mut index, &name));
        assert_eq!(index.manifests.len(), 1);
        assert!(entry_name(&index.manifests[0]).is_none());
        assert!(!take_name(&mut index, &name));
    }
}
