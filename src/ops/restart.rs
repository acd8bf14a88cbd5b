//! Stops and starts containers.
