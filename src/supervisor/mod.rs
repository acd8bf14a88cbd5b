//! One container from launch to exit record.

pub mod attach;
pub mod bridge;
pub mod bundle;

pub mod client;
pub mod control;
pub mod detach;
pub mod events;
pub mod exit;
pub mod links;
pub mod log;
pub mod names;
mod pause;
pub mod ports;
pub mod protocol;
mod relay;
pub mod rootfs;
pub mod rotate;
pub mod run;
mod sources;
pub mod stdio;
pub mod uplink;

#[cfg(test)]
mod tests;
