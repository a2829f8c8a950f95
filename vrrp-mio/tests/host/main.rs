//! Tests that need no privileges. Those that measure need an idle machine.

mod timer;
