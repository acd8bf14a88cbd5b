//! What travels over the attach and control sockets.
