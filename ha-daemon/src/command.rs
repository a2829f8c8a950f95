//! The subcommands of `ha-daemon` that are not the daemon itself.

pub mod check;
pub mod ipvsadm;
pub mod locate;
pub mod simulate;
