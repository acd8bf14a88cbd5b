//! Gives an image another name.
