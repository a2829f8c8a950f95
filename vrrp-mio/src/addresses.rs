//! Virtual addresses on interfaces: what is wanted, and seeing to it.

mod keeper;
mod spec;

pub use self::keeper::AddressKeeper;
pub use self::spec::{AddressLabel, AddressLabelError, AddressSpec};
