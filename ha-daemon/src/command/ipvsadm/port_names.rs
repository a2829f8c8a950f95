//! The names of ports, as `/etc/services` has them.

use std::fs;

use ipvs_core::Protocol;

const PATH: &str = "/etc/services";

/// `/etc/services`.
#[derive(Debug)]
pub(super) struct PortNames {
    text: String,
}

impl PortNames {
    /// Reads the file; without it no port has a name.
    pub(super) fn load() -> Self {
        Self {
            text: fs::read(PATH).map_or_else(
                |_| String::new(),
                |octets| String::from_utf8_lossy(&octets).into_owned(),
            ),
        }
    }

    /// The name of a port.
    pub(super) fn name(&self, port: u16, protocol: Protocol) -> Option<&str> {
        let protocol = keyword(protocol)?;
        self.lines()
            .find(|line| line.port == port && line.protocol == protocol)
            .map(|line| line.name)
    }

    /// The port of a name or an alias.
    pub(super) fn port(&self, name: &str, protocol: Protocol) -> Option<u16> {
        let protocol = keyword(protocol)?;
        self.lines()
            .find(|line| {
                line.protocol == protocol
                    && (line.name == name
                        || line.aliases.split_whitespace().any(|alias| alias == name))
            })
            .map(|line| line.port)
    }

    fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        self.text.lines().filter_map(Line::parse)
    }
}

/// `name port/protocol aliases… # comment`
struct Line<'a> {
    name: &'a str,
    port: u16,
    protocol: &'a str,
    aliases: &'a str,
}

impl<'a> Line<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let line = line.split('#').next()?.trim();
        let (name, rest) = line.split_once(char::is_whitespace)?;
        let rest = rest.trim_start();
        let (number, aliases) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let (port, protocol) = number.split_once('/')?;
        Some(Self {
            name,
            port: port.parse().ok()?,
            protocol,
            aliases,
        })
    }
}

const fn keyword(protocol: Protocol) -> Option<&'static str> {
    match protocol {
        Protocol::TCP => Some("tcp"),
        Protocol::UDP => Some("udp"),
        Protocol::SCTP => Some("sctp"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> PortNames {
        PortNames {
            text: "# services\n\
                   http\t\t80/tcp\t\twww\t\t# WorldWideWeb HTTP\n\
                   shell 514/tcp cmd syslog\n\
                   syslog 514/udp\n\
                   amqp 5672/sctp\n\
                   broken\n\
                   high 65536/tcp\n"
                .to_owned(),
        }
    }

    #[test]
    fn a_port_has_the_name_of_its_protocol() {
        let names = names();
        assert_eq!(names.name(514, Protocol::TCP), Some("shell"));
        assert_eq!(names.name(514, Protocol::UDP), Some("syslog"));
        assert_eq!(names.name(5672, Protocol::SCTP), Some("amqp"));
        assert_eq!(names.name(80, Protocol::UDP), None);
        assert_eq!(names.name(80, Protocol(0)), None);
    }

    #[test]
    fn a_port_is_found_by_its_name_and_its_aliases() {
        let names = names();
        assert_eq!(names.port("http", Protocol::TCP), Some(80));
        assert_eq!(names.port("www", Protocol::TCP), Some(80));
        assert_eq!(names.port("WorldWideWeb", Protocol::TCP), None);
        assert_eq!(names.port("http", Protocol::UDP), None);
        assert_eq!(names.port("high", Protocol::TCP), None);
    }
}
