//! From a network mode to a connected network namespace.

pub mod hosts;
pub mod loopback;
pub mod pasta;
pub mod slirp;
