//! The parser of addresses and ports on the command line.

use core::fmt;
use core::net::{IpAddr, SocketAddr};
use core::str::FromStr;

/// An address and perhaps a port: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Address.
    pub address: IpAddr,
    /// Port, if it is known.
    pub port: Option<u16>,
}

/// A text that is no [`Endpoint`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not ADDRESS or ADDRESS:PORT, as in 192.0.2.1:80 or [2001:db8::1]:80")]
pub struct EndpointError;

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        if let Ok(socket) = text.parse::<SocketAddr>() {
            return Ok(Self {
                address: socket.ip(),
                port: Some(socket.port()),
            });
        }
        let bare = text
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .filter(|rest| rest.contains(':'))
            .unwrap_or(text);
        match bare.parse() {
            Ok(address) => Ok(Self {
                address,
                port: None,
            }),
            Err(_) => Err(EndpointError),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => SocketAddr::new(self.address, port).fmt(f),
            None => self.address.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_come_with_and_without_port() {
        for text in [
            "192.0.2.1",
            "192.0.2.1:80",
            "2001:db8::1",
            "[2001:db8::1]:80",
        ] {
            assert_eq!(text.parse::<Endpoint>().unwrap().to_string(), text);
        }
        assert_eq!("[2001:db8::1]".parse(), "2001:db8::1".parse::<Endpoint>());
        for text in [
            "",
            "www",
            "192.0.2.1:",
            "192.0.2.1:65536",
            "[192.0.2.1]",
            "[2001:db8::1]:",
        ] {
            assert_eq!(text.parse::<Endpoint>(), Err(EndpointError), "{text}");
        }
    }
}
