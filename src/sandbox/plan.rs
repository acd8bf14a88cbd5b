//! The launch as a list of steps: read this first.
