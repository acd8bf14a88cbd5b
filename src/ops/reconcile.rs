//! Repairs what a crash left behind.
