//! The root file system's mounts.
//!
//! Everything is mounted by descriptor: the new mount is made, then the place is opened through
//! [`RootFd`], then one is put on the other. An image that swaps a directory for a symlink between
//! two of these finds nothing to gain. (CVE-2021-30465)

use super::step::{BindMount, FsMount};
use crate::error::{Doing, Error, Kind, Result, failed, invalid};
use crate::sys::mount::{self, Attributes, FileSystem, Propagation};
use crate::sys::path::{self, RootFd, Want};
use crate::sys::{fd, process, userns};
use rustix::fs::{Mode, OFlags};
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

/// Mounts an overlay at a place of the host, which is made if missing, and opens its root.
pub(super) fn overlay(at: &Path, fs: &FsMount) -> Result<RootFd> {
    let mounted = make(fs)?;
    if let Err(cause) = std::fs::create_dir(at)
        && cause.kind() != std::io::ErrorKind::AlreadyExists
    {
        return Err(cause).doing(|| format!("make {}", at.display()));
    }
    let place = mount::open_place(at)?;
    mount::attach(mounted.as_fd(), place.as_fd())?;
    RootFd::open(at)
}

/// Mounts a directory of the host on itself, as pivot_root wants a mount, and opens it.
pub(super) fn directory(at: &Path) -> Result<RootFd> {
    let tree = detached_directory(at)?;
    let place = mount::open_place(at)?;
    mount::attach(tree.as_fd(), place.as_fd())?;
    RootFd::open(at)
}

/// A directory of the host as a mount that is attached nowhere yet.
pub(super) fn detached_directory(at: &Path) -> Result<OwnedFd> {
    let tree = mount::clone_tree(at, true)?;
    mount::set_propagation(tree.as_fd(), Propagation::Private, true)?;
    Ok(tree)
}

/// Attaches a root that was mounted by somebody else over our own root, the one directory that can
/// surely be reached: what is looked up from / still begins below it, and pivot_root is content.
pub(super) fn attach_root(mounted: &OwnedFd) -> Result<RootFd> {
    let place = mount::open_place(Path::new("/"))?;
    mount::attach(mounted.as_fd(), place.as_fd())?;
    Ok(RootFd::new(mounted.try_clone().doing(|| "keep the container's root open")?))
}

/// Makes a file system that is attached nowhere yet.
pub(super) fn make(fs: &FsMount) -> Result<OwnedFd> {
    let filesystem = FileSystem::new(&fs.kind)?;
    // The name that mount tables show.
    filesystem.set("source", fs.kind.as_str())?;
    for (key, value) in &fs.options {
        match value {
            Some(value) => filesystem.set(key, value.as_str())?,
            None => filesystem.flag(key)?,
        }
    }
    filesystem.mount(fs.attributes)
}

/// Mounts a new file system in the container.
pub(super) fn mount(root: &RootFd, at: &Path, fs: &FsMount, copy_up: bool) -> Result<()> {
    // A read-only tmpfs that shall have the image's content is filled first.
    let later = copy_up && fs.attributes.has(Attributes::READ_ONLY);
    let first = FsMount {
        attributes: if later { fs.attributes.without(Attributes::READ_ONLY) } else { fs.attributes },
        ..fs.clone()
    };
    let mounted = make(&first)?;
    let place = root.make_place(at, Want::Directory)?;
    refuse_symlink_for_kernel_files(root, at, &fs.kind)?;
    if copy_up && path::is_directory(place.as_fd())? {
        let from = root.at(at, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())?;
        copy_tree(&from, &open_tree_root(&mounted)?, 0)?;
        if later {
            mount::set_attributes(mounted.as_fd(), Attributes::READ_ONLY, false)?;
        }
    }
    mount::attach(mounted.as_fd(), place.as_fd()).doing(|| format!("mount {} on {}", fs.kind, at.display()))
}

/// A /proc that is a symlink would put the kernel's files elsewhere and leave /proc to the image.
fn refuse_symlink_for_kernel_files(root: &RootFd, at: &Path, kind: &str) -> Result<()> {
    if !matches!(kind, "proc" | "sysfs") {
        return Ok(());
    }
    match root.at_no_links(at, OFlags::PATH, Mode::empty()) {
        Ok(_) => Ok(()),
        Err(_) => Err(invalid(format!(
            "{} in the image is a symlink; {kind} is mounted on real directories only",
            at.display()
        ))),
    }
}

