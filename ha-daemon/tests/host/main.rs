//! Tests that need nothing but a user's rights.

mod check;
mod script;
mod simulate;
