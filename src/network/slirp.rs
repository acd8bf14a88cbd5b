//! A slirp4netns of the container's own.
