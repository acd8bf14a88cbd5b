//! Descriptors: locks, passing, closing.
