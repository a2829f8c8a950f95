//! Service keys as text: `tcp 192.0.2.1:80`, `udp [2001:db8::1]:53`, `fwmark 7 ipv6`.

use core::fmt;
use core::net::{IpAddr, SocketAddr};
use core::num::NonZeroU32;
use core::str::FromStr;

use thiserror::Error;

use super::ServiceKey;
use crate::{DestinationKey, Family, Protocol};

/// The reason why a text is no [`ServiceKey`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ServiceKeyError {
    /// It starts with no word for a kind of service.
    #[error("no kind of service, allowed are tcp, udp, sctp, protocol NUMBER and fwmark")]
    Kind,
    /// The number behind `protocol` is none of 0..=255.
    #[error("no protocol number, allowed are 0 to 255")]
    Protocol,
    /// There is no address with a port.
    #[error("no address with a port, as in 192.0.2.1:80 and [2001:db8::1]:80")]
    Endpoint,
    /// The number behind `fwmark` is none of 1..=2³²-1.
    #[error("no mark, allowed are 1 to {max}", max = u32::MAX)]
    Mark,
    /// The word behind a mark is no address family.
    #[error("no address family, allowed are ipv4 and ipv6")]
    Family,
    /// Words follow the end.
    #[error("words behind the end of a service")]
    Excess,
}

/// The reason why a text is no [`DestinationKey`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("no address with a port, as in 192.0.2.1:80 and [2001:db8::1]:80")]
#[non_exhaustive]
pub struct DestinationKeyError;

/// What [`Display`](fmt::Display) prints, in upper or lower case, with any space between the words.
/// A mark is `FWM`, as ipvsadm prints it, or `fwmark`; without a family it is one of IPv4.
///
/// ```
/// use ipvs_core::ServiceKey;
///
/// let https = ServiceKey::tcp("2001:db8::1".parse()?, 443);
/// assert_eq!("tcp [2001:db8::1]:443".parse(), Ok(https));
/// assert_eq!("fwmark 7".parse::<ServiceKey>()?.to_string(), "FWM 7");
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
impl FromStr for ServiceKey {
    type Err = ServiceKeyError;

    fn from_str(text: &str) -> Result<Self, ServiceKeyError> {
        let mut words = text.split_ascii_whitespace();
        let kind = words.next().unwrap_or_default();
        let is = |name: &str| kind.eq_ignore_ascii_case(name);
        let protocol = if is("tcp") {
            Protocol::TCP
        } else if is("udp") {
            Protocol::UDP
        } else if is("sctp") {
            Protocol::SCTP
        } else if is("protocol") {
            Protocol(number(words.next()).ok_or(ServiceKeyError::Protocol)?)
        } else if is("fwmark") || is("fwm") {
            return mark(&mut words);
        } else {
            return Err(ServiceKeyError::Kind);
        };
        let endpoint = words.next().and_then(endpoint);
        let (address, port) = endpoint.ok_or(ServiceKeyError::Endpoint)?;
        end(&mut words)?;
        Ok(Self::Address {
            protocol,
            address,
            port,
        })
    }
}

fn mark<'a>(words: &mut impl Iterator<Item = &'a str>) -> Result<ServiceKey, ServiceKeyError> {
    let mark: u32 = number(words.next()).ok_or(ServiceKeyError::Mark)?;
    let mark = NonZeroU32::new(mark).ok_or(ServiceKeyError::Mark)?;
    let family = match words.next() {
        None => Family::V4,
        Some(word) if word.eq_ignore_ascii_case("ipv4") => Family::V4,
        Some(word) if word.eq_ignore_ascii_case("ipv6") => Family::V6,
        Some(_) => return Err(ServiceKeyError::Family),
    };
    end(words)?;
    Ok(ServiceKey::Mark { mark, family })
}

/// A number of digits alone, without the sign that Rust allows.
fn number<T: FromStr>(word: Option<&str>) -> Option<T> {
    word.filter(|word| word.starts_with(|first: char| first.is_ascii_digit()))?
        .parse()
        .ok()
}

fn endpoint(word: &str) -> Option<(IpAddr, u16)> {
    match word.parse().ok()? {
        // The kernel has no scopes.
        SocketAddr::V6(address) if address.scope_id() != 0 => None,
        address @ (SocketAddr::V4(_) | SocketAddr::V6(_)) => Some((address.ip(), address.port())),
    }
}

fn end<'a>(words: &mut impl Iterator<Item = &'a str>) -> Result<(), ServiceKeyError> {
    match words.next() {
        None => Ok(()),
        Some(_) => Err(ServiceKeyError::Excess),
    }
}

/// `192.0.2.1:80`, `[2001:db8::1]:80`.
impl FromStr for DestinationKey {
    type Err = DestinationKeyError;

    fn from_str(text: &str) -> Result<Self, DestinationKeyError> {
        let (address, port) = endpoint(text).ok_or(DestinationKeyError)?;
        Ok(Self { address, port })
    }
}

