//! The system calls that are made to fail, and their errors.

use core::fmt;

/// A system call, and errors that a kernel gives for it.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) name: &'static str,
    pub(crate) errors: &'static [&'static str],
}

const fn call(name: &'static str, errors: &'static [&'static str]) -> Call {
    Call { name, errors }
}

/// Out of descriptors, or of memory.
const NO_DESCRIPTOR: &[&str] = &["EMFILE", "ENOMEM"];

/// Reading has no EAGAIN: a kernel gives it only when there is nothing to read, and strace leaves what
/// there is unread. close(2) is left out for the same reason: it always closes. timerfd_settime(2)
/// and reading a timer have no error for right arguments.
pub(crate) const CALLS: [Call; 32] = [
    call("accept4", &["EMFILE", "ECONNABORTED", "EINTR"]),
    call("bind", &["ENODEV", "EADDRNOTAVAIL", "ENOMEM"]),
    call("capset", &["EPERM"]),
    call("chmod", &["EPERM", "EIO"]),
    call("clone3", &["EAGAIN"]),
    call("connect", &["EAGAIN", "ENOMEM"]),
    call("epoll_create1", NO_DESCRIPTOR),
    call("epoll_ctl", &["ENOMEM", "ENOSPC"]),
    call("epoll_wait", &["EINTR"]),
    call("eventfd2", NO_DESCRIPTOR),
    call("fcntl", &["EINVAL", "EMFILE"]),
    call("getsockname", &["ENOBUFS"]),
    call("getsockopt", &["ENOMEM"]),
    call("ioctl", &["ENODEV", "ENOMEM"]),
    call("listen", &["EADDRINUSE"]),
    call("mkdir", &["EROFS", "EACCES"]),
    call("openat", &["EMFILE", "EACCES", "EIO"]),
    call("pipe2", NO_DESCRIPTOR),
    call("prctl", &["EPERM"]),
    call("read", &["EINTR"]),
    call("recvfrom", &["EINTR", "ENOBUFS", "ENOMEM"]),
    call("recvmsg", &["EINTR", "ENOBUFS", "ENOMEM", "ENETDOWN"]),
    call("rt_sigaction", &["EINVAL"]),
    call(
        "sendmsg",
        &[
            "EINTR", "EAGAIN", "ENOBUFS", "ENOMEM", "EPERM", "ENODEV", "EIO",
        ],
    ),
    call(
        "sendto",
        &[
            "EINTR", "EAGAIN", "ENOBUFS", "ENOMEM", "EPERM", "ENODEV", "EIO",
        ],
    ),
    call("setsockopt", &["ENOBUFS", "ENOMEM", "ENODEV", "EPERM"]),
    call("socket", &["EMFILE", "ENOBUFS", "EPERM"]),
    call("socketpair", NO_DESCRIPTOR),
    call("timerfd_create", NO_DESCRIPTOR),
    call("unlink", &["EROFS", "EACCES"]),
    call("write", &["EINTR", "EIO", "ENOSPC", "EAGAIN"]),
    call("writev", &["EINTR", "EIO", "ENOSPC", "EAGAIN"]),
];

/// The `number`-th call, from 1, fails with `error`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Point {
    pub(crate) call: &'static str,
    pub(crate) number: usize,
    pub(crate) error: &'static str,
}

/// As strace takes it after `inject=`.
impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:error={}:when={}", self.call, self.error, self.number)
    }
}
