//! The loopback device.
