//! Volumes, listed and removed.

use super::select::moment;
use super::{ps, pull, rm, worker};
use crate::container::id::ContainerId;
use crate::container::state::Status;
use crate::container::volume::VolumeName;
use crate::error::{Doing, Error, Kind, Result, invalid};
use crate::image::digest::ChainId;
use crate::settings::Settings;
use crate::store::layout::Store;
use crate::store::volumes::{self, Volume};
use crate::store::{images, layers};
use jiff::Timestamp;
use regex_lite::Regex;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A volume with what is known of it.
#[derive(Clone, Debug)]
pub struct Listed {
    /// What was asked for.
    pub volume: Volume,
    /// Where its files are on the host.
    pub mountpoint: PathBuf,
    /// The containers that use it, running or not.
    pub users: Vec<ContainerId>,
    /// How many of them run.
    pub mounted: usize,
    /// Nobody has mounted it where an image has something.
    pub needs_copy_up: bool,
    /// Nobody has given it an owner.
    pub needs_chown: bool,
}

/// All volumes, sorted by name.
///
/// # Errors
/// When the store cannot be read.
pub fn list(settings: &Settings, store: &Store) -> Result<Vec<Listed>> {
    let names = volumes::list(store)?;
    look(settings, store, &names)
}

/// These volumes.
///
/// # Errors
/// `NotFound` if one is not there.
pub fn look(settings: &Settings, store: &Store, names: &[VolumeName]) -> Result<Vec<Listed>> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let containers = ps::list(settings, store)?.containers;
    let mut found = Vec::with_capacity(names.len());
    for name in names {
        let volume = match volumes::get(store, name) {
            Ok(volume) => volume,
            // Removed while we looked: only an error for who asked for it.
            Err(error) if error.kind() == Kind::NotFound && names.len() > 1 => continue,
            Err(error) => return Err(error),
        };
        let uses = |entry: &&crate::store::containers::Entry| {
            entry.config.mounts.iter().filter_map(|mount| mount.volume()).any(|(used, _)| used == name)
        };
        let users: Vec<_> = containers.iter().filter(uses).collect();
        let marked = |mark: &str| store.volume(name).join(mark).exists();
        found.push(Listed {
            mountpoint: volumes::data(store, name),
            mounted: users.iter().filter(|entry| entry.status() == Status::Running).count(),
            users: users.iter().map(|entry| entry.id.clone()).collect(),
            needs_copy_up: !marked(volumes::FILLED),
            needs_chown: !marked(volumes::FILLED) && !marked(volumes::OWNED),
            volume,
        });
    }
    Ok(found)
}

/// A volume to be made in the user namespace, and the layers of the image that it begins with.
#[derive(Serialize, Deserialize)]
pub(super) struct VolumeJob {
    volume: Volume,
    layers: Vec<ChainId>,
}

/// Makes a volume; with the driver `image` it gets the files of an image, once and for good.
///
/// # Errors
/// `Conflict` if there is one of this name and that is not ignored; `Invalid` for options that are
/// none, or an owner that is nobody in the user namespace; `NotFound` for an image that is not there.
pub fn create(settings: &Settings, store: &Store, volume: &Volume, ignore: bool) -> Result<()> {
    let asked = volume.asked()?;
    if ignore && volumes::exists(store, &volume.name) {
        return Ok(());
    }
    let layers = match &asked.image {
        None => Vec::new(),
        Some(name) => {
            let image = images::find(store, name)?.ok_or_else(|| images::unknown(name))?;
            pull::complete(settings, store, &image)?;
            image.chain().to_vec()
        }
    };
    let job = VolumeJob { volume: volume.clone(), layers };
    let made = match (asked.uid.or(asked.gid), &asked.image) {
        (None, None) => create_job(store, &job),
        _ => worker::call(settings, "create-volume", &job),
    };
    match made {
        Err(error) if ignore && error.kind() == Kind::Conflict => Ok(()),
        other => other,
    }
}

