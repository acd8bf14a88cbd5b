//! Everything that is known of one container.

use super::{port, ps, reconcile};
use crate::container::bridge::{Attachment, Join};
use crate::container::config::Rootfs;
use crate::container::link::Link;
use crate::container::port::{Bound, PortMap};
use crate::container::state::Status;
use crate::error::Result;
use crate::settings::{Settings, StorageDriver};
use crate::store::containers::{self, Entry};
use crate::store::layout::Store;
use crate::store::{driver, leases, links, networks, ports};
use std::path::PathBuf;

/// A container and where its things lie.
#[derive(Debug)]
pub struct Inspected {
    /// What its files say.
    pub entry: Entry,
    /// Its directory in the store: config.json, hosts, resolv.conf, hostname, diff/ …
    pub directory: PathBuf,
    /// The layers below its own files, the topmost first.
    pub layers: Vec<PathBuf>,
    /// It has a copy of them instead: its root file system.
    pub copy: Option<PathBuf>,
    /// How its root file system is made.
    pub driver: StorageDriver,
    /// All volumes of the store.
    pub volumes: PathBuf,
    /// Its sockets, while it runs.
    pub run_directory: PathBuf,
    /// Its log, there or not.
    pub log: PathBuf,
    /// What is to be published, also when it does not run.
    pub published: Vec<PortMap>,
    /// Its links, as Docker shows them: `/db:/web/database`.
    pub links: Vec<String>,
    /// Why its services cannot see their clients' own addresses, if they cannot.
    pub clients_hidden: Option<String>,
    /// The host's ports that lead to it now.
    pub ports: Vec<Bound>,
    /// Only if it was asked for.
    pub size: Option<ps::Size>,
    /// Its networks: what was asked for, what it has while it runs, and the network's id.
    pub networks: Vec<(Join, Option<Attachment>, String)>,
}

/// Collects what is known of the container that the user means.
///
/// # Errors
/// `NotFound` if there is none.
pub fn container(settings: &Settings, store: &Store, text: &str, with_size: bool) -> Result<Inspected> {
    let entry = reconcile::find(settings, store, text)?;
    let size = match with_size {
        true => ps::sizes(settings, store, std::slice::from_ref(&entry.id))?.remove(&entry.id),
        false => None,
    };
    let ports = port::bound(store, &entry)?;
    let record = ports::read(store, &entry.id)?;
    let published = record.wanted(&entry.config.network.ports).to_vec();
    let directory = store.container(&entry.id);
    let layers = match &entry.config.rootfs {
        Rootfs::Layers(chain) => chain.iter().rev().map(|layer| store.layer(layer).join("diff")).collect(),
        Rootfs::Directory(_) => Vec::new(),
    };
    Ok(Inspected {
        layers,
        copy: Some(driver::copied(store, &entry.id)).filter(|copy| copy.is_dir()),
        driver: driver::of(store, &entry.config),
        log: entry.config.log.path.clone().unwrap_or_else(|| directory.join("log")),
        run_directory: store.container_run(&entry.id),
        volumes: store.volumes(),
        directory,
        ports,
        published,
        links: shown_links(store, &entry)?,
        clients_hidden: record.hidden,
        networks: networks(store, &entry)?,
        entry,
        size,
    })
}

fn networks(store: &Store, entry: &Entry) -> Result<Vec<(Join, Option<Attachment>, String)>> {
    let runs = entry.status() == Status::Running;
    let record =
        if runs { leases::record(store, &entry.id)?.unwrap_or_default() } else { Default::default() };
    let of = |join: &Join| record.attachments.iter().find(|known| known.network == join.network).cloned();
    // One that was removed has no id any more.
    let id =
        |join: &Join| networks::get(store, &join.network).map_or_else(|_| String::new(), |config| config.id);
    Ok(entry.config.network.joins.iter().map(|join| (join.clone(), of(join), id(join))).collect())
}

fn shown_links(store: &Store, entry: &Entry) -> Result<Vec<String>> {
    let links = links::current(store, &entry.config)?;
    // One whose other side was removed leads nowhere.
    let name = |link: &Link| containers::name(store, &link.container).ok();
    let shown =
        links.iter().filter_map(|link| Some(format!("/{}:/{}/{}", name(link)?, entry.name, link.alias)));
    Ok(shown.collect())
}
