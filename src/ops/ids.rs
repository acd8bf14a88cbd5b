//! Which ids a container with a user namespace of its own gets.

use super::worker::{self, Here};
use crate::container::config::UserNamespace;
use crate::container::id::ContainerId;
use crate::container::idmap;
use crate::container::request::{ContainerRequest, IdMapRequest, IdMapWord, UserNamespaceRequest};
use crate::error::{Doing, Error, Kind, Result, invalid};
use crate::image::digest::ChainId;
use crate::settings::Settings;
use crate::store::layout::Store;
use crate::store::lock::Lock;
use crate::store::stack::Stack;
use crate::store::{containers, layers};
use crate::sys::userns::{self, IdMaps, Mapping};
use rustix::fs::OFlags;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// As podman's `auto-userns-min-size`.
const LEAST: u32 = 1024;

/// As many as a classic range of subordinate ids has, and podman's `auto-userns-max-size`.
const MOST: u32 = 65536;

/// The user of /etc/subuid whose ids root's containers get, as podman's `root-auto-userns-user`.
const OF_ROOT: &str = "containers";

/// The number of nobody and nogroup, which every image has and nothing should belong to.
const NOBODY: u32 = 65534;

/// Decides on the user namespace, where it takes more than the request; with it goes what keeps
/// others from choosing the same ids until the container is written down.
///
/// `chain` is the image's, `named` the containers that the request names, found.
///
/// # Errors
/// `Unsupported` where the caller has too few ids; `Invalid` for maps that cannot be.
pub fn decide(
    settings: &Settings,
    store: &Store,
    request: &ContainerRequest,
    chain: &[ChainId],
    named: &BTreeMap<String, ContainerId>,
) -> Result<(Option<UserNamespace>, Option<Lock>)> {
    let asked = &request.namespaces;
    let own = |maps| UserNamespace::Mapped { maps, auto: None };
    if !asked.ids.is_empty() {
        return Ok((Some(own(from_words(&asked.ids)?)), None));
    }
    let decided = match &asked.user {
        UserNamespaceRequest::Host | UserNamespaceRequest::NoMap | UserNamespaceRequest::KeepId { .. } => {
            return Ok((None, None));
        }
        UserNamespaceRequest::Private => own(the_same(&userns::choose_mapping().maps()?)),
        UserNamespaceRequest::Auto { size, uids, gids } => {
            let size = match size {
                Some(size) => *size,
                None => size_for(settings, request, chain)?,
            };
            let lock = Lock::exclusive(&store.root().join("ids.lock"))?;
            return Ok((Some(automatic(store, size, (uids, gids))?), Some(lock)));
        }
        UserNamespaceRequest::Container(name) => {
            let id = named.get(name).ok_or_else(|| containers::no_such(name))?;
            match containers::config(store, id)?.namespaces.user {
                UserNamespace::Host => UserNamespace::Host,
                // Whose it was first: that one's init is in it as well.
                UserNamespace::Container { of, .. } | UserNamespace::Path { of, .. } => {
                    UserNamespace::Container { id: id.clone(), of }
                }
                of => UserNamespace::Container { id: id.clone(), of: Box::new(of) },
            }
        }
        UserNamespaceRequest::Path(path) => {
            let path = std::path::absolute(path).doing(|| format!("find {}", path.display()))?;
            let maps: Option<IdMaps> = worker::call(settings, "id-maps-at", &path)?;
            let at = |maps| UserNamespace::Path { path, of: Box::new(own(maps)) };
            maps.map_or(UserNamespace::Host, at)
        }
    };
    Ok((Some(decided), None))
}

/// Why one id is all that can be mapped here; `None` where more can.
#[must_use]
pub fn single_id_reason() -> Option<String> {
    match userns::choose_mapping() {
        Mapping::Single { reason } => Some(reason),
        Mapping::Identity | Mapping::Subordinate { .. } => None,
    }
}

/// Every id of the shared namespace as itself.
fn the_same(shared: &IdMaps) -> IdMaps {
    let same = |all: &[userns::Extent]| {
        all.iter().map(|row| userns::Extent { outside: row.inside, ..*row }).collect()
    };
    IdMaps { uids: same(&shared.uids), gids: same(&shared.gids) }
}

