//! What differs between a layer and those below it, or between two stacks.

use super::pack::{Placeholders, Seen};
use super::stack::{Found, Stack, ancestors, read_link};
use crate::error::Result;
use rustix::fs::{FileType, OFlags};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::os::fd::AsFd;

/// How something differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum How {
    /// It is new.
    Added,
    /// It is another, or has another owner, mode or content.
    Changed,
    /// It is gone.
    Deleted,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// An absolute path; bytes that are not UTF-8 are replaced.
    pub path: String,
    /// How it differs.
    pub how: How,
}

/// What the uppermost layer of a stack changes, sorted by path.
///
/// # Errors
/// What the file system says.
pub fn of_top(stack: &Stack, left_out: &Placeholders) -> Result<Vec<Change>> {
    if stack.has_whole_top() {
        return of_whole_top(stack, left_out).map(sorted);
    }
    let mut changes = BTreeMap::new();
    let mut open = vec![stack.list(0, b"")?.into_iter()];
    while let Some(dir) = open.last_mut() {
        let Some(found) = dir.next() else {
            open.pop();
            continue;
        };
        if let Some(below) = top_entry(stack, found, left_out, &mut changes)? {
            open.push(stack.list(0, &below)?.into_iter());
        }
    }
    Ok(sorted(changes))
}

/// What an uppermost layer that is whole changes, by path.
///
/// # Errors
/// What the file system says.
pub fn of_whole_top(stack: &Stack, left_out: &Placeholders) -> Result<BTreeMap<Vec<u8>, How>> {
    let mut before = BTreeMap::new();
    stack.walk_below_top(&mut |found| {
        before.insert(found.path.clone(), found.clone());
        Ok(())
    })?;
    difference((stack, &before), (stack, &contents(stack, left_out)?))
}

fn sorted(changes: BTreeMap<Vec<u8>, How>) -> Vec<Change> {
    let change =
        |(path, how): (Vec<u8>, How)| Change { path: format!("/{}", super::stack::shown(&path)), how };
    changes.into_iter().map(change).collect()
}

/// Notes what an entry of the uppermost layer changes; the path of a directory, which is looked into next.
fn top_entry(
    stack: &Stack,
    found: Found,
    left_out: &Placeholders,
    changes: &mut BTreeMap<Vec<u8>, How>,
) -> Result<Option<Vec<u8>>> {
    if left_out.hide(stack, &found)? {
        return Ok(None);
    }
    let before = stack.lookup(1, &found.path)?;
    if found.is_whiteout() {
        if before.is_some() {
            changes.insert(found.path, How::Deleted);
        }
        return Ok(None);
    }
    let how = if before.is_some() { How::Changed } else { How::Added };
    changes.insert(found.path.clone(), how);
    if found.kind() != FileType::Directory {
        return Ok(None);
    }
    if before.is_some() && stack.is_opaque(0, &found.path)? {
        hidden(stack, &found.path, changes)?;
    }
    Ok(Some(found.path))
}

/// What an opaque directory hides and does not have itself.
fn hidden(stack: &Stack, path: &[u8], changes: &mut BTreeMap<Vec<u8>, How>) -> Result<()> {
    for layer in 1..stack.depth() {
        for found in stack.list(layer, path)? {
            if stack.lookup(1, &found.path)?.is_some() && stack.in_layer(0, &found.path)?.is_none() {
                changes.insert(found.path, How::Deleted);
            }
        }
    }
    Ok(())
}

/// What is to be changed of `from` so that it becomes `to`, sorted by path; each without the places
/// that are left out of it.
///
/// # Errors
/// What the file system says.
pub fn between(from: &(Stack, Placeholders), to: &(Stack, Placeholders)) -> Result<Vec<Change>> {
    let (before, after) = (contents(&from.0, &from.1)?, contents(&to.0, &to.1)?);
    difference((&from.0, &before), (&to.0, &after)).map(sorted)
}

/// What a stack shows, by path.
type Contents = BTreeMap<Vec<u8>, Found>;

fn difference(
    (from, before): (&Stack, &Contents),
    (to, after): (&Stack, &Contents),
) -> Result<BTreeMap<Vec<u8>, How>> {
    let mut changes = BTreeMap::new();
    for (path, old) in before {
        match after.get(path) {
            // Of a directory that is gone one line is enough.
            None if directory_is_gone(path, after) => {}
            None => drop(changes.insert(path.clone(), How::Deleted)),
            Some(new) if !same(from, old, to, new)? => drop(changes.insert(path.clone(), How::Changed)),
            Some(_) => {}
        }
    }
    for path in after.keys().filter(|path| !before.contains_key(*path)) {
        changes.insert(path.clone(), How::Added);
    }
    // As in an overlay's layer, a directory with something else in it is another one.
    let ways: Vec<Vec<u8>> = changes.keys().flat_map(|path| ancestors(path)).map(<[u8]>::to_vec).collect();
    for way in ways {
        changes.entry(way).or_insert(How::Changed);
    }
    Ok(changes)
}

/// Whether the directory of `path` is no longer there, or no directory any more.
fn directory_is_gone(path: &[u8], after: &Contents) -> bool {
    let parent = path.iter().rposition(|&byte| byte == b'/').map(|at| &path[..at]);
    let is_directory = |parent| after.get(parent).is_some_and(|dir| dir.kind() == FileType::Directory);
    parent.is_some_and(|parent| !is_directory(parent))
}

fn contents(stack: &Stack, left_out: &Placeholders) -> Result<Contents> {
    let mut all = BTreeMap::new();
    stack.walk(&mut |found| {
        let seen = match left_out.see(stack, found)? {
            Seen::Itself => Some(found.clone()),
            Seen::Before(before) => before,
        };
        if let Some(seen) = seen.filter(|seen| !seen.path.is_empty()) {
            all.insert(seen.path.clone(), seen);
        }
        Ok(())
    })?;
    Ok(all)
}

/// Whether two files are the same as far as their inodes tell: nobody reads gigabytes for this.
fn same(from: &Stack, old: &Found, to: &Stack, new: &Found) -> Result<bool> {
    let kind = old.kind();
    let about = |of: &Found| (of.stat.st_mode, of.stat.st_uid, of.stat.st_gid);
    if about(old) != about(new) {
        return Ok(false);
    }
    Ok(match kind {
        FileType::RegularFile => {
            let about = |of: &Found| (of.stat.st_size, of.stat.st_mtime, of.stat.st_mtime_nsec);
            about(old) == about(new) && attributes(from, old)? == attributes(to, new)?
        }
        FileType::Symlink => read_link(from, old)? == read_link(to, new)?,
        _ => true,
    })
}

fn attributes(of: &Stack, file: &Found) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
    // Not blocking: by now it may have become a FIFO.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK;
    match of.open_at(file.layer, &file.path, flags)? {
        Some(fd) => of.attributes(file.layer, fd.as_fd()),
        None => Ok(Vec::new()),
    }
}
