//! The ids of a container that has a user namespace of its own, below the one its user shares.

use super::config::UserNamespace;
use super::request::IdMapWord;
use crate::error::{Error, Kind, Result, invalid};
use crate::sys::userns::{Extent, IdMaps};

/// The maps of the container's namespace; `outside` are ids of the shared one, whose own maps are
/// `shared`. `None` if the container lives in the shared one.
///
/// # Errors
/// `Unsupported` where fewer ids are mapped than it needs.
pub fn nested(user: &UserNamespace, shared: &IdMaps) -> Result<Option<IdMaps>> {
    let single = || {
        Error::new(
            Kind::Unsupported,
            "a user namespace of its own needs more ids than the one that is mapped",
        )
        .hint("`box doctor` says how to get a range of subordinate ids")
    };
    let maps = |uid: Option<u32>, gid: Option<u32>, size: Option<u32>| {
        if shared.is_single() {
            return Err(single());
        }
        Ok(Some(IdMaps {
            uids: split(&around(uid, size, &shared.uids), &shared.uids),
            gids: split(&around(gid, size, &shared.gids), &shared.gids),
        }))
    };
    match user {
        UserNamespace::Host => Ok(None),
        UserNamespace::NoMap => maps(None, None, None),
        UserNamespace::KeepId { uid, gid, size, .. } => maps(Some(*uid), Some(*gid), *size),
        UserNamespace::Mapped { maps: wanted, .. } => within(wanted, shared).map(Some),
        UserNamespace::Container { of, .. } | UserNamespace::Path { of, .. } => nested(of, shared),
    }
}

/// The name that a layer has beside its chain when its owners were moved for such a container; none
/// where they stay what they are.
#[must_use]
pub fn key(user: &UserNamespace) -> Option<String> {
    match user {
        UserNamespace::Host => None,
        UserNamespace::NoMap => Some("nomap".to_string()),
        UserNamespace::KeepId { uid, gid, size: None, .. } => Some(format!("keep-{uid}-{gid}")),
        UserNamespace::KeepId { uid, gid, size: Some(size), .. } => Some(format!("keep-{uid}-{gid}-{size}")),
        UserNamespace::Mapped { maps, .. } => {
            let moved = |all: &[Extent]| all.iter().any(|e| e.inside != e.outside);
            if !moved(&maps.uids) && !moved(&maps.gids) {
                return None;
            }
            let row = |all: &[Extent]| {
                let words = all.iter().map(|e| format!("{}-{}-{}", e.inside, e.outside, e.count));
                words.collect::<Vec<_>>().join("+")
            };
            let name = if maps.uids == maps.gids {
                format!("map-{}", row(&maps.uids))
            } else {
                format!("map-{}_{}", row(&maps.uids), row(&maps.gids))
            };
            // A file's name has 255 bytes, and the chain's digest stands before it.
            let digest = || crate::image::digest::BlobDigest::of(name.as_bytes()).hex().to_string();
            Some(if name.len() <= 120 { name } else { format!("map-{}", digest()) })
        }
        UserNamespace::Container { of, .. } | UserNamespace::Path { of, .. } => key(of),
    }
}

/// The wanted maps in rows that the kernel takes.
fn within(wanted: &IdMaps, shared: &IdMaps) -> Result<IdMaps> {
    let maps = IdMaps { uids: split(&wanted.uids, &shared.uids), gids: split(&wanted.gids, &shared.gids) };
    let count = |all: &[Extent]| -> u64 { all.iter().map(|e| u64::from(e.count)).sum() };
    for (ours, theirs, file) in
        [(&maps.uids, &wanted.uids, "/etc/subuid"), (&maps.gids, &wanted.gids, "/etc/subgid")]
    {
        if count(ours) != count(theirs) {
            let least = theirs.iter().map(|e| u64::from(e.outside) + u64::from(e.count)).max().unwrap_or(0);
            return Err(Error::new(
                Kind::Unsupported,
                format!("the user namespace needs the ids up to {least} outside, and they are not all there"),
            )
            .hint(format!("they are your own id and those that {file} gives you; `box info` shows them")));
        }
    }
    Ok(maps)
}

