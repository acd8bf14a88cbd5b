//! The OCI runtime specification: what the kernel is given.

pub mod caps;
pub mod lower;
pub mod seccomp;
pub mod spec;
