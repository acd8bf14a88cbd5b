//! Resource limits as the command line gives them.
