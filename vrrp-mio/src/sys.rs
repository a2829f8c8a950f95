//! The only unsafe code of the crate: conversions that nix, neli and socket2 do not offer.

use std::os::fd::{AsRawFd, BorrowedFd};

use neli::socket::NlSocket;
use nix::libc;
use socket2::{SockAddr, SockAddrStorage};

/// The descriptor of a netlink socket, which neli gives as a number only.
#[expect(unsafe_code, reason = "NlSocket does not implement AsFd")]
pub(crate) fn descriptor(socket: &NlSocket) -> BorrowedFd<'_> {
    // SAFETY: `socket` owns an open descriptor, and the borrow keeps it alive.
    unsafe { BorrowedFd::borrow_raw(socket.as_raw_fd()) }
}

/// The link-layer address that binds a packet socket to the interface with index `interface` and to
/// no protocol.
#[expect(
    unsafe_code,
    reason = "neither socket2 nor nix constructs a sockaddr_ll"
)]
#[expect(
    clippy::cast_possible_truncation,
    reason = "the address family is 17 and the size 20"
)]
pub(crate) fn link_address(interface: i32) -> SockAddr {
    let mut storage = SockAddrStorage::zeroed();
    // SAFETY: `sockaddr_ll` is a socket address type, plain integers without invalid values, and
    // smaller than the storage.
    let link = unsafe { storage.view_as::<libc::sockaddr_ll>() };
    link.sll_family = libc::AF_PACKET as libc::sa_family_t;
    link.sll_ifindex = interface;
    let length = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
    // SAFETY: the storage holds a `sockaddr_ll` with its family set, and `length` is its size.
    unsafe { SockAddr::new(storage, length) }
}
