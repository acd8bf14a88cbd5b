//! Jobs that need mapped ids, in a process of their own.
