//! Integration tests of the public interface.

mod conformance;
mod exhaustive;
mod wire;
