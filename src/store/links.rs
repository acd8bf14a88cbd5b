//! Links between containers: what was asked for, less what `rm --link` has taken away, and where the
//! other side is now.

use super::layout::Store;
use super::{containers, leases};
use crate::container::bridge::Attachment;
use crate::container::config::ContainerConfig;
use crate::container::id::ContainerId;
use crate::container::link::{Link, Linked};
use crate::error::{Error, Kind, Result, failed};
use crate::sys::file::{self, Durable};

/// The most that we read of the list of removed links.
const LIMIT: usize = 1 << 20;

/// The links that a container has.
///
/// # Errors
/// When its record is broken.
pub fn current(store: &Store, config: &ContainerConfig) -> Result<Vec<Link>> {
    if config.network.links.is_empty() {
        return Ok(Vec::new());
    }
    let removed = removed(store, &config.id)?;
    let links = config.network.links.iter();
    Ok(links.filter(|link| !removed.contains(&link.alias)).cloned().collect())
}

/// The aliases that `rm --link` has taken away.
fn removed(store: &Store, id: &ContainerId) -> Result<Vec<String>> {
    let path = store.container(id).join("unlinked.json");
    match file::read(&path, LIMIT) {
        Ok(text) => serde_json::from_slice(&text)
            .map_err(|error| failed(format!("{} is broken", path.display())).because(error)),
        Err(error) if error.kind() == Kind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Takes one of a container's links away, for good. One file is replaced, so a crash leaves the link or
/// none.
///
/// # Errors
/// `NotFound` if it has no such link.
pub fn remove(store: &Store, config: &ContainerConfig, alias: &str) -> Result<Link> {
    let link = current(store, config)?.into_iter().find(|link| link.alias == alias);
    let link = link.ok_or_else(|| {
        Error::new(Kind::NotFound, format!("container {} has no link {alias:?}", config.id.short()))
    })?;
    let mut all = removed(store, &config.id)?;
    all.push(alias.to_string());
    let text = serde_json::to_vec(&all).map_err(|error| failed("write down the links").because(error))?;
    file::replace(&store.container(&config.id).join("unlinked.json"), &text, Durable::Yes)?;
    Ok(link)
}

/// The other side of a link, in a network that is also one of `own`; `None` if it does not run.
///
/// # Errors
/// `Invalid` if the two share no network; when its files are broken.
pub fn follow(store: &Store, link: &Link, own: &[Attachment]) -> Result<Option<Linked>> {
    let other = &link.container;
    if !containers::exists(store, other) || !containers::lock_held(store, other)? {
        return Ok(None);
    }
    let name = containers::name(store, other)?;
    let theirs = leases::record(store, other)?.unwrap_or_default().attachments;
    let shared = theirs.iter().find(|a| own.iter().any(|b| a.network == b.network));
    let Some(address) = shared.and_then(|attachment| attachment.addresses().next()) else {
        return Err(Error::new(
            Kind::Invalid,
            format!("cannot link to container {name}: the two are in no network together"),
        )
        .hint(match theirs.first() {
            Some(attachment) => format!("start this one with --network {}", attachment.network),
            None => "start both in a network of `box network ls`".to_string(),
        }));
    };
    let config = containers::config(store, other)?;
    Ok(Some(Linked {
        alias: link.alias.clone(),
        name,
        short_id: other.short().to_string(),
        address,
        exposed: config.network.exposed,
        env: config.process.env,
    }))
}
