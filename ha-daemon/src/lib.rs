//! The reference daemon, as a library.
