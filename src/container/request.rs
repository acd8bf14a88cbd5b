//! What the user asked for: partial and typed.
