//! Published ports of a container: shown.

use crate::container::port::Bound;
use crate::container::state::Status;
use crate::error::Result;
use crate::store::containers::Entry;
use crate::store::layout::Store;
use crate::store::ports;

/// The host's ports that lead to the container now; none if it does not run.
///
/// # Errors
/// When their record is broken.
pub fn bound(store: &Store, entry: &Entry) -> Result<Vec<Bound>> {
    match entry.status() {
        Status::Running | Status::Paused => Ok(ports::read(store, &entry.id)?.bound),
        _ => Ok(Vec::new()),
    }
}
