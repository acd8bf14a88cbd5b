//! Where images are written to that is no registry: archives and directories.
//!
//! `docker-archive` is what `docker save` writes, `oci` a directory with an OCI image layout,
//! `oci-archive` the same in a tar, and `dir` a directory with one manifest and its blobs.
//!
//! Source: OCI image specification "Image Layout"; docker's image specification 1.2 "Combined Image
//! JSON + Filesystem Changeset Format"; containers-transports(5).

use super::outgoing::{Outgoing, Package, Piece, plain_tar};
use super::progress::Progress;
use crate::error::{Doing, Error, Kind, Result, failed, invalid};
use crate::image::digest::{Algorithm, BlobDigest, Hasher};
use crate::image::manifest::{Descriptor, Index};
use crate::image::reference::Reference;
use crate::registry::fetch::unwrap_io;
use crate::store::archive::{Member, MemberKind};
use crate::store::images::REF_NAME;
use crate::store::layout::Store;
use crate::store::tarball::TarWriter;
use crate::sys::file::{Durable, Whole, replace};
use serde_json::{Value, json};

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// Takes the files of an image by their names.
pub trait Target {
    /// Writes one, unless it has it already.
    ///
    /// # Errors
    /// The reader's and the writer's.
    fn put(&mut self, name: &str, size: u64, data: &mut dyn Read) -> Result<()>;

    /// Whether a file of that name was written, so that its data need not be prepared.
    fn has(&self, name: &str) -> bool;
}

/// A tar archive. Every member is root's and has no time: the same images give the same bytes.
pub struct Archive<W: Write> {
    tar: TarWriter<W>,
    written: HashSet<String>,
}

impl<W: Write> Archive<W> {
    /// Begins one.
    pub fn new(to: W) -> Archive<W> {
        Archive { tar: TarWriter::new(to), written: HashSet::new() }
    }

    /// Ends it.
    ///
    /// # Errors
    /// The writer's.
    pub fn finish(self) -> Result<W> {
        self.tar.finish()
    }
}

impl<W: Write> Target for Archive<W> {
    fn put(&mut self, name: &str, size: u64, data: &mut dyn Read) -> Result<()> {
        if !self.written.insert(name.to_string()) {
            return Ok(());
        }
        // skopeo as a normal user cannot read an archive that leaves its directories to be guessed.
        for (end, _) in name.match_indices('/') {
            let above = &name[..=end];
            if self.written.insert(above.to_string()) {
                let plain = Member::plain_file(above, 0);
                let directory = Member { kind: MemberKind::Directory, mode: 0o755, ..plain };
                self.tar.member(&directory, io::empty())?;
            }
        }
        self.tar.member(&Member::plain_file(name, size), data).doing(|| format!("write {name}"))
    }

    fn has(&self, name: &str) -> bool {
        self.written.contains(name)
    }
}

/// A directory, made when it is missing. Each file appears whole or not at all.
pub struct Directory {
    path: PathBuf,
    /// What was not there before, in the order in which it was made.
    made: Vec<PathBuf>,
}

impl Directory {
    /// Takes it or makes it, and writes into it. When that fails, what it has made goes again; a crash
    /// leaves whole files: the one that names the others is the last.
    ///
    /// # Errors
    /// When it cannot be made; what `write` fails with.
    pub fn fill(path: &Path, write: impl FnOnce(&mut Directory) -> Result<()>) -> Result<()> {
        let mut directory = Directory { path: path.to_path_buf(), made: Vec::new() };
        let made = directory.make(path).doing(|| format!("make {}", path.display()));
        made.and_then(|()| write(&mut directory)).inspect_err(|_| {
            for made in directory.made.iter().rev() {
                // The first error is the one to tell; somebody else's files in it keep a directory.
                let _ = if made.is_dir() { std::fs::remove_dir(made) } else { std::fs::remove_file(made) };
            }
        })
    }

    /// Makes a directory and those above it.
    fn make(&mut self, dir: &Path) -> io::Result<()> {
        let missing = dir.ancestors().take_while(|dir| !dir.as_os_str().is_empty() && !dir.exists());
        let missing: Vec<&Path> = missing.collect();
        self.made.extend(missing.into_iter().rev().map(Path::to_path_buf));
        std::fs::create_dir_all(dir)
    }
}

impl Target for Directory {
    fn put(&mut self, name: &str, size: u64, data: &mut dyn Read) -> Result<()> {
        let path = self.path.join(name);
        let doing = || format!("write {}", path.display());
        if let Some(parent) = path.parent() {
            self.make(parent).doing(doing)?;
        }
        let is_new = !path.exists();
        let file = Whole::begin(&path).doing(doing)?;
        let written = io::copy(data, &mut file.file()).map_err(unwrap_io).doing(doing)?;
        if written != size {
            return Err(failed(format!("it has {written} bytes instead of {size}"))).doing(doing);
        }
        file.finish(None, Durable::No).doing(doing)?;
        if is_new {
            self.made.push(path.clone());
        }
        Ok(())
    }

