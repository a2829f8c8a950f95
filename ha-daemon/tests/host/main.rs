//! Tests that need no privileges.

mod check;
mod script;
mod simulate;
