//! The root file system's mounts.
//!
//! Everything is mounted by descriptor: the new mount is made, then the place is opened through
//! [`RootFd`], then one is put on the other. An image that swaps a directory for a symlink between
//! two of these finds nothing to gain. (CVE-2021-30465)

use super::fill;
use super::step::{BindMount, FsMount};
use crate::error::{Doing, Error, Kind, Result, failed, invalid};
use crate::sys::copy::{Copier, Existing, Owner};
use crate::sys::mount::{self, Attributes, FileSystem, Propagation};
use crate::sys::path::{self, RootFd, Want};
use crate::sys::{fd, process, userns};
use rustix::fs::{Mode, OFlags};
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

/// Mounts an overlay at a place of the host, which is made if missing, and opens its root.
pub(super) fn overlay(at: &Path, fs: &FsMount) -> Result<RootFd> {
    attach_at(at, &make(fs)?)
}

/// Attaches the root that somebody serves to a place of the host, which is made if missing, and opens it.
pub(super) fn served(at: &Path, mounted: Option<&OwnedFd>) -> Result<RootFd> {
    attach_at(at, mounted.ok_or_else(|| failed("nobody serves the root"))?)
}

fn attach_at(at: &Path, mounted: &OwnedFd) -> Result<RootFd> {
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
///
/// With an `own`er everything in it is given to that user of the container.
pub(super) fn mount(root: &RootFd, at: &Path, fs: &FsMount, copy_up: bool, own: Option<&str>) -> Result<()> {
    // A read-only tmpfs that shall have the image's content is filled first.
    let later = (copy_up || own.is_some()) && fs.attributes.has(Attributes::READ_ONLY);
    let first = FsMount {
        attributes: if later { fs.attributes.without(Attributes::READ_ONLY) } else { fs.attributes },
        ..fs.clone()
    };
    let mounted = make(&first)?;
    // A directory that is made only now has nothing to copy, not even a mode.
    let copy_up = copy_up && root.place(at).is_ok();
    let place = root.make_place(at, Want::Directory)?;
    refuse_symlink_for_kernel_files(root, at, &fs.kind)?;
    if copy_up && path::is_directory(place.as_fd())? {
        let from = root.at(at, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())?;
        begin_with(&from, &open_tree_root(&mounted)?, fs)?;
    }
    if let Some(user) = own {
        fill::own_tree(root, &open_tree_root(&mounted)?, user, &fill::Ids::default())
            .doing(|| format!("give the {} on {} to the container's user", fs.kind, at.display()))?;
    }
    if later {
        mount::set_attributes(mounted.as_fd(), Attributes::READ_ONLY, false)?;
    }
    mount::attach(mounted.as_fd(), place.as_fd()).doing(|| format!("mount {} on {}", fs.kind, at.display()))
}

/// Copies what the image has into a fresh tmpfs; what was asked for of the tmpfs itself stays.
fn begin_with(from: &OwnedFd, to: &OwnedFd, fs: &FsMount) -> Result<()> {
    let asked = |name: &str| fs.options.iter().any(|(key, _)| key == name);
    let mut copier = Copier::new(Owner::Keep, Existing::Refuse);
    let copied = if ["mode", "uid", "gid"].iter().any(|name| asked(name)) {
        copier.content_of(from.as_fd(), to.as_fd())
    } else {
        copier.directory(from.as_fd(), to.as_fd())
    };
    copied.doing(|| "fill it with what the image has there")
}

/// Mounts a file system at a place of the host's side, in our own mount namespace.
pub(super) fn stage(at: &Path, fs: &FsMount) -> Result<()> {
    let place = mount::open_place(at)?;
    mount::attach(make(fs)?.as_fd(), place.as_fd()).doing(|| format!("mount {}", at.display()))
}

/// Opens a mount's source on the host without opening the file; `below` is a part of it, and never
/// leads out of it.
pub(super) fn source(path: &Path, below: Option<&str>) -> Result<OwnedFd> {
    let source = mount::open_place(path)?;
    match below {
        None => Ok(source),
        Some(below) => path::beneath(source.as_fd(), Path::new(below)),
    }
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
        Some((pid, path)) => clone_of(pid, &path),
        None => source(&bind.source, bind.below.as_deref())
            .and_then(|place| mount::clone_tree_at(place.as_fd(), bind.recursive)),
    };
    let tree = match cloned {
        Ok(tree) => tree,
        Err(error) if error.kind() == Kind::NotFound => {
            if bind.optional {
                return Ok(None);
            }
            let below = bind.below.as_ref().map(|below| format!("/{below}")).unwrap_or_default();
            let text = format!("{}{below} does not exist on the host", bind.source.display());
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
    let place = match root.make_place(&bind.at, want) {
        // What the user mounted above it cannot be written to.
        Err(_) if bind.optional => return Ok(()),
        other => other?,
    };
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

/// Puts an overlay that was made by somebody else to its place in the container.
pub(super) fn attach_overlay(root: &RootFd, at: &Path, mounted: &OwnedFd) -> Result<()> {
    let place = root.make_place(at, Want::Directory)?;
    mount::attach(mounted.as_fd(), place.as_fd()).doing(|| format!("mount an overlay on {}", at.display()))
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
///
/// # Errors
/// When the process is gone, or its namespaces are not ours to enter.
pub fn clone_of(pid: i32, path: &Path) -> Result<OwnedFd> {
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

/// Makes what is mounted at a place read-only, without what is mounted below it.
pub(super) fn read_only_mount(root: &RootFd, at: &Path) -> Result<()> {
    let place = root.at_no_links(at, OFlags::PATH, Mode::empty())?;
    mount::set_attributes(place.as_fd(), Attributes::READ_ONLY, false)
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

fn open_tree_root(mounted: &OwnedFd) -> Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::openat(mounted, c".", flags, Mode::empty()).doing(|| "open a new mount")
}
