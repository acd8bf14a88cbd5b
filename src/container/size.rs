//! Sizes as the command line gives them.
