//! Signals and their names.
