//! Makes and starts a container.
