//! Linux runtime for `vrrp-core`.

mod clock;
mod deadlines;
mod frames;
mod link;
mod socket;
mod sys;
mod timer;

pub use self::clock::Clock;
pub use self::deadlines::Deadlines;
pub use self::frames::{FrameError, Frames};
pub use self::link::LinkSocket;
pub use self::socket::{
    AdvertSocket, Datagram, Filter, Ipv6Datagram, OpenError, RECEIVE_BUFFER, ReceiveError,
    Received, Reject, SendError, Transport, VridSet,
};
pub use self::timer::Timer;
