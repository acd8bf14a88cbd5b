//! `push`: an image goes to a registry, or to another place.

use crate::error::{Error, Kind, Result, invalid};
use crate::image::access::RegistryOptions;
use crate::image::digest::BlobDigest;
use crate::image::reference::Reference;
use crate::registry::conf::Registries;
use crate::registry::endpoint;
use crate::store::images;
use crate::store::layout::Store;
use crate::transfer::named;
use crate::transfer::push::{Destination, PushRequest};
use std::path::PathBuf;

/// Pushes an image and returns the digest of what the destination has under the name.
///
/// # Errors
/// See [`crate::transfer::push::push`].
pub fn push(store: &Store, request: &PushRequest) -> Result<BlobDigest> {
    // Everything it reads belongs to the caller, so no namespace is entered.
    crate::transfer::push::push(store, request)
}

/// Where an image goes: as the user says, else to the registry that its own name tells.
///
/// # Errors
/// `NotFound` when the image is not here; `Invalid` when the destination cannot be read;
/// `Unsupported` for places that box does not write to.
pub fn destination(
    store: &Store,
    image: &str,
    text: Option<&str>,
    options: &RegistryOptions,
) -> Result<Destination> {
    let (found, name) = named::find_named(store, image)?.ok_or_else(|| images::unknown(image))?;
    let Some(text) = text else {
        let name = name.or_else(|| found.names.first().cloned()).ok_or_else(|| {
            invalid(format!("{image} has no name that says where to push it"))
                .hint(format!("box push {image} REGISTRY/NAME"))
        })?;
        return to_registry(name, options);
    };
    let (transport, rest) = match text.split_once(':') {
        Some((transport, rest)) if is_transport(transport) => (transport, rest),
        _ => ("docker", text),
    };
    let path_and_name = || match rest.split_once(':') {
        Some((path, name)) => (PathBuf::from(path), Some(name.to_string())),
        None => (PathBuf::from(rest), None),
    };
    match transport {
        "docker" => {
            let name = rest.strip_prefix("//").unwrap_or(rest);
            to_registry(Reference::parse(name)?.tagged(), options)
        }
        _ if rest.is_empty() => Err(invalid(format!("{text:?} names no path"))),
        "oci" => {
            let (path, name) = path_and_name();
            Ok(Destination::Oci(path, name))
        }
        "oci-archive" => {
            let (path, name) = path_and_name();
            Ok(Destination::OciArchive(path, name))
        }
        "docker-archive" => {
            let (path, given) = path_and_name();
            let given = given.map(|given| Reference::parse(&given).map(Reference::tagged)).transpose()?;
            Ok(Destination::DockerArchive(path, given.or(name)))
        }
        "dir" => Ok(Destination::Dir(PathBuf::from(rest))),
        _ => Err(Error::new(Kind::Unsupported, format!("box does not write to {transport}:"))
            .hint("there are docker://, oci:, oci-archive:, docker-archive: and dir:")),
    }
}

fn is_transport(word: &str) -> bool {
    matches!(
        word,
        "docker"
            | "oci"
            | "oci-archive"
            | "docker-archive"
            | "dir"
            | "docker-daemon"
            | "containers-storage"
            | "ostree"
            | "sif"
            | "tarball"
    )
}

fn to_registry(name: Reference, options: &RegistryOptions) -> Result<Destination> {
    let endpoint = endpoint::for_push(options, &Registries::load()?, &name)?;
    Ok(Destination::Registry { name, endpoint })
}

/// The names of an image's repository that are here, each with its tag.
///
/// # Errors
/// `Invalid` when the text names one image; `NotFound` when there is none.
pub fn all_tags(store: &Store, text: &str) -> Result<Vec<Reference>> {
    let wanted = Reference::parse(text)?;
    if wanted.tag().is_some() || wanted.digest().is_some() {
        return Err(invalid(format!("{text:?} names one image, and --all-tags asks for all of them")));
    }
    let local = Reference::parse_local(text)?;
    let mut names: Vec<Reference> = images::list(store)?.into_iter().flat_map(|image| image.names).collect();
    names
        .retain(|name| name.tag().is_some() && (name.name() == wanted.name() || name.name() == local.name()));
    names.sort();
    if names.is_empty() {
        return Err(images::unknown(text));
    }
    Ok(names)
}
