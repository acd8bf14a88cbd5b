//! From root in the user namespace to the container's user: ids, groups, capabilities, directory.

use super::account::Account;
use super::step::Walker;
use crate::container::caps::CapSet;
use crate::error::{Doing, Error, Kind, Result, invalid};
use crate::sys::credentials as sys;
use rustix::fs::{FileType, Uid};
use std::path::Path;

/// The user owns its pty or pipes, so that it can open /dev/stdout again.
pub(super) fn own_stdio(w: &Walker<'_>) -> Result<()> {
    if w.account.uid == 0 {
        return Ok(());
    }
    let owner = Some(Uid::from_raw(w.account.uid));
    if let Some(terminal) = &w.terminal {
        return rustix::fs::fchown(terminal, owner, None).doing(|| "give the pty to the user");
    }
    for stream in [rustix::stdio::stdin(), rustix::stdio::stdout(), rustix::stdio::stderr()] {
        let is_pipe = rustix::fs::fstat(stream).is_ok_and(|s| FileType::from_raw_mode(s.st_mode).is_fifo());
        if is_pipe {
            rustix::fs::fchown(stream, owner, None).doing(|| "give a pipe to the user")?;
        }
    }
    Ok(())
}

/// Makes the working directory and those above it when it is missing. We are in the root already.
pub(super) fn make_directory(path: &Path) -> Result<()> {
    match std::fs::metadata(path) {
        Ok(there) if there.is_dir() => Ok(()),
        Ok(_) => Err(not_a_directory(path)),
        Err(_) => std::fs::create_dir_all(path).map_err(|cause| {
            Error::new(Kind::NotExecutable, format!("cannot make the working directory {}", path.display()))
                .because(cause)
        }),
    }
}

fn not_a_directory(path: &Path) -> Error {
    Error::new(Kind::NotExecutable, format!("the working directory {} is a file", path.display()))
        .hint("choose another with --workdir")
}

/// Changes to the working directory as the user. `getcwd` must find it below our root: a
/// descriptor of the host's that leaked would give a working directory outside. (CVE-2024-21626)
pub(super) fn change_directory(path: &Path) -> Result<()> {
    rustix::process::chdir(path).map_err(|errno| {
        if errno == rustix::io::Errno::NOTDIR {
            return not_a_directory(path);
        }
        Error::new(Kind::NotExecutable, format!("cannot change to the working directory {}", path.display()))
            .because(Error::from(errno))
    })?;
    let here = rustix::process::getcwd(Vec::new()).doing(|| "look up the working directory")?;
    if here.to_bytes().first() == Some(&b'/') {
        return Ok(());
    }
    Err(invalid(format!("the working directory {} is outside the container", path.display())))
}

/// Drops from the bounding set all that is not in `keep`.
pub(super) fn drop_bounding(keep: CapSet) -> Result<()> {
    sys::keep_bounding(keep.bits())
}

/// Becomes user and group 0 of the user namespace that was entered, with all capabilities there.
pub(super) fn become_root(keep_groups: bool) -> Result<()> {
    sys::set_ids(0, 0, if keep_groups { None } else { Some(&[]) })
}

/// Changes groups and ids.
pub(super) fn become_user(account: &Account) -> Result<()> {
    let groups = if account.keep_groups { None } else { Some(&account.groups[..]) };
    sys::set_ids(account.uid, account.gid, groups).map_err(|error| {
        match error.io().and_then(std::io::Error::raw_os_error) {
            // An id that has no mapping in the user namespace.
            Some(libc::EINVAL) => {
                let ids =
                    format!("user {}, group {} and groups {:?}", account.uid, account.gid, account.groups);
                Error::new(Kind::Invalid, format!("{ids} are not all mapped"))
                    .hint("/etc/subuid and /etc/subgid give the caller its range; usually 65536 ids")
            }
            _ => error,
        }
    })
}

/// Sets the capability sets; a user that is not root has no effective ones.
pub(super) fn capabilities(
    account: &Account,
    effective: CapSet,
    permitted: CapSet,
    inheritable: CapSet,
    ambient: CapSet,
) -> Result<()> {
    let keep = |set: CapSet| if account.uid == 0 { set.bits() } else { set.bits() & ambient.bits() };
    sys::set_capabilities(keep(effective), keep(permitted), inheritable.bits())?;
    if ambient.bits() != 0 {
        sys::raise_ambient(ambient.bits() & keep(permitted) & inheritable.bits())?;
    }
    Ok(())
}

/// Tells the one who launches which of these directories the user, who we are by now, cannot write to.
pub(super) fn try_writing(w: &super::step::Walker<'_>, places: &[String]) -> Result<()> {
    use rustix::fs::{Access, AtFlags, CWD, accessat};
    for (number, place) in places.iter().enumerate().take(255) {
        let access = accessat(CWD, place.as_str(), Access::WRITE_OK, AtFlags::EACCESS);
        // Any other answer says nothing: a profile may forbid the question.
        if access == Err(rustix::io::Errno::ACCESS) && std::path::Path::new(place).is_dir() {
            let message = [super::step::message::UNWRITABLE, number as u8];
            rustix::io::write(w.report, &message).doing(|| "report")?;
        }
    }
    Ok(())
}
