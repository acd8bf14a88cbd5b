//! Gets an image from a registry.
