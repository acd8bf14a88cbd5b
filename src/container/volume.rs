//! Mounts as the command line gives them.
