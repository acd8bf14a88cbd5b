//! Stops containers.
