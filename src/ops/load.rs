//! Gets images out of an archive.
