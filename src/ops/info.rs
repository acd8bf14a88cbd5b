//! What this host and this store are like.
