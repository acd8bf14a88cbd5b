//! Makes an image of a tar.
