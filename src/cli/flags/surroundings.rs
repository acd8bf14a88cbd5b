//! Flags of `run` and `create` for what a container finds around it: accounts, the time zone, other
//! containers.

use super::words;
use crate::container::request::ContainerRequest;
use crate::error::{Doing, Result, invalid};
use crate::network::hosts::zone_file;
use clap::{ArgAction, Args};

// Not a doc comment: clap would take it for the command's text.
#[derive(Args, Clone, Debug)]
pub(crate) struct SurroundingsFlags {
    /// Start these containers before it
    #[arg(long, value_name = "CONTAINER", value_delimiter = ',', help_heading = "Container")]
    requires: Vec<String>,

    /// Write no user into the container's /etc/passwd, as some flags do: --passwd=false
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", action = ArgAction::Set, value_parser = words::boolean, hide = true)]
    passwd: Option<bool>,

    /// Line for /etc/passwd if it does not know --user's number; $USERNAME, $UID, $GID, $NAME and
    /// $HOME are filled in
    #[arg(long, value_name = "LINE", help_heading = "Process")]
    passwd_entry: Option<String>,

    /// Line for /etc/group if it does not know the group's number; $GROUPNAME, $GID and $USERLIST
    /// are filled in
    #[arg(long, value_name = "LINE", help_heading = "Process")]
    group_entry: Option<String>,

    /// Add a user of the host to the container's /etc/passwd
    #[arg(long, value_name = "USER", value_parser = host_user, help_heading = "Process")]
    hostuser: Vec<String>,

    /// Time zone: AREA/CITY as in /usr/share/zoneinfo, or local for the host's own
    #[arg(long, value_name = "ZONE", value_parser = zone, help_heading = "Process")]
    pub(super) tz: Option<String>,

    /// Accepted for podman's scripts: with --init box itself is PID 1
    #[arg(long, value_name = "PATH", hide = true)]
    init_path: Option<String>,
}

impl SurroundingsFlags {
    /// Writes them into the request.
    pub(super) fn apply(self, request: &mut ContainerRequest) {
        request.requires = self.requires;
        request.process.no_passwd = self.passwd == Some(false);
        request.process.passwd_entry = self.passwd_entry;
        request.process.group_entry = self.group_entry;
        request.process.host_users = self.hostuser;
        request.identity.timezone = self.tz.filter(|zone| !zone.is_empty());
    }
}

/// `--tz`: `local`, or a time zone of the host.
pub(super) fn zone(text: &str) -> Result<String> {
    if text.is_empty() || zone_file(text).is_some() {
        return Ok(text.to_string());
    }
    Err(invalid("there is no such time zone below /usr/share/zoneinfo")
        .hint("for example Europe/Berlin, or local; zones come with the package tzdata"))
}

/// `--hostuser`: the line of a user, by name or number, in the host's /etc/passwd.
fn host_user(text: &str) -> Result<String> {
    let passwd = std::fs::read_to_string("/etc/passwd").doing(|| "read /etc/passwd")?;
    let is_meant = |line: &&str| {
        let fields: Vec<&str> = line.split(':').collect();
        matches!(fields[..], [name, _, uid, _, _, _, _] if name == text || uid == text)
    };
    let line = passwd.lines().find(is_meant);
    line.map(str::to_string).ok_or_else(|| invalid("the host's /etc/passwd has no such user"))
}
