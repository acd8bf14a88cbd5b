//! What a transfer reports while it goes on.
