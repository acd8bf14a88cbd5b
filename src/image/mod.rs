//! Names and documents of the OCI image specification; no I/O.

pub mod access;
pub mod change;
pub mod config;
pub mod digest;
pub mod manifest;
pub mod platform;
pub mod reference;
