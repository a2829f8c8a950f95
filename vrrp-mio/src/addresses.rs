//! Virtual addresses on interfaces: what is wanted, and seeing to it.

mod keeper;
mod spec;

pub use self::keeper::{AddressError, AddressEvent, AddressKeeper, Tenure};
pub use self::spec::{AddressLabel, AddressLabelError, AddressSpec};
