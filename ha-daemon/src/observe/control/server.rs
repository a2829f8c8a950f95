//! The server of the control socket.

use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use mio::net::{UnixListener, UnixStream};
use mio::{Interest, Registry, Token};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use vrrp_core::Instant;
use vrrp_mio::TimeSlice;

use super::listener;
use super::reply::{Reply, Source};
use super::{MAX_CLIENTS, PATIENCE};
use crate::tokens::TokenRange;

const MAX_REQUEST: usize = 256;
/// Clients taken in one turn.
const ACCEPTED: usize = 4;
/// How long a client may have its place, however slowly it reads.
const LONGEST: Duration = Duration::from_secs(60);
/// How long to wait for the descriptor that a client lacks.
const RETRY: Duration = Duration::from_secs(1);

/// A socket that listens, and its clients.
///
/// [`ready`](Self::ready) takes note of what is ready. The work is done by [`turn`](Self::turn), to be
/// called while there is [work](Self::has_work) and at [`deadline`](Self::deadline).
#[derive(Debug)]
pub struct Server {
    listener: UnixListener,
    path: PathBuf,
    /// The device and the number of the socket's file; absent if it was gone at once.
    file: Option<(u64, u64)>,
    tokens: TokenRange,
    clients: BTreeMap<usize, Client>,
    /// Clients that can be gone on with, each once.
    runnable: VecDeque<usize>,
    /// Whether a connection may be waiting to be accepted.
    may_accept: bool,
    /// When to try again to accept, after there was no descriptor for it.
    retry_at: Option<Instant>,
}

#[derive(Debug)]
struct Client {
    stream: UnixStream,
    accepted: Instant,
    /// When it last sent or took something.
    moved: Instant,
    queued: bool,
    request: Vec<u8>,
    reply: Option<Reply>,
}

/// What to do with a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// Nothing until it is ready.
    Wait,
    /// There is more to do, and no time.
    GoOn,
    Close,
}

impl Server {
    /// Listens at `path`, whose directory is made if missing (mode 0750), with a socket of mode 0600. A
    /// socket that nobody answers is a leftover and replaced. The first of `tokens` is its own, the
    /// others are its clients'.
    ///
    /// # Errors
    /// [`ErrorKind::AddrInUse`] if another daemon listens there; whatever the file system says.
    pub fn bind(path: &Path, registry: &Registry, tokens: TokenRange) -> io::Result<Self> {
        let mut listener = listener::bind(path)?;
        registry.register(&mut listener, tokens.first(), Interest::READABLE)?;
        Ok(Self {
            listener,
            path: path.to_owned(),
            file: file(path),
            tokens,
            clients: BTreeMap::new(),
            runnable: VecDeque::new(),
            may_accept: true,
            retry_at: None,
        })
    }

    /// Whether `token` is one of the server's.
    #[must_use]
    pub const fn owns(&self, token: Token) -> bool {
        self.tokens.contains(token)
    }

    /// The source with this token is ready.
    pub fn ready(&mut self, token: Token) {
        match self.tokens.index(token) {
            Some(0) => self.may_accept = true,
            Some(slot) => self.queue(slot),
            None => {}
        }
    }

    fn queue(&mut self, slot: usize) {
        if let Some(client) = self.clients.get_mut(&slot)
            && !core::mem::replace(&mut client.queued, true)
        {
            self.runnable.push_back(slot);
        }
    }

    /// Whether [`turn`](Self::turn) has something to do without waiting.
    #[must_use]
    pub fn has_work(&self) -> bool {
        let room = self.clients.len() < MAX_CLIENTS && self.retry_at.is_none();
        !self.runnable.is_empty() || (self.may_accept && room)
    }

