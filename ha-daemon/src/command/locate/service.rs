//! The choice of the service for a packet.

use core::time::Duration;

use ipvs_core::connection::{Settings, Unserved, Verdict};
use ipvs_core::{Director, Flow, KernelProfile, Scheduler, Service, ServiceKey};
use serde::Serialize;

use super::Question;

/// The port of an FTP service, which takes more than its own.
const FTP: u16 = 21;
/// The port FTP servers connect from, which is never balanced.
const FTP_DATA: u16 = 20;

/// By what a service takes a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MatchedBy {
    /// The packet filter's mark.
    Mark,
    /// Protocol, address and port.
    Address,
    /// A data connection of FTP.
    Ftp,
    /// The service of the address takes the ports no other service has.
    AnyPort,
}

impl MatchedBy {
    /// How `service` takes the packets of `flow`.
    pub(super) fn of(service: &ServiceKey, flow: &Flow) -> Self {
        match *service {
            ServiceKey::Mark { .. } => Self::Mark,
            ServiceKey::Address { port, .. } if port == flow.target.port() => Self::Address,
            ServiceKey::Address { port: FTP, .. } => Self::Ftp,
            ServiceKey::Address { .. } => Self::AnyPort,
        }
    }

    /// One clause.
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Mark => "by its mark",
            Self::Address => "by protocol, address and port",
            Self::Ftp => "as a data connection of FTP",
            Self::AnyPort => "by its address: no service has the port",
        }
    }
}

/// What services do with the first packet of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Match<'a> {
    /// One schedules it.
    Service(&'a Service),
    /// One takes it, but has no persistence, without which it serves no port but its own.
    OtherPort(&'a Service),
    /// One is for it, but such a packet starts no connection.
    Ignored(&'a Service),
    /// None is for it.
    None,
}

/// Which of `services` takes the packet of `question`.
pub(super) fn matched<'a>(
    services: &'a [Service],
    settings: &Settings,
    question: &Question,
) -> Match<'a> {
    // Without destinations, all that is left to decide is whose packet it is.
    let mut director = Director::new(KernelProfile::default(), *settings);
    for service in services {
        let service = Service {
            scheduler: Scheduler::Rr,
            ..*service
        };
        // One that is listed twice, because the table changed meanwhile, is one.
        let _listed_twice = director.add_service(&service);
    }
    let known = |key: ServiceKey| services.iter().find(|service| service.key == key);
    let matched = match director.schedule(Duration::ZERO, &question.packet(), [0; 2]) {
        Verdict::Forward { service, .. } => known(service).map(Match::Service),
        Verdict::Unserved { service, because } => known(service).map(|service| match because {
            Unserved::OtherPort => Match::OtherPort(service),
            Unserved::NoDestination | Unserved::Removed(_) => Match::Service(service),
        }),
        Verdict::Ignored { service } => known(service).map(|service| {
            // Where FTP has no destination, its other ports are ignored as well.
            let data = MatchedBy::of(&service.key, &question.flow()) == MatchedBy::Ftp;
            let scheduled = service.persistence.is_some() && question.client.port != Some(FTP_DATA);
            if data && scheduled {
                Match::Service(service)
            } else {
                Match::Ignored(service)
            }
        }),
        Verdict::NoService => None,
    };
    matched.unwrap_or(Match::None)
}
