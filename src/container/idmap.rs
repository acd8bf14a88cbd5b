//! The ids of a container that has a user namespace of its own, below the one its user shares.

use super::config::UserNamespace;
use crate::error::{Error, Kind, Result};
use crate::sys::userns::{Extent, IdMaps};

/// The maps of the container's namespace; `outside` are ids of the shared one, whose own maps are
/// `shared`. `None` if the container lives in the shared one.
///
/// # Errors
/// `Unsupported` where only one id is mapped.
pub fn nested(user: &UserNamespace, shared: &IdMaps) -> Result<Option<IdMaps>> {
    if shared.is_single() && *user != UserNamespace::Host {
        return Err(Error::new(
            Kind::Unsupported,
            "a user namespace of its own needs more ids than the one that is mapped",
        )
        .hint("`box doctor` says how to get a range of subordinate ids"));
    }
    let maps = |uid: Option<u32>, gid: Option<u32>| {
        Some(IdMaps {
            uids: split(&around(uid, &shared.uids), &shared.uids),
            gids: split(&around(gid, &shared.gids), &shared.gids),
        })
    };
    Ok(match user {
        UserNamespace::Host => None,
        UserNamespace::NoMap => maps(None, None),
        UserNamespace::KeepId { uid, gid, .. } => maps(Some(*uid), Some(*gid)),
    })
}

/// The name that a layer has beside its chain when its owners were moved for such a container.
#[must_use]
pub fn key(user: &UserNamespace) -> Option<String> {
    match user {
        UserNamespace::Host => None,
        UserNamespace::NoMap => Some("nomap".to_string()),
        UserNamespace::KeepId { uid, gid, .. } => Some(format!("keep-{uid}-{gid}")),
    }
}

/// The subordinate ids, which the shared namespace has from 1 on, in a row; the caller's own id,
/// its 0, at the place `own`, or nowhere.
fn around(own: Option<u32>, shared: &[Extent]) -> Vec<Extent> {
    let greatest = shared.iter().map(|e| u64::from(e.inside) + u64::from(e.count)).max().unwrap_or(1) - 1;
    let ids = u32::try_from(greatest).unwrap_or(u32::MAX - 1);
    let Some(own) = own else { return vec![Extent { inside: 0, outside: 1, count: ids }] };
    let before = own.min(ids);
    let row = [
        Extent { inside: 0, outside: 1, count: before },
        Extent { inside: own, outside: 0, count: 1 },
        Extent { inside: own + 1, outside: before + 1, count: ids - before },
    ];
    row.into_iter().filter(|e| e.count > 0).collect()
}

/// The kernel takes no extent that reaches over two of the parent's (user_namespaces(7), EPERM).
fn split(wanted: &[Extent], shared: &[Extent]) -> Vec<Extent> {
    let mut parts = Vec::new();
    for want in wanted {
        for parent in shared {
            let first = want.outside.max(parent.inside);
            let end = |e: u32, count: u32| u64::from(e) + u64::from(count);
            let last = end(want.outside, want.count).min(end(parent.inside, parent.count));
            if u64::from(first) < last {
                let count = (last - u64::from(first)) as u32;
                parts.push(Extent { inside: want.inside + (first - want.outside), outside: first, count });
            }
        }
    }
    parts.sort_by_key(|e| e.inside);
    parts
}

/// The id outside of `inside`, and back.
#[must_use]
pub fn outward(extents: &[Extent], inside: u32) -> Option<u32> {
    extents.iter().find_map(|e| {
        let offset = inside.checked_sub(e.inside)?;
        (offset < e.count).then(|| e.outside + offset)
    })
}

/// The id inside of `outside`; the opposite of [`outward`].
#[must_use]
pub fn inward(extents: &[Extent], outside: u32) -> Option<u32> {
    extents.iter().find_map(|e| {
        let offset = outside.checked_sub(e.outside)?;
        (offset < e.count).then(|| e.inside + offset)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extent(inside: u32, outside: u32, count: u32) -> Extent {
        Extent { inside, outside, count }
    }

    fn shared() -> IdMaps {
        let map = vec![extent(0, 1001, 1), extent(1, 100_000, 1000), extent(1001, 300_000, 500)];
        IdMaps { uids: map.clone(), gids: map }
    }

    #[test]
    fn without_the_callers_own_id_the_subordinate_ones_begin_at_0() {
        let maps = nested(&UserNamespace::NoMap, &shared()).unwrap().unwrap();
        assert_eq!(maps.uids, [extent(0, 1, 1000), extent(1000, 1001, 500)]);
        assert_eq!(outward(&maps.uids, 0), Some(1));
        assert_eq!(inward(&maps.uids, 0), None);
        assert_eq!(outward(&maps.uids, 1500), None);
    }

    #[test]
    fn the_callers_own_id_is_kept_where_it_is_asked_for() {
        let maps = nested(&UserNamespace::KeepId { uid: 1001, gid: 0, name: String::new() }, &shared())
            .unwrap()
            .unwrap();
        let uids = [extent(0, 1, 1000), extent(1000, 1001, 1), extent(1001, 0, 1), extent(1002, 1002, 499)];
        assert_eq!(maps.uids, uids);
        assert_eq!(maps.gids[0], extent(0, 0, 1));
        assert_eq!(outward(&maps.uids, 1001), Some(0));
        assert_eq!(inward(&maps.uids, 0), Some(1001));
        // Beyond the range there is a gap before it.
        let far = nested(&UserNamespace::KeepId { uid: 70_000, gid: 7, name: String::new() }, &shared())
            .unwrap()
            .unwrap();
        assert_eq!(outward(&far.uids, 70_000), Some(0));
        assert_eq!(outward(&far.uids, 1500), None);
        assert_eq!(outward(&far.uids, 1499), Some(1500));
    }

    #[test]
    fn one_id_is_too_few() {
        let single = IdMaps { uids: vec![extent(0, 1001, 1)], gids: vec![extent(0, 1001, 1)] };
        assert!(nested(&UserNamespace::NoMap, &single).is_err());
        assert_eq!(nested(&UserNamespace::Host, &single).unwrap(), None);
    }
}
