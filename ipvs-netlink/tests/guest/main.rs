//! What needs a kernel that has ip_vs; `.ci/vm/run` gives one.

mod differential;
mod kernel;
