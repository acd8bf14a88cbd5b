//! `--security-opt`, capabilities, masked paths.
