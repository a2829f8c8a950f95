//! A reply that is generated in parts while it is sent.

use serde::Serialize;

use crate::balancing::status::{RealServerStatus, VirtualServerStatus};
use crate::observe::status::{InstanceStatus, Status};

/// Octets that wait for their reader before more are made.
const ENOUGH: usize = 16 * 1024;
/// How the head of a status ends, whose lists are empty.
const NO_LISTS: &str = "],\"virtual_servers\":[]}";
/// How a virtual server ends whose last field is an empty list.
const NO_LIST: &str = "]}";

/// The source of a reply, in parts that each take little time.
pub trait Source {
    /// The daemon, without its instances and virtual servers.
    fn head(&self) -> Status;
    /// How many instances there are.
    fn instances(&self) -> usize;
    /// One of them; an absent one is left out.
    fn instance(&self, index: usize) -> Option<InstanceStatus>;
    /// A virtual server without its real servers; none after the last one.
    fn virtual_server(&self, index: usize) -> Option<VirtualServerStatus>;
    /// A real server of it; none after the last one.
    fn real_server(&self, virtual_server: usize, index: usize) -> Option<RealServerStatus>;
}

/// The reply to a request, as far as it is made and not sent.
///
/// Its parts are of different turns: each is as things are when it is made. No more is made than the
/// reader takes.
#[derive(Debug)]
pub struct Reply {
    next: Part,
    /// Whether the list that is being written has an element.
    continued: bool,
    octets: Vec<u8>,
    sent: usize,
}

/// What is made next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Head,
    Instance(usize),
    VirtualServer(usize),
    RealServer(usize, usize),
    Nothing,
}

impl Reply {
    /// The reply to a request, whatever its octets are.
    #[must_use]
    pub fn to(request: &[u8]) -> Self {
        let line = request
            .split(|octet| *octet == b'\n')
            .next()
            .unwrap_or_default();
        let (next, octets) = match line.trim_ascii() {
            b"status" => (Part::Head, Vec::new()),
            _ => (Part::Nothing, b"{\"error\":\"unknown request\"}\n".to_vec()),
        };
        Self {
            next,
            continued: false,
            octets,
            sent: 0,
        }
    }

    /// What can be sent.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        self.octets.get(self.sent..).unwrap_or_default()
    }

    /// The first `count` of [`octets`](Self::octets) are sent.
    pub fn sent(&mut self, count: usize) {
        self.sent += count;
        if self.octets().is_empty() {
            self.octets.clear();
            self.sent = 0;
        }
    }

    /// Whether all of it is made and sent.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.next == Part::Nothing && self.octets().is_empty()
    }

    /// Makes the next part, unless enough is waiting to be sent; whether it did.
    pub fn make(&mut self, source: &impl Source) -> bool {
        if self.octets().len() >= ENOUGH {
            return false;
        }
        self.next = match self.next {
            Part::Nothing => return false,
            Part::Head => {
                self.write(&source.head());
                self.cut(NO_LISTS);
                Part::Instance(0)
            }
            Part::Instance(index) if index < source.instances() => {
                if let Some(instance) = source.instance(index) {
                    self.separate();
                    self.write(&instance);
                }
                Part::Instance(index + 1)
            }
            Part::Instance(_) => {
                self.continued = false;
                self.octets.extend_from_slice(b"],\"virtual_servers\":[");
                Part::VirtualServer(0)
            }
            Part::VirtualServer(index) => match source.virtual_server(index) {
                Some(server) => {
                    self.separate();
                    self.write(&server);
                    self.cut(NO_LIST);
                    self.continued = false;
                    Part::RealServer(index, 0)
                }
                None => {
                    self.octets.extend_from_slice(b"]}\n");
                    Part::Nothing
                }
            },
            Part::RealServer(virtual_server, index) => {
                match source.real_server(virtual_server, index) {
                    Some(server) => {
                        self.separate();
                        self.write(&server);
                        Part::RealServer(virtual_server, index + 1)
                    }
                    None => {
                        self.octets.extend_from_slice(NO_LIST.as_bytes());
                        self.continued = true;
                        Part::VirtualServer(virtual_server + 1)
                    }
                }
            }
        };
        true
    }

    fn separate(&mut self) {
        if core::mem::replace(&mut self.continued, true) {
            self.octets.push(b',');
        }
    }

    fn write(&mut self, value: &impl Serialize) {
        // Writing to memory does not fail, and every key is a string.
        drop(serde_json::to_writer(&mut self.octets, value));
    }

    /// Opens the last list again.
    fn cut(&mut self, end: &str) {
        let kept = self.octets.len().saturating_sub(end.len());
        self.octets.truncate(kept);
    }
}

