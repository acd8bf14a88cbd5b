//! Container directories: config, state, name, lock.
