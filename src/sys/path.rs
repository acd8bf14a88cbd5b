//! Paths that cannot leave a root.
