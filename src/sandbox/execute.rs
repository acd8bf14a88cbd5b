//! The last steps: box's own init, finding the program, execve.

use super::account::Account;
use super::step::Walker;
use crate::container::caps::CapSet;
use crate::error::{Error, Kind, Result, failed};
use crate::oci::seccomp;
use crate::sys::credentials;
use crate::sys::process::{self, CStrings};
use crate::sys::reaper;
use crate::sys::seccomp as sys_seccomp;
use std::ffi::CString;
use std::io;
use std::path::Path;

/// Splits in two: the parent stays as PID 1, passes signals on and reaps; the child walks on.
pub(super) fn init(w: &Walker<'_>) -> Result<()> {
    // What is left of us in the container must not be read or traced from in there.
    process::set_dumpable(false);
    if let Some(child) = reaper::split()? {
        // The child holds its own copy: the launch is over when that one executes.
        reaper::keep_stdio_only();
        keep_what_an_init_needs()?;
        // It names paths of the host.
        if let Some(arguments) = w.arguments {
            arguments.overwrite("box-init");
        }
        reaper::run(child)
    }
    // The child stays as hidden as it was: execve ends that.
    Ok(())
}

/// PID 1 stays in the container as long as it lives, beside what the image brings: it may send
/// signals to processes of any user, and nothing else.
fn keep_what_an_init_needs() -> Result<()> {
    let kill = CapSet::from_names(["KILL"])?;
    credentials::keep_bounding(0)?;
    credentials::set_capabilities(kill.bits(), kill.bits(), 0)?;
    sys_seccomp::set_no_new_privileges()?;
    sys_seccomp::load(&seccomp::default_filter(CapSet::EMPTY))
}

/// Finds the program as a shell would and becomes it.
pub(super) fn execute(args: &[String], env: &[String], account: &Account) -> Result<()> {
    let Some(name) = args.first() else {
        return Err(Error::new(Kind::Invalid, "there is no command to run: the image has none")
            .hint("name one after the image: box run IMAGE COMMAND"));
    };
    let strings = |list: &[String]| -> Result<Vec<CString>> {
        list.iter()
            .map(|s| CString::new(s.as_str()).map_err(|_| failed("an argument has a zero byte")))
            .collect()
    };
    let mut env = env.to_vec();
    if !env.iter().any(|e| e.starts_with("HOME=")) {
        env.push(format!("HOME={}", account.home));
    }
    let args = CStrings::new(strings(args)?);
    let env_strings = CStrings::new(strings(&env)?);
    let try_one = |path: &str| -> io::Error {
        match CString::new(path) {
            Ok(path) => process::execve(&path, &args, &env_strings),
            Err(_) => io::Error::from_raw_os_error(libc::ENOENT),
        }
    };
    if name.contains('/') {
        let cause = try_one(name);
        return Err(refused(name, cause, false));
    }
    let search = env.iter().find_map(|e| e.strip_prefix("PATH=")).unwrap_or(DEFAULT_PATH);
    let mut denied = None;
    for directory in search.split(':').filter(|d| !d.is_empty() && !name.is_empty()) {
        let path = format!("{directory}/{name}");
        let cause = try_one(&path);
        match cause.raw_os_error() {
            Some(libc::ENOENT | libc::ENOTDIR) if std::fs::symlink_metadata(&path).is_err() => {}
            Some(libc::ELOOP) => {}
            _ => {
                denied.get_or_insert((path, cause));
            }
        }
    }
    Err(match denied {
        Some((path, cause)) => refused(&path, cause, false),
        None => refused(name, io::Error::from_raw_os_error(libc::ENOENT), true),
    })
}

/// What shells and engines search when nobody says.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

fn refused(name: &str, cause: io::Error, searched: bool) -> Error {
    let exists = Path::new(name).exists();
    let error = match cause.raw_os_error() {
        Some(libc::ENOENT) if searched => Error::new(
            Kind::CommandNotFound,
            format!("executable file {name:?} not found in the container's $PATH"),
        ),
        Some(libc::ENOENT | libc::ENOTDIR) if exists => Error::new(
            Kind::CommandNotFound,
            format!("cannot execute {name:?}: the interpreter or loader that it names is not in the image"),
        ),
        Some(libc::ENOENT | libc::ENOTDIR) => {
            return Error::new(
                Kind::CommandNotFound,
                format!("{name:?}: no such file or directory in the container"),
            );
        }
        Some(libc::EACCES) if Path::new(name).is_dir() => {
            return Error::new(Kind::NotExecutable, format!("cannot execute {name:?}: it is a directory"));
        }
        Some(libc::ENOEXEC) => Error::new(
            Kind::NotExecutable,
            format!("cannot execute {name:?}: it is no program for this machine"),
        )
        .hint("a script needs a first line such as #!/bin/sh; an image must be of this architecture"),
        _ => Error::new(Kind::NotExecutable, format!("cannot execute {name:?}")),
    };
    // For a command that was searched in vain the errno says nothing more.
    if searched || exists && matches!(cause.raw_os_error(), Some(libc::ENOENT | libc::ENOEXEC)) {
        return error;
    }
    error.because(cause)
}
