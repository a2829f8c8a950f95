//! The connection of a check: address, port, source, interface and time limit.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use core::num::NonZeroU32;
use core::time::Duration;

use vrrp_mio::interfaces::InterfaceNameError;

use crate::config::diagnostic::{Code, Diagnostic, Diagnostics, Handle};
use crate::config::keyword::ConnectionKeyword;
use crate::config::text::source::Place;
use crate::config::text::tape::Token;
use crate::config::value::{Set, Words};
use crate::health::settings::{Connection, Limits, Source};

/// What is written in a check or a `host` of one.
#[derive(Clone, Debug, Default)]
pub(super) struct ConnectionDraft {
    address: Option<Set<IpAddr>>,
    port: Option<u16>,
    source: Option<Set<IpAddr>>,
    source_port: Option<u16>,
    interface: Option<String>,
    mark: Option<NonZeroU32>,
    timeout: Option<Duration>,
}

/// What a connection has if nothing is set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target {
    pub(super) address: IpAddr,
    /// 0 if there is none.
    pub(super) port: u16,
    pub(super) timeout: Duration,
}

impl ConnectionDraft {
    /// Reads the parameter of a keyword.
    pub(super) fn keyword(
        &mut self,
        keyword: ConnectionKeyword,
        words: &mut Words<'_, '_>,
    ) -> Result<(), Handle> {
        match keyword {
            ConnectionKeyword::ConnectIp => self.address = Some(address(words)?),
            ConnectionKeyword::ConnectPort => self.port = Some(words.count(1, u16::MAX)?),
            ConnectionKeyword::Bindto => self.source = Some(address(words)?),
            ConnectionKeyword::BindPort => self.source_port = Some(words.count(1, u16::MAX)?),
            ConnectionKeyword::BindIf => self.interface = Some(interface(words)?),
            ConnectionKeyword::ConnectTimeout => {
                self.timeout = Some(words.seconds(1, u32::MAX.into())?.value);
            }
            ConnectionKeyword::Fwmark => self.mark = NonZeroU32::new(words.count(0, u32::MAX)?),
        }
        Ok(())
    }

    /// The connection, if there is an address and, with `needs_port`, a port to connect to.
    pub(super) fn complete(
        &self,
        target: Target,
        needs_port: bool,
        keyword: Token<'_>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Connection> {
        let address = self.address.map_or(target.address, |set| set.value);
        let port = self.port.unwrap_or(target.port);
        let place = self.address.map_or(keyword.place, |set| set.place);
        if is_link_local(address) && self.interface.is_none() {
            let text = format!(
                "`{}` needs an interface to connect to {address}",
                keyword.text
            );
            diagnostics.push(
                Diagnostic::error(Code::MissingSetting, place, text)
                    .label("the check is left out")
                    .help("add `bind_if` and the name of the interface"),
            );
            return None;
        }
        if needs_port && port == 0 {
            let text = format!("`{}` has no port to connect to", keyword.text);
            diagnostics.push(
                Diagnostic::error(Code::MissingSetting, keyword.place, text)
                    .label("the check is left out")
                    .help("add `connect_port`"),
            );
            return None;
        }
        let port = if needs_port { port } else { 0 };
        Some(Connection {
            to: SocketAddr::new(address, port),
            limits: Limits::of_steps(self.timeout.unwrap_or(target.timeout)),
            source: self.source(address, keyword, diagnostics),
        })
    }

    fn source(
        &self,
        to: IpAddr,
        keyword: Token<'_>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Box<Source>> {
        let address = self.source_address(to, diagnostics);
        let any = match to {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        let address = (address.is_some() || self.source_port.is_some())
            .then(|| SocketAddr::new(address.unwrap_or(any), self.source_port.unwrap_or(0)));
        let interface = self.interface.as_deref();
        let interface = interface.and_then(|name| {
            name.parse()
                .map_err(|error: InterfaceNameError| {
                    let place = Place {
                        span: keyword.place.span,
                        via: None,
                    };
                    diagnostics.push(Diagnostic::fatal(Code::BadName, place, error.to_string()));
                })
                .ok()
        });
        let source = Source {
            address,
            interface,
            mark: self.mark.map(NonZeroU32::get),
        };
        (source != Source::default()).then(|| Box::new(source))
    }

    fn source_address(&self, address: IpAddr, diagnostics: &mut Diagnostics) -> Option<IpAddr> {
        let Set { value, place } = self.source?;
        if value.is_ipv4() == address.is_ipv4() {
            return Some(value);
        }
        let text = format!("`bindto` {value} cannot connect to {address}");
        let diagnostic = Diagnostic::error(Code::WrongFamily, place, text).label("ignored");
        diagnostics.push(diagnostic);
        None
    }
}

const fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(_) => false,
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}

fn address(words: &mut Words<'_, '_>) -> Result<Set<IpAddr>, Handle> {
    let word = words.word("an address")?;
    let place: Place = word.place;
    let value = words.address(word)?;
    Ok(Set { value, place })
}

fn interface(words: &mut Words<'_, '_>) -> Result<String, Handle> {
    let word = words.word("the name of an interface")?;
    words.interface(word)
}