/// The maps that `--uidmap` and `--gidmap` ask for.
///
/// # Errors
/// `Invalid` for rows that overlap, go beyond the ids that there are, or have no root.
pub fn asked(uids: &[IdMapWord], gids: &[IdMapWord], shared: &IdMaps) -> Result<IdMaps> {
    let maps = IdMaps { uids: rows(uids, &shared.uids)?, gids: rows(gids, &shared.gids)? };
    for (all, what) in [(&maps.uids, "user"), (&maps.gids, "group")] {
        if outward(all, 0).is_none() {
            return Err(invalid(format!("the map has no {what} 0, whom every user namespace needs"))
                .hint("as in --uidmap 0:1:1000"));
        }
    }
    within(&maps, shared)?;
    Ok(maps)
}

/// The rows that the words mean, sorted.
fn rows(words: &[IdMapWord], shared: &[Extent]) -> Result<Vec<Extent>> {
    let extends = words.iter().any(|word| word.extends);
    let as_it_is = |row: &Extent| Extent { outside: row.inside, ..*row };
    let mut rows: Vec<Extent> = if extends { shared.iter().map(as_it_is).collect() } else { Vec::new() };
    for word in words {
        let outside = match word.of_host {
            false => word.outside,
            true => inward(shared, word.outside).ok_or_else(|| {
                invalid(format!("the host's id {} is not one of those that you have", word.outside))
            })?,
        };
        let row = Extent { inside: word.inside, outside, count: word.count };
        if extends {
            rows = rows.iter().flat_map(|old| without(old, row.inside, row.count, |e| e.inside)).collect();
            rows = rows.iter().flat_map(|old| without(old, row.outside, row.count, |e| e.outside)).collect();
        }
        rows.push(row);
    }
    rows.sort_by_key(|row| row.inside);
    let twice = |a: u32, b: u32, count: u32| u64::from(b) < u64::from(a) + u64::from(count);
    if let Some(pair) = rows.windows(2).find(|pair| twice(pair[0].inside, pair[1].inside, pair[0].count)) {
        return Err(invalid(format!("the map has the id {} twice", pair[1].inside)));
    }
    let mut outside: Vec<&Extent> = rows.iter().collect();
    outside.sort_by_key(|row| row.outside);
    if let Some(pair) = outside.windows(2).find(|pair| twice(pair[0].outside, pair[1].outside, pair[0].count))
    {
        return Err(invalid(format!("the map uses the id {} outside twice", pair[1].outside)));
    }
    Ok(rows)
}

/// What is left of a row without `count` ids from `first` on, of the side that `side` looks at.
fn without(row: &Extent, first: u32, count: u32, side: impl Fn(&Extent) -> u32) -> Vec<Extent> {
    let (start, all) = (u64::from(side(row)), u64::from(row.count));
    let cut = |at: u64| at.clamp(start, start + all) - start;
    let (before, after) = (cut(u64::from(first)), cut(u64::from(first) + u64::from(count)));
    // Both are at most the row's own count, a u32.
    let part = |from: u64, to: u64| Extent {
        inside: row.inside + from as u32,
        outside: row.outside + from as u32,
        count: (to - from) as u32,
    };
    [part(0, before), part(after, all)].into_iter().filter(|part| part.count > 0).collect()
}

/// Ids (first and count) of `available` for a container with `size` ids of its own, the rows of `uids`
/// and `gids` among them; the first that nobody has `taken`. `None` if there are not so many in a row.
///
/// # Errors
/// As [`asked`].
pub fn automatic(
    size: u32,
    (uids, gids): (&[IdMapWord], &[IdMapWord]),
    shared: &IdMaps,
    available: &[(u32, u32)],
    taken: &[(u32, u32)],
) -> Result<Option<UserNamespace>> {
    let (uids, gids) = (rows(uids, &shared.uids)?, rows(gids, &shared.gids)?);
    let fixed = uids.iter().chain(&gids).map(|row| (row.outside, row.count));
    let taken: Vec<(u32, u32)> = taken.iter().copied().chain(fixed).collect();
    let missing = |rows: &[Extent]| -> u32 {
        let inside = rows.iter().map(|row| row.count.min(size.saturating_sub(row.inside)));
        size - inside.sum::<u32>().min(size)
    };
    let need = missing(&uids).max(missing(&gids)).max(1);
    let Some(first) = first_free(need, available, &taken) else { return Ok(None) };
    let maps = IdMaps { uids: filled(uids, size, first), gids: filled(gids, size, first) };
    within(&maps, shared)?;
    Ok(Some(UserNamespace::Mapped { maps, auto: Some((first, need)) }))
}

