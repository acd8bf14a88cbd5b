//! What box does when box started it: the role is in argv\[0\].

use std::ffi::{OsStr, OsString};
use std::path::Path;

/// A role: gets the words after argv\[0\] and returns the exit code (if it returns).
pub(super) type Role = fn(Vec<OsString>) -> u8;

/// Finds the role that argv\[0\] names. `None`: a person (or a script) called us.
pub(super) fn find(argv0: &OsStr) -> Option<Role> {
    let name = Path::new(argv0).file_name()?.to_str()?.strip_prefix("box-")?;
    match name {
        "worker" => Some(|_| crate::ops::worker::main()),
        "supervisor" => Some(crate::supervisor::run::main),
        "uplink" => Some(crate::network::uplink::main),
        "rootfs" => Some(|_| crate::store::fuse::main()),
        "exec" => Some(|_| crate::sandbox::join::main()),
        "unshare" => Some(|words| match crate::ops::unshare::main(words) {
            Ok(code) => code,
            Err(error) => {
                super::output::report(&error);
                error.kind().exit_code()
            }
        }),
        _ => None,
    }
}
