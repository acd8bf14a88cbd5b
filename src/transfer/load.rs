//! From an archive into the store.
