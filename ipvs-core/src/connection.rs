//! The model of the connection table: the destination of each packet.

mod director;
mod entries;
mod packet;
mod settings;
mod tcp;
mod template;
#[cfg(test)]
mod tests;
mod verdict;

pub use self::director::{Director, DirectorError};
pub use self::packet::{Direction, Packet, Segment};
pub use self::settings::{ReuseMode, Settings};
pub use self::tcp::{TcpState, Track};
pub use self::verdict::{Because, Unserved, Verdict};
