//! Manifests and indexes, OCI and Docker schema 2.
