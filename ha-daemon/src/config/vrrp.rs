//! Virtual routers: the draft of `vrrp_instance`, its completion and validation.

pub(super) mod address;
pub(super) mod complete;
pub(super) mod conflicts;
pub(super) mod instance;
pub(super) mod references;
mod vmac;
