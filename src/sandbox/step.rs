//! One step: how it is printed and what it does.
