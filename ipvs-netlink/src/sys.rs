//! The only unsafe code of the crate: a conversion that neli does not offer.

use std::os::fd::{AsRawFd, BorrowedFd};

use neli::socket::NlSocket;

/// The descriptor of a netlink socket, which neli gives as a number only.
#[expect(unsafe_code, reason = "NlSocket does not implement AsFd")]
pub(crate) fn descriptor(socket: &NlSocket) -> BorrowedFd<'_> {
    // SAFETY: `socket` owns an open descriptor, and the borrow keeps it alive.
    unsafe { BorrowedFd::borrow_raw(socket.as_raw_fd()) }
}
