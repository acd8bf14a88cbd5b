//! Files that are replaced as a whole.