    fn has(&self, name: &str) -> bool {
        // Blobs are named by their content; anything else is written again.
        name.starts_with("blobs/") && self.path.join(name).exists()
    }
}

/// A reader that fails at its end unless the bytes were those of the digest.
struct Checked<R> {
    from: R,
    sum: Option<Hasher>,
    wanted: String,
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let got = self.from.read(into)?;
        match &mut self.sum {
            Some(sum) if got > 0 => sum.update(&into[..got]),
            Some(_) if !into.is_empty() => {
                let is = BlobDigest::finish(self.sum.take().expect("it was there a line above"));
                if is.hex() != self.wanted {
                    return Err(io::Error::other(
                        failed(format!("the blob {} is damaged: its digest is {}", self.wanted, is.hex()))
                            .hint("pull or load the image again"),
                    ));
                }
            }
            _ => {}
        }
        Ok(got)
    }
}

fn checked<R: Read>(from: R, algorithm: Algorithm, hex: &str) -> Checked<R> {
    Checked { from, sum: Some(algorithm.hasher()), wanted: hex.to_string() }
}

/// Reads one byte past the end, which is where [`Checked`] gives its verdict.
fn verdict(data: &mut dyn Read, what: &str) -> Result<()> {
    match data.read(&mut [0]) {
        Ok(0) => Ok(()),
        Ok(_) => Err(failed(format!("{what} is longer than it says"))),
        Err(error) => Err(unwrap_io(error)),
    }
}

fn put_piece(target: &mut dyn Target, name: &str, piece: &Piece, progress: &Progress) -> Result<()> {
    let hex = piece.descriptor.digest.hex();
    if target.has(name) {
        progress.present(hex);
        return Ok(());
    }
    let bar = progress.blob(hex, piece.descriptor.size);
    let file = File::open(&piece.path).doing(|| format!("open {}", piece.path.display()))?;
    let mut data = checked(bar.watch(file), piece.descriptor.digest.algorithm(), hex);
    target.put(name, piece.descriptor.size, &mut data)?;
    verdict(&mut data, hex)?;
    bar.done();
    Ok(())
}

fn put_bytes(target: &mut dyn Target, name: &str, bytes: &[u8]) -> Result<()> {
    target.put(name, bytes.len() as u64, &mut &bytes[..])
}

pub(super) fn blob_name(digest: &BlobDigest) -> String {
    format!("blobs/{}/{}", digest.algorithm().name(), digest.hex())
}

/// Writes images as an OCI layout, each under its names; `index` is what is there already.
///
/// # Errors
/// What reading and writing fail with.
pub fn write_oci(
    target: &mut dyn Target,
    images: &[(&Outgoing, Vec<String>)],
    mut index: Index,
    progress: &Progress,
) -> Result<()> {
    put_bytes(target, "oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#)?;
    for (image, names) in images {
        let mut entry = match &image.whole {
            Some(whole) => {
                for package in &whole.packages {
                    put_package(target, package, progress)?;
                }
                let size = whole.bytes.len() as u64;
                let entry = Descriptor::new(&whole.media_type, whole.digest.clone(), size);
                put_bytes(target, &blob_name(&entry.digest), &whole.bytes)?;
                entry
            }
            None => {
                put_package(target, &image.package, progress)?;
                let mut entry = image.package.descriptor();
                entry.platform = Some(image.image.platform.clone());
                entry
            }
        };
        progress.line("Writing manifest to image destination");
        for name in names {
            // A name has one meaning: whoever had it before loses it.
            index.manifests.retain(|other| other.annotations.get(REF_NAME) != Some(name));
            entry.annotations.insert(REF_NAME.to_string(), name.clone());
            index.manifests.push(entry.clone());
        }
        if names.is_empty() && !index.manifests.iter().any(|other| other.digest == entry.digest) {
            index.manifests.push(entry);
        }
    }
    let text = serde_json::to_vec(&index).expect("an index is strings and numbers");
    put_bytes(target, "index.json", &text)
}

fn put_package(target: &mut dyn Target, package: &Package, progress: &Progress) -> Result<()> {
    for piece in package.pieces() {
        put_piece(target, &blob_name(&piece.descriptor.digest), piece, progress)?;
    }
    put_bytes(target, &blob_name(&package.digest), &package.manifest)
}

/// What a directory's index.json says already; empty where there is none.
///
/// # Errors
/// `Invalid` when it is something else.
pub fn existing_index(dir: &Path) -> Result<Index> {
    let path = dir.join("index.json");
    match std::fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map_err(|cause| invalid(format!("{} is no index of images", path.display())).because(cause)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Index::default()),
        Err(error) => Err(error).doing(|| format!("read {}", path.display())),
    }
}

