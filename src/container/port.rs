//! Published ports as the command line gives them.
