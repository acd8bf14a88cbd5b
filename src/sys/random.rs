//! Random bytes.
