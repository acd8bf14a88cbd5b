//! Where an archive goes: a file that is replaced as a whole, or standard output.

use crate::error::{Doing, Error, Result, standard_stream};
use crate::sys::file::{Durable, Whole};
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// As many symbolic links as the kernel follows (path_resolution(7)).
const LINKS: usize = 40;

/// Writes a file, or standard output for `None`. What a regular file held stays until the new is
/// complete; what is no regular file (a FIFO, a device) is written as it is.
///
/// Neither a failure nor a crash changes the file; see [`Whole`] for what a crash leaves beside it.
/// A file that is somebody else's, that is a mount, or whose directory may not be written, is
/// overwritten in place.
///
/// # Errors
/// What `write` fails with. If that is because nothing can be written any more, the error is about
/// that file or standard output, whatever was being written.
pub fn to_file<T>(path: Option<&Path>, write: impl FnOnce(&mut dyn Write) -> Result<T>) -> Result<T> {
    let Some(path) = path else {
        return buffered(&mut io::stdout().lock(), write, |cause| standard_stream("output", cause));
    };
    let doing = || format!("write {}", path.display());
    let blame = |cause: io::Error| Err::<(), _>(cause).doing(doing).expect_err("it is an error");
    let Place::Replaced { path: place, there } = place(path) else {
        return buffered(&mut File::create(path).doing(doing)?, write, blame);
    };
    if there.is_some() {
        OpenOptions::new().write(true).open(&place).doing(doing)?;
    }
    let whole = match Whole::begin(&place) {
        Err(cause) if cause.kind() == ErrorKind::PermissionDenied && there.is_some() => {
            return buffered(&mut File::create(&place).doing(doing)?, write, blame);
        }
        whole => whole.doing(doing)?,
    };
    let written = buffered(&mut whole.file(), write, blame)?;
    // What is new is no loss in a power cut.
    let durable = if there.is_some() { Durable::Yes } else { Durable::No };
    whole.finish(there.map(|about| about.permissions()), durable).doing(doing)?;
    Ok(written)
}

/// Writes through a buffer; why nothing could be written any more is the error.
fn buffered<T>(
    to: &mut dyn Write,
    write: impl FnOnce(&mut dyn Write) -> Result<T>,
    blame: impl FnOnce(io::Error) -> Error,
) -> Result<T> {
    let mut failure = None;
    let written = {
        let mut out = BufWriter::with_capacity(128 << 10, Noting { to, failure: &mut failure });
        write(&mut out).and_then(|written| {
            out.flush()?;
            Ok(written)
        })
    };
    match (written, failure) {
        (Err(_), Some(errno)) => Err(blame(io::Error::from_raw_os_error(errno))),
        (written, _) => written,
    }
}

/// Remembers the first failure of a writer.
struct Noting<'a> {
    to: &'a mut dyn Write,
    failure: &'a mut Option<i32>,
}

impl Noting<'_> {
    fn noted<T>(&mut self, done: io::Result<T>) -> io::Result<T> {
        done.inspect_err(|error| {
            if error.kind() != ErrorKind::Interrupted && self.failure.is_none() {
                *self.failure = error.raw_os_error();
            }
        })
    }
}

impl Write for Noting<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let done = self.to.write(bytes);
        self.noted(done)
    }

    fn flush(&mut self) -> io::Result<()> {
        let done = self.to.flush();
        self.noted(done)
    }
}

/// How a path is written.
enum Place {
    /// As it is.
    Directly,
    /// A new file takes this place, where the symbolic links lead, and that of what is there.
    Replaced { path: PathBuf, there: Option<Metadata> },
}

fn place(path: &Path) -> Place {
    let mut path = path.to_path_buf();
    for _ in 0..LINKS {
        let there = match path.symlink_metadata() {
            Ok(there) => there,
            Err(cause) if cause.kind() == ErrorKind::NotFound => {
                return Place::Replaced { path, there: None };
            }
            Err(_) => return Place::Directly,
        };
        if there.is_file() {
            if there.uid() != nix::unistd::geteuid().as_raw() || is_mounted(&path) {
                return Place::Directly;
            }
            return Place::Replaced { path, there: Some(there) };
        }
        let Ok(link) = std::fs::read_link(&path) else { return Place::Directly };
        let dir = path.parent().unwrap_or(Path::new("/"));
        // Those of /proc/self/fd are open files (`-o /dev/stdout`), and no names.
        if dir.canonicalize().is_ok_and(|dir| dir.starts_with("/proc")) {
            return Place::Directly;
        }
        path = dir.join(link);
    }
    Place::Directly
}

/// Whether a file system begins there, as with a file that is mounted into a container: rename(2)
/// does not replace such a one.
fn is_mounted(path: &Path) -> bool {
    use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};
    statx(CWD, path, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::empty())
        .is_ok_and(|about| about.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn a_file_changes_when_the_new_one_is_complete_and_not_before() {
        let dir = std::env::temp_dir().join(format!("box-outlet-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let (file, link) = (dir.join("f"), dir.join("link"));
        std::fs::write(&file, "old").unwrap();
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o640)).unwrap();
        symlink("f", &link).unwrap();
        symlink("to come", dir.join("dangling")).unwrap();
        let names = || std::fs::read_dir(&dir).unwrap().count();
        for path in [&file, &link, &dir.join("none")] {
            let failed = to_file(Some(path), |out| {
                out.write_all(&[b'x'; 300_000])?;
                assert_eq!((std::fs::read_to_string(&file).unwrap().as_str(), names()), ("old", 3));
                Err::<(), _>(crate::error::failed("no"))
            });
            assert_eq!(failed.unwrap_err().chain(), "no");
            assert_eq!((std::fs::read_to_string(&file).unwrap().as_str(), names()), ("old", 3));
        }
        to_file(Some(&link), |out| Ok(out.write_all(b"new")?)).unwrap();
        to_file(Some(&dir.join("dangling")), |out| Ok(out.write_all(b"there")?)).unwrap();
        assert!(link.is_symlink());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "new");
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(std::fs::read_to_string(dir.join("to come")).unwrap(), "there");
        std::fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn the_error_is_about_what_cannot_be_written() {
        let written = to_file(Some(Path::new("/dev/full")), |out| {
            out.write_all(&[0; 300_000]).doing(|| "archive an innocent file")
        });
        assert_eq!(written.unwrap_err().chain(), "cannot write /dev/full: No space left on device");
    }
}
