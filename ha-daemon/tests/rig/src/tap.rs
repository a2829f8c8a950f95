//! A capture of one port of a bridge, read when asked.

use core::net::IpAddr;
use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::net::if_::if_nametoindex;

use super::capture::{self, Frame, Port};
use super::daemon::PATIENCE;
use super::namespace::Namespace;
use super::waiting::until;

/// Records what enters a bridge by one port from when it was made.
#[derive(Debug)]
pub struct Tap {
    socket: OwnedFd,
    /// What has been read.
    pub frames: Vec<Frame>,
}

impl Tap {
    /// On a port of a bridge in `namespace`.
    pub fn on(namespace: &Namespace, port: &str) -> Self {
        let socket = namespace.inside(|| {
            let index = if_nametoindex(port).expect("the port exists");
            let index = usize::try_from(index).expect("an index is small");
            let port = Port {
                index,
                host: 0,
                link: 0,
            };
            let socket = capture::open(&[port]).expect("root may capture");
            socket.set_nonblocking(true).expect("a socket can");
            socket
        });
        Self {
            socket: socket.into(),
            frames: Vec::new(),
        }
    }

    /// Takes in what has come.
    pub fn read(&mut self) -> &[Frame] {
        let mut octets = [0; 9_000];
        loop {
            match capture::read_one(&self.socket, &mut octets) {
                Ok((time, _, length)) => self.frames.push(Frame {
                    time,
                    octets: octets[..length].to_vec(),
                }),
                Err(Errno::EAGAIN) => return &self.frames,
                Err(errno) => panic!("the capture broke off: {errno}"),
            }
        }
    }

    /// How many of the frames are `wanted`.
    pub fn count(&mut self, wanted: impl Fn(&Frame) -> bool) -> usize {
        self.read().iter().filter(|frame| wanted(frame)).count()
    }

    /// Waits for `count` frames that are `wanted`.
    ///
    /// # Panics
    /// With `what` if they have not come within [`PATIENCE`].
    pub fn wait(&mut self, what: &str, count: usize, wanted: impl Fn(&Frame) -> bool) {
        until(what, PATIENCE, || self.count(&wanted) >= count);
    }

    /// How often an address was announced.
    pub fn announcements(&mut self, address: IpAddr) -> usize {
        self.count(|frame| frame.announced() == Some(address))
    }

    /// Forgets what has come so far.
    pub fn clear(&mut self) {
        self.read();
        self.frames.clear();
    }
}
