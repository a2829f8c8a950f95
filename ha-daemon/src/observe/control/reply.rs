//! A reply that is generated in parts while it is sent.

use core::net::IpAddr;

use serde::Serialize;

use crate::balancing::status::{RealServerStatus, ServiceStatus, VirtualServerStatus};
use crate::observe::status::{FailingStatus, InstanceStatus, Status};
use crate::slab::{Cursor, Handle};

/// Octets that wait for their reader before more are made.
const ENOUGH: usize = 16 * 1024;
/// Addresses of an instance, or services of a virtual server, that are made at a time.
const CHUNK: usize = 64;
/// Addresses of an instance that are looked at in a row for those that cannot be put in place, and how
/// many of these are shown.
const LOOKED_AT: usize = 256;
const SHOWN: usize = 8;
/// How the head of a status ends, whose lists are empty.
const NO_LISTS: &str = "],\"virtual_servers\":[]}";

/// The source of a reply, in parts that each take little time.
///
/// What is added or removed between two parts changes neither what is listed before nor what is listed
/// after it.
pub trait Source {
    /// The daemon, without its instances and virtual servers.
    fn head(&self) -> Status;
    /// The next instance, without its advertised and its failing addresses; none after the last one.
    fn next_instance(&self, cursor: &mut Cursor) -> Option<(Handle, InstanceStatus)>;
    /// At most `most` of its advertised addresses, without the first `from`.
    fn addresses(&self, instance: Handle, from: usize, most: usize) -> Vec<IpAddr>;
    /// Those of its addresses that cannot be put in place, among `most` of all without the first `from`;
    /// `None` with no address left.
    fn failing(&self, instance: Handle, from: usize, most: usize) -> Option<Vec<FailingStatus>>;
    /// The next virtual server, without its services and real servers; none after the last one.
    fn next_virtual_server(&self, cursor: &mut Cursor) -> Option<(Handle, VirtualServerStatus)>;
    /// At most `most` of its services, without the first `from`.
    fn services(&self, virtual_server: Handle, from: usize, most: usize) -> Vec<ServiceStatus>;
    /// The next real server of it; none after the last one.
    fn next_real_server(
        &self,
        virtual_server: Handle,
        cursor: &mut Cursor,
    ) -> Option<RealServerStatus>;
}

/// The reply to a request, as far as it is made and not sent.
///
/// Its parts are of different turns: each is as things are when it is made. No more is made than the
/// reader takes.
#[derive(Debug)]
pub struct Reply {
    next: Part,
    /// Where the list of instances, or of virtual servers, goes on.
    cursor: Cursor,
    /// Whether the list that is being written has an element.
    continued: bool,
    octets: Vec<u8>,
    /// What follows the list that is being written, of the instance or virtual server that has it.
    tail: Vec<u8>,
    sent: usize,
}