/// `TCP 192.0.2.1:80`, `UDP [2001:db8::1]:53`, `FWM 7` or `FWM 7 IPv6`.
impl fmt::Display for ServiceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Address {
                protocol,
                address,
                port,
            } => write!(f, "{protocol} {}", SocketAddr::new(address, port)),
            Self::Mark {
                mark,
                family: Family::V4,
            } => write!(f, "FWM {mark}"),
            Self::Mark {
                mark,
                family: Family::V6,
            } => write!(f, "FWM {mark} IPv6"),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_service_is_read_as_people_write_it() {
        let v4 = [192, 0, 2, 1].into();
        let v6 = "2001:db8::1".parse().unwrap();
        let sctp = ServiceKey::Address {
            protocol: Protocol::SCTP,
            address: v4,
            port: 9,
        };
        let other = ServiceKey::Address {
            protocol: Protocol(99),
            address: v4,
            port: 0,
        };
        let mark = |family| ServiceKey::Mark {
            mark: NonZeroU32::new(7).unwrap(),
            family,
        };
        for (text, key, printed) in [
            (
                "tcp 192.0.2.1:80",
                ServiceKey::tcp(v4, 80),
                "TCP 192.0.2.1:80",
            ),
            (
                " UDP\t[2001:db8::1]:53 ",
                ServiceKey::udp(v6, 53),
                "UDP [2001:db8::1]:53",
            ),
            ("Sctp 192.0.2.1:9", sctp, "SCTP 192.0.2.1:9"),
            ("protocol 99 192.0.2.1:0", other, "protocol 99 192.0.2.1:0"),
            (
                "protocol 6 192.0.2.1:80",
                ServiceKey::tcp(v4, 80),
                "TCP 192.0.2.1:80",
            ),
            ("fwmark 7", mark(Family::V4), "FWM 7"),
            ("FWM 7 ipv4", mark(Family::V4), "FWM 7"),
            ("fwm 7 IPv6", mark(Family::V6), "FWM 7 IPv6"),
        ] {
            assert_eq!(text.parse(), Ok(key), "{text}");
            assert_eq!(key.to_string(), printed);
        }
    }

    #[test]
    fn what_is_no_service_has_a_reason() {
        for (text, error) in [
            ("", ServiceKeyError::Kind),
            ("192.0.2.1:80", ServiceKeyError::Kind),
            ("icmp 192.0.2.1:80", ServiceKeyError::Kind),
            ("protocol 256 192.0.2.1:80", ServiceKeyError::Protocol),
            ("protocol +6 192.0.2.1:80", ServiceKeyError::Protocol),
            ("protocol", ServiceKeyError::Protocol),
            ("tcp", ServiceKeyError::Endpoint),
            ("tcp 192.0.2.1", ServiceKeyError::Endpoint),
            ("tcp 192.0.2.1:65536", ServiceKeyError::Endpoint),
            ("tcp 2001:db8::1:80", ServiceKeyError::Endpoint),
            ("tcp [fe80::1%2]:80", ServiceKeyError::Endpoint),
            ("tcp localhost:80", ServiceKeyError::Endpoint),
            ("tcp 192.0.2.1:80 wlc", ServiceKeyError::Excess),
            ("fwmark 0", ServiceKeyError::Mark),
            ("fwmark -1", ServiceKeyError::Mark),
            ("fwmark 4294967296", ServiceKeyError::Mark),
            ("fwmark 7 -6", ServiceKeyError::Family),
            ("fwmark 7 ipv6 x", ServiceKeyError::Excess),
        ] {
            assert_eq!(text.parse::<ServiceKey>(), Err(error), "{text}");
        }
        assert_eq!(
            ServiceKeyError::Mark.to_string(),
            "no mark, allowed are 1 to 4294967295"
        );
        assert_eq!(
            "10.0.0.1".parse::<DestinationKey>(),
            Err(DestinationKeyError)
        );
    }

    fn address() -> impl Strategy<Value = IpAddr> {
        prop_oneof![
            any::<[u8; 4]>().prop_map(IpAddr::from),
            any::<[u16; 8]>().prop_map(IpAddr::from),
        ]
    }

    fn service() -> impl Strategy<Value = ServiceKey> {
        prop_oneof![
            (any::<u8>(), address(), any::<u16>()).prop_map(|(protocol, address, port)| {
                ServiceKey::Address {
                    protocol: Protocol(protocol),
                    address,
                    port,
                }
            }),
            (1_u32.., prop_oneof![Just(Family::V4), Just(Family::V6)]).prop_map(
                |(mark, family)| {
                    ServiceKey::Mark {
                        mark: NonZeroU32::new(mark).unwrap(),
                        family,
                    }
                }
            ),
        ]
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(
            service in service(),
            (address, port) in (address(), any::<u16>()),
        ) {
            prop_assert_eq!(service.to_string().parse(), Ok(service));
            prop_assert_eq!(service.to_string().to_lowercase().parse(), Ok(service));
            let destination = DestinationKey::new(address, port);
            prop_assert_eq!(destination.to_string().parse(), Ok(destination));
        }
    }
}
