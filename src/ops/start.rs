//! Starts containers.