/// What is made next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Head,
    Instance,
    /// Those of an instance, and how many were made before.
    Addresses(Handle, usize),
    /// Those that cannot be put in place: how many addresses were looked at before, and shown.
    Failing(Handle, usize, usize),
    VirtualServer,
    Services(Handle, usize),
    RealServer(Handle, Cursor),
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
            cursor: Cursor::default(),
            continued: false,
            octets,
            tail: Vec::new(),
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
                Part::Instance
            }
            Part::Instance => self.instance(source),
            Part::Addresses(instance, from) => {
                let addresses = source.addresses(instance, from, CHUNK);
                match self.list(&addresses) {
                    true => Part::Addresses(instance, from + CHUNK),
                    false => {
                        self.open("failing");
                        Part::Failing(instance, 0, 0)
                    }
                }
            }
            Part::Failing(instance, from, shown) => self.failing(source, instance, from, shown),
            Part::VirtualServer => self.virtual_server(source),
            Part::Services(virtual_server, from) => {
                let services = source.services(virtual_server, from, CHUNK);
                match self.list(&services) {
                    true => Part::Services(virtual_server, from + CHUNK),
                    false => {
                        self.open("real_servers");
                        Part::RealServer(virtual_server, Cursor::default())
                    }
                }
            }
            Part::RealServer(virtual_server, mut cursor) => {
                let server = source.next_real_server(virtual_server, &mut cursor);
                match self.list(server.as_slice()) {
                    true => Part::RealServer(virtual_server, cursor),
                    false => Part::VirtualServer,
                }
            }
        };
        true
    }

    fn instance(&mut self, source: &impl Source) -> Part {
        if let Some((handle, instance)) = source.next_instance(&mut self.cursor) {
            self.separate();
            self.write(&instance);
            self.open("advertised");
            return Part::Addresses(handle, 0);
        }
        self.cursor = Cursor::default();
        self.continued = false;
        self.octets.extend_from_slice(b"],\"virtual_servers\":[");
        Part::VirtualServer
    }

    fn failing(
        &mut self,
        source: &impl Source,
        instance: Handle,
        from: usize,
        shown: usize,
    ) -> Part {
        let failing = source.failing(instance, from, LOOKED_AT);
        let Some(mut failing) = failing.filter(|_| shown < SHOWN) else {
            self.close();
            return Part::Instance;
        };
        failing.truncate(SHOWN - shown);
        for address in &failing {
            self.separate();
            self.write(address);
        }
        Part::Failing(instance, from + LOOKED_AT, shown + failing.len())
    }

    fn virtual_server(&mut self, source: &impl Source) -> Part {
        if let Some((handle, server)) = source.next_virtual_server(&mut self.cursor) {
            self.separate();
            self.write(&server);
            self.open("services");
            return Part::Services(handle, 0);
        }
        self.octets.extend_from_slice(b"]}\n");
        Part::Nothing
    }

    /// Writes elements of the open list. With none it is closed, by what follows it; whether it is open.
    fn list(&mut self, elements: &[impl Serialize]) -> bool {
        for element in elements {
            self.separate();
            self.write(element);
        }
        if elements.is_empty() {
            self.close();
        }
        !elements.is_empty()
    }

    /// Closes the open list by what follows it.
    fn close(&mut self) {
        self.octets.append(&mut self.tail);
        self.continued = true;
    }

    /// Opens the empty list with this name in what was written last. No string can be mistaken for it,
    /// as quotes within strings are escaped.
    fn open(&mut self, name: &str) {
        let list = format!("\"{name}\":[");
        let mut places = self.octets.windows(list.len());
        if let Some(place) = places.rposition(|octets| octets == list.as_bytes()) {
            self.tail = self.octets.split_off(place + list.len());
        }
        self.continued = false;
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

    /// Removes what ends the last list.
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

    fn next_instance(&self, cursor: &mut Cursor) -> Option<(Handle, InstanceStatus)> {
        let (handle, instance) = next(&self.instances, cursor)?;
        let mut instance = instance.clone();
        instance.addresses.advertised.clear();
        instance.addresses.failing.clear();
        Some((handle, instance))
    }

    fn addresses(&self, instance: Handle, from: usize, most: usize) -> Vec<IpAddr> {
        let instance = at(&self.instances, instance);
        let addresses = instance.map(|it| it.addresses.advertised.as_slice());
        let addresses = addresses.unwrap_or_default().iter();
        addresses.copied().skip(from).take(most).collect()
    }

    fn failing(&self, instance: Handle, from: usize, most: usize) -> Option<Vec<FailingStatus>> {
        let failing = &at(&self.instances, instance)?.addresses.failing;
        let part = failing.iter().skip(from).take(most);
        (from < failing.len()).then(|| part.cloned().collect())
    }

    fn next_virtual_server(&self, cursor: &mut Cursor) -> Option<(Handle, VirtualServerStatus)> {
        let (handle, server) = next(&self.virtual_servers, cursor)?;
        let mut server = server.clone();
        server.services.clear();
        server.real_servers.clear();
        Some((handle, server))
    }

    fn services(&self, virtual_server: Handle, from: usize, most: usize) -> Vec<ServiceStatus> {
        let server = at(&self.virtual_servers, virtual_server);
        let services = server.map(|it| it.services.as_slice());
        let services = services.unwrap_or_default().iter();
        services.skip(from).take(most).cloned().collect()
    }

    fn next_real_server(
        &self,
        virtual_server: Handle,
        cursor: &mut Cursor,
    ) -> Option<RealServerStatus> {
        let server = at(&self.virtual_servers, virtual_server)?;
        let (_, server) = next(&server.real_servers, cursor)?;
        Some(server.clone())
    }
}

/// The next element of a list, whose position is its handle.
fn next<'a, T>(list: &'a [T], cursor: &mut Cursor) -> Option<(Handle, &'a T)> {
    let handle = Handle::from_bits(cursor.0);
    let element = at(list, handle)?;
    cursor.0 += 1;
    Some((handle, element))
}

fn at<T>(list: &[T], handle: Handle) -> Option<&T> {
    list.get(usize::try_from(handle.to_bits()).ok()?)
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::config::{LoadOptions, load_str};
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

    fn instance(name: &str, addresses: u8) -> InstanceStatus {
        let text = "vrrp_instance VI_1 {\nvirtual_router_id 1\nunicast_src_ip 10.0.0.1\n\
                    unicast_peer {\n10.0.0.2\n}\nvirtual_ipaddress {\n192.0.2.1/24\n}\n}";
        let loaded = load_str("test.conf", text, &LoadOptions::default());
        let configured = &loaded.config.instances[0];
        let mut status = InstanceStatus::unplaced(configured, Vec::new(), Duration::ZERO);
        name.clone_into(&mut status.name);
        let addresses = (0..addresses).map(|number| IpAddr::from([192, 0, 2, number]));
        status.addresses.advertised = addresses.collect();
        let failing = status.addresses.advertised.iter().take(8);
        let failing = failing.map(|address| FailingStatus {
            address: *address,
            text: "\"failing\":[".to_owned(),
        });
        status.addresses.failing = failing.collect();
        status
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
    fn lists_within_instances_and_virtual_servers_are_made_in_parts() {
        let mut server = virtual_server("\"services\":[", &["10.0.0.1:80"]);
        let service = |number| ServiceStatus {
            key: format!("FWM {number}"),
            in_place: number % 2 == 0,
        };
        server.services = (0..130).map(service).collect();
        let mut status = status(vec![server, virtual_server("\"real_servers\":[", &[])]);
        status.virtual_servers[1].services.clear();
        let names = [("a", 0), ("\"advertised\":[", 64), ("b", 65), ("c", 200)];
        let instances = names.map(|(name, addresses)| instance(name, addresses));
        status.instances = instances.into();
        let expected = serde_json::to_string(&status).unwrap() + "\n";
        assert_eq!(whole(&status), expected);

        let mut reply = Reply::to(b"status");
        let mut longest = 0;
        while !reply.is_over() {
            reply.make(&status);
            longest = longest.max(reply.octets().len());
            reply.sent(reply.octets().len());
        }
        assert!(longest < 64 * 50, "{longest}");
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
