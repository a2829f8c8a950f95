//! Tests that need a kernel with ip_vs; `.ci/vm/run` gives one.

mod differential;
mod kernel;
