//! Integration tests of the public interface.

mod exhaustive;
#[cfg(feature = "serde")]
mod serde;
mod vectors;
mod wire;
