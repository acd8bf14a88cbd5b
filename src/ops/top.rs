//! Lists a container's processes.
