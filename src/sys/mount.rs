//! The mount API.
