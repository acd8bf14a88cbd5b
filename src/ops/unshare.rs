//! A command inside the user namespace: the caller's files with all the ids that are mapped.

use crate::error::{Error, Kind, Result, failed};
use crate::sandbox::userns::{self, Role};
use crate::settings::Settings;
use crate::sys::process::{self, CStrings};
use crate::sys::userns as ns;
use std::ffi::{CString, OsString};
use std::os::unix::ffi::OsStringExt;

/// Runs the command as root of the user namespace, in a mount namespace of its own, and returns
/// its exit code.
///
/// # Errors
/// When the namespace cannot be had; `CommandNotFound` and `NotExecutable` for the command.
pub fn unshare(settings: &Settings, command: Vec<OsString>) -> Result<u8> {
    // Root's own directories are elsewhere; box in there is to find the caller's.
    let places = [&settings.root, &settings.run].map(|place| place.clone().into_os_string());
    let role = Role {
        name: "unshare",
        args: places.into_iter().chain(command).collect(),
        keep: Vec::new(),
        new_pid_namespace: false,
        sealed: false,
        detached: false,
        keep_stderr: true,
        keep_environment: true,
        network: None,
    };
    let child = userns::spawn(&settings.run, role)?;
    Ok(child.wait()?.code() as u8)
}

/// The role: becomes the command. Returns only when that fails.
///
/// # Errors
/// Always: why the command cannot be executed.
pub fn main(words: Vec<OsString>) -> Result<u8> {
    ns::unshare(libc::CLONE_NEWNS)?;
    let mut words = words.into_iter();
    let places = [("BOX_ROOT", words.next()), ("BOX_RUNROOT", words.next())];
    let command: Vec<OsString> = words.collect();
    let name = command.first().cloned().unwrap_or_default();
    let display = name.to_string_lossy().into_owned();
    let string =
        |text: OsString| CString::new(text.into_vec()).map_err(|_| failed("an argument has a zero byte"));
    let args = CStrings::new(command.into_iter().map(string).collect::<Result<_>>()?);
    let mut env = Vec::new();
    let ours = places.into_iter().filter_map(|(key, place)| Some((OsString::from(key), place?)));
    let others = std::env::vars_os().filter(|(key, _)| key != "BOX_ROOT" && key != "BOX_RUNROOT");
    for (mut key, value) in others.chain(ours) {
        key.push("=");
        key.push(value);
        env.push(string(key)?);
    }
    let env = CStrings::new(env);
    let path =
        if display.contains('/') { Some(std::path::PathBuf::from(&name)) } else { ns::find_helper(&display) };
    let Some(path) = path else {
        return Err(Error::new(
            Kind::CommandNotFound,
            format!("executable file {display:?} not found in $PATH"),
        ));
    };
    process::reset_signals();
    let cause = process::execve(&string(path.into_os_string())?, &args, &env);
    let kind = if cause.kind() == std::io::ErrorKind::NotFound {
        Kind::CommandNotFound
    } else {
        Kind::NotExecutable
    };
    Err(Error::new(kind, format!("cannot execute {display:?}")).because(cause))
}
