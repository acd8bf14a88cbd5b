//! Flags that several commands share.

pub(crate) mod global;
