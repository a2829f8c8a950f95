//! The construction of each kind of probe.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use core::num::NonZeroU32;
use std::sync::Arc;

use super::{BuildError, Builder};
use crate::config::{
    self, BodyPattern, DnsRecord, HttpCheck, PatternOption, Place, Probe, StatusCodes,
};
use crate::health::digest::Digest;
use crate::health::dns::{DnsType, DomainName};
use crate::health::http::{
    HttpVersion, Pattern, PatternOptions, RequestText, StatusError, StatusSet, UnusablePattern, Url,
};
use crate::health::schedule::Timing;
use crate::health::settings::{Connection, Http, HttpTls, Limits, Misc, Protocol};
use crate::health::smtp::HelloName;
use crate::health::udp::{Payload, Reply, UdpSettings};

/// `max_reply_length` if nothing is said.
const MAX_REPLY: u16 = 255;

pub(super) const fn timing(probe: &Probe, timing: &config::Timing, alpha: bool) -> Timing {
    Timing {
        delay_loop: timing.delay_loop,
        warmup: timing.warmup,
        retry: timing.retry,
        delay_before_retry: timing.delay_before_retry,
        alpha,
        fast_recovery: matches!(probe, Probe::Http(check) if check.fast_recovery),
    }
}

impl Builder {
    pub(super) fn protocol(
        &mut self,
        probe: &Probe,
        timing: Timing,
    ) -> Result<Protocol, BuildError> {
        Ok(match probe {
            Probe::Tcp(at) => Protocol::Tcp(connection(at)?),
            Probe::Ping(at) => Protocol::Ping(connection(at)?),
            Probe::Http(check) => Protocol::Http(connection(&check.connection)?, self.http(check)?),
            Probe::Smtp(check) => {
                let name = HelloName::try_from(check.helo.as_str())?;
                Protocol::Smtp(connection(&check.connection)?, name)
            }
            Probe::Dns(check) => {
                let name = domain(&check.name)?;
                Protocol::Dns(connection(&check.connection)?, name, record(check.record))
            }
            Probe::Udp(check) => Protocol::Udp(connection(&check.connection)?, udp(check)),
            Probe::Misc(check) => Protocol::Misc(Misc {
                script: self.misc(check, timing)?,
                dynamic: check.dynamic,
                limit: check.timeout,
                party: 0,
            }),
        })
    }

    fn http(&mut self, check: &HttpCheck) -> Result<Http, BuildError> {
        let tls = match &check.tls {
            Some(tls) => Some(HttpTls {
                client: self.clients.client(tls.enable_sni, tls.compliant)?,
                name: tls.name.as_deref().map(Into::into),
            }),
            None => None,
        };
        let urls = check.urls.iter().map(|page| url(page).map(Arc::new));
        Ok(Http {
            version: match check.version {
                config::HttpVersion::Http10 => HttpVersion::Http10,
                config::HttpVersion::Http10Close => HttpVersion::Http10Close,
                config::HttpVersion::Http11 => HttpVersion::Http11,
            },
            urls: urls.collect::<Result<_, _>>()?,
            tls,
        })
    }
}

fn connection(configured: &config::Connection) -> Result<Connection, BuildError> {
    let any = match configured.address {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    let from = match (configured.source, configured.source_port) {
        (None, None) => None,
        (address, port) => Some(SocketAddr::new(address.unwrap_or(any), port.unwrap_or(0))),
    };
    let interface = configured.interface.as_deref();
    Ok(Connection {
        to: SocketAddr::new(configured.address, configured.port),
        from,
        interface: interface.map(str::parse).transpose()?,
        mark: configured.mark.map(NonZeroU32::get),
        limits: Limits::of_steps(configured.timeout),
    })
}

fn url(page: &config::Url) -> Result<Url, BuildError> {
    let host = page.virtual_host.as_deref();
    Ok(Url {
        path: request(&page.path)?,
        virtualhost: host.map(request).transpose()?,
        status: status(&page.status)?,
        digest: page.digest.map(|digest| Digest::from_octets(digest.0)),
        pattern: page.pattern.as_ref().map(pattern).transpose()?,
    })
}

fn request(text: &str) -> Result<RequestText, BuildError> {
    RequestText::try_from(text).map_err(|source| BuildError::Request {
        text: text.to_owned(),
        source,
    })
}

fn status(codes: &StatusCodes) -> Result<StatusSet, StatusError> {
    let mut set = StatusSet::EMPTY;
    for (first, last) in codes.ranges() {
        set.insert(first..=last)?;
    }
    Ok(set)
}

fn pattern(body: &BodyPattern) -> Result<Pattern, PatternError> {
    let has = |option| body.options.contains(&option);
    let offset = |octets| u64::try_from(octets).unwrap_or(u64::MAX);
    let options = PatternOptions {
        caseless: has(PatternOption::Caseless),
        dotall: has(PatternOption::Dotall),
        extended: has(PatternOption::Extended),
        multiline: has(PatternOption::Multiline),
        ungreedy: has(PatternOption::Ungreedy),
        unicode: has(PatternOption::Utf),
        negated: body.negated,
        min_offset: offset(body.min_offset),
        max_offset: body.max_offset.map(offset),
    };
    Pattern::new(&body.pattern, options).map_err(|error| PatternError {
        pattern: body.pattern.clone(),
        place: body.at.0,
        error,
    })
}

/// A regular expression that cannot be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("the regex {pattern:?} cannot be used: {error}")]
pub struct PatternError {
    /// The expression.
    pub pattern: String,
    /// Where it was written.
    pub place: Place,
    /// Why not.
    pub error: UnusablePattern,
}

fn domain(name: &str) -> Result<DomainName, BuildError> {
    name.parse().map_err(|source| BuildError::Domain {
        name: name.to_owned(),
        source,
    })
}

const fn record(record: DnsRecord) -> DnsType {
    match record {
        DnsRecord::A => DnsType::A,
        DnsRecord::Ns => DnsType::Ns,
        DnsRecord::Cname => DnsType::Cname,
        DnsRecord::Soa => DnsType::Soa,
        DnsRecord::Mx => DnsType::Mx,
        DnsRecord::Txt => DnsType::Txt,
        DnsRecord::Aaaa => DnsType::Aaaa,
    }
}

fn udp(check: &config::UdpCheck) -> UdpSettings {
    UdpSettings {
        payload: check.payload.clone().map(Payload::from),
        reply: check.reply.as_ref().map_or(Reply::Optional, reply),
    }
}

fn reply(reply: &config::Reply) -> Reply {
    let octets = reply.pattern.iter();
    let octets = octets.map(|octet| (octet.value, octet.mask));
    let unbounded = reply.pattern.is_empty() && (reply.min, reply.max) == (0, MAX_REPLY);
    Reply::Required {
        pattern: (!reply.pattern.is_empty()).then(|| octets.collect()),
        length: (!unbounded).then_some(reply.min..=reply.max),
    }
}
