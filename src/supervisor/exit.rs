//! The exit record and what is cleaned up.
