//! Virtual routers: `vrrp_instance`, as it is written and what it stands for.

pub(super) mod address;
pub(super) mod complete;
pub(super) mod conflicts;
pub(super) mod instance;
pub(super) mod references;
mod vmac;
