//! What `container::resolve` has to know of the host.

use crate::container::request::ContainerRequest;
use crate::container::resolve::HostFacts;
use crate::error::{Doing, Result};
use crate::store::containers;
use crate::store::layout::Store;
use crate::sys::limits;

/// Looks at the host, and up the containers that the request names.
///
/// # Errors
/// `NotFound` when a container that the request names does not exist.
pub fn facts(store: &Store, request: &ContainerRequest) -> Result<HostFacts> {
    let mut facts = HostFacts {
        hostname: nix::unistd::gethostname()
            .map(|name| name.to_string_lossy().into_owned())
            .doing(|| "read the host's name")?,
        env: std::env::vars_os()
            .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)))
            .collect(),
        // A directory that is gone only matters to those who name a relative path.
        cwd: std::env::current_dir().unwrap_or_else(|_| "/".into()),
        may_raise_limits: nix::unistd::geteuid().is_root(),
        processors: processors(),
        last_capability: last_capability(),
        ..HostFacts::default()
    };
    for (name, _) in limits::NAMES {
        facts.hard_limits.insert(name.to_string(), limits::get(name)?.1);
    }
    for name in request.named_containers() {
        facts.containers.insert(name.to_string(), containers::find(store, name)?);
    }
    Ok(facts)
}

/// How many processors there can be: `/sys/devices/system/cpu/possible` reads `0-7`.
fn processors() -> u32 {
    let possible = std::fs::read_to_string("/sys/devices/system/cpu/possible").unwrap_or_default();
    let last = possible.trim().rsplit(['-', ',']).next().and_then(|number| number.parse::<u32>().ok());
    last.map_or(1, |last| last + 1)
}

/// Source: capabilities(7), "/proc/sys/kernel/cap_last_cap"; 40 is CAP_CHECKPOINT_RESTORE, the
/// newest for years.
fn last_capability() -> u8 {
    let text = std::fs::read_to_string("/proc/sys/kernel/cap_last_cap").unwrap_or_default();
    text.trim().parse().unwrap_or(40)
}
