//! An image on its way out of the store: what goes, byte for byte as it came or converted.

use super::named;
use crate::error::{Doing, Error, Kind, Result, failed, invalid};
use crate::image::digest::BlobDigest;
use crate::image::manifest::{Descriptor, Document, MAX_CONFIG, MAX_MANIFEST, Manifest, media};
use crate::image::platform::Platform;
use crate::image::reference::Reference;
use crate::store::blobs::{self, BlobWriter};
use crate::store::compress::{self, Compression, Packing};
use crate::store::images::{self, Image};
use crate::store::layout::Store;
use crate::store::packed;
use crate::store::staging::Staging;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::PathBuf;
use std::sync::Mutex;

/// A blob and where its bytes are.
#[derive(Debug)]
pub struct Piece {
    /// What the manifest says of it.
    pub descriptor: Descriptor,
    /// The file that holds it.
    pub path: PathBuf,
    /// The destination has it already, packed so; the file holds it plain.
    pub there: Option<Compression>,
}

/// A manifest with everything it refers to.
#[derive(Debug)]
pub struct Package {
    /// The manifest's bytes.
    pub manifest: Vec<u8>,
    /// The manifest's digest.
    pub digest: BlobDigest,
    /// Its media type.
    pub media_type: String,
    /// The configuration.
    pub config: Piece,
    /// The layers, lowest first.
    pub layers: Vec<Piece>,
}

/// An index with all its images.
#[derive(Debug)]
pub struct Whole {
    /// The index's bytes.
    pub bytes: Vec<u8>,
    /// Its digest.
    pub digest: BlobDigest,
    /// Its media type.
    pub media_type: String,
    /// Its images, in its order.
    pub packages: Vec<Package>,
}

/// An image that goes out.
#[derive(Debug)]
pub struct Outgoing {
    /// The image itself.
    pub image: Image,
    /// The name under which it was meant; none for an id.
    pub name: Option<Reference>,
    /// For this machine.
    pub package: Package,
    /// The index it came with, if every image of that is here.
    pub whole: Option<Whole>,
}

/// Which kind of manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// OCI.
    Oci,
    /// Docker's schema 2.
    Docker,
}

/// How a package is to be changed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Conversion {
    /// The manifest's format; `None` keeps it.
    pub format: Option<Format>,
    /// How layers that are plain tars are packed; `None` leaves them plain.
    pub plain: Option<Packing>,
    /// Layers that are packed otherwise than `plain` says are packed again.
    pub all: bool,
}

impl Outgoing {
    /// The digest of what goes out: of the index, if that does.
    #[must_use]
    pub fn digest(&self) -> BlobDigest {
        match &self.whole {
            Some(whole) => whole.digest.clone(),
            None => self.package.digest.clone(),
        }
    }

    /// The images that go out.
    #[must_use]
    pub fn packages(&self) -> Vec<&Package> {
        match &self.whole {
            Some(whole) => whole.packages.iter().collect(),
            None => vec![&self.package],
        }
    }
}

impl Whole {
    /// Its images, each with what it runs on.
    #[must_use]
    pub fn into_parts(self) -> Vec<(Option<Platform>, Package)> {
        let platforms = match Document::parse(&self.bytes, None) {
            Ok(Document::Index(index)) => index.manifests.into_iter().map(|entry| entry.platform).collect(),
            _ => Vec::new(),
        };
        platforms.into_iter().zip(self.packages).collect()
    }
}

impl Package {
    /// The configuration and the layers, each digest once.
    #[must_use]
    pub fn pieces(&self) -> Vec<&Piece> {
        let mut pieces: Vec<&Piece> = Vec::new();
        for piece in self.layers.iter().chain([&self.config]) {
            if !pieces.iter().any(|known| known.descriptor.digest == piece.descriptor.digest) {
                pieces.push(piece);
            }
        }
        pieces
    }

    /// The descriptor by which an index names it.
    #[must_use]
    pub fn descriptor(&self) -> Descriptor {
        Descriptor::new(&self.media_type, self.digest.clone(), self.manifest.len() as u64)
    }

    /// The format of its manifest.
    #[must_use]
    pub fn format(&self) -> Format {
        if self.media_type == media::DOCKER_MANIFEST { Format::Docker } else { Format::Oci }
    }

    /// Reads the configuration.
    ///
    /// # Errors
    /// When it is missing or damaged.
    pub fn read_config(&self, store: &Store) -> Result<Vec<u8>> {
        blobs::read(store, &self.config.descriptor.digest, MAX_CONFIG)
    }
}

