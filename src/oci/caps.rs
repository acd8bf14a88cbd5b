//! Capability names and sets, as the runtime specification needs them.
//!
//! They are defined with the container's types, where `--cap-add` and `--cap-drop` are resolved.

pub use crate::container::caps::{Cap, CapSet, apply};
