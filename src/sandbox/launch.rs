//! Clones init, feeds it, waits until it runs.
