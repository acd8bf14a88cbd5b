//! Sends a signal.
