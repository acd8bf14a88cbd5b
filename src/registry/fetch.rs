//! Manifests and blobs from a registry.
