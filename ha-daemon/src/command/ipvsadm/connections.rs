//! The listing of connections (`-L -c`), from `ip_vs_conn` in `/proc`.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr};

use ipvs_core::Protocol;

use super::endpoint::Endpoints;

/// Where the kernel lists those of the network namespace the calling thread is in.
pub(crate) const PATH: &str = "/proc/thread-self/net/ip_vs_conn";

pub(super) const HEADING: &str = "IPVS connection entries\n\
    pro expire state       source             virtual            destination";
/// What `--persistent-conn` adds to [`HEADING`].
pub(super) const ENGINE_HEADING: &str = "        pe name          pe_data";

/// A line of [`PATH`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Connection<'a> {
    pub(crate) protocol: &'a str,
    pub(crate) client: (IpAddr, u16),
    pub(crate) service: (IpAddr, u16),
    pub(crate) destination: (IpAddr, u16),
    pub(crate) state: &'a str,
    /// In seconds.
    pub(crate) expires: u32,
    /// The name of a persistence engine, and the key by which it distinguishes clients.
    engine: Option<(&'a str, &'a str)>,
}

impl<'a> Connection<'a> {
    /// Reads a line; `None` if it is not one of a connection.
    pub(crate) fn parse(line: &'a str) -> Option<Self> {
        let mut words = line.split_ascii_whitespace();
        let protocol = words.next()?;
        let mut endpoint = || Some((address(words.next()?)?, port(words.next()?)?));
        Some(Self {
            protocol,
            client: endpoint()?,
            service: endpoint()?,
            destination: endpoint()?,
            state: words.next()?,
            expires: words.next()?.parse().ok()?,
            engine: words.next().zip(words.next()),
        })
    }

    /// Writes it, with its persistence engine if asked for.
    pub(super) fn write(
        &self,
        out: &mut dyn fmt::Write,
        engines: bool,
        endpoints: &mut Endpoints<'_>,
    ) -> fmt::Result {
        // The template of a mark has the protocol `IP`, whose ports have no names.
        let protocol = match self.protocol {
            "TCP" => Protocol::TCP,
            "UDP" => Protocol::UDP,
            "SCTP" => Protocol::SCTP,
            _ => Protocol(0),
        };
        let mut text = |(address, port)| endpoints.text(address, port, protocol);
        let expires = format!("{:02}:{:02}", self.expires / 60, self.expires % 60);
        write!(
            out,
            "{:<3} {expires:<6} {:<11} {:<18} {:<18} {}",
            self.protocol,
            self.state,
            text(self.client),
            text(self.service),
            text(self.destination),
        )?;
        if let (true, Some((name, data))) = (engines, self.engine) {
            write!(out, " {name:<18} {data}")?;
        }
        out.write_char('\n')
    }
}

/// Eight hexadecimal digits, or IPv6 in any form.
fn address(text: &str) -> Option<IpAddr> {
    if text.contains(':') {
        text.parse().ok().map(IpAddr::V6)
    } else {
        let bits = u32::from_str_radix(text, 16).ok()?;
        Some(Ipv4Addr::from_bits(bits).into())
    }
}

fn port(text: &str) -> Option<u16> {
    u16::from_str_radix(text, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: [&str; 7] = [
        "Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData",
        "TCP 0A000001 D84A 0A000001 0050 C0A80102 0050 SYN_RECV         58",
        "UDP 0A000000 0000 0A000001 0000 C0A80101 0000 NONE         123456",
        "IP  0A000001 0000 00000007 0000 C0A80101 0000 NONE             30",
        "UDP 0A000001 D844 0A000001 13C4 C0A80102 13C4 UDP             299 sip callid123@here",
        "UDP 0A000001 D846 0A000001 0050 2001:0db8:0000:0000:0000:0000:0000:000a 0050 UDP     899",
        "TCP 2001:0db8:0000:0000:0000:0000:0000:0001 D84A \
         2001:0db8:0000:0000:0000:0000:0000:0001 01BB \
         2001:0db8:0000:0000:0000:0000:0000:000a 01BB ESTABLISHED     899",
    ];

    fn listing(engines: bool) -> String {
        let mut text = String::new();
        for connection in LINES.iter().filter_map(|line| Connection::parse(line)) {
            connection
                .write(&mut text, engines, &mut Endpoints::Numeric)
                .unwrap();
        }
        text
    }

    // What ipvsadm 1.31 made of the same lines.
    #[test]
    fn connections_are_listed_in_columns() {
        assert_eq!(
            listing(false),
            "\
TCP 00:58  SYN_RECV    10.0.0.1:55370     10.0.0.1:80        192.168.1.2:80
UDP 2057:36 NONE        10.0.0.0:0         10.0.0.1:0         192.168.1.1:0
IP  00:30  NONE        10.0.0.1:0         0.0.0.7:0          192.168.1.1:0
UDP 04:59  UDP         10.0.0.1:55364     10.0.0.1:5060      192.168.1.2:5060
UDP 14:59  UDP         10.0.0.1:55366     10.0.0.1:80        [2001:db8::a]:80
TCP 14:59  ESTABLISHED [2001:db8::1]:55370 [2001:db8::1]:443  [2001:db8::a]:443
"
        );
    }

    #[test]
    fn an_engine_is_shown_where_it_is_asked_for() {
        let listing = listing(true);
        assert_eq!(
            listing.lines().nth(3),
            Some(
                "UDP 04:59  UDP         10.0.0.1:55364     10.0.0.1:5060      192.168.1.2:5060 \
                 sip                callid123@here"
            )
        );
        assert_eq!(
            listing.lines().next(),
            Some("TCP 00:58  SYN_RECV    10.0.0.1:55370     10.0.0.1:80        192.168.1.2:80")
        );
    }

    #[test]
    fn what_is_no_connection_is_none() {
        for line in [
            "",
            "TCP 0A000001 D84A 0A000001 0050",
            "TCP x D84A 0A000001 0050 C0A80102 0050 SYN_RECV 58",
            "TCP 0A000001 1D84A 0A000001 0050 C0A80102 0050 SYN_RECV 58",
            "TCP 0A000001 D84A 0A000001 0050 C0A80102 0050 SYN_RECV -1",
        ] {
            assert_eq!(Connection::parse(line), None, "{line}");
        }
    }
}
