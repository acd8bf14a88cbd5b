//! Where a copy comes from and goes to: what a trailing slash, `/.` and an existing directory mean.
//!
//! Source: docker-cp(1), "the rules for the copy behaviour"; podman-cp(1).

use crate::error::{Doing, Error, Kind, Result, invalid};
use crate::sys::copy::Copier;
use crate::sys::path::{RootFd, c_path};
use rustix::fs::{FileType, Mode, OFlags, fstat};
use std::ffi::{CString, OsStr};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// What is copied; a link that was named is followed, as podman does.
#[derive(Debug)]
pub(super) struct Source {
    /// Open to be read.
    pub(super) fd: OwnedFd,
    /// What it is called where it goes.
    pub(super) name: CString,
    /// A directory, not a file.
    pub(super) directory: bool,
    /// Only what is in it: it was named with `/.`, or is a root.
    pub(super) content: bool,
}

/// Where it goes.
#[derive(Debug)]
pub(super) enum Target {
    /// Into this directory, under its own name or another.
    Into(OwnedFd, CString),
    /// The source's content into this directory.
    Content(OwnedFd),
    /// Over this file.
    File(OwnedFd),
}

fn bytes(path: &Path) -> &[u8] {
    path.as_os_str().as_bytes()
}

/// The last part of a path, and the path before it; `None` for a root.
fn split(path: &Path) -> Option<(PathBuf, CString)> {
    let name = path.file_name()?;
    let parent = path.parent().unwrap_or(Path::new("/"));
    Some((parent.to_path_buf(), c_path(Path::new(name)).ok()?))
}

fn not_there(path: &Path, side: &str) -> Error {
    Error::new(
        Kind::NotFound,
        format!("{:?} could not be found on {side}: no such file or directory", path.display().to_string()),
    )
}

fn directory() -> OFlags {
    OFlags::RDONLY | OFlags::DIRECTORY
}

impl Source {
    /// Opens what is to be copied.
    pub(super) fn open(root: &RootFd, path: &Path, side: &str) -> Result<Source> {
        // Not blocking: it may be a FIFO.
        let opened = root.at(path, OFlags::RDONLY | OFlags::NONBLOCK, Mode::empty());
        let fd = opened.map_err(|error| match error.kind() {
            Kind::NotFound => not_there(path, side),
            _ => error,
        })?;
        let kind =
            FileType::from_raw_mode(fstat(&fd).doing(|| format!("look at {}", path.display()))?.st_mode);
        let text = bytes(path);
        let content = text.ends_with(b"/.") || text == b"." || path.file_name().is_none();
        match kind {
            FileType::Directory => {}
            FileType::RegularFile if text.ends_with(b"/") || content => {
                return Err(invalid(format!("{} on {side} is not a directory", path.display())));
            }
            FileType::RegularFile => {}
            _ => {
                return Err(invalid(format!(
                    "{} on {side} is neither a file nor a directory",
                    path.display()
                )));
            }
        }
        let name = c_path(Path::new(path.file_name().unwrap_or(OsStr::new("."))))?;
        Ok(Source { fd, name, directory: kind == FileType::Directory, content })
    }
}

impl Target {
    /// Opens where `source` goes.
    pub(super) fn open(root: &RootFd, path: &Path, side: &str, source: &Source) -> Result<Target> {
        let mut path = path.to_path_buf();
        for _ in 0..LINKS {
            match root.place(&path) {
                Ok(place) => return Target::existing(root, &path, &place, source),
                Err(error) if error.kind() == Kind::NotFound => match Target::missing(root, &path, side)? {
                    Either::Target(target) => return Ok(target),
                    Either::Link(to) => path = to,
                },
                Err(error) if is_below_a_file(&error) => {
                    let text = format!("{} on {side}: a part of it is not a directory", path.display());
                    return Err(invalid(text));
                }
                Err(error) => return Err(error),
            }
        }
        Err(invalid(format!("too many links at {} on {side}", path.display())))
    }

    fn existing(root: &RootFd, path: &Path, place: &OwnedFd, source: &Source) -> Result<Target> {
        let stat = rustix::fs::statat(place, c"", rustix::fs::AtFlags::EMPTY_PATH)?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => {
                let target = root.at(path, directory(), Mode::empty())?;
                Ok(match source.content {
                    true => Target::Content(target),
                    false => Target::Into(target, source.name.clone()),
                })
            }
            _ if source.directory => Err(invalid("destination must be a directory when copying a directory")),
            FileType::RegularFile => {
                // In its place, so that a file that is a mount, or has several names, stays that.
                match (root.at(path, OFlags::WRONLY | OFlags::NONBLOCK, Mode::empty()), split(path)) {
                    (Ok(file), _) => Ok(Target::File(file)),
                    // A program that runs cannot be written to, only replaced.
                    (Err(error), Some((parent, name)))
                        if error.io().and_then(std::io::Error::raw_os_error) == Some(nix::libc::ETXTBSY) =>
                    {
                        Ok(Target::Into(root.at(&parent, directory(), Mode::empty())?, name))
                    }
                    (Err(error), _) => Err(error),
                }
            }
            _ => Err(invalid(format!("{} is neither a file nor a directory", path.display()))),
        }
    }

    /// A place where nothing is: that of the name, or what a link says that leads nowhere.
    fn missing(root: &RootFd, path: &Path, side: &str) -> Result<Either> {
        let text = bytes(path);
        let as_directory = text.ends_with(b"/") || text.ends_with(b"/.");
        let parent = split(path).filter(|_| !as_directory);
        let Some((parent, name)) = parent else { return Err(not_there(path, side)) };
        let opened = root.at(&parent, directory(), Mode::empty());
        let opened = opened.map_err(|error| match error.kind() {
            Kind::NotFound => not_there(path, side),
            _ => error,
        })?;
        match rustix::fs::readlinkat(&opened, &name, Vec::new()) {
            Ok(link) => Ok(Either::Link(parent.join(OsStr::from_bytes(link.as_bytes())))),
            Err(_) => Ok(Either::Target(Target::Into(opened, name))),
        }
    }
}

/// Where something goes, or the path to look at next.
enum Either {
    Target(Target),
    Link(PathBuf),
}

/// As many links are followed as by the kernel (path_resolution(7)).
const LINKS: usize = 40;

fn is_below_a_file(error: &Error) -> bool {
    error.io().and_then(std::io::Error::raw_os_error) == Some(nix::libc::ENOTDIR)
}

/// Copies the one to the other.
pub(super) fn copy(copier: &mut Copier<'_>, source: &Source, target: &Target) -> Result<()> {
    let from = source.fd.as_fd();
    match target {
        Target::Content(to) => copier.content_of(from, to.as_fd()),
        Target::Into(to, name) if source.directory => copier.directory_as(from, to.as_fd(), name),
        Target::Into(to, name) => copier.file_as(from, to.as_fd(), name),
        Target::File(file) => {
            let stat = fstat(file).doing(|| "look at the target")?;
            if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
                return Err(invalid("the target is no regular file any more"));
            }
            let theirs = fstat(&source.fd).doing(|| "look at the source")?;
            if (theirs.st_dev, theirs.st_ino) == (stat.st_dev, stat.st_ino) {
                return Err(invalid("source and target are the same file"));
            }
            rustix::fs::ftruncate(file, 0).doing(|| "empty the target")?;
            copier.file(from, file.as_fd()).doing(|| "write to the target")
        }
    }
}
