//! The construction of each kind of probe.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use core::num::NonZeroU32;
use std::sync::Arc;

use super::{BuildError, Builder};
use crate::config::{self, BodyPattern, HttpCheck, PatternOption, Place, Probe, StatusCodes};
use crate::health::digest::Digest;
use crate::health::dns::DomainName;
use crate::health::http::{
    Pattern, PatternOptions, RequestText, StatusError, StatusSet, UnusablePattern, Url,
};
use crate::health::schedule::Timing;
use crate::health::settings::{Connection, Http, HttpTls, Limits, Misc, Protocol};
use crate::health::smtp::HelloName;

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
                Protocol::Dns(connection(&check.connection)?, name, check.record)
            }
            Probe::Udp(check) => {
                Protocol::Udp(connection(&check.connection)?, check.settings.clone())
            }
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
            version: check.version,
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