/// Collects what belongs to an image. The caller holds the images.
///
/// # Errors
/// `NotFound` when there is no such image or a blob of it is missing.
pub fn gather(store: &Store, text: &str) -> Result<Outgoing> {
    let (image, name) = named::find_named(store, text)?.ok_or_else(|| images::unknown(text))?;
    let entry = images::entry(store, &image, name.as_ref())?;
    let package =
        package(store, &entry.digest, &entry.media_type).doing(|| format!("read the image {text}"))?;
    let through = entry.annotations.get(images::INDEX_DIGEST).and_then(|text| text.parse().ok());
    let whole = through.and_then(|digest: BlobDigest| whole(store, &digest));
    Ok(Outgoing { image, name, package, whole })
}

pub(super) fn package(store: &Store, digest: &BlobDigest, media_type: &str) -> Result<Package> {
    let bytes = blobs::read(store, digest, MAX_MANIFEST)?;
    let Document::Manifest(manifest) = Document::parse(&bytes, Some(media_type))? else {
        return Err(invalid(format!("{digest} is an index")));
    };
    let piece = |descriptor: Descriptor| -> Result<Piece> {
        let path = store.blob(&descriptor.digest);
        let there = std::fs::metadata(&path).map_err(|_| {
            Error::new(Kind::NotFound, format!("the blob {} is missing", descriptor.digest))
                .hint("pull or load the image again")
        })?;
        if there.len() != descriptor.size {
            return Err(failed(format!("{} is damaged: it has another length", path.display())));
        }
        Ok(Piece { descriptor, path, there: None })
    };
    let layers = manifest.layers.into_iter().map(piece).collect::<Result<_>>()?;
    let media_type = manifest.media_type.unwrap_or_else(|| media_type.to_string());
    let digest = digest.clone();
    Ok(Package { manifest: bytes, digest, media_type, config: piece(manifest.config)?, layers })
}

/// The index with all its images; nothing if one of them is not here.
fn whole(store: &Store, digest: &BlobDigest) -> Option<Whole> {
    let bytes = blobs::read(store, digest, MAX_MANIFEST).ok()?;
    let Ok(Document::Index(index)) = Document::parse(&bytes, None) else { return None };
    let packages = index.manifests.iter().map(|entry| package(store, &entry.digest, &entry.media_type).ok());
    let packages = packages.collect::<Option<Vec<_>>>()?;
    let docker = index.manifests.iter().any(|entry| entry.media_type == media::DOCKER_MANIFEST);
    let usual = if docker { media::DOCKER_LIST } else { media::OCI_INDEX };
    let media_type = index.media_type.unwrap_or_else(|| usual.to_string());
    Some(Whole { bytes, digest: digest.clone(), media_type, packages })
}

impl Conversion {
    /// Changes a package. What is written lies in `staging`, so the result lives as long as that.
    ///
    /// # Errors
    /// `Unsupported` for what the format cannot say; what reading and packing fail with.
    pub fn apply(&self, package: Package, staging: &Staging) -> Result<Package> {
        self.apply_for(package, staging, &|_| false)
    }

    /// As [`Conversion::apply`], for a destination that can be asked what it has: a layer that was
    /// packed so before and is there does not have to be packed again.
    ///
    /// # Errors
    /// As [`Conversion::apply`].
    pub fn apply_for(
        &self,
        package: Package,
        staging: &Staging,
        has: &(dyn Fn(&BlobDigest) -> bool + Sync),
    ) -> Result<Package> {
        let mut manifest: Value = serde_json::from_slice(&package.manifest)
            .map_err(|cause| invalid("the manifest is no JSON").because(cause))?;
        let before = manifest.clone();
        let format = self.format.unwrap_or(package.format());
        let convert = self.format.is_some_and(|wanted| wanted != package.format());
        let mut layers = self.layers(package.layers, staging, has)?;
        for (at, piece) in layers.iter_mut().enumerate() {
            let entry = &mut manifest["layers"][at];
            let changed = entry["digest"] != piece.descriptor.digest.to_string();
            if changed {
                entry["digest"] = json!(piece.descriptor.digest.to_string());
                entry["size"] = json!(piece.descriptor.size);
            }
            if changed || convert {
                piece.descriptor.media_type = layer_type(format, compression_of(piece)?)?.to_string();
                entry["mediaType"] = json!(piece.descriptor.media_type);
            }
        }
        let mut config = package.config;
        let mut media_type = package.media_type;
        if convert {
            let (of_manifest, of_config) = match format {
                Format::Oci => (media::OCI_MANIFEST, media::OCI_CONFIG),
                Format::Docker => (media::DOCKER_MANIFEST, media::DOCKER_CONFIG),
            };
            media_type = of_manifest.to_string();
            manifest["mediaType"] = json!(of_manifest);
            manifest["config"]["mediaType"] = json!(of_config);
            config.descriptor.media_type = of_config.to_string();
            if format == Format::Docker
                && let Some(object) = manifest.as_object_mut()
            {
                // Docker's schema 2 has no place for them.
                object.shift_remove("annotations");
            }
        }
        let (bytes, digest) = match manifest == before {
            true => (package.manifest, package.digest),
            false => {
                let bytes = serde_json::to_vec(&manifest).expect("it was JSON before");
                let digest = BlobDigest::of(&bytes);
                (bytes, digest)
            }
        };
        // The result must be read by ourselves, too.
        serde_json::from_slice::<Manifest>(&bytes)
            .map_err(|cause| failed("the manifest was not converted well").because(cause))?;
        Ok(Package { manifest: bytes, digest, media_type, config, layers })
    }

