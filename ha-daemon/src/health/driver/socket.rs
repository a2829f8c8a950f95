//! The sockets of checkers, opened as a [`Connection`] says.

use core::net::SocketAddr;
use std::io;

use nix::errno::Errno;
use socket2::{Domain, Protocol, Socket, Type};

use crate::health::attempt::Failure;
use crate::health::ping::Identifier;
use crate::health::settings::Connection;

/// Whether a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Connected {
    Yes,
    NotYet,
}

/// A TCP socket on its way to the server.
pub(super) fn stream(connection: &Connection) -> Result<(Socket, Connected), Failure> {
    let socket = open(connection, Type::STREAM, Protocol::TCP)?;
    // What is sent is a request and sent at once.
    socket.set_tcp_nodelay(true).map_err(system("setsockopt"))?;
    let connected = connect(&socket, connection.to)?;
    Ok((socket, connected))
}

/// A UDP socket for the server's datagrams alone.
pub(super) fn datagram(connection: &Connection) -> Result<Socket, Failure> {
    let socket = open(connection, Type::DGRAM, Protocol::UDP)?;
    connect(&socket, connection.to)?;
    Ok(socket)
}

/// A socket for echo messages: a ping socket, or a raw one where `net.ipv4.ping_group_range` forbids.
pub(super) fn echo(
    connection: &Connection,
    identifier: u16,
) -> Result<(Socket, Identifier), Failure> {
    let protocol = match connection.to {
        SocketAddr::V4(_) => Protocol::ICMPV4,
        SocketAddr::V6(_) => Protocol::ICMPV6,
    };
    let (socket, identifier) = match open(connection, Type::DGRAM, protocol) {
        Err(Failure::System {
            call: "socket",
            errno: Errno::EACCES | Errno::EPERM,
        }) => {
            let socket = open(connection, Type::RAW, protocol)?;
            (socket, Identifier::Own(identifier))
        }
        opened => (opened?, Identifier::Kernel),
    };
    let mut to = connection.to;
    to.set_port(0);
    connect(&socket, to)?;
    Ok((socket, identifier))
}

fn open(connection: &Connection, kind: Type, protocol: Protocol) -> Result<Socket, Failure> {
    let domain = Domain::for_address(connection.to);
    let socket = Socket::new(domain, kind.nonblocking(), Some(protocol));
    let socket = socket.map_err(system("socket"))?;
    let source = connection.source.as_deref().copied().unwrap_or_default();
    if let Some(mark) = source.mark {
        socket.set_mark(mark).map_err(system("setsockopt"))?;
    }
    if let Some(interface) = source.interface {
        let bound = socket.bind_device(Some(interface.as_str().as_bytes()));
        bound.map_err(system("setsockopt"))?;
    }
    if let Some(from) = source.address {
        if kind == Type::STREAM {
            // The connection before, from a port of our choice, is in TIME-WAIT.
            socket
                .set_reuse_address(true)
                .map_err(system("setsockopt"))?;
        }
        socket.bind(&from.into()).map_err(system("bind"))?;
    }
    Ok(socket)
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "errors of the kernel are many"
)]
fn connect(socket: &Socket, to: SocketAddr) -> Result<Connected, Failure> {
    match socket.connect(&to.into()) {
        Ok(()) => Ok(Connected::Yes),
        Err(error) => match errno(&error) {
            Errno::EINPROGRESS | Errno::EINTR => Ok(Connected::NotYet),
            errno => Err(failed("connect", errno)),
        },
    }
}

/// Whether the connection stands by now, or why it never will.
pub(super) fn connected(socket: &Socket) -> Result<Connected, Failure> {
    if let Some(error) = socket.take_error().map_err(system("getsockopt"))? {
        return Err(failed("connect", errno(&error)));
    }
    match socket.peer_addr() {
        Ok(_) => Ok(Connected::Yes),
        Err(error) if errno(&error) == Errno::ENOTCONN => Ok(Connected::NotYet),
        Err(error) => Err(failed("getpeername", errno(&error))),
    }
}

/// What an error of a call on a socket says: that this host lacks something, or how the server is.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "errors of the kernel are many"
)]
pub(super) const fn failed(call: &'static str, errno: Errno) -> Failure {
    match errno {
        // No port or address of our own, no room, no memory, no descriptor.
        Errno::EADDRNOTAVAIL
        | Errno::EADDRINUSE
        | Errno::EAGAIN
        | Errno::ENOBUFS
        | Errno::ENOMEM
        | Errno::EMFILE
        | Errno::ENFILE => Failure::System { call, errno },
        Errno::ECONNREFUSED => Failure::Refused,
        Errno::ENETUNREACH | Errno::EHOSTUNREACH | Errno::ENETDOWN | Errno::EHOSTDOWN => {
            Failure::Unreachable
        }
        Errno::ECONNRESET | Errno::EPIPE | Errno::ECONNABORTED => Failure::Reset,
        errno => Failure::Network(errno),
    }
}

pub(super) fn system(call: &'static str) -> impl Fn(io::Error) -> Failure {
    move |error| Failure::System {
        call,
        errno: errno(&error),
    }
}

pub(super) fn errno(error: &io::Error) -> Errno {
    Errno::from_raw(error.raw_os_error().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_this_host_lacks_says_nothing_of_the_server() {
        for errno in [
            Errno::EADDRNOTAVAIL,
            Errno::EADDRINUSE,
            Errno::EAGAIN,
            Errno::ENOBUFS,
            Errno::ENOMEM,
            Errno::EMFILE,
            Errno::ENFILE,
        ] {
            let call = "sendto";
            assert_eq!(failed(call, errno), Failure::System { call, errno });
        }
        assert_eq!(failed("connect", Errno::ECONNREFUSED), Failure::Refused);
        assert_eq!(failed("connect", Errno::EHOSTUNREACH), Failure::Unreachable);
        assert_eq!(failed("read", Errno::ECONNRESET), Failure::Reset);
    }
}
