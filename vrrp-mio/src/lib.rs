//! Linux runtime for `vrrp-core`.

pub mod addresses;
mod clock;
mod deadlines;
mod driver;
pub mod firewall;
mod frames;
pub mod interfaces;
mod link;
pub mod macvlan;
pub mod netlink;
mod socket;
mod source;
mod sys;
pub mod sysctl;
mod timer;

pub use self::addresses::{AddressKeeper, AddressSpec};
pub use self::clock::Clock;
pub use self::deadlines::Deadlines;
pub use self::driver::{
    Driver, DriverError, Notice, Path, Router, RouterId, RouterSpec, TransmitChecksum, Turn,
    VirtualAddress, VirtualMac,
};
pub use self::frames::{FrameError, Frames};
pub use self::interfaces::{InterfaceName, Interfaces, NetworkEvent};
pub use self::link::LinkSocket;
pub use self::socket::{
    AdvertSocket, Datagram, Filter, Ipv6Datagram, OpenError, RECEIVE_BUFFER, ReceiveError,
    Received, Reject, SendError, Transport, VridSet,
};
pub use self::timer::Timer;
