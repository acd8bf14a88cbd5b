//! Looks for what is wrong with the store, and mends what can be mended.

use super::worker::{self, Here};
use super::{reconcile, rm};
use crate::container::config::Rootfs;
use crate::container::id::ContainerId;
use crate::error::{Doing, Error, Kind, Result};
use crate::image::digest::{BlobDigest, ChainId};
use crate::image::reference::Reference;
use crate::settings::Settings;
use crate::store::check::{Depth, Finding, Mend};
use crate::store::layout::Store;
use crate::store::{containers, foundations, gc, images, rebuild};
use crate::sys::tree;
use crate::transfer;
use serde::{Deserialize, Serialize};

/// What became of a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// Nobody asked for it to be mended.
    Found,
    /// It is mended.
    Mended,
    /// It is not, for this reason.
    Left(String),
}

/// A finding and what became of it.
pub type Checked = (Finding, Outcome);

/// Looks at everything.
///
/// # Errors
/// See [`crate::store::check::check`].
pub fn look(settings: &Settings, store: &Store, depth: &Depth) -> Result<Vec<Finding>> {
    let found = worker::call(settings, "check", depth);
    // Where it ended early there is a layer that it had unpacked.
    if found.is_err() {
        rm::empty_trash(settings, store);
    }
    found
}

/// Mends what can be mended: first what is in the index, then the rest, then what is left over.
/// Containers are removed only by `force`.
///
/// A crash on the way leaves findings for the next check: each mend is one rename, or begins with
/// one that takes what is broken out of sight.
///
/// # Errors
/// When the user namespace cannot be entered; what cannot be mended is an outcome.
pub fn repair(
    settings: &Settings,
    store: &Store,
    findings: Vec<Finding>,
    force: bool,
) -> Result<Vec<Checked>> {
    let mut all: Vec<Checked> = worker::call(settings, "mend", &findings).doing(|| "repair the store")?;
    for (finding, outcome) in &mut all {
        let Mend::Container(id) = &finding.mend else { continue };
        *outcome = match force.then(|| remove(settings, store, id)) {
            None => Outcome::Left("--force removes the container".into()),
            Some(Ok(())) => Outcome::Mended,
            Some(Err(error)) => Outcome::Left(error.chain()),
        };
    }
    rm::empty_trash(settings, store);
    Ok(all)
}

/// Removes a container that may be too broken to be looked at.
fn remove(settings: &Settings, store: &Store, id: &ContainerId) -> Result<()> {
    match reconcile::look(settings, store, id) {
        Ok(Some(entry)) => rm::remove_by_force(settings, store, &entry, None).map(drop),
        Ok(None) => Ok(()),
        Err(_) => rm::remove_broken(store, id.as_str()),
    }
}

/// The worker's part of [`repair`].
///
/// # Errors
/// None now: what cannot be mended is an outcome.
pub fn job(here: &Here, findings: Vec<Finding>) -> Result<Vec<Checked>> {
    let mut all: Vec<Checked> = Vec::new();
    // What nothing refers to is known only when the rest is mended.
    let (last, first): (Vec<_>, Vec<_>) =
        findings.into_iter().partition(|finding| finding.mend == Mend::Sweep);
    for finding in first.into_iter().chain(last) {
        // One sweep mends all that is left over.
        let done = all.iter().find(|(other, _)| other.mend == finding.mend && finding.mend != Mend::Layout);
        let outcome = match done {
            Some((_, outcome)) => outcome.clone(),
            None => match mend(here, &finding.mend) {
                Ok(outcome) => outcome,
                Err(error) => Outcome::Left(error.chain()),
            },
        };
        all.push((finding, outcome));
    }
    Ok(all)
}

fn mend(here: &Here, mend: &Mend) -> Result<Outcome> {
    let store = &here.store;
    match mend {
        Mend::Layout => images::write_layout(store)?,
        Mend::Index => rebuild::index(store, &names_in_use(store)?)?,
        Mend::Image(manifest) => images::forget(store, manifest)?,
        Mend::Blob(digest) => {
            let path = store.blob(digest);
            std::fs::remove_file(&path).doing(|| format!("remove {}", path.display()))?;
            return Ok(Outcome::Left("the damaged blob is gone; pull the image again".into()));
        }
        Mend::Layer { chain, manifest } => unpack_again(here, chain, manifest)?,
        Mend::Name(name) => {
            let link = store.names().join(name);
            std::fs::remove_file(&link).doing(|| format!("remove {}", link.display()))?;
        }
        Mend::Link(id) => containers::link_name(store, id)?,
        Mend::Container(_) => {}
        Mend::Sweep => {
            containers::sweep_half_made(store)?;
            if gc::collect(store, gc::Copies::Keep, &here.inside)?.busy {
                return Ok(Outcome::Left("images are being made or pulled; try again later".into()));
            }
            containers::empty_trash(store, &here.inside)?;
        }
        Mend::Directory(dir) => foundations::make_directory(store, dir)?,
        Mend::Lock(lock) => foundations::mend_lock(store, lock)?,
        Mend::Volume(name) => foundations::mend_volume(store, name)?,
        Mend::Network(name) => foundations::mend_network(store, name)?,
        Mend::Sockets(short) => tree::remove(&store.run().join("c").join(short))?,
        Mend::Nothing(advice) => return Ok(Outcome::Left(advice.clone())),
    }
    Ok(Outcome::Mended)
}

/// Puts the layer out of sight and unpacks its blob; when that fails what was there comes back.
fn unpack_again(here: &Here, chain: &ChainId, manifest: &BlobDigest) -> Result<()> {
    let store = &here.store;
    for id in containers::list(store)? {
        let Ok(config) = containers::config(store, &id) else { continue };
        let uses = matches!(&config.rootfs, Rootfs::Layers(layers) if layers.contains(chain));
        if uses && containers::lock_held(store, &id).unwrap_or(false) {
            let name = containers::name(store, &id)?;
            return Err(Error::new(Kind::Conflict, format!("container {name} runs on it: stop it first")));
        }
    }
    let place = store.layer(chain);
    let aside = gc::free_place(&store.trash(), chain.hex());
    let moved = std::fs::symlink_metadata(&place).is_ok();
    if moved {
        std::fs::rename(&place, &aside).doing(|| format!("move {} to the trash", place.display()))?;
    }
    let unpacked = transfer::pull::unpack_missing(store, manifest);
    if unpacked.is_err() && moved {
        // Half a layer is better than none for whoever wants to look at it.
        let _ = std::fs::rename(&aside, &place);
    }
    unpacked
}

/// The names by which containers know their images.
fn names_in_use(store: &Store) -> Result<Vec<(BlobDigest, Reference)>> {
    let mut names = Vec::new();
    for id in containers::list(store)? {
        let Ok(config) = containers::config(store, &id) else { continue };
        if let (Some(digest), Ok(name)) = (config.image.digest, Reference::parse(&config.image.name)) {
            names.push((digest, name));
        }
    }
    Ok(names)
}
