//! Images out of the store into archives and directories.

use super::layouts::{self, Archive, Directory};
use super::outgoing::{Conversion, Format, Outgoing, gather};
use super::outlet;
use super::progress::Progress;
use crate::error::{Doing, Result, invalid};
use crate::image::manifest::{Index, media};
use crate::image::reference::Reference;
use crate::store::images;
use crate::store::layout::Store;
use crate::store::staging::Staging;
use std::path::PathBuf;

/// What an image is saved as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `docker save`'s tar.
    DockerArchive,
    /// A tar of an OCI layout.
    OciArchive,
    /// An OCI layout in a directory.
    OciDir,
    /// A manifest and its blobs in a directory.
    DockerDir,
}

/// What to save, and where.
#[derive(Clone, Debug)]
pub struct SaveRequest {
    /// Names or ids.
    pub images: Vec<String>,
    /// As what.
    pub kind: Kind,
    /// Where; `None` is standard output, for archives only.
    pub output: Option<PathBuf>,
    /// Plain layers are packed by gzip.
    pub compress: bool,
    /// No lines, no bars.
    pub quiet: bool,
}

/// Saves images. Whoever is killed meanwhile leaves no archive, in a directory whole files; any other
/// failure neither. The store is only read, except for its `tmp/`, which the next job sweeps.
///
/// # Errors
/// `NotFound` for an image that is not here, `Invalid` for several where one fits; what the disk says.
pub fn save(store: &Store, request: &SaveRequest) -> Result<()> {
    let _hold = images::hold(store)?;
    let staging = Staging::begin(store)?;
    let progress = Progress::new(request.quiet);
    let together = merged(store, &request.images)?;
    if request.kind == Kind::DockerDir && together.len() > 1 {
        return Err(invalid("a docker-dir holds one image").hint("--format docker-archive holds several"));
    }
    let mut ready: Vec<(Outgoing, Vec<Reference>)> = Vec::new();
    for (outgoing, names) in together {
        ready.push((prepare(outgoing, request, &staging)?, names));
    }
    let directory = || request.output.clone().ok_or_else(|| invalid("a directory needs --output"));
    let refs: Vec<(&Outgoing, Vec<Reference>)> =
        ready.iter().map(|(outgoing, names)| (outgoing, names.clone())).collect();
    match request.kind {
        Kind::DockerArchive => outlet::to_file(request.output.as_deref(), |out| {
            let mut archive = Archive::new(out);
            layouts::write_docker_archive(store, &mut archive, &refs, &progress)?;
            archive.finish().map(drop)
        }),
        Kind::OciArchive => outlet::to_file(request.output.as_deref(), |out| {
            let mut archive = Archive::new(out);
            layouts::write_oci(&mut archive, &named(&refs), Index::default(), &progress)?;
            archive.finish().map(drop)
        }),
        Kind::OciDir => {
            let path = directory()?;
            let there = layouts::existing_index(&path)?;
            Directory::fill(&path, |target| layouts::write_oci(target, &named(&refs), there, &progress))
        }
        Kind::DockerDir => layouts::write_dir(&directory()?, &ready[0].0, &progress),
    }
}

fn named<'a>(ready: &[(&'a Outgoing, Vec<Reference>)]) -> Vec<(&'a Outgoing, Vec<String>)> {
    let text = |names: &[Reference]| names.iter().map(Reference::to_string).collect();
    ready.iter().map(|(outgoing, names)| (*outgoing, text(names))).collect()
}

/// The images, each once with all the names by which it was asked for.
fn merged(store: &Store, texts: &[String]) -> Result<Vec<(Outgoing, Vec<Reference>)>> {
    let mut together: Vec<(Outgoing, Vec<Reference>)> = Vec::new();
    for text in texts {
        let outgoing = gather(store, text)?;
        let name = outgoing.name.clone().filter(|name| name.tag().is_some());
        let same =
            |known: &&mut (Outgoing, Vec<Reference>)| known.0.package.manifest == outgoing.package.manifest;
        match together.iter_mut().find(same) {
            Some((_, names)) => names.extend(name),
            None => together.push((outgoing, name.into_iter().collect())),
        }
    }
    Ok(together)
}

/// Brings the manifest into the format's own words; the layers stay as they are.
fn prepare(mut outgoing: Outgoing, request: &SaveRequest, staging: &Staging) -> Result<Outgoing> {
    let format = match request.kind {
        Kind::DockerArchive => return Ok(outgoing),
        Kind::OciArchive | Kind::OciDir => Format::Oci,
        Kind::DockerDir => Format::Docker,
    };
    let list = if format == Format::Oci { media::OCI_INDEX } else { media::DOCKER_LIST };
    if outgoing.whole.as_ref().is_some_and(|whole| whole.media_type == list) {
        return Ok(outgoing);
    }
    outgoing.whole = None;
    let packing = crate::store::compress::Packing::GZIP;
    let conversion =
        Conversion { format: Some(format), plain: request.compress.then_some(packing), all: false };
    let name = outgoing.image.display_name();
    outgoing.package =
        conversion.apply(outgoing.package, staging).doing(|| format!("prepare the image {name}"))?;
    Ok(outgoing)
}
