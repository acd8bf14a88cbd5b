//! A container's links: where the others are when it starts, and the news when they start again.

use crate::container::bridge::Attachment;
use crate::container::config::ContainerConfig;
use crate::container::env::Env;
use crate::container::id::ContainerId;
use crate::container::link::{Link, Linked};
use crate::error::{Error, Kind, Result};
use crate::network::hosts;
use crate::store::layout::Store;
use crate::store::{containers, leases, links};

/// The other sides of all links of a container that is in the networks `own`.
///
/// # Errors
/// `Conflict` for one that does not run, as with Docker; those of [`links::follow`].
pub fn resolve(store: &Store, config: &ContainerConfig, own: &[Attachment]) -> Result<Vec<Linked>> {
    let mut all = Vec::new();
    for link in links::current(store, config)? {
        let linked = links::follow(store, &link, own)?;
        all.push(linked.ok_or_else(|| not_running(store, &link))?);
    }
    Ok(all)
}

fn not_running(store: &Store, link: &Link) -> Error {
    match containers::name(store, &link.container) {
        Ok(name) => Error::new(
            Kind::Conflict,
            format!("cannot link to container {name} as {}: it does not run", link.alias),
        )
        .hint(format!("box start {name}")),
        Err(_) => Error::new(
            Kind::NotFound,
            format!("cannot link to container {} as {}: it was removed", link.container.short(), link.alias),
        ),
    }
}

/// The container's variables with those of its links, which its own replace.
///
/// # Errors
/// When the container's name cannot be read.
pub fn environment(store: &Store, config: &ContainerConfig, linked: &[Linked]) -> Result<Vec<String>> {
    if linked.is_empty() {
        return Ok(config.process.env.clone());
    }
    let name = containers::name(store, &config.id)?;
    let mut env = Env::default();
    for (key, value) in linked.iter().flat_map(|linked| linked.variables(&name)) {
        env.set(&key, &value);
    }
    env.set_lines(&config.process.env);
    Ok(env.lines())
}

/// The variables for a further process of a running container: those of links that can be followed.
///
/// # Errors
/// When the container's files are broken.
pub fn environment_now(store: &Store, config: &ContainerConfig) -> Result<Vec<String>> {
    if config.network.links.is_empty() {
        return Ok(config.process.env.clone());
    }
    let own = leases::record(store, &config.id)?.unwrap_or_default().attachments;
    environment(store, config, &now(store, config, &own)?)
}

/// The other sides of the links that can be followed now.
///
/// # Errors
/// When the container's files are broken.
pub fn now(store: &Store, config: &ContainerConfig, own: &[Attachment]) -> Result<Vec<Linked>> {
    let links = links::current(store, config)?;
    Ok(links.iter().filter_map(|link| links::follow(store, link, own).ok().flatten()).collect())
}

/// Container `id` has started, perhaps with another address: whoever is linked to it gets to know.
///
/// A failure concerns only the line in the other's /etc/hosts; its DNS knows better.
pub fn announce(store: &Store, id: &ContainerId, own: &[Attachment]) {
    for attachment in own {
        let peers = leases::living(store, &attachment.network).unwrap_or_default();
        for (peer, _) in peers.iter().filter(|(peer, _)| peer != id) {
            let Ok(config) = containers::config(store, peer) else { continue };
            if !config.network.links.iter().any(|link| link.container == *id) {
                continue;
            }
            let theirs = leases::record(store, peer).ok().flatten().unwrap_or_default().attachments;
            for link in links::current(store, &config).unwrap_or_default() {
                if link.container == *id
                    && let Ok(Some(linked)) = links::follow(store, &link, &theirs)
                {
                    let _ = hosts::set_link(&store.container(peer), &linked);
                }
            }
        }
    }
}
