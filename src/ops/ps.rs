//! Lists containers.
