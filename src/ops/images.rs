//! Lists images.
