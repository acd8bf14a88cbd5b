//! Runs a further process in a container.
