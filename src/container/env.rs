//! Environment variables as the command line gives them.