    /// When to call [`turn`](Self::turn) at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let clients = self.clients.values().map(Client::end);
        clients.chain(self.retry_at).min()
    }

    /// Takes a few clients that wait, and goes on with one of the others.
    ///
    /// # Errors
    /// If a client cannot be accepted, which is tried again a second later.
    pub fn turn(
        &mut self,
        registry: &Registry,
        slice: &TimeSlice<'_>,
        source: &impl Source,
    ) -> io::Result<()> {
        let now = slice.now();
        self.clients.retain(|_, client| now < client.end());
        self.retry_at = self.retry_at.filter(|at| now < *at);
        let accepted = self.accept(registry, now);
        if accepted.is_err() {
            self.retry_at = Some(now + RETRY);
        }
        while let Some(slot) = self.runnable.pop_front() {
            let Some(client) = self.clients.get_mut(&slot) else {
                continue;
            };
            client.queued = false;
            match client.go_on(slice, source) {
                Next::Wait => {}
                Next::GoOn => self.queue(slot),
                Next::Close => drop(self.clients.remove(&slot)),
            }
            if slice.is_over() {
                break;
            }
        }
        accepted
    }

    fn accept(&mut self, registry: &Registry, now: Instant) -> io::Result<()> {
        for _ in 0..ACCEPTED {
            if !self.may_accept || self.retry_at.is_some() {
                break;
            }
            // With every place taken the newcomers wait until one is free.
            let free = (1..=MAX_CLIENTS).find(|slot| !self.clients.contains_key(slot));
            let Some((slot, token)) = free.and_then(|slot| Some((slot, self.tokens.token(slot)?)))
            else {
                break;
            };
            let mut stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.may_accept = false;
                    break;
                }
                // The second: a client that has gone again.
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::Interrupted | ErrorKind::ConnectionAborted
                    ) =>
                {
                    continue;
                }
                Err(error) => return Err(error),
            };
            registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
            let client = Client {
                stream,
                accepted: now,
                moved: now,
                queued: false,
                request: Vec::new(),
                reply: None,
            };
            self.clients.insert(slot, client);
            self.queue(slot);
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Somebody else may listen at the path by now. A leftover is replaced at the next start.
        if self.file.is_some() && file(&self.path) == self.file {
            drop(fs::remove_file(&self.path));
        }
    }
}

/// Which file a path is at present.
fn file(path: &Path) -> Option<(u64, u64)> {
    let meta = fs::symlink_metadata(path).ok()?;
    Some((meta.dev(), meta.ino()))
}

impl Client {
    /// When its patience with us, and ours with it, is over.
    fn end(&self) -> Instant {
        (self.moved + PATIENCE).min(self.accepted + LONGEST)
    }

    /// Reads, or makes and sends, as long as the slice lasts.
    fn go_on(&mut self, slice: &TimeSlice<'_>, source: &impl Source) -> Next {
        if self.reply.is_none() {
            match self.read() {
                Ok(true) => {}
                Ok(false) => return Next::Wait,
                Err(_) => return Next::Close,
            }
        }
        // Nothing is made for who has gone. A client that only sends no more has not.
        if self.is_gone() {
            return Next::Close;
        }
        let now = slice.now();
        let reply = self.reply.get_or_insert_with(|| Reply::to(&self.request));
        while !reply.is_over() {
            let made = reply.make(source);
            if made && !slice.is_over() {
                continue;
            }
            match self.stream.write(reply.octets()) {
                Ok(octets) => {
                    reply.sent(octets);
                    self.moved = now;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Next::Wait,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Next::Close,
            }
            if slice.is_over() && !reply.is_over() {
                return Next::GoOn;
            }
        }
        Next::Close
    }

    /// Whether the request is there.
    fn read(&mut self) -> io::Result<bool> {
        let mut buffer = [0; MAX_REQUEST];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(octets) => self
                    .request
                    .extend_from_slice(buffer.get(..octets).unwrap_or(&[])),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
            if self.request.contains(&b'\n') {
                return Ok(true);
            }
            if self.request.len() > MAX_REQUEST {
                return Err(ErrorKind::InvalidData.into());
            }
        }
    }

    fn is_gone(&self) -> bool {
        let mut fds = [PollFd::new(self.stream.as_fd(), PollFlags::empty())];
        let readable = poll(&mut fds, PollTimeout::ZERO).is_ok_and(|ready| ready > 0);
        readable
            && fds.first().is_some_and(|fd| {
                let gone = PollFlags::POLLHUP | PollFlags::POLLERR;
                fd.revents().is_some_and(|events| events.intersects(gone))
            })
    }
}
