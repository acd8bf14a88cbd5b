//! Removes everything that box made.
