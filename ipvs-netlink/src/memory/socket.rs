//! A socket to the kernel in memory.

use core::fmt;
use core::time::Duration;
use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::net::UnixDatagram;

use neli::consts::nl::GenlId;
use nix::libc;

use super::{Fault, Kernel, message};
use crate::attr;
use crate::frame::{Message, Messages};
use crate::transport::{Clock, Received, Transport};

/// The number of the family, as good as any.
const FAMILY: u16 = 0x1f;
/// Datagrams that wait to be read at most; what comes then is lost.
const LIMIT: usize = 4096;

/// A netlink socket to a [`Kernel`] in memory.
pub struct Socket {
    kernel: Kernel,
    /// What the kernel has answered: datagrams, or that some are lost.
    inbox: VecDeque<Option<Vec<u8>>>,
    /// The datagram that was read last.
    datagram: Vec<u8>,
    hangs: bool,
    readiness: Readiness,
}

/// A descriptor that is readable while the inbox is not empty.
struct Readiness {
    reader: UnixDatagram,
    writer: UnixDatagram,
    is_set: bool,
}

impl Socket {
    pub(super) fn open(kernel: Kernel) -> io::Result<Self> {
        let (reader, writer) = UnixDatagram::pair()?;
        reader.set_nonblocking(true)?;
        writer.set_nonblocking(true)?;
        Ok(Self {
            kernel,
            inbox: VecDeque::new(),
            datagram: Vec::new(),
            hangs: false,
            readiness: Readiness {
                reader,
                writer,
                is_set: false,
            },
        })
    }

    fn answer(&mut self, message: &Message<'_>) {
        let is_available = self.kernel.state().is_available;
        let answers = if message.kind == u16::from(GenlId::Ctrl) {
            let name = if is_available { attr::FAMILY } else { "" };
            message::family(message, name, FAMILY)
        } else if message.kind != FAMILY || !is_available {
            message::refusal(message, libc::ENOENT)
        } else {
            match self.carry_out(message) {
                Some(answers) => answers,
                None => return,
            }
        };
        answers.into_iter().for_each(|it| self.push(Some(it)));
    }

    /// The answer to a request of the family, unless it is lost.
    fn carry_out(&mut self, message: &Message<'_>) -> Option<Vec<Vec<u8>>> {
        let request = match message::request(message) {
            Ok(request) => request,
            Err(errno) => return Some(message::refusal(message, errno)),
        };
        let fault = self.kernel.judge(&request);
        let result = match fault {
            Some(Fault::Hang) => {
                self.hangs = true;
                return None;
            }
            Some(Fault::Errno(errno)) => Err(errno),
            Some(Fault::AnswerLost) | None => self.kernel.state().carry_out(&request),
        };
        if fault == Some(Fault::AnswerLost) {
            self.push(None);
            return None;
        }
        Some(match result {
            Ok(reply) => message::answer(message, FAMILY, &reply),
            Err(errno) => message::refusal(message, errno),
        })
    }

    fn push(&mut self, answer: Option<Vec<u8>>) {
        let answer = answer.filter(|_| self.inbox.len() < LIMIT);
        if answer.is_some() || self.inbox.back() != Some(&None) {
            self.inbox.push_back(answer);
        }
    }
}

impl Transport for Socket {
    fn send(&mut self, datagram: &[u8]) -> io::Result<()> {
        for message in Messages::new(datagram) {
            let Ok(message) = message else {
                break;
            };
            if self.hangs {
                break;
            }
            self.answer(&message);
        }
        self.readiness.set(!self.inbox.is_empty())
    }

    fn receive(&mut self) -> io::Result<Received<'_>> {
        let Some(next) = self.inbox.pop_front() else {
            return Ok(Received::Empty);
        };
        self.readiness.set(!self.inbox.is_empty())?;
        Ok(match next {
            None => Received::Overrun,
            Some(datagram) => {
                self.datagram = datagram;
                Received::Datagram(&self.datagram)
            }
        })
    }

    fn wait(&mut self, most: Duration) -> io::Result<()> {
        if self.inbox.is_empty() {
            let mut state = self.kernel.state();
            state.now = state.now.saturating_add(most);
        }
        Ok(())
    }

    fn clock(&self) -> Clock {
        let kernel = self.kernel.clone();
        Box::new(move || kernel.state().now)
    }
}

impl Readiness {
    fn set(&mut self, is_set: bool) -> io::Result<()> {
        match (self.is_set, is_set) {
            (false, true) => self.writer.send(&[0]).map(drop)?,
            (true, false) => self.reader.recv(&mut [0]).map(drop)?,
            (false, false) | (true, true) => {}
        }
        self.is_set = is_set;
        Ok(())
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.readiness.reader.as_fd()
    }
}

impl AsRawFd for Socket {
    fn as_raw_fd(&self) -> RawFd {
        self.readiness.reader.as_raw_fd()
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket")
            .field("kernel", &self.kernel)
            .field("waiting", &self.inbox.len())
            .finish_non_exhaustive()
    }
}
