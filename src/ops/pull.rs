//! `pull`: an image from a registry, if it is needed.

use super::{load, rm, worker};
use crate::container::request::PullPolicy;
use crate::error::{Doing, Error, Kind, Result, invalid};
use crate::image::access::RegistryOptions;
use crate::image::digest::ImageId;
use crate::image::platform::Platform;
use crate::image::reference::Reference;
use crate::registry::conf::Registries;
use crate::registry::endpoint;
use crate::registry::policy::Policy;
use crate::settings::Settings;
use crate::store::images::{self, Image};
use crate::store::layers;
use crate::store::layout::Store;
use crate::transfer::load::LoadRequest;
use crate::transfer::named;
use crate::transfer::pull::{Candidate, PullJob, Pulled};

/// What to pull, and whether.
#[derive(Clone, Debug)]
pub struct PullRequest {
    /// As the user typed it: a name, perhaps with `docker://`, or an archive with its transport.
    pub reference: String,
    /// `--platform`; `None` is this machine.
    pub platform: Option<Platform>,
    /// `--policy`.
    pub policy: PullPolicy,
    /// No progress.
    pub quiet: bool,
    /// How registries are reached.
    pub registry: RegistryOptions,
}

impl PullRequest {
    /// A request with podman's defaults.
    #[must_use]
    pub fn new(reference: &str, policy: PullPolicy) -> PullRequest {
        PullRequest {
            reference: reference.to_string(),
            platform: None,
            policy,
            quiet: false,
            registry: RegistryOptions::default(),
        }
    }
}

/// Sees to it that the image is here, as the policy says, and returns its id.
///
/// # Errors
/// `NotFound` when the policy is `never` and it is not here; see [`crate::transfer::pull::pull`].
pub fn pull(settings: &Settings, store: &Store, request: &PullRequest) -> Result<ImageId> {
    let reference = request.reference.as_str();
    if let Some((transport, rest)) = archive(reference) {
        return from_archive(settings, store, reference, transport, rest);
    }
    let name = reference.strip_prefix("docker://").unwrap_or(reference);
    if name.starts_with("docker-daemon:") || name.starts_with("containers-storage:") {
        let transport = name.split(':').next().unwrap_or_default();
        return Err(Error::new(Kind::Unsupported, format!("box cannot pull from {transport}:"))
            .hint("save the image there to a file, and here: box pull docker-archive:FILE"));
    }
    if name.contains("://") {
        return Err(invalid(format!("{reference:?} is not an image's name"))
            .hint("names look like docker.io/library/debian:12, without https://"));
    }
    let here = || -> Result<Option<ImageId>> {
        let Some(image) = named::find_to_run(store, name)? else { return Ok(None) };
        // Another platform than the one asked for is another image.
        let fits = request.platform.as_ref().is_none_or(|wanted| wanted.rank(&image.platform).is_some());
        Ok(fits.then_some(image.id))
    };
    match request.policy {
        PullPolicy::Always => {}
        PullPolicy::Missing => {
            if let Some(id) = here()? {
                return Ok(id);
            }
        }
        PullPolicy::Never => return here()?.ok_or_else(|| images::unknown(name)),
        PullPolicy::Newer => {
            return match (from_registry(settings, store, name, request), here()?) {
                (Err(_), Some(id)) => Ok(id),
                (pulled, _) => pulled,
            };
        }
    }
    from_registry(settings, store, name, request)
}

/// `docker-archive:PATH` and its like.
fn archive(reference: &str) -> Option<(&str, &str)> {
    let (transport, rest) = reference.split_once(':')?;
    matches!(transport, "docker-archive" | "oci-archive" | "oci" | "dir").then_some((transport, rest))
}

fn from_archive(
    settings: &Settings,
    store: &Store,
    reference: &str,
    transport: &str,
    rest: &str,
) -> Result<ImageId> {
    let (path, only) = match rest.split_once(':') {
        Some((path, only)) if transport != "dir" && !only.is_empty() => (path, Some(only.to_string())),
        _ => (rest, None),
    };
    let path = std::path::absolute(path).doing(|| format!("use {reference}"))?;
    if let Some(policy) = Policy::load()? {
        policy.check_path(transport, &path, only.as_deref())?;
    }
    // A directory has a name of its own, which podman gives to what is in it.
    let name = matches!(transport, "dir" | "oci").then(|| format!("localhost{}", path.display()));
    let name = name.and_then(|name| Reference::parse_local(&name).ok());
    let source = format!("{transport}:{rest}");
    // Its word was heard already.
    let request = LoadRequest { path: Some(path), source, only, name, platform: None, policy: None };
    let loaded = load::load(settings, store, &request)?;
    loaded.into_iter().next().map(|image| image.id).ok_or_else(|| images::unknown(reference))
}

fn from_registry(settings: &Settings, store: &Store, name: &str, request: &PullRequest) -> Result<ImageId> {
    if name.len() == 64 && name.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(Error::new(Kind::NotFound, format!("{name}: image not known")));
    }
    let pulled: Result<Pulled> = worker::call(settings, "pull", &job(name, request)?);
    // What a killed job left was moved there.
    rm::empty_trash(settings, store);
    Ok(pulled?.id)
}

/// Sees to it that all layers of an image that is here are unpacked.
///
/// A crash leaves some unpacked; whoever uses the image next goes on.
///
/// # Errors
/// See [`crate::transfer::pull::unpack_missing`].
pub fn complete(settings: &Settings, store: &Store, image: &Image) -> Result<()> {
    if image.chain().iter().all(|chain| layers::is_complete(store, chain)) {
        return Ok(());
    }
    let unpacked = worker::call::<_, ()>(settings, "unpack", &image.manifest);
    // Others may have been faster.
    rm::empty_trash(settings, store);
    unpacked.map_err(|error| error.hint(format!("box pull {}", image.display_name())))
}

/// The full names of every tag in a repository.
///
/// # Errors
/// `Invalid` when the name has a tag; see [`crate::transfer::pull::all_tags`].
pub fn all_tags(settings: &Settings, request: &PullRequest) -> Result<Vec<String>> {
    worker::call(settings, "tags", &tags_job(request)?)
}

/// What is to be done for [`all_tags`].
///
/// # Errors
/// `Invalid` when the name has a tag.
pub(super) fn tags_job(request: &PullRequest) -> Result<PullJob> {
    let name = request.reference.strip_prefix("docker://").unwrap_or(&request.reference);
    let parsed = Reference::parse(name)?;
    if parsed.tag().is_some() || parsed.digest().is_some() {
        return Err(invalid(format!("{name:?} names one image, and --all-tags asks for all of them")));
    }
    job(name, request)
}

/// Everything that the user's own files, programs and environment say about it is found out here,
/// outside of the user namespace.
fn job(name: &str, request: &PullRequest) -> Result<PullJob> {
    let doing = || format!("pull {name}");
    let registries = Registries::load()?;
    let policy = Policy::load()?;
    let candidate = |name: Reference| -> Result<Candidate> {
        // It is about the name, whichever mirror answers.
        policy.as_ref().map_or(Ok(()), |policy| policy.check_name(&name))?;
        let places = endpoint::places(&request.registry, &registries, &name)?;
        Ok(Candidate { name, places })
    };
    let names = registries.candidates(name).doing(doing)?;
    let candidates = names.into_iter().map(candidate).collect::<Result<_>>().doing(doing)?;
    Ok(PullJob {
        name: name.to_string(),
        candidates,
        platform: request.platform.clone(),
        quiet: request.quiet,
        retry: request.registry.retry,
    })
}
