//! A pasta of the container's own.
