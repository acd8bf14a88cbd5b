//! Waits for containers to end.
