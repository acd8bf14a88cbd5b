//! Flags that several commands share.

pub(crate) mod container;
pub(crate) mod descriptors;
pub(crate) mod global;
pub(crate) mod network;
pub(crate) mod platform;
pub(crate) mod refused;
pub(crate) mod registry;
mod surroundings;
mod userns;
pub(crate) mod words;
