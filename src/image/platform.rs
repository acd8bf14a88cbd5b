//! Platforms: operating system, architecture, variant.
