//! The runtime specification's config.json as types.
