//! Removes image names and images.
