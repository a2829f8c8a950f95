//! Linux runtime for `vrrp-core`.

pub mod addresses;
pub mod interfaces;
pub mod macvlan;
pub mod netlink;
pub mod sysctl;

pub use self::addresses::{AddressKeeper, AddressSpec};
pub use self::interfaces::{InterfaceName, Interfaces, NetworkEvent};
