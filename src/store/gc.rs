//! Removes what nothing refers to.