/// Mounts something of the host in the container.
pub(super) fn bind(root: &RootFd, bind: &BindMount) -> Result<()> {
    match detached_bind(bind)? {
        Some(tree) => attach_bind(root, bind, &tree),
        None => Ok(()),
    }
}

/// Something of the host as a mount that is attached nowhere yet; `None` if it is not there and need
/// not be.
pub(super) fn detached_bind(bind: &BindMount) -> Result<Option<OwnedFd>> {
    let cloned = match of_process(&bind.source) {
        Some((pid, path)) => clone_from(pid, &path),
        None => mount::clone_tree(&bind.source, bind.recursive),
    };
    let tree = match cloned {
        Ok(tree) => tree,
        Err(error) if error.kind() == Kind::NotFound => {
            if bind.optional {
                return Ok(None);
            }
            let text = format!("{} does not exist on the host", bind.source.display());
            return Err(Error::new(Kind::NotFound, text));
        }
        Err(error) => return Err(error),
    };
    if of_process(&bind.source).is_some() && bind.at == Path::new("/proc") {
        // Whoever may mount in there may have put something else in its place.
        const PROC_SUPER_MAGIC: i64 = 0x9fa0;
        let there = rustix::fs::fstatfs(&tree).doing(|| "look at the other container's /proc")?;
        if there.f_type as i64 != PROC_SUPER_MAGIC {
            return Err(failed("the other container has something else in the place of /proc"));
        }
    }
    if bind.attributes != Attributes::none() {
        mount::set_attributes(tree.as_fd(), bind.attributes, bind.recursive)?;
    }
    mount::set_propagation(tree.as_fd(), bind.propagation, bind.recursive)?;
    Ok(Some(tree))
}

/// Puts it to its place in the container.
pub(super) fn attach_bind(root: &RootFd, bind: &BindMount, tree: &OwnedFd) -> Result<()> {
    let want = if path::is_directory(tree.as_fd())? { Want::Directory } else { Want::File };
    let place = root.make_place(&bind.at, want)?;
    let there = path::is_directory(place.as_fd())?;
    if there != (want == Want::Directory) {
        let kind = |directory: bool| if directory { "a directory" } else { "a file" };
        return Err(invalid(format!(
            "cannot mount {} on {}: the one is {}, the other {}",
            bind.source.display(),
            bind.at.display(),
            kind(!there),
            kind(there)
        )));
    }
    mount::attach(tree.as_fd(), place.as_fd())
        .doing(|| format!("mount {} on {}", bind.source.display(), bind.at.display()))
}

/// `/proc/PID/root/PATH` as its two parts: a place in another container.
fn of_process(source: &Path) -> Option<(i32, PathBuf)> {
    let rest = source.strip_prefix("/proc").ok()?;
    let mut parts = rest.components();
    let pid = parts.next()?.as_os_str().to_str()?.parse().ok()?;
    (parts.next()?.as_os_str() == "root").then(|| (pid, Path::new("/").join(parts.as_path())))
}

/// Clones a mount of another container. Only a process in its mount namespace can do that, so a
/// helper steps in and hands the detached clone back.
fn clone_from(pid: i32, path: &Path) -> Result<OwnedFd> {
    let namespace =
        File::open(format!("/proc/{pid}/ns/mnt")).doing(|| "open a container's mount namespace")?;
    let (ours, theirs) = fd::socket_pair()?;
    let helper = process::spawn(0, || {
        let cloned = userns::join_file(&namespace).and_then(|()| mount::clone_tree(path, false));
        if let Ok(tree) = cloned {
            // If the parent is gone there is nobody left to tell.
            let _ = fd::send_fd(theirs.as_fd(), b"t", tree.as_fd());
        }
        process::exit_now(0)
    })?;
    drop(theirs);
    let heard = fd::receive_fd(ours.as_fd(), &mut [0]);
    helper.wait()?;
    match heard {
        Ok((_, Some(tree))) => Ok(tree),
        _ => Err(failed(format!("cannot share {} of the other container", path.display()))),
    }
}