/// The part of [`create`] that gives it an owner and files, if it is to have some.
///
/// A crash leaves a directory beside the volumes, which the next one that removes some sweeps.
///
/// # Errors
/// As [`create`].
pub(super) fn create_job(store: &Store, job: &VolumeJob) -> Result<()> {
    // Whoever collects garbage now does not take the layers away.
    let _images = match job.layers.is_empty() {
        true => None,
        false => Some(images::hold(store)?),
    };
    let _held = volumes::hold(store)?;
    let gone = |chain: &&ChainId| !layers::is_complete(store, chain);
    if job.layers.iter().any(|chain| gone(&chain)) {
        return Err(Error::new(Kind::NotFound, "the image was removed meanwhile"));
    }
    let layers: Vec<PathBuf> = job.layers.iter().map(|chain| layers::diff(store, chain)).collect();
    volumes::create_with(store, &job.volume, &layers)
}

/// Removes a volume; with `force` also the containers that use it, after `seconds` of patience.
///
/// A crash leaves it there or in the trash, which the next command empties; with `force`, some of the
/// containers may be gone before it.
///
/// # Errors
/// `NotFound` if it is not there; `Conflict` if it is used.
pub fn remove(
    settings: &Settings,
    store: &Store,
    name: &VolumeName,
    force: bool,
    seconds: Option<u32>,
) -> Result<()> {
    if force {
        for entry in ps::list(settings, store)?.containers {
            if entry.config.mounts.iter().filter_map(|mount| mount.volume()).any(|(used, _)| used == name) {
                rm::remove_by_force(settings, store, &entry, seconds)
                    .doing(|| format!("remove the container {}", entry.name))?;
            }
        }
    }
    let _alone = volumes::hold_alone(store)?;
    volumes::sweep(store);
    let users = volumes::users(store)?.remove(name).unwrap_or_default();
    if !users.is_empty() {
        return Err(in_use(name, &users));
    }
    volumes::discard(store, name)
}

fn in_use(name: &VolumeName, users: &[ContainerId]) -> Error {
    let ids: Vec<&str> = users.iter().map(ContainerId::as_str).collect();
    let text = format!(
        "volume {name} is being used by the following container(s): {}: volume is being used",
        ids.join(", ")
    );
    Error::new(Kind::Conflict, text).hint("--force removes these containers too")
}

/// Moves what killed commands left of volumes in the making to the trash.
///
/// They go one after the other: a crash leaves the rest for the next one.
///
/// # Errors
/// When the lock cannot be taken.
pub fn sweep(store: &Store) -> Result<()> {
    // A full disk has no room for the lock that nobody has needed yet.
    if !store.volumes().exists() {
        return Ok(());
    }
    let _alone = volumes::hold_alone(store)?;
    volumes::sweep(store);
    Ok(())
}

/// Removes the volumes that no container uses and that the filters mean; their names.
///
/// They go one after the other, each by a rename into the trash: a crash leaves the rest.
///
/// # Errors
/// When the store cannot be read: who uses what is unknown, so everything stays.
pub fn prune(store: &Store, filters: &Filters) -> Result<(Vec<VolumeName>, Vec<Error>)> {
    let _alone = volumes::hold_alone(store)?;
    volumes::sweep(store);
    let users = volumes::users(store)?;
    let (mut removed, mut errors) = (Vec::new(), Vec::new());
    for name in volumes::list(store)?.into_iter().filter(|name| !users.contains_key(name)) {
        let done = volumes::get(store, &name).and_then(|volume| match filters.hold(&volume, true) {
            true => volumes::discard(store, &name).map(|()| true),
            false => Ok(false),
        });
        match done {
            Ok(true) => removed.push(name),
            Ok(false) => {}
            Err(error) => errors.push(error),
        }
    }
    Ok((removed, errors))
}

/// The words of `--filter`. Words with the same key are alternatives, except labels; different keys
/// must all hold.
#[derive(Clone, Debug, Default)]
pub struct Filters(Vec<(String, Test)>);

#[derive(Clone, Debug)]
enum Test {
    Dangling(bool),
    Anonymous(bool),
    Text(String),
    /// A regular expression, as in podman.
    Name(Regex),
    Label {
        key: String,
        value: Option<String>,
        not: bool,
    },
    Option {
        key: String,
        value: Option<String>,
    },
    Before(Timestamp),
    After(Timestamp),
}

