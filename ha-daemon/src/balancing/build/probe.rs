//! The construction of each kind of probe.

use super::{BuildError, Builder};
use crate::config::{HttpCheck, Probe};
use crate::health::dns::DomainName;
use crate::health::schedule::Timing;
use crate::health::settings::{Http, HttpTls, Misc, Protocol};
use crate::health::smtp::HelloName;

impl Builder {
    pub(super) fn protocol(
        &mut self,
        probe: &Probe,
        timing: Timing,
    ) -> Result<Protocol, BuildError> {
        Ok(match probe {
            Probe::Tcp(at) => Protocol::Tcp(at.clone()),
            Probe::Ping(at) => Protocol::Ping(at.clone()),
            Probe::Http(check) => Protocol::Http(check.connection.clone(), self.http(check)?),
            Probe::Smtp(check) => {
                let name = HelloName::try_from(check.helo.as_str())?;
                Protocol::Smtp(check.connection.clone(), name)
            }
            Probe::Dns(check) => {
                let name = domain(&check.name)?;
                Protocol::Dns(check.connection.clone(), name, check.record)
            }
            Probe::Udp(check) => Protocol::Udp(check.connection.clone(), check.settings.clone()),
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
        Ok(Http {
            version: check.version,
            urls: check.urls.clone(),
            tls,
        })
    }
}

fn domain(name: &str) -> Result<DomainName, BuildError> {
    name.parse().map_err(|source| BuildError::Domain {
        name: name.to_owned(),
        source,
    })
}
