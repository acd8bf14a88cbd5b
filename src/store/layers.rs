//! Unpacked layers, keyed by chain id.
