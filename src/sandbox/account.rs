//! Users and groups as the container's own files know them.