/// `--uidmap` and its relatives: what is given for users alone is for groups too, and the other way
/// round.
fn from_words(words: &IdMapRequest) -> Result<IdMaps> {
    let shared = userns::choose_mapping().maps()?;
    let named = |file: &str, name: &Option<String>| name.as_ref().map(|name| of_name(file, name)).transpose();
    let uids = match named("/etc/subuid", &words.subuid_name)? {
        Some(ranges) => ranges,
        None => words.uids.clone(),
    };
    let gids = match named("/etc/subgid", &words.subgid_name)? {
        Some(ranges) => ranges,
        None => words.gids.clone(),
    };
    let (uids, gids) = match (uids.is_empty(), gids.is_empty(), &words.subuid_name, &words.subgid_name) {
        // Whoever has a range of users has one of groups by the same name.
        (_, true, Some(name), None) => (uids, of_name("/etc/subgid", name)?),
        (true, _, None, Some(name)) => (of_name("/etc/subuid", name)?, gids),
        (true, false, ..) => (gids.clone(), gids),
        (false, true, ..) => (uids.clone(), uids),
        _ => (uids, gids),
    };
    idmap::asked(&uids, &gids, &shared)
}

/// The ranges that a file gives to `name`, in a row from 0 on.
fn of_name(file: &str, name: &str) -> Result<Vec<IdMapWord>> {
    let mut inside = 0;
    let mut words = Vec::new();
    for (outside, count) in userns::ranges_of(file, name) {
        words.push(IdMapWord { inside, outside, of_host: true, extends: false, count });
        inside += count;
    }
    if words.is_empty() {
        return Err(Error::new(Kind::NotFound, format!("{file} has no line for {name:?}")));
    }
    Ok(words)
}

/// Ids that no other container with `auto` has. The caller holds the lock.
fn automatic(store: &Store, size: u32, rows: (&[IdMapWord], &[IdMapWord])) -> Result<UserNamespace> {
    let mapping = userns::choose_mapping();
    let shared = mapping.maps()?;
    let available = available(&mapping, &shared)?;
    let mut taken = Vec::new();
    for id in containers::list(store)? {
        // One that is being made or removed, or is broken, has no ids that it could use.
        if let Ok(config) = containers::config(store, &id)
            && let UserNamespace::Mapped { auto: Some(range), .. } = config.namespaces.user
        {
            taken.push(range);
        }
    }
    idmap::automatic(size, rows, &shared, &available, &taken)?.ok_or_else(|| {
        let there: u64 = available.iter().map(|&(_, count)| u64::from(count)).sum();
        let have: u64 = taken.iter().map(|&(_, count)| u64::from(count)).sum();
        Error::new(
            Kind::Conflict,
            format!("--userns auto finds no {size} ids in a row that are free: other containers have {have} of {there}"),
        )
        .hint("remove a container that has some, ask for fewer with auto:size=N, or enlarge the range in /etc/subuid and /etc/subgid")
    })
}

/// The ids that containers with `auto` may get: first and count.
fn available(mapping: &Mapping, shared: &IdMaps) -> Result<Vec<(u32, u32)>> {
    match mapping {
        Mapping::Subordinate { .. } => {
            let last =
                |all: &[userns::Extent]| all.iter().map(|e| e.inside + (e.count - 1)).max().unwrap_or(0);
            Ok(vec![(1, last(&shared.uids).min(last(&shared.gids)))])
        }
        Mapping::Single { reason } => Err(Error::new(
            Kind::Unsupported,
            format!("--userns auto needs a range of subordinate ids: {reason}"),
        )
        .hint("`box doctor` says how to get one")),
        Mapping::Identity => {
            let uids = userns::ranges_of("/etc/subuid", OF_ROOT);
            let gids = userns::ranges_of("/etc/subgid", OF_ROOT);
            let both: Vec<(u32, u32)> = uids.into_iter().filter(|range| gids.contains(range)).collect();
            if both.is_empty() {
                return Err(Error::new(
                    Kind::Unsupported,
                    format!("--userns auto takes root's ids from the range of the user {OF_ROOT:?}, which has none"),
                )
                .hint(format!("add a line like {OF_ROOT}:2147483647:2147483648 to /etc/subuid and /etc/subgid")));
            }
            Ok(both)
        }
    }
}

