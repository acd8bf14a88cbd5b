//! `box top`.
