//! `[gc]` of config.toml: which images go by themselves after a pull, a load, an import or a commit.
//!
//! When an image was used last is the time of its configuration's blob: a container that is made
//! from it touches the file. Images that a container uses stay, whatever the policy says; volumes
//! are never touched.

use super::prune::Pruned;
use super::rmi;
use crate::container::size::ByteSize;
use crate::error::{Doing, Kind, Result, invalid};
use crate::image::digest::ImageId;
use crate::settings::Settings;
use crate::settings::conf::Gc;
use crate::store::gc::Copies;
use crate::store::images::Image;
use crate::store::layout::Store;
use crate::store::usage::Usage;
use jiff::SignedDuration;
use std::collections::HashSet;
use std::time::{Duration, SystemTime};

/// What the settings say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Bytes that images may take.
    keep: Option<u64>,
    /// How long an image may be of no use.
    unused: Option<Duration>,
}

impl Policy {
    /// Parses it; `None` when there is none.
    ///
    /// # Errors
    /// `Invalid` for a value that makes no sense.
    pub fn of(gc: &Gc) -> Result<Option<Policy>> {
        let size = |text: &String| text.parse::<ByteSize>().map(|size| size.0);
        let keep = gc.keep.as_ref().map(size).transpose().doing(|| "use keep of [gc] in config.toml")?;
        let unused = gc.unused.as_deref().map(duration).transpose();
        let unused = unused.doing(|| "use unused of [gc] in config.toml")?;
        Ok((keep.is_some() || unused.is_some()).then_some(Policy { keep, unused }))
    }
}

/// `14d`, `2w`, `36h`.
fn duration(text: &str) -> Result<Duration> {
    let wrong = || invalid(format!("{text:?} is not a duration, as in 14d, 2w or 36h"));
    let days =
        [("d", 1), ("w", 7)].into_iter().find_map(|(unit, days)| Some((text.strip_suffix(unit)?, days)));
    if let Some((number, days)) = days
        && let Ok(number) = number.trim().parse::<u32>()
    {
        return Ok(Duration::from_secs(u64::from(number) * days * 24 * 3600));
    }
    let length: SignedDuration = text.parse().map_err(|_| wrong())?;
    Duration::try_from(length).map_err(|_| wrong())
}

/// Notes that an image is used now. Where that fails, or we are killed before it, it counts as unused
/// for longer, no more.
pub fn note_use(store: &Store, image: &ImageId) {
    if let Ok(blob) = std::fs::File::open(store.blob(&image.config())) {
        let _ = blob.set_modified(SystemTime::now());
    }
}

/// The images that the policy gives up, in the order in which they go: the one that was used
/// longest ago first, those without a name before all others.
///
/// # Errors
/// When the store cannot be read.
pub fn given_up(store: &Store, policy: Policy) -> Result<Vec<Image>> {
    let now = SystemTime::now();
    let used = |image: &Image| {
        let blob = std::fs::metadata(store.blob(&image.id.config()));
        blob.and_then(|meta| meta.modified()).unwrap_or(now)
    };
    let mut unused = rmi::unused(store, true)?;
    unused.sort_by_key(|image| (!image.names.is_empty(), used(image)));
    let is_old = |image: &Image| {
        let age = now.duration_since(used(image)).unwrap_or_default();
        policy.unused.is_some_and(|most| age >= most)
    };
    let (mut going, staying): (Vec<Image>, Vec<Image>) = unused.into_iter().partition(is_old);
    let Some(keep) = policy.keep else { return Ok(going) };
    let usage = Usage::read(store)?;
    let mut gone: HashSet<ImageId> = going.iter().map(|image| image.id.clone()).collect();
    for image in staying {
        if usage.kept(|id| !gone.contains(id)) <= keep {
            break;
        }
        gone.insert(image.id.clone());
        going.push(image);
    }
    Ok(going)
}

/// Removes what the policy gives up, but for these images, which somebody wants right now.
///
/// A crash on the way leaves files that nothing refers to; the next collection removes them.
///
/// # Errors
/// When the store cannot be read, or the user namespace cannot be entered.
pub fn apply(settings: &Settings, store: &Store, policy: Policy, wanted: &[ImageId]) -> Result<Pruned> {
    let mut pruned = Pruned::default();
    for image in given_up(store, policy)?.into_iter().filter(|image| !wanted.contains(&image.id)) {
        match rmi::remove_whole(settings, store, &image, false) {
            Ok(removal) => pruned.images.extend(removal.deleted),
            // A container was made from it since we looked.
            Err(error) if error.kind() == Kind::Conflict => {}
            Err(error) => pruned.errors.push(error),
        }
    }
    if !pruned.images.is_empty() {
        let collected = rmi::collect(settings, store, Copies::Keep)?;
        pruned.bytes = collected.bytes;
        pruned.busy = collected.busy;
    }
    Ok(pruned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_has_a_size_or_a_time_or_is_none() {
        let of = |keep: Option<&str>, unused: Option<&str>| {
            Policy::of(&Gc { keep: keep.map(Into::into), unused: unused.map(Into::into) })
        };
        assert_eq!(of(None, None).unwrap(), None);
        let both = of(Some("20GB"), Some("14d")).unwrap().unwrap();
        assert_eq!(both.keep, Some(20 << 30));
        assert_eq!(both.unused, Some(Duration::from_secs(14 * 86400)));
        assert_eq!(of(None, Some("36h")).unwrap().unwrap().unused, Some(Duration::from_secs(36 * 3600)));
        assert!(of(Some("much"), None).is_err());
        assert!(of(None, Some("soon")).is_err());
    }
}
