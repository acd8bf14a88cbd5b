//! What a container is; no I/O.

pub mod bridge;
pub mod caps;
pub mod config;
pub mod env;
pub mod id;
pub mod idmap;
pub mod limit;
pub mod link;
pub mod mounts;
pub mod name;
pub mod port;
pub mod request;
pub mod resolve;
pub mod security;
pub mod size;
pub mod state;
pub mod subnet;
pub mod uplink;
pub mod volume;
