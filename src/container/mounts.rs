//! What is mounted in a container: from what was asked for to what is decided.

use super::config::{Mount, MountSource};
use super::id::ContainerId;
use super::request::{ContainerRequest, ImageVolumes};
use super::resolve::HostFacts;
use super::volume::{MountRequest, SourceRequest, VolumeName, VolumesFrom, clean_path};
use crate::error::{Error, Kind, Result, invalid};
use crate::image::config::ImageConfig;
use crate::image::digest::{BlobDigest, ChainId};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What has to be known of the host for the mounts of a request.
#[derive(Clone, Debug, Default)]
pub struct MountFacts {
    /// The mounts of the containers that `--volumes-from` names, by that name.
    pub of_containers: BTreeMap<String, Vec<Mount>>,
    /// The layers of the images that are mounted, by the name that was asked for.
    pub images: BTreeMap<String, Vec<ChainId>>,
    /// What the patterns match on the host, sorted.
    pub matches: BTreeMap<String, Vec<PathBuf>>,
}

/// Decides what is mounted. At one place there is one: the user's own, else that of the last
/// `--volumes-from`, else the image's VOLUME, else what `--read-only` needs.
///
/// # Errors
/// `Invalid` when the user wants two at one place; `NotFound` when a fact is missing.
pub(super) fn resolve(
    request: &ContainerRequest,
    image: &ImageConfig,
    id: &ContainerId,
    host: &HostFacts,
) -> Result<Vec<Mount>> {
    let mut mounts: Vec<Mount> = Vec::new();
    for asked in &request.mounts {
        for mount in one(asked, id, host)? {
            // The same one twice is meant once, as in podman.
            if mounts.contains(&mount) {
                continue;
            }
            if mounts.iter().any(|known| known.destination == mount.destination) {
                return Err(invalid(format!("{}: duplicate mount destination", mount.destination)));
            }
            mounts.push(mount);
        }
    }
    // The later one wins, so it comes first here.
    for from in request.volumes_from.iter().rev() {
        let theirs = host.mounts.of_containers.get(&from.container);
        let theirs = theirs.ok_or_else(|| {
            Error::new(Kind::NotFound, format!("there is no container {:?}", from.container))
        })?;
        for mount in theirs.iter().filter(|mount| is_shared(mount)) {
            let read_only = from.read_only.unwrap_or(mount.read_only);
            add(&mut mounts, Mount { read_only, ..mount.clone() });
        }
    }
    for path in image.config.volumes.keys() {
        let destination = clean_path(path);
        if destination == "/" {
            continue;
        }
        let (source, options) = match request.image_volumes {
            ImageVolumes::Ignore => continue,
            ImageVolumes::Anonymous => (anonymous(id, &destination, true)?, words(&["nosuid", "nodev"])),
            ImageVolumes::Tmpfs => (MountSource::Tmpfs, words(&["noexec", "nosuid", "nodev", "tmpcopyup"])),
        };
        add(&mut mounts, plain(destination, source, options));
    }
    if request.security.read_only && !request.security.no_read_only_tmpfs {
        for (path, mode) in [("/run", "mode=0755"), ("/tmp", "mode=1777"), ("/var/tmp", "mode=1777")] {
            let options = words(&["nosuid", "nodev", mode, "tmpcopyup"]);
            add(&mut mounts, plain(path.to_string(), MountSource::Tmpfs, options));
        }
    }
    // Parents before what lies in them.
    mounts.sort_by(|a, b| a.destination.cmp(&b.destination));
    Ok(mounts)
}

/// The words as `inspect` shows them.
pub(super) fn volumes_from_words(from: &[VolumesFrom]) -> Vec<String> {
    let word = |from: &VolumesFrom| match from.read_only {
        None => from.container.clone(),
        Some(true) => format!("{}:ro", from.container),
        Some(false) => format!("{}:rw", from.container),
    };
    from.iter().map(word).collect()
}

/// Whether `--volumes-from` takes it along: what has content of its own.
fn is_shared(mount: &Mount) -> bool {
    match mount.source {
        MountSource::Bind { .. } | MountSource::Volume { .. } | MountSource::Image { .. } => true,
        MountSource::Tmpfs | MountSource::Ramfs | MountSource::Devpts => false,
    }
}

