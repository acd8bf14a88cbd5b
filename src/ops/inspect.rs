//! All that is known about an object.