/// The first of `need` ids in a row.
fn first_free(need: u32, available: &[(u32, u32)], taken: &[(u32, u32)]) -> Option<u32> {
    let end = |(first, count): (u32, u32)| u64::from(first) + u64::from(count);
    // It begins where a range does, or right after what somebody has.
    let starts = available.iter().map(|&(first, _)| u64::from(first)).chain(taken.iter().map(|&t| end(t)));
    let fits = |&start: &u64| {
        let stop = start + u64::from(need);
        available.iter().any(|&range| u64::from(range.0) <= start && stop <= end(range))
            && taken.iter().all(|&other| stop <= u64::from(other.0) || end(other) <= start)
    };
    starts.filter(fits).min().and_then(|start| u32::try_from(start).ok())
}

/// The rows, and what is missing of the ids below `size`, in a row from `first` on outside.
fn filled(mut rows: Vec<Extent>, size: u32, first: u32) -> Vec<Extent> {
    let (mut inside, mut outside) = (0, first);
    let mut more = Vec::new();
    for row in &rows {
        if row.inside > inside && inside < size {
            let count = row.inside.min(size) - inside;
            more.push(Extent { inside, outside, count });
            outside += count;
        }
        inside = inside.max(row.inside.saturating_add(row.count));
    }
    if inside < size {
        more.push(Extent { inside, outside, count: size - inside });
    }
    rows.append(&mut more);
    rows.sort_by_key(|row| row.inside);
    rows
}

