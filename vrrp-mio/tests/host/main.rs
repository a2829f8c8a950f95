//! Tests that need nothing but a user's rights; those that measure want an idle machine besides.

mod timer;
