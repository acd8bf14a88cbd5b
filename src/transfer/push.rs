//! From the store into a registry, or to one of the other places that images are kept at.

use super::layouts::{self, Archive, Directory};
use super::outgoing::{Conversion, Format, Outgoing, Package, Piece, gather};
use super::outlet;
use super::progress::{Progress, note};
use crate::error::{Doing, Error, Kind, Result, invalid};
use crate::image::access::Retry;
use crate::image::digest::{Algorithm, BlobDigest};
use crate::image::manifest::{Index, media};
use crate::image::platform::Platform;
use crate::image::reference::Reference;
use crate::registry::client::Client;
use crate::registry::endpoint::Endpoint;
use crate::registry::upload::{Sent, Uploader};
use crate::store::compress::Packing;
use crate::store::images;
use crate::store::layout::Store;
use crate::store::staging::Staging;
use rustix::fs::SeekFrom;
use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Mutex;

/// How many blobs are sent at a time.
const PARALLEL: usize = 4;

/// Where an image goes.
#[derive(Clone, Debug)]
pub enum Destination {
    /// A registry.
    Registry {
        /// The name it gets there.
        name: Reference,
        /// How the registry is reached.
        endpoint: Endpoint,
    },
    /// An OCI layout in a directory, and the name in it.
    Oci(PathBuf, Option<String>),
    /// A tar of an OCI layout, and the name in it.
    OciArchive(PathBuf, Option<String>),
    /// An archive as of `docker save`, and the name in it.
    DockerArchive(PathBuf, Option<Reference>),
    /// A manifest and its blobs in a directory.
    Dir(PathBuf),
}

/// What to push, where to, and as what.
#[derive(Clone, Debug)]
pub struct PushRequest {
    /// A name or an id.
    pub image: String,
    /// Where to.
    pub to: Destination,
    /// `--format`; `None` keeps it.
    pub format: Option<Format>,
    /// `--compression-format` and `--compression-level`; `None` is gzip for plain layers.
    pub packing: Option<Packing>,
    /// `--force-compression`: layers that are packed otherwise are packed again.
    pub repack: bool,
    /// `--compress`: plain layers are packed even for a `dir:`.
    pub compress: bool,
    /// `--platform`: only this image of an index.
    pub platform: Option<Platform>,
    /// No lines, no bars.
    pub quiet: bool,
    /// How often a request is tried again.
    pub retry: Retry,
}

/// Pushes an image and returns the digest of what the destination has under the name.
///
/// The store is only read, but for converted layers in its `tmp/`. Whoever is killed meanwhile leaves
/// blobs without a name at the destination; the manifest comes last.
///
/// # Errors
/// `NotFound` when the image or a blob of it is not here; what the destination answers.
pub fn push(store: &Store, request: &PushRequest) -> Result<BlobDigest> {
    let _hold = images::hold(store)?;
    let staging = Staging::begin(store)?;
    let progress = Progress::new(request.quiet);
    let mut outgoing = gather(store, &request.image)?;
    choose(&mut outgoing, request)?;
    let converts = outgoing.whole.is_none() && !matches!(request.to, Destination::DockerArchive(..));
    let conversion = conversion(&outgoing.package, request);
    let preparing = || format!("prepare the image {}", request.image);
    if let Destination::Registry { name, endpoint } = &request.to {
        // Before hours are spent on packing what nobody takes.
        let client = Client::new(endpoint)?;
        let uploader = Uploader::new(&client, name.repository(), request.retry);
        uploader
            .has(&outgoing.package.config.descriptor.digest)
            .doing(|| format!("push {} to {name}", request.image))?;
        if converts {
            // Where the answer is an error, sending it will say so.
            let has = |digest: &BlobDigest| uploader.has(digest).unwrap_or(false);
            outgoing.package = conversion.apply_for(outgoing.package, &staging, &has).doing(preparing)?;
        }
    } else if converts {
        outgoing.package = conversion.apply(outgoing.package, &staging).doing(preparing)?;
    }
    match &request.to {
        Destination::Registry { name, endpoint } => {
            to_registry(&outgoing, name, endpoint, request.retry, &progress)
                .doing(|| format!("push {} to {name}", request.image))?;
        }
        Destination::Oci(path, name) => {
            let there = layouts::existing_index(path)?;
            Directory::fill(path, |to| layouts::write_oci(to, &named(&outgoing, name), there, &progress))?;
        }
        Destination::OciArchive(path, name) => outlet::to_file(Some(path), |out| {
            let mut archive = Archive::new(out);
            layouts::write_oci(&mut archive, &named(&outgoing, name), Index::default(), &progress)?;
            archive.finish().map(drop)
        })?,
        Destination::DockerArchive(path, name) => {
            if std::fs::metadata(path).is_ok_and(|there| there.is_file() && there.len() > 0) {
                return Err(layouts::is_there(path));
            }
            let names = name.iter().cloned().collect::<Vec<_>>();
            outlet::to_file(Some(path), |out| {
                let mut archive = Archive::new(out);
                layouts::write_docker_archive(store, &mut archive, &[(&outgoing, names)], &progress)?;
                archive.finish().map(drop)
            })?;
        }
        Destination::Dir(path) => layouts::write_dir(path, &outgoing, &progress)?,
    }
    Ok(outgoing.digest())
}

