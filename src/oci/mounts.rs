//! The user's mounts, from the decision to the spec.

use super::lower::{LowerInput, Place, mount, words};
use super::spec::{Mount, Spec};
use crate::container::config::{self, ContainerConfig, MountSource, Overlay};
use crate::error::{Result, failed};
use std::path::Path;

/// Adds the mounts that the user asked for. One at a place that we have set up replaces ours.
pub(super) fn user_mounts(config: &ContainerConfig, input: &LowerInput<'_>, spec: &mut Spec) -> Result<()> {
    if config.mounts.len() != input.places.len() {
        return Err(failed("the places of the mounts are not known"));
    }
    for (user, place) in config.mounts.iter().zip(&input.places) {
        let made = one(user, place, spec);
        if matches!(user.source, MountSource::Bind { .. }) && !user.read_only && user.overlay.is_none() {
            spec.extension.writable.push(user.destination.clone());
        }
        spec.mounts.retain(|m| m.destination != user.destination || m.destination == "/");
        spec.mounts.push(made);
    }
    Ok(())
}

fn one(user: &config::Mount, place: &Place, spec: &mut Spec) -> Mount {
    let at = user.destination.as_str();
    let source = place.source.as_path();
    let mut made = match &user.source {
        MountSource::Bind { recursive, propagation, .. } => bind(at, source, *recursive, propagation),
        MountSource::Volume { propagation, copy, .. } => match (&place.tmpfs, &place.volume) {
            (Some(options), _) => mount(at, "tmpfs", "tmpfs", options.clone()),
            (None, volume) => {
                if let (true, Some(volume)) = (*copy, volume) {
                    spec.extension.fill.push((volume.clone(), at.to_string()));
                }
                bind(at, source, true, propagation)
            }
        },
        MountSource::Image { writable, .. } => image(at, place, *writable, user.subpath.as_deref(), spec),
        MountSource::Tmpfs => mount(at, "tmpfs", "tmpfs", Vec::new()),
        MountSource::Ramfs => mount(at, "ramfs", "ramfs", Vec::new()),
        MountSource::Devpts => {
            mount(at, "devpts", "devpts", words("nosuid,noexec,newinstance,ptmxmode=0666"))
        }
    };
    if let (Some(below), "bind") = (&user.subpath, made.kind.as_str()) {
        made.options.push(format!("box.subpath={below}"));
    }
    if user.own && made.kind == "bind" {
        spec.extension.own.push(made.clone());
    }
    if let (Some(overlay), "bind") = (&user.overlay, made.kind.as_str()) {
        made = over(at, overlay, place, user.subpath.as_deref(), spec);
    }
    // What is written to an overlay does not go to the volume.
    let of_place = place.options.iter().filter(|option| user.overlay.is_none() || *option != "ro");
    made.options.extend(of_place.cloned());
    made.options.extend(user.options.iter().cloned());
    if user.own && matches!(made.kind.as_str(), "tmpfs" | "ramfs") {
        made.options.push(format!("box.own={}", spec.extension.user));
    }
    if user.read_only {
        made.options.push("ro".into());
    }
    made
}

fn bind(at: &str, source: &Path, recursive: bool, propagation: &str) -> Mount {
    let word = if recursive { "rbind" } else { "bind" };
    mount(at, "bind", &source.to_string_lossy(), vec![word.to_string(), propagation.to_string()])
}

/// The layers of an image; a single one that is not written to needs no overlay.
fn image(at: &str, place: &Place, writable: bool, below: Option<&str>, spec: &mut Spec) -> Mount {
    if let ([layer], false) = (&place.layers[..], writable) {
        return bind(at, layer, false, "rprivate");
    }
    let mut options: Vec<String> = words("userxattr");
    options.extend(place.layers.iter().rev().map(|layer| format!("lowerdir+={}", layer.display())));
    if writable {
        options.push(format!("upperdir={}", place.own.join("diff").display()));
        options.push(format!("workdir={}", place.own.join("work").display()));
    }
    match below {
        None => mount(at, "overlay", "overlay", options),
        // A part of it can only be bound once the whole is mounted somewhere.
        Some(_) => staged(at, place, options, spec),
    }
}

/// `O`: an overlay whose lower layer is the source.
fn over(at: &str, overlay: &Overlay, place: &Place, below: Option<&str>, spec: &mut Spec) -> Mount {
    let own = |name: &str| place.own.join(name);
    let upper = overlay.upper.clone().unwrap_or_else(|| own("diff"));
    if overlay.upper.is_none() {
        // The uppermost layer's root is the one that is seen.
        spec.extension.alike.push((place.source.clone(), upper.clone()));
    }
    let work = overlay.work.clone().unwrap_or_else(|| own("work"));
    let mut options = words("userxattr");
    options.push(format!("lowerdir+={}", place.source.display()));
    options.push(format!("upperdir={}", upper.display()));
    options.push(format!("workdir={}", work.display()));
    match below {
        None => mount(at, "overlay", "overlay", options),
        Some(below) => {
            let mut part = staged(at, place, options, spec);
            part.options.push(format!("box.subpath={below}"));
            part
        }
    }
}

fn staged(at: &str, place: &Place, options: Vec<String>, spec: &mut Spec) -> Mount {
    let merged = place.own.join("merged");
    spec.extension.staged.push(mount(&merged.to_string_lossy(), "overlay", "overlay", options));
    bind(at, &merged, false, "rprivate")
}
