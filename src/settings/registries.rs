//! registries.conf: prefixes, locations, mirrors, insecure registries.
