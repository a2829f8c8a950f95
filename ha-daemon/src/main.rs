//! The `ha-daemon` binary.
fn main() {}
