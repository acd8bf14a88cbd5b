//! From a registry into the store.