/// Writes images as `docker save` does, each with its names: layers as plain tars.
///
/// # Errors
/// What reading and writing fail with.
pub fn write_docker_archive(
    store: &Store,
    target: &mut dyn Target,
    images: &[(&Outgoing, Vec<Reference>)],
    progress: &Progress,
) -> Result<()> {
    let mut list = Vec::new();
    let mut repositories = serde_json::Map::new();
    for (outgoing, names) in images {
        let image = &outgoing.image;
        let mut layers = Vec::new();
        for (piece, diff_id) in outgoing.package.layers.iter().zip(&image.diff_ids) {
            let name = format!("{}.tar", diff_id.hex());
            let short = piece.descriptor.digest.hex();
            if target.has(&name) {
                progress.present(short);
            } else {
                // The length stands before the data, so what is packed is unpacked twice.
                let size = match piece.descriptor.media_type.ends_with(".tar") {
                    true => piece.descriptor.size,
                    false => io::copy(&mut plain_tar(piece)?, &mut io::sink())
                        .doing(|| format!("unpack the layer {}", piece.descriptor.digest))?,
                };
                let bar = progress.blob(short, size);
                let mut data = checked(bar.watch(plain_tar(piece)?), diff_id.algorithm(), diff_id.hex());
                target.put(&name, size, &mut data)?;
                verdict(&mut data, &name)?;
                bar.done();
            }
            layers.push(name);
        }
        let config = format!("{}.json", image.id.hex());
        progress.line(&format!("Copying config {}", image.id.short()));
        put_bytes(target, &config, &outgoing.package.read_config(store)?)?;
        let tags: Vec<String> = names.iter().map(Reference::to_string).collect();
        list.push(json!({
            "Config": config,
            "RepoTags": if tags.is_empty() { Value::Null } else { json!(tags) },
            "Layers": layers,
        }));
        if let Some(top) = image.diff_ids.last() {
            for name in names {
                let of_name = repositories.entry(name.name()).or_insert_with(|| json!({}));
                of_name[name.tag().unwrap_or("latest")] = json!(top.hex());
            }
        }
    }
    progress.line("Writing manifest to image destination");
    put_bytes(target, "repositories", &serde_json::to_vec(&repositories).expect("maps of strings"))?;
    put_bytes(target, "manifest.json", &serde_json::to_vec(&list).expect("lists of strings"))
}

/// Writes one image as a `dir:`: its manifest, and its blobs by their digests.
///
/// # Errors
/// What reading and writing fail with.
pub fn write_dir(path: &Path, outgoing: &Outgoing, progress: &Progress) -> Result<()> {
    Directory::fill(path, |target| put_dir(target, outgoing, progress))
}

fn put_dir(target: &mut Directory, outgoing: &Outgoing, progress: &Progress) -> Result<()> {
    put_bytes(target, "version", b"Directory Transport Version: 1.1\n")?;
    let put_package = |target: &mut Directory, package: &Package| -> Result<()> {
        for piece in package.pieces() {
            put_piece(target, piece.descriptor.digest.hex(), piece, progress)?;
        }
        Ok(())
    };
    progress.line("Writing manifest to image destination");
    match &outgoing.whole {
        Some(whole) => {
            for package in &whole.packages {
                put_package(target, package)?;
                let name = format!("{}.manifest.json", package.digest.hex());
                put_bytes(target, &name, &package.manifest)?;
            }
            put_bytes(target, "manifest.json", &whole.bytes)
        }
        None => {
            put_package(target, &outgoing.package)?;
            put_bytes(target, "manifest.json", &outgoing.package.manifest)
        }
    }
}

/// Writes a digest, or an id, to a file that scripts read.
///
/// It is replaced in one step where it is a file, or nothing; a pipe or a device is written to.
///
/// # Errors
/// What the file system says.
pub fn note_in_file(path: &Path, text: &str) -> Result<()> {
    match path.is_file() || !path.exists() {
        true => replace(path, text.as_bytes(), Durable::No),
        false => std::fs::write(path, text).doing(|| format!("write {}", path.display())),
    }
}

/// The error for an archive that is there: none of these formats can be added to.
#[must_use]
pub fn is_there(path: &Path) -> Error {
    Error::new(Kind::Conflict, format!("{} exists, and an archive cannot be added to", path.display()))
        .hint("remove it first, or choose another name")
}
