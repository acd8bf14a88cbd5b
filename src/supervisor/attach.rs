//! Clients that read and write the container's stdio.
