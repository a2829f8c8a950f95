//! The client of the control socket.

use core::time::Duration;
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;

use socket2::{Domain, SockAddr, Socket, Type};
use vrrp_mio::Clock;

use super::PATIENCE;
use crate::observe::status::Status;

/// How long to wait in the queue of those that ask, and for the whole reply.
const LONGEST: Duration = Duration::from_secs(60);
/// More than any daemon says of itself: 16,000 instances take 24 MB.
const MAX_REPLY: usize = 64 * 1024 * 1024;

/// Asks the daemon at `path` for its status.
///
/// # Errors
/// If nobody there takes the request within a minute, nothing more comes for [`PATIENCE`], the reply
/// takes longer than a minute or 64 MiB, or it is no status.
pub fn ask_status(path: &Path) -> io::Result<Status> {
    let clock = Clock::new()?;
    let end = clock.now() + LONGEST;
    let mut stream = Socket::new(Domain::UNIX, Type::STREAM.cloexec(), None)?;
    stream.set_write_timeout(Some(LONGEST))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.connect(&SockAddr::unix(path)?).map_err(in_time)?;
    stream.write_all(b"status\n").map_err(in_time)?;
    let reply = read_all(&mut stream, &|| clock.now() >= end)?;
    serde_json::from_slice(&reply).map_err(io::Error::from)
}

fn read_all(stream: &mut impl Read, is_over: &dyn Fn() -> bool) -> io::Result<Vec<u8>> {
    let mut reply = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let octets = match stream.read(&mut buffer) {
            Ok(0) => return Ok(reply),
            Ok(octets) => octets,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(in_time(error)),
        };
        reply.extend_from_slice(buffer.get(..octets).unwrap_or_default());
        if reply.len() > MAX_REPLY {
            let text = "the reply is longer than any status";
            return Err(io::Error::new(ErrorKind::InvalidData, text));
        }
        if is_over() {
            return Err(in_time(ErrorKind::WouldBlock.into()));
        }
    }
}

/// What the kernel calls a time-out of a socket is no help to anybody.
fn in_time(error: io::Error) -> io::Error {
    match error.kind() == ErrorKind::WouldBlock {
        true => io::Error::new(ErrorKind::TimedOut, "no answer in time"),
        false => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endless_reply_is_given_up() {
        let error = read_all(&mut io::repeat(b'['), &|| false).unwrap_err();
        assert_eq!(error.to_string(), "the reply is longer than any status");
        let error = read_all(&mut io::repeat(b'['), &|| true).unwrap_err();
        assert_eq!(error.to_string(), "no answer in time");
        assert_eq!(read_all(&mut &b"ab"[..], &|| false).unwrap(), b"ab");
    }
}