fn named<'a>(outgoing: &'a Outgoing, name: &Option<String>) -> [(&'a Outgoing, Vec<String>); 1] {
    [(outgoing, name.iter().cloned().collect())]
}

/// Decides between an index with all its images and one image.
fn choose(outgoing: &mut Outgoing, request: &PushRequest) -> Result<()> {
    if let Some(platform) = &request.platform {
        let packages = outgoing.whole.take().map(|whole| whole.into_parts()).unwrap_or_default();
        let fitting = packages
            .into_iter()
            .filter_map(|(is, package)| Some((platform.rank(&is?)?, package)))
            .max_by_key(|(rank, _)| *rank);
        match fitting {
            Some((_, package)) => outgoing.package = package,
            None if platform.rank(&outgoing.image.platform).is_some() => {}
            None => {
                let what = format!("{} is not here for {platform}", request.image);
                return Err(Error::new(Kind::NotFound, what)
                    .hint(format!("box pull --platform {platform} {}", outgoing.image.display_name())));
            }
        }
        return Ok(());
    }
    let Some(whole) = &outgoing.whole else { return Ok(()) };
    let fits = match &request.to {
        Destination::Oci(..) | Destination::OciArchive(..) => whole.media_type == media::OCI_INDEX,
        Destination::DockerArchive(..) => false,
        _ => true,
    };
    let changed = request.format.is_some() || request.packing.is_some() || request.compress;
    if !fits || changed {
        if !request.quiet {
            note("Only this machine's image is pushed: the index with the others can only go as it is");
        }
        outgoing.whole = None;
    }
    Ok(())
}

fn conversion(package: &Package, request: &PushRequest) -> Conversion {
    let gzip = request.packing.unwrap_or(Packing::GZIP);
    let (format, plain) = match &request.to {
        Destination::Registry { .. } => (request.format, Some(gzip)),
        Destination::Oci(..) | Destination::OciArchive(..) => {
            (request.format.or(Some(Format::Oci)), Some(gzip))
        }
        Destination::DockerArchive(..) => (None, None),
        Destination::Dir(_) => {
            let packs = request.compress || request.packing.is_some();
            (request.format, packs.then_some(gzip))
        }
    };
    // Docker's manifests know no zstd.
    let zstd = gzip.compression == crate::store::compress::Compression::Zstd;
    let format = match (format, package.format()) {
        (None, Format::Docker) if zstd => Some(Format::Oci),
        (format, _) => format,
    };
    Conversion { format, plain, all: request.repack && request.packing.is_some() }
}

fn to_registry(
    outgoing: &Outgoing,
    name: &Reference,
    endpoint: &Endpoint,
    retry: Retry,
    progress: &Progress,
) -> Result<()> {
    if name.digest().is_some() && name.digest() != Some(&outgoing.digest()) {
        return Err(invalid(format!("{name} names a digest, and the image's is {}", outgoing.digest())));
    }
    let client = Client::new(endpoint)?;
    let uploader = Uploader::new(&client, name.repository(), retry);
    let elsewhere: Vec<&str> = outgoing
        .image
        .names
        .iter()
        .filter(|other| other.registry() == name.registry() && other.repository() != name.repository())
        .map(Reference::repository)
        .collect();
    let packages = outgoing.packages();
    let mut seen = HashSet::new();
    let mut pieces: Vec<&Piece> = packages.iter().flat_map(|package| package.pieces()).collect();
    pieces.retain(|piece| seen.insert(piece.descriptor.digest.clone()));
    pieces_to(&uploader, &pieces, &elsewhere, progress)?;
    progress.line("Writing manifest to image destination");
    if let Some(whole) = &outgoing.whole {
        for package in &packages {
            let digest = package.digest.to_string();
            let sent = uploader.manifest(&digest, &package.media_type, &package.manifest);
            sent.map_err(|error| match package.digest.algorithm() {
                Algorithm::Sha256 => error,
                // docker-registry computes a SHA-256 and compares.
                Algorithm::Sha512 => error.hint(
                    "it may know manifests by SHA-256 alone: --platform OS/ARCHITECTURE sends one image without its index",
                ),
            })?;
        }
        return uploader.manifest(&name.manifest_selector(), &whole.media_type, &whole.bytes);
    }
    uploader.manifest(&name.manifest_selector(), &outgoing.package.media_type, &outgoing.package.manifest)
}

/// Sends blobs, several at a time; after a failure no further one is begun.
fn pieces_to(
    uploader: &Uploader<'_>,
    pieces: &[&Piece],
    elsewhere: &[&str],
    progress: &Progress,
) -> Result<()> {
    let queue = Mutex::new(pieces.iter());
    let failure = Mutex::new(None);
    let work = || loop {
        let next = queue.lock().expect("no panic while it is held").next();
        let Some(piece) = next else { return };
        if let Err(error) = piece_to(uploader, piece, elsewhere, progress) {
            let error = Err::<(), _>(error).doing(|| format!("send the blob {}", piece.descriptor.digest));
            failure.lock().expect("no panic while it is held").get_or_insert(error);
            // Nothing is left for the others.
            while queue.lock().expect("no panic while it is held").next().is_some() {}
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..PARALLEL.min(pieces.len()) {
            scope.spawn(work);
        }
        work();
    });
    failure.into_inner().expect("no panic while it is held").unwrap_or(Ok(()))
}

fn piece_to(uploader: &Uploader<'_>, piece: &Piece, elsewhere: &[&str], progress: &Progress) -> Result<()> {
    let (digest, size) = (&piece.descriptor.digest, piece.descriptor.size);
    let bar = progress.blob(digest.hex(), size);
    if piece.there.is_some() {
        bar.done_as("skipped: already exists");
        return Ok(());
    }
    let open = |from: u64| -> Result<Box<dyn Read + '_>> {
        let doing = || format!("read {}", piece.path.display());
        let file = File::open(&piece.path).doing(doing)?;
        rustix::fs::seek(&file, SeekFrom::Start(from)).doing(doing)?;
        bar.goes_on_at(from);
        Ok(Box::new(bar.watch(file)))
    };
    match uploader.blob(digest, size, elsewhere, &open)? {
        Sent::Uploaded => bar.done(),
        Sent::Present => bar.done_as("skipped: already exists"),
        Sent::Mounted => bar.done_as("mounted from another repository"),
    }
    Ok(())
}
