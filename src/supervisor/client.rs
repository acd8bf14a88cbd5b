//! The other end of the sockets: a terminal attached to a container.
