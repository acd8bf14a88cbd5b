//! The locks and the order in which they are taken.
