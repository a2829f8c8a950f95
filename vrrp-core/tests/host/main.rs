//! The core from outside, as an embedder has it.

mod conformance;
mod exhaustive;
mod wire;
