//! rtnetlink: asking the kernel to change interfaces and addresses, and hearing of changes.
//!
//! [`Requests`] queues changes and reports each outcome; [`Monitor`] keeps a table of
//! [`Interfaces`](crate::Interfaces) and reports each difference. Both read and write sockets that
//! never block, and stop within the [`TimeSlice`] they are given: advertisements never wait for
//! either.

mod decode;
mod frame;
mod monitor;
mod pipeline;
mod request;
mod requests;
mod slice;
mod socket;

pub(crate) use self::decode::Update;
pub(crate) use self::frame::{Acknowledgement, Message, Messages, NLMSG_ERROR, NLMSG_OVERRUN};
pub use self::monitor::{Monitor, MonitorError};
pub use self::pipeline::{Completion, QueueFull, RequestError};
pub use self::request::{EncodeError, Request};
pub use self::requests::Requests;
pub use self::slice::{Progress, TimeSlice};
pub(crate) use self::socket::{NetlinkSocket, Received};
