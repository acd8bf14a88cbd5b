//! Loads a filter.
