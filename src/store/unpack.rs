//! A tar stream into a directory, through `RootFd` only.
