//! The image index: names to manifests.