/// A status is written as it is.
impl Source for Status {
    fn head(&self) -> Self {
        Self {
            version: self.version.clone(),
            turns: self.turns.clone(),
            instances: Vec::new(),
            virtual_servers: Vec::new(),
            ..*self
        }
    }

    fn instances(&self) -> usize {
        self.instances.len()
    }

    fn instance(&self, index: usize) -> Option<InstanceStatus> {
        self.instances.get(index).cloned()
    }

    fn virtual_server(&self, index: usize) -> Option<VirtualServerStatus> {
        let mut server = self.virtual_servers.get(index).cloned()?;
        server.real_servers.clear();
        Some(server)
    }

    fn real_server(&self, virtual_server: usize, index: usize) -> Option<RealServerStatus> {
        let server = self.virtual_servers.get(virtual_server)?;
        server.real_servers.get(index).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::balancing::status::ServiceStatus;
    use crate::observe::status::{LossStatus, TurnStatus};

    fn virtual_server(name: &str, addresses: &[&str]) -> VirtualServerStatus {
        let real_servers = addresses.iter().map(|address| RealServerStatus {
            address: (*address).to_owned(),
            alive: true,
            weight: 1,
            checkers: Vec::new(),
        });
        VirtualServerStatus {
            name: name.to_owned(),
            services: vec![ServiceStatus {
                key: "TCP 192.0.2.1:80".to_owned(),
                in_place: true,
            }],
            scheduler: "rr".to_owned(),
            quorum: true,
            weight: 1,
            gain: 1,
            loss: 1,
            suspended: false,
            sorry_server: None,
            real_servers: real_servers.collect(),
        }
    }

    fn status(virtual_servers: Vec<VirtualServerStatus>) -> Status {
        Status {
            version: "1".to_owned(),
            pid: 2,
            uptime_seconds: 3.0,
            turns: TurnStatus::default(),
            losses: LossStatus::default(),
            instances: Vec::new(),
            virtual_servers,
        }
    }

    fn whole(status: &Status) -> String {
        let mut reply = Reply::to(b"status\n");
        let mut text = Vec::new();
        while !reply.is_over() {
            while reply.make(status) {}
            text.extend_from_slice(reply.octets());
            reply.sent(reply.octets().len());
        }
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn parts_make_what_the_whole_is_written_as() {
        for servers in [
            vec![],
            vec![virtual_server("a", &[])],
            vec![
                virtual_server("a", &["10.0.0.1:80", "10.0.0.2:80"]),
                virtual_server("b", &[]),
                virtual_server("c", &["10.0.0.3:80"]),
            ],
        ] {
            let status = status(servers);
            let expected = serde_json::to_string(&status).unwrap() + "\n";
            assert_eq!(whole(&status), expected);
        }
    }

    #[test]
    fn no_more_is_made_than_the_reader_takes() {
        let many = (0..2_000).map(|_| virtual_server("a", &["10.0.0.1:80"]));
        let status = status(many.collect());
        let mut reply = Reply::to(b"status");
        while reply.make(&status) {}
        let waiting = reply.octets().len();
        assert!((ENOUGH..ENOUGH + 1_024).contains(&waiting), "{waiting}");
        reply.sent(10);
        assert_eq!(reply.octets().len(), waiting - 10);
        assert!(!reply.is_over());
    }

    #[test]
    fn nothing_is_told_but_the_status() {
        let mut reply = Reply::to(b"stat\n");
        assert!(!reply.make(&status(Vec::new())));
        assert_eq!(reply.octets(), b"{\"error\":\"unknown request\"}\n");
    }
}