/// Makes a place in the container read-only, with what is mounted below it. A place that is not
/// there needs nothing.
pub(super) fn read_only(root: &RootFd, at: &Path) -> Result<()> {
    let place = match root.at_no_links(at, OFlags::PATH, Mode::empty()) {
        Ok(place) => place,
        Err(error) if error.kind() == Kind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let tree = mount::clone_tree_at(place.as_fd(), true)?;
    mount::set_attributes(tree.as_fd(), Attributes::READ_ONLY, true)?;
    mount::attach(tree.as_fd(), place.as_fd())
}

/// What is put over hidden places.
#[derive(Debug, Default)]
pub(super) struct Cover {
    null: Option<OwnedFd>,
    empty: Option<OwnedFd>,
}

impl Cover {
    /// Hides a file behind /dev/null, a directory behind an empty one. `*` in a path stands for
    /// any name. A place that is not there needs nothing.
    pub(super) fn mask(&mut self, root: &RootFd, at: &Path) -> Result<()> {
        for at in expand(root, at)? {
            let place = match root.at_no_links(&at, OFlags::PATH, Mode::empty()) {
                Ok(place) => place,
                Err(error) if error.kind() == Kind::NotFound => continue,
                Err(error) => return Err(error),
            };
            let cover = if path::is_directory(place.as_fd())? { self.empty()? } else { self.null()? };
            mount::attach(cover.as_fd(), place.as_fd()).doing(|| format!("hide {}", at.display()))?;
        }
        Ok(())
    }

    /// The host's /dev/null, looked at before it is used: a cover that an image could choose
    /// would be a way into the host. (CVE-2025-31133)
    fn null(&mut self) -> Result<OwnedFd> {
        if self.null.is_none() {
            let null = mount::open_place(Path::new("/dev/null"))?;
            let stat = rustix::fs::fstat(&null).doing(|| "look at /dev/null")?;
            if (rustix::fs::major(stat.st_rdev), rustix::fs::minor(stat.st_rdev)) != (1, 3) {
                return Err(failed("/dev/null of the host is not the null device"));
            }
            self.null = Some(null);
        }
        mount::clone_tree_at(self.null.as_ref().ok_or_else(|| failed("no null device"))?.as_fd(), false)
    }

    fn empty(&mut self) -> Result<OwnedFd> {
        if self.empty.is_none() {
            let attributes = Attributes::READ_ONLY.and(Attributes::NO_DEV).and(Attributes::NO_SUID);
            let options = vec![
                ("size".to_string(), Some("0".to_string())),
                ("nr_inodes".to_string(), Some("2".to_string())),
            ];
            self.empty = Some(make(&FsMount {
                kind: "tmpfs".into(),
                options,
                attributes: attributes.and(Attributes::NO_EXEC),
            })?);
        }
        mount::clone_tree_at(self.empty.as_ref().ok_or_else(|| failed("no empty directory"))?.as_fd(), false)
    }
}

fn expand(root: &RootFd, at: &Path) -> Result<Vec<PathBuf>> {
    let text = at.to_string_lossy();
    let Some(star) = text.find('*') else { return Ok(vec![at.to_path_buf()]) };
    let slash = text[..star].rfind('/').unwrap_or(0);
    let (directory, prefix) = (&text[..slash], &text[slash + 1..star]);
    let rest = &text[star + 1..];
    let (suffix, below) = rest.split_once('/').unwrap_or((rest, ""));
    let Ok(open) = root.at_no_links(Path::new(directory), OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())
    else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for entry in rustix::fs::Dir::read_from(&open).doing(|| format!("list {directory}"))? {
        let entry = entry.doing(|| format!("list {directory}"))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(prefix) && name.ends_with(suffix) && !name.starts_with('.') {
            found.push(Path::new(directory).join(name).join(below));
        }
    }
    Ok(found)
}

/// Fills an empty directory of the host, which is about to be mounted, with what the image has at
/// that place. One that holds something already stays as it is.
pub(super) fn copy_up(root: &RootFd, from: &Path, to: &Path) -> Result<()> {
    let target = File::open(to).doing(|| format!("open the volume {}", to.display()))?;
    if !is_empty(to)? {
        return Ok(());
    }
    match root.at(from, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()) {
        Ok(source) => {
            copy_tree(&source, &target.into(), 0).doing(|| format!("copy {} of the image", from.display()))
        }
        Err(error) if error.kind() == Kind::NotFound => Ok(()),
        // A file there is nothing to begin a directory with.
        Err(error) if error.io().and_then(std::io::Error::raw_os_error) == Some(libc::ENOTDIR) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Whether a directory of the host has nothing in it.
pub(super) fn is_empty(directory: &Path) -> Result<bool> {
    Ok(std::fs::read_dir(directory).doing(|| format!("list {}", directory.display()))?.next().is_none())
}

fn open_tree_root(mounted: &OwnedFd) -> Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::openat(mounted, c".", flags, Mode::empty()).doing(|| "open a new mount")
}

/// Copies a directory's content with owners, modes, times and links; by descriptors, so that
/// nothing is followed.
fn copy_tree(from: &OwnedFd, to: &OwnedFd, depth: u32) -> Result<()> {
    if depth > 512 {
        return Err(failed("directories are nested more than 512 deep"));
    }
    copy_attributes(from, to)?;
    for entry in rustix::fs::Dir::read_from(from).doing(|| "list a directory of the image")? {
        let entry = entry.doing(|| "list a directory of the image")?;
        let name = entry.file_name();
        if name == c"." || name == c".." {
            continue;
        }
        copy_entry(from, to, name, depth).doing(|| format!("copy {}", name.to_string_lossy()))?;
    }
    Ok(())
}

fn copy_entry(from: &OwnedFd, to: &OwnedFd, name: &std::ffi::CStr, depth: u32) -> Result<()> {
    use rustix::fs::{AtFlags, FileType};
    let stat = rustix::fs::statat(from, name, AtFlags::SYMLINK_NOFOLLOW)?;
    let mode = Mode::from_raw_mode(stat.st_mode & 0o7777);
    let safe = OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::Directory => {
            rustix::fs::mkdirat(to, name, Mode::RWXU)?;
            let source =
                rustix::fs::openat(from, name, safe | OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())?;
            let target =
                rustix::fs::openat(to, name, safe | OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())?;
            copy_tree(&source, &target, depth + 1)
        }
        FileType::RegularFile => {
            let source =
                rustix::fs::openat(from, name, safe | OFlags::RDONLY | OFlags::NONBLOCK, Mode::empty())?;
            let target =
                rustix::fs::openat(to, name, safe | OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL, mode)?;
            std::io::copy(&mut File::from(source.try_clone()?), &mut File::from(target.try_clone()?))?;
            copy_attributes(&source, &target)
        }
        FileType::Symlink => {
            let link = rustix::fs::readlinkat(from, name, Vec::new())?;
            rustix::fs::symlinkat(&*link, to, name)?;
            chown_link(to, name, &stat)
        }
        FileType::Fifo => {
            rustix::fs::mknodat(to, name, FileType::Fifo, mode, 0)?;
            chown_link(to, name, &stat)
        }
        // Sockets are of no use without their process; device nodes are not ours to make.
        _ => Ok(()),
    }
}

fn ids(stat: &rustix::fs::Stat) -> (Option<rustix::fs::Uid>, Option<rustix::fs::Gid>) {
    (Some(rustix::fs::Uid::from_raw(stat.st_uid)), Some(rustix::fs::Gid::from_raw(stat.st_gid)))
}

fn chown_link(at: &OwnedFd, name: &std::ffi::CStr, stat: &rustix::fs::Stat) -> Result<()> {
    let (uid, gid) = ids(stat);
    Ok(rustix::fs::chownat(at, name, uid, gid, rustix::fs::AtFlags::SYMLINK_NOFOLLOW)?)
}

fn copy_attributes(from: &OwnedFd, to: &OwnedFd) -> Result<()> {
    let stat = rustix::fs::fstat(from)?;
    let (uid, gid) = ids(&stat);
    rustix::fs::fchown(to, uid, gid)?;
    // After chown, which clears setuid bits.
    rustix::fs::fchmod(to, Mode::from_raw_mode(stat.st_mode & 0o7777))?;
    let time = |seconds, nanos| rustix::fs::Timespec { tv_sec: seconds, tv_nsec: nanos };
    let times = rustix::fs::Timestamps {
        last_access: time(stat.st_atime, stat.st_atime_nsec as _),
        last_modification: time(stat.st_mtime, stat.st_mtime_nsec as _),
    };
    Ok(rustix::fs::futimens(to, &times)?)
}
