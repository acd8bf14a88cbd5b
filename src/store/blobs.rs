//! Blobs of the OCI layout.
