//! The OCI runtime specification: what the kernel is given.

pub mod caps;
pub mod lower;
mod mounts;
pub mod seccomp;
pub mod spec;
