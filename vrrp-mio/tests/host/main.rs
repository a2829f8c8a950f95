//! What needs nothing but a user's rights; what measures wants an idle machine besides.

mod timer;
