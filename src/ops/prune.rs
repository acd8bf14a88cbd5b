//! Removes stopped containers.
