//! The image configuration document.
