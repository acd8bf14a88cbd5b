//! HTTP to a registry.
