//! Attaches to a running container.
