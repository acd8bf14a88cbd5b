//! What is in /dev.
