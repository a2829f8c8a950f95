//! The control socket: one line of request and one JSON reply, over a Unix socket.
//!
//! Requests: `status`. The reply ends where the connection does. Nobody can make the daemon wait, and
//! nobody pays for another: a turn of the loop takes a few clients, goes on with the replies for a
//! slice of time and makes no more of one than its reader takes. A reply of thousands of instances is
//! made over many turns. At most [`MAX_CLIENTS`] are served at a time, the others queue up; who moves
//! nothing for [`PATIENCE`] loses its place.
//!
//! The socket has mode 0600 whatever the umask.

mod client;
mod listener;
mod reply;
mod server;

use core::time::Duration;

pub use self::client::ask_status;
pub use self::reply::{Reply, Source};
pub use self::server::Server;

/// The default path of the socket.
pub const DEFAULT_PATH: &str = "/run/ha-daemon/control.sock";
/// How long a client may take for its request, and to go on reading the reply.
pub const PATIENCE: Duration = Duration::from_secs(5);
/// Clients served at a time.
pub const MAX_CLIENTS: usize = 16;
/// The socket's mode.
const MODE: u32 = 0o600;

/// The whole reply to a request; never panics and never fails, whatever the octets.
#[must_use]
pub fn answer(request: &[u8], source: &impl Source) -> Vec<u8> {
    let mut reply = Reply::to(request);
    let mut octets = Vec::new();
    while !reply.is_over() {
        while reply.make(source) {}
        octets.extend_from_slice(reply.octets());
        reply.sent(reply.octets().len());
    }
    octets
}

#[cfg(test)]
mod tests;
