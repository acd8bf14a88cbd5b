//! The root file system's mounts.