/// Adds a mount unless something is at its place.
fn add(mounts: &mut Vec<Mount>, mount: Mount) {
    if !mounts.iter().any(|known| known.destination == mount.destination) {
        mounts.push(mount);
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(ToString::to_string).collect()
}

fn plain(destination: String, source: MountSource, options: Vec<String>) -> Mount {
    Mount { destination, source, read_only: false, options, own: false, overlay: None, subpath: None }
}

/// One word; a pattern may match several things.
fn one(asked: &MountRequest, id: &ContainerId, host: &HostFacts) -> Result<Vec<Mount>> {
    let mut options = asked.options.clone();
    let source = match &asked.source {
        SourceRequest::Bind { path, recursive, propagation, .. } => MountSource::Bind {
            path: lexically_clean(&host.absolute(path)?),
            recursive: *recursive,
            propagation: propagation.clone(),
        },
        SourceRequest::Glob { pattern, recursive, propagation } => {
            let matches = host.mounts.matches.get(pattern).map_or(&[][..], Vec::as_slice);
            let each = |path: &PathBuf| {
                let source = MountSource::Bind {
                    path: path.clone(),
                    recursive: *recursive,
                    propagation: propagation.clone(),
                };
                decided(asked, place_of_match(&asked.destination, path), source, options.clone(), host)
            };
            return matches.iter().map(each).collect();
        }
        SourceRequest::Volume { name, copy, propagation, .. } => {
            for (word, no) in [("suid", "nosuid"), ("dev", "nodev")] {
                if !options.iter().any(|option| option == word || option == no) {
                    options.push(no.to_string());
                }
            }
            match name {
                Some(name) => MountSource::Volume {
                    name: name.clone(),
                    anonymous: false,
                    copy: *copy,
                    propagation: propagation.clone(),
                },
                None => anonymous(id, &asked.destination, *copy)?,
            }
        }
        SourceRequest::Image { name, writable } => {
            let layers = host.mounts.images.get(name).cloned();
            let layers =
                layers.ok_or_else(|| Error::new(Kind::NotFound, format!("{name}: image not known")))?;
            MountSource::Image { name: name.clone(), layers, writable: *writable }
        }
        SourceRequest::Tmpfs => MountSource::Tmpfs,
        SourceRequest::Ramfs => MountSource::Ramfs,
        SourceRequest::Devpts => MountSource::Devpts,
    };
    Ok(vec![decided(asked, asked.destination.clone(), source, options, host)?])
}

fn decided(
    asked: &MountRequest,
    destination: String,
    source: MountSource,
    options: Vec<String>,
    host: &HostFacts,
) -> Result<Mount> {
    let mut overlay = asked.overlay.clone();
    if let Some(overlay) = &mut overlay {
        for dir in [&mut overlay.upper, &mut overlay.work].into_iter().flatten() {
            *dir = lexically_clean(&host.absolute(&dir)?);
        }
    }
    Ok(Mount {
        destination,
        source,
        read_only: asked.read_only,
        options,
        own: asked.own,
        overlay,
        subpath: asked.subpath.clone(),
    })
}

/// A match of a pattern appears by its name below the destination, or where it is on the host.
fn place_of_match(destination: &str, path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    match (destination, name) {
        ("", _) | (_, None) => clean_path(&path.to_string_lossy()),
        (destination, Some(name)) => clean_path(&format!("{destination}/{name}")),
    }
}

/// The name looks like that of Docker's anonymous volumes, and is the same for the same place.
fn anonymous(id: &ContainerId, destination: &str, copy: bool) -> Result<MountSource> {
    let name: VolumeName = BlobDigest::of(format!("{id}{destination}").as_bytes()).hex().parse()?;
    Ok(MountSource::Volume { name, anonymous: true, copy, propagation: "rprivate".to_string() })
}

fn lexically_clean(path: &Path) -> PathBuf {
    match path.to_str() {
        // `..` stays: what it means depends on the links before it.
        Some(text) if !text.contains("..") => PathBuf::from(clean_path(text)),
        _ => path.to_path_buf(),
    }
}
