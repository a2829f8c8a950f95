//! Tests that need a kernel with ip_vs, which `.ci/vm/run` provides.

mod differential;
mod kernel;
mod memory;
