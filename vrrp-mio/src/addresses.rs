//! Virtual addresses on interfaces: their specification, and the keeper that configures them.

mod keeper;
mod spec;

pub use self::keeper::{AddressError, AddressEvent, AddressKeeper, Tenure};
pub use self::spec::{AddressLabel, AddressLabelError, AddressSpec};
