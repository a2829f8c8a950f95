//! The control socket: one request line, one JSON reply, over a Unix socket.
//!
//! Requests: `status`. The reply ends where the connection does. A request has to be complete within
//! [`PATIENCE`], at most [`MAX_CLIENTS`] wait at a time, and a reply that its reader does not take is
//! dropped with the connection: nobody can make the daemon wait.

use core::time::Duration;
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt};
use std::os::unix::net as blocking;
use std::path::{Path, PathBuf};

use mio::net::{UnixListener, UnixStream};
use mio::{Interest, Registry, Token};
use vrrp_core::Instant;

use crate::status::Status;

/// Where the socket is unless told otherwise.
pub const DEFAULT_PATH: &str = "/run/ha-daemon/control.sock";
/// How long a client may take for its request, and to read the reply.
pub const PATIENCE: Duration = Duration::from_secs(5);
/// Clients served at a time.
pub const MAX_CLIENTS: usize = 16;
const MAX_REQUEST: usize = 256;

/// A socket that listens, and its clients.
#[derive(Debug)]
pub struct Server {
    listener: UnixListener,
    path: PathBuf,
    /// The device and the number of the socket's file; absent if it was gone at once.
    file: Option<(u64, u64)>,
    first_token: usize,
    clients: BTreeMap<usize, Client>,
}

#[derive(Debug)]
struct Client {
    stream: UnixStream,
    since: Instant,
    request: Vec<u8>,
    reply: Vec<u8>,
    sent: usize,
}

/// What to do with a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Wait,
    Answer,
    Close,
}

impl Server {
    /// Listens at `path`, whose directory is made if missing (mode 0750). A socket that nobody
    /// answers is a leftover and replaced. Tokens from `first_token` on are used.
    ///
    /// # Errors
    /// [`ErrorKind::AddrInUse`] if another daemon answers there; whatever the file system says.
    pub fn bind(path: &Path, registry: &Registry, first_token: usize) -> io::Result<Self> {
        if let Some(directory) = path.parent() {
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o750)
                .create(directory)?;
        }
        let is_socket = fs::symlink_metadata(path).is_ok_and(|meta| meta.file_type().is_socket());
        if is_socket {
            if blocking::UnixStream::connect(path).is_ok() {
                return Err(ErrorKind::AddrInUse.into());
            }
            fs::remove_file(path)?;
        }
        let mut listener = UnixListener::bind(path)?;
        registry.register(&mut listener, Token(first_token), Interest::READABLE)?;
        Ok(Self {
            listener,
            path: path.to_owned(),
            file: file(path),
            first_token,
            clients: BTreeMap::new(),
        })
    }

    /// Whether `token` is one of the server's.
    #[must_use]
    pub const fn owns(&self, token: Token) -> bool {
        token.0 >= self.first_token && token.0 - self.first_token <= MAX_CLIENTS
    }

    /// Serves what is ready; `status` is asked for only if somebody wants it.
    ///
    /// # Errors
    /// If a client cannot be accepted for want of descriptors.
    pub fn serve(
        &mut self,
        token: Token,
        registry: &Registry,
        now: Instant,
        status: impl Fn() -> Status,
    ) -> io::Result<()> {
        self.clients
            .retain(|_, client| now < client.since + PATIENCE);
        match token.0.checked_sub(self.first_token) {
            Some(0) => self.accept(registry, now, &status),
            Some(slot) => {
                self.drive(slot, &status);
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn accept(
        &mut self,
        registry: &Registry,
        now: Instant,
        status: &impl Fn() -> Status,
    ) -> io::Result<()> {
        loop {
            let mut stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
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
            // With every place taken the newcomer is turned away.
            let Some(slot) = (1..=MAX_CLIENTS).find(|slot| !self.clients.contains_key(slot)) else {
                continue;
            };
            let token = Token(self.first_token + slot);
            registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
            let client = Client {
                stream,
                since: now,
                request: Vec::new(),
                reply: Vec::new(),
                sent: 0,
            };
            self.clients.insert(slot, client);
            self.drive(slot, status);
        }
    }

    fn drive(&mut self, slot: usize, status: &impl Fn() -> Status) {
        let Some(client) = self.clients.get_mut(&slot) else {
            return;
        };
        let mut next = if client.reply.is_empty() {
            client.read()
        } else {
            client.write()
        };
        if next == Next::Answer {
            client.reply = answer(&client.request, status);
            next = client.write();
        }
        if next == Next::Close {
            self.clients.remove(&slot);
        }
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
    fn read(&mut self) -> Next {
        let mut buffer = [0; MAX_REQUEST];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return Next::Close,
                Ok(octets) => self
                    .request
                    .extend_from_slice(buffer.get(..octets).unwrap_or(&[])),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Next::Wait,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Next::Close,
            }
            if self.request.contains(&b'\n') {
                return Next::Answer;
            }
            if self.request.len() > MAX_REQUEST {
                return Next::Close;
            }
        }
    }

    fn write(&mut self) -> Next {
        while let Some(rest) = self.reply.get(self.sent..).filter(|rest| !rest.is_empty()) {
            match self.stream.write(rest) {
                Ok(octets) => self.sent += octets,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Next::Wait,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Next::Close,
            }
        }
        Next::Close
    }
}

/// The reply to a request; never panics and never fails, whatever the octets.
#[must_use]
pub fn answer(request: &[u8], status: impl Fn() -> Status) -> Vec<u8> {
    let line = request
        .split(|octet| *octet == b'\n')
        .next()
        .unwrap_or_default();
    let reply = match line.trim_ascii() {
        b"status" => serde_json::to_vec(&status()),
        _ => serde_json::to_vec(&serde_json::json!({ "error": "unknown request" })),
    };
    let mut reply = reply.unwrap_or_default();
    reply.push(b'\n');
    reply
}

/// Asks the daemon at `path` for its status.
///
/// # Errors
/// If nobody answers there within [`PATIENCE`], or with something else than a status.
pub fn ask_status(path: &Path) -> io::Result<Status> {
    let mut stream = blocking::UnixStream::connect(path)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(b"status\n")?;
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply)?;
    serde_json::from_slice(&reply).map_err(io::Error::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status() -> Status {
        Status {
            version: "1".to_owned(),
            pid: 2,
            uptime_seconds: 3.0,
            instances: Vec::new(),
            virtual_servers: Vec::new(),
        }
    }

    #[test]
    fn answers_a_status_request_whatever_follows_it() {
        let expected = b"{\"version\":\"1\",\"pid\":2,\"uptime_seconds\":3.0,\"instances\":[],\"virtual_servers\":[]}\n";
        for request in [&b"status\n"[..], b"  status \r\nx", b"status"] {
            assert_eq!(answer(request, status), expected);
        }
        assert_eq!(
            answer(b"stat\n", status),
            b"{\"error\":\"unknown request\"}\n"
        );
    }

    #[test]
    fn a_server_removes_its_own_socket_and_no_other() {
        let poll = mio::Poll::new().unwrap();
        let name = format!("ha-daemon-control-{}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        let path = directory.join("control.sock");
        let server = || Server::bind(&path, poll.registry(), 0).unwrap();
        let first = server();
        // A file system may give the number of a removed file to the next one.
        fs::rename(&path, directory.join("moved")).unwrap();
        let second = server();
        drop(first);
        assert!(path.exists());
        drop(second);
        assert!(!path.exists());
        fs::remove_dir_all(directory).unwrap();
    }
}
