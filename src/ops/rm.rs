//! Removes containers.
