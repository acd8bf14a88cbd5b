//! Makes a container.
