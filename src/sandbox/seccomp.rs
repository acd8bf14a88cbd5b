//! Loads a compiled filter.
