//! Gives a container another name.