impl Filters {
    /// Parses `KEY=VALUE` words.
    ///
    /// # Errors
    /// `Invalid` for an unknown key or a value that makes no sense.
    pub fn parse(words: &[String]) -> Result<Filters> {
        let mut tests = Vec::new();
        for word in words {
            let (key, value) = word.split_once('=').ok_or_else(|| {
                invalid(format!("the filter {word:?} is not of the form KEY=VALUE"))
                    .hint("for example --filter dangling=true")
            })?;
            let boolean = || match value {
                "true" | "1" => Ok(true),
                "false" | "0" => Ok(false),
                _ => Err(invalid(format!("{value:?} is neither true nor false"))),
            };
            let (name, of_value) = match value.split_once('=') {
                Some((name, value)) => (name.to_string(), Some(value.to_string())),
                None => (value.to_string(), None),
            };
            let test = match key {
                "dangling" => Test::Dangling(boolean()?),
                "anonymous" => Test::Anonymous(boolean()?),
                "driver" | "scope" => Test::Text(value.to_string()),
                "name" => Test::Name(super::select::pattern(value)?),
                "label" => Test::Label { key: name, value: of_value, not: false },
                "label!" => Test::Label { key: name, value: of_value, not: true },
                "opt" => Test::Option { key: name, value: of_value },
                "until" => Test::Before(moment(value, Timestamp::now())?),
                "since" | "after" => Test::After(moment(value, Timestamp::now())?),
                _ => {
                    return Err(invalid(format!("{key:?} is an invalid volume filter")).hint(
                        "there are: after, anonymous, dangling, driver, label, label!, name, opt, scope, since, until",
                    ));
                }
            };
            tests.push((key.to_string(), test));
        }
        Ok(Filters(tests))
    }

    /// Whether they ask who uses a volume.
    #[must_use]
    pub fn ask_for_users(&self) -> bool {
        self.0.iter().any(|(_, test)| matches!(test, Test::Dangling(_)))
    }

    /// Whether the volume is meant; `unused` says that no container has it.
    #[must_use]
    pub fn hold(&self, volume: &Volume, unused: bool) -> bool {
        self.0.iter().all(|(key, test)| {
            if key.starts_with("label") {
                return test.holds(key, volume, unused);
            }
            self.0.iter().any(|(other, test)| other == key && test.holds(key, volume, unused))
        })
    }
}

impl Test {
    fn holds(&self, key: &str, volume: &Volume, unused: bool) -> bool {
        let has = |map: &std::collections::BTreeMap<String, String>, key: &str, value: &Option<String>| {
            map.get(key).is_some_and(|found| value.as_ref().is_none_or(|value| value == found))
        };
        match self {
            Test::Dangling(wanted) => unused == *wanted,
            Test::Anonymous(wanted) => volume.anonymous == *wanted,
            Test::Name(pattern) => pattern.is_match(volume.name.as_str()),
            Test::Text(text) if key == "driver" => *text == volume.driver,
            // The only scope there is.
            Test::Text(text) => text == "local",
            Test::Label { key, value, not } => has(&volume.labels, key, value) != *not,
            Test::Option { key, value } => has(&volume.options, key, value),
            Test::Before(time) => volume.created <= *time,
            Test::After(time) => volume.created > *time,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_of_one_key_are_alternatives_and_labels_are_not() {
        let mut volume = Volume::new("data".parse().unwrap(), false);
        volume.labels.insert("a".into(), "1".into());
        let holds = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(ToString::to_string).collect();
            Filters::parse(&words).unwrap().hold(&volume, true)
        };
        assert!(holds(&[]));
        assert!(holds(&["name=x", "name=^da"]) && holds(&["name=^d.*a$"]));
        assert!(!holds(&["name=^ata"]));
        assert!(holds(&["label=a", "label=a=1", "dangling=true", "driver=local"]));
        assert!(!holds(&["label=a", "label=b"]));
        assert!(!holds(&["label!=a"]));
        assert!(!holds(&["anonymous=true"]));
        assert!(holds(&["until=1s", "name=data"]) != holds(&["since=1s", "name=data"]));
        for wrong in ["frob=1", "name=[", "dangling=x"] {
            assert!(Filters::parse(&[wrong.to_string()]).is_err(), "{wrong}");
        }
    }
}