/// How many ids the image needs.
fn size_for(settings: &Settings, request: &ContainerRequest, chain: &[ChainId]) -> Result<u32> {
    let user = request.process.user.as_deref().unwrap_or_default();
    let numbers = user.split(':').filter_map(|part| part.parse::<u32>().ok()).max().unwrap_or(0);
    let greatest: u32 = if chain.is_empty() { 0 } else { worker::call(settings, "owners", &chain)? };
    let size = greatest.max(numbers).saturating_add(1).max(LEAST);
    if size > MOST {
        return Err(invalid(format!("the image needs {size} ids, and --userns auto gives {MOST} at most"))
            .hint("say how many with --userns auto:size=N"));
    }
    Ok(size)
}

/// The greatest id that something in these layers belongs to or that its accounts name, but for nobody.
///
/// # Errors
/// When a layer is gone.
pub fn owners_job(here: &Here, chain: &[ChainId]) -> Result<u32> {
    let mut greatest = 0;
    let directories: Vec<PathBuf> = chain.iter().map(|layer| layers::diff(&here.store, layer)).collect();
    for directory in &directories {
        Stack::open(std::slice::from_ref(directory))?.walk(&mut |found| {
            for id in [found.stat.st_uid, found.stat.st_gid] {
                greatest = greatest.max(if id == NOBODY { 0 } else { id });
            }
            Ok(())
        })?;
    }
    let uppermost_first: Vec<PathBuf> = directories.into_iter().rev().collect();
    let stack = Stack::open(&uppermost_first)?;
    for (file, fields) in [("etc/passwd", &[2, 3][..]), ("etc/group", &[2])] {
        greatest = greatest.max(accounts(&stack, Path::new(file), fields)?);
    }
    Ok(greatest)
}

/// More than any accounts file needs.
const LONGEST: u64 = 4 << 20;

/// The greatest number in these fields of a file of accounts.
fn accounts(stack: &Stack, file: &Path, fields: &[usize]) -> Result<u32> {
    let path = file.as_os_str().as_encoded_bytes();
    let Some(found) = stack.lookup(0, path)? else { return Ok(0) };
    if found.kind() != rustix::fs::FileType::RegularFile {
        return Ok(0);
    }
    let Some(fd) = stack.open_at(found.layer, path, OFlags::RDONLY)? else { return Ok(0) };
    let mut text = Vec::new();
    File::from(fd).take(LONGEST).read_to_end(&mut text).doing(|| format!("read /{}", file.display()))?;
    let text = String::from_utf8_lossy(&text);
    let numbers = text.lines().flat_map(|line| {
        let words: Vec<&str> = line.split(':').collect();
        let number = |field: &usize| words.get(*field)?.parse::<u32>().ok();
        fields.iter().filter_map(number).collect::<Vec<_>>()
    });
    Ok(numbers.filter(|id| *id != NOBODY && *id < MOST).max().unwrap_or(0))
}

/// Whether the caller has ids to put into a user namespace below its own.
///
/// # Errors
/// `Unsupported` when it has one, `Invalid` when it has all.
pub fn check(asked: &UserNamespaceRequest) -> Result<()> {
    let flag = match asked {
        UserNamespaceRequest::NoMap => "nomap",
        UserNamespaceRequest::KeepId { .. } => "keep-id",
        _ => return Ok(()),
    };
    match userns::choose_mapping() {
        Mapping::Subordinate { .. } => Ok(()),
        Mapping::Identity => Err(invalid(format!("--userns {flag} is for users who are not root"))),
        Mapping::Single { reason } => Err(Error::new(
            Kind::Unsupported,
            format!("--userns {flag} needs a range of subordinate ids: {reason}"),
        )
        .hint("`box doctor` says how to get one")),
    }
}