    /// Packs the layers that are not as they shall be, several at a time.
    fn layers(
        &self,
        pieces: Vec<Piece>,
        staging: &Staging,
        has: &(dyn Fn(&BlobDigest) -> bool + Sync),
    ) -> Result<Vec<Piece>> {
        let threads =
            std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(pieces.len());
        let queue = Mutex::new(pieces.into_iter().enumerate());
        let packed = Mutex::new(Vec::new());
        let work = || loop {
            let next = queue.lock().expect("no panic while it is held").next();
            let Some((at, piece)) = next else { return };
            let piece = self.layer(piece, staging, has);
            packed.lock().expect("no panic while it is held").push((at, piece));
        };
        std::thread::scope(|scope| {
            for _ in 1..threads {
                scope.spawn(work);
            }
            work();
        });
        let mut packed = packed.into_inner().expect("no panic while it is held");
        packed.sort_by_key(|(at, _)| *at);
        packed.into_iter().map(|(_, piece)| piece).collect()
    }

    fn layer(&self, piece: Piece, staging: &Staging, has: &dyn Fn(&BlobDigest) -> bool) -> Result<Piece> {
        let Some(packing) = self.plain else { return Ok(piece) };
        let is = compression_of(&piece)?;
        if is == packing.compression || (is != Compression::None && !self.all) {
            return Ok(piece);
        }
        if let Some((digest, size)) = packed::noted(&piece.path, packing)
            && has(&digest)
        {
            let descriptor = Descriptor { digest, size, ..piece.descriptor };
            return Ok(Piece { descriptor, there: Some(packing.compression), ..piece });
        }
        let doing = || format!("pack the layer {}", piece.descriptor.digest);
        let file = File::open(&piece.path).doing(doing)?;
        let (_, mut plain) = compress::decoder(BufReader::with_capacity(128 << 10, file)).doing(doing)?;
        let mut writer = BlobWriter::begin(staging)?;
        packing.pack(&mut plain, &mut writer).doing(doing)?;
        drop(plain);
        let blob = writer.finish();
        let descriptor =
            Descriptor { digest: blob.digest().clone(), size: blob.size(), ..piece.descriptor.clone() };
        packed::note(&piece.path, packing, &descriptor.digest, descriptor.size);
        Ok(Piece { descriptor, path: blob.path().to_path_buf(), there: None })
    }
}

/// How a layer is packed, by its first bytes.
fn compression_of(piece: &Piece) -> Result<Compression> {
    if let Some(compression) = piece.there {
        return Ok(compression);
    }
    let mut start = Vec::new();
    let file = File::open(&piece.path).doing(|| format!("open {}", piece.path.display()))?;
    file.take(8).read_to_end(&mut start).doing(|| format!("read {}", piece.path.display()))?;
    Compression::detect(&start)
}

pub(super) fn layer_type(format: Format, compression: Compression) -> Result<&'static str> {
    match (format, compression) {
        (Format::Oci, compression) => Ok(compression.media_type()),
        (Format::Docker, Compression::Gzip) => Ok(media::DOCKER_LAYER),
        (Format::Docker, Compression::None) => Ok(media::DOCKER_LAYER_PLAIN),
        (Format::Docker, Compression::Zstd) => {
            Err(Error::new(Kind::Unsupported, "Docker's schema 2 manifests know no zstd layers")
                .hint("--format oci, or --compression-format gzip"))
        }
    }
}

/// A layer's plain tar.
///
/// # Errors
/// When it cannot be opened.
pub fn plain_tar(piece: &Piece) -> Result<Box<dyn Read>> {
    let file = File::open(&piece.path).doing(|| format!("open {}", piece.path.display()))?;
    Ok(compress::decoder(BufReader::with_capacity(128 << 10, file))?.1)
}
