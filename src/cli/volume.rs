//! `box volume`: one file per command below it.

mod archive;
mod create;
mod inspect;
mod list;
mod mount;
mod prune;
mod remove;

pub(super) use archive::{Export, Import};
pub(super) use create::Create;
pub(super) use inspect::{Exists, Inspect};
pub(super) use list::List;
pub(super) use mount::{Mount, Unmount};
pub(super) use prune::Prune;
pub(super) use remove::Remove;

use crate::error::Result;
use crate::ops::volumes::Listed;
use crate::settings::Settings;
use crate::store::layout::Store;
use serde_json::{Map, Value, json};

/// What `inspect` and `ls --format json` show: podman's shape, with docker's `Status`.
pub(super) fn value(listed: &Listed) -> Value {
    let volume = &listed.volume;
    let map = |pairs: &std::collections::BTreeMap<String, String>| -> Map<String, Value> {
        pairs.iter().map(|(key, value)| (key.clone(), json!(value))).collect()
    };
    let mut value = json!({
        "Name": volume.name.as_str(),
        "Driver": volume.driver,
        "Mountpoint": listed.mountpoint.display().to_string(),
        "CreatedAt": volume.created.to_string(),
        "Status": {},
        "Labels": map(&volume.labels),
        "Scope": "local",
        "Options": map(&volume.options),
        "MountCount": listed.mounted,
        "NeedsCopyUp": listed.needs_copy_up,
        "NeedsChown": listed.needs_chown,
    });
    // As podman: only where it says something.
    if volume.anonymous {
        value["Anonymous"] = json!(true);
    }
    // What cannot be understood any more has none.
    let asked = volume.asked().ok();
    for (key, id) in
        [("UID", asked.as_ref().and_then(|a| a.uid)), ("GID", asked.as_ref().and_then(|a| a.gid))]
    {
        if let Some(id) = id {
            value[key] = json!(id);
        }
    }
    value
}

/// The volume that the user means, as `inspect` shows it.
pub(super) fn inspected(settings: &Settings, store: &Store, name: &str, for_template: bool) -> Result<Value> {
    let found = crate::store::volumes::find(store, name)?;
    let listed = crate::ops::volumes::look(settings, store, &[found])?;
    listed
        .first()
        .map(if for_template { fields } else { value })
        .ok_or_else(|| crate::store::volumes::no_such(name))
}

/// As [`value`], with the fields that templates may ask for and JSON leaves out.
pub(super) fn fields(listed: &Listed) -> Value {
    let mut value = value(listed);
    for (key, default) in [
        ("Anonymous", json!(false)),
        ("UID", json!(0)),
        ("GID", json!(0)),
        ("Timeout", json!(0)),
        ("StorageID", json!("")),
        ("Links", json!(listed.users.len())),
        ("Size", json!("N/A")),
    ] {
        if value.get(key).is_none() {
            value[key] = default;
        }
    }
    value
}

/// The exit code that podman has for an error of a command that removes volumes.
fn code(error: &crate::error::Error) -> u8 {
    match error.kind() {
        crate::error::Kind::NotFound => 1,
        crate::error::Kind::Conflict => 2,
        kind => kind.exit_code(),
    }
}