/// The subordinate ids, which the shared namespace has from 1 on, in a row, `size` of them at most;
/// the caller's own id, its 0, at the place `own`, or nowhere.
fn around(own: Option<u32>, size: Option<u32>, shared: &[Extent]) -> Vec<Extent> {
    let greatest = shared.iter().map(|e| u64::from(e.inside) + u64::from(e.count)).max().unwrap_or(1) - 1;
    let ids = u32::try_from(greatest).unwrap_or(u32::MAX - 1).min(size.map_or(u32::MAX, |all| all - 1));
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
        let maps =
            nested(&UserNamespace::KeepId { uid: 1001, gid: 0, name: String::new(), size: None }, &shared())
                .unwrap()
                .unwrap();
        let uids = [extent(0, 1, 1000), extent(1000, 1001, 1), extent(1001, 0, 1), extent(1002, 1002, 499)];
        assert_eq!(maps.uids, uids);
        assert_eq!(maps.gids[0], extent(0, 0, 1));
        assert_eq!(outward(&maps.uids, 1001), Some(0));
        assert_eq!(inward(&maps.uids, 0), Some(1001));
        // Beyond the range there is a gap before it.
        let far = nested(
            &UserNamespace::KeepId { uid: 70_000, gid: 7, name: String::new(), size: None },
            &shared(),
        )
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

    fn word(inside: u32, outside: u32, count: u32) -> IdMapWord {
        IdMapWord { inside, outside, of_host: false, extends: false, count }
    }

    #[test]
    fn rows_that_are_asked_for_are_checked() {
        let maps = asked(&[word(1000, 0, 1), word(0, 1, 1000)], &[word(0, 5, 10)], &shared()).unwrap();
        assert_eq!(maps.uids, [extent(0, 1, 1000), extent(1000, 0, 1)]);
        assert_eq!(maps.gids, [extent(0, 5, 10)]);
        let host = IdMapWord { of_host: true, ..word(0, 300_000, 10) };
        assert_eq!(asked(&[host], &[host], &shared()).unwrap().uids, [extent(0, 1001, 10)]);
        for wrong in [
            vec![word(0, 1, 2000)],
            vec![word(1, 1, 10)],
            vec![word(0, 1, 10), word(9, 50, 10)],
            vec![word(0, 1, 10), word(50, 10, 10)],
            vec![IdMapWord { of_host: true, ..word(0, 7, 1) }],
        ] {
            assert!(asked(&wrong, &[word(0, 1, 10)], &shared()).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn rows_that_extend_go_over_the_usual_ids() {
        let over = IdMapWord { extends: true, ..word(33, 0, 1) };
        let maps = asked(&[over, word(0, 5, 1)], &[over, word(0, 5, 1)], &shared()).unwrap();
        // 0 outside went to 33, 5 outside to 0; what was 33 and 5 is nobody's inside.
        let uids = [
            extent(0, 5, 1),
            extent(1, 1, 4),
            extent(6, 6, 27),
            extent(33, 0, 1),
            extent(34, 34, 967),
            extent(1001, 1001, 500),
        ];
        assert_eq!(maps.uids, uids);
        assert_eq!(outward(&maps.gids, 1500), Some(1500));
        // Root's place is taken away, and nobody else was given it.
        let gone = IdMapWord { extends: true, ..word(33, 0, 1) };
        assert!(asked(&[gone], &[gone], &shared()).is_err());
    }

    fn automatic_maps(
        size: u32,
        uids: &[IdMapWord],
        taken: &[(u32, u32)],
    ) -> Option<(IdMaps, Option<(u32, u32)>)> {
        match automatic(size, (uids, &[]), &shared(), &[(1, 1500)], taken).unwrap()? {
            UserNamespace::Mapped { maps, auto } => Some((maps, auto)),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn ids_are_taken_that_no_other_container_has() {
        assert_eq!(automatic_maps(600, &[], &[]).unwrap().1, Some((1, 600)));
        assert_eq!(automatic_maps(600, &[], &[(1, 600)]).unwrap().1, Some((601, 600)));
        assert_eq!(automatic_maps(100, &[], &[(1, 600), (701, 800)]).unwrap().1, Some((601, 100)));
        assert_eq!(automatic_maps(600, &[], &[(1, 600), (601, 600)]), None);
        let (maps, auto) = automatic_maps(300, &[word(100, 0, 1)], &[]).unwrap();
        assert_eq!(maps.uids, [extent(0, 1, 100), extent(100, 0, 1), extent(101, 101, 199)]);
        assert_eq!((maps.gids, auto), (vec![extent(0, 1, 300)], Some((1, 300))));
        // A row beyond the size takes none of its ids.
        let (maps, _) = automatic_maps(10, &[word(100, 7, 2)], &[]).unwrap();
        assert_eq!(maps.uids, [extent(0, 9, 10), extent(100, 7, 2)]);
    }

    #[test]
    fn copies_of_layers_are_named_after_their_ids() {
        let key_of = |extents: &[Extent]| {
            let maps = IdMaps { uids: extents.to_vec(), gids: extents.to_vec() };
            key(&UserNamespace::Mapped { maps, auto: None })
        };
        assert_eq!(key_of(&[extent(0, 0, 1), extent(1, 1, 5)]), None);
        assert_eq!(key_of(&[extent(0, 1, 1024)]).unwrap(), "map-0-1-1024");
        let many: Vec<Extent> = (0..100).map(|n| extent(n, 99 - n, 1)).collect();
        assert!(key_of(&many).unwrap().len() < 120);
    }

    #[test]
    fn the_same_ids_fit_even_where_there_is_one() {
        let single = IdMaps { uids: vec![extent(0, 1001, 1)], gids: vec![extent(0, 1001, 1)] };
        let same = IdMaps { uids: vec![extent(0, 0, 1)], gids: vec![extent(0, 0, 1)] };
        let private = UserNamespace::Mapped { maps: same.clone(), auto: None };
        assert_eq!(nested(&private, &single).unwrap(), Some(same));
    }
}
