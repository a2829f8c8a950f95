//! A capture of the frames that a host sends.

use core::net::IpAddr;
use core::time::Duration;
use std::fs::File;
use std::io::IoSliceMut;
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::net::if_::if_nametoindex;
use nix::sched::{CloneFlags, setns};
use nix::sys::socket::{ControlMessageOwned, LinkAddr, MsgFlags, recvmsg, setsockopt, sockopt};
use nix::sys::time::TimeSpec;
use socket2::{Domain, Protocol, Socket, Type};
use vrrp_core::MacAddr;

use super::host::{Switch, until};

/// `PACKET_OUTGOING`: what the switch itself sends.
const OUTGOING: u8 = 4;

/// Records what comes in by one port from when it was made.
pub(crate) struct Tap {
    socket: Socket,
    port: usize,
    pub(crate) frames: Vec<Frame>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// When the switch had it.
    pub(crate) at: Duration,
    pub(crate) octets: Vec<u8>,
}

impl Frame {
    pub(crate) fn source(&self) -> MacAddr {
        MacAddr(self.octets[6..12].try_into().unwrap())
    }

    fn ether_type(&self) -> u16 {
        u16::from_be_bytes([self.octets[12], self.octets[13]])
    }

    /// VRRPv3 or v2 over IPv4 or IPv6, in the clear: the octets of the advertisement.
    pub(crate) fn advertisement(&self) -> Option<&[u8]> {
        match self.ether_type() {
            0x0800 if self.octets[23] == 112 => Some(&self.octets[34..]),
            0x86dd if self.octets[20] == 112 => Some(&self.octets[54..]),
            _ => None,
        }
    }

    pub(crate) fn is_resignation(&self) -> bool {
        self.advertisement().is_some_and(|pdu| pdu[2] == 0)
    }

    /// The address a gratuitous ARP or an unsolicited neighbour advertisement is about.
    pub(crate) fn announced(&self) -> Option<IpAddr> {
        match self.ether_type() {
            0x0806 if self.octets[28..32] == self.octets[38..42] => {
                let address: [u8; 4] = self.octets[28..32].try_into().unwrap();
                Some(IpAddr::from(address))
            }
            0x86dd if self.octets[20] == 58 && self.octets[54] == 136 => {
                let address: [u8; 16] = self.octets[62..78].try_into().unwrap();
                Some(IpAddr::from(address))
            }
            _ => None,
        }
    }
}

impl Tap {
    pub(crate) fn on(switch: &Switch, port: &str) -> Self {
        let namespace = format!("/run/netns/{}", switch.name);
        std::thread::scope(|scope| {
            let opened = scope.spawn(|| {
                setns(File::open(namespace).unwrap(), CloneFlags::CLONE_NEWNET).unwrap();
                let every = Protocol::from(i32::from(3_u16.to_be()));
                let kind = Type::RAW.nonblocking();
                let socket = Socket::new(Domain::PACKET, kind, Some(every)).unwrap();
                setsockopt(&socket, sockopt::RcvBufForce, &(256 << 20)).unwrap();
                setsockopt(&socket, sockopt::ReceiveTimestampns, &true).unwrap();
                let port = usize::try_from(if_nametoindex(port).unwrap()).unwrap();
                Self {
                    socket,
                    port,
                    frames: Vec::new(),
                }
            });
            opened.join().unwrap()
        })
    }

    /// Takes in what has come.
    pub(crate) fn read(&mut self) -> &[Frame] {
        let mut buffer = [0; 9_000];
        let mut control = nix::cmsg_space!(TimeSpec);
        loop {
            let mut parts = [IoSliceMut::new(&mut buffer)];
            let flags = MsgFlags::empty();
            let received = recvmsg::<LinkAddr>(
                self.socket.as_raw_fd(),
                &mut parts,
                Some(&mut control),
                flags,
            );
            let message = match received {
                Ok(message) => message,
                Err(Errno::EAGAIN) => return &self.frames,
                Err(errno) => panic!("{errno}"),
            };
            let from = message.address.unwrap();
            if from.ifindex() != self.port || from.pkttype() == OUTGOING {
                continue;
            }
            let at = message
                .cmsgs()
                .unwrap()
                .find_map(|control| {
                    if let ControlMessageOwned::ScmTimestampns(time) = control {
                        Some(rig::clock::of_stamp(time.into()))
                    } else {
                        None
                    }
                })
                .unwrap();
            let length = message.bytes;
            let octets = buffer[..length].to_vec();
            self.frames.push(Frame { at, octets });
        }
    }

    pub(crate) fn count(&mut self, wanted: impl Fn(&Frame) -> bool) -> usize {
        self.read().iter().filter(|frame| wanted(frame)).count()
    }

    /// Waits for `count` frames that are `wanted`.
    pub(crate) fn wait(&mut self, what: &str, count: usize, wanted: impl Fn(&Frame) -> bool) {
        until(what, || self.count(&wanted) >= count);
    }

    pub(crate) fn announcements(&mut self, address: IpAddr) -> usize {
        self.count(|frame| frame.announced() == Some(address))
    }

    pub(crate) fn clear(&mut self) {
        self.read();
        self.frames.clear();
    }
}
