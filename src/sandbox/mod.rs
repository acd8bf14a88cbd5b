//! From a spec to a running init process.

pub mod account;
pub mod assemble;
pub mod credentials;
pub mod devices;
pub mod execute;
mod fill;
pub mod foreign;
pub mod join;
pub mod launch;
pub(crate) mod outside;
pub mod plan;
pub mod rootfs;
pub mod seccomp;
pub mod step;
pub mod userns;
