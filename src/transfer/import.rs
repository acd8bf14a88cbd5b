//! A tar of a root file system as an image.
