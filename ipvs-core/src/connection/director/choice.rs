//! The choice of service and destination for the first packet of a connection.

use core::net::IpAddr;
use core::num::NonZeroU32;
use core::time::Duration;

use super::Director;
use crate::balancer::Balancer;
use crate::connection::entries::Owner;
use crate::connection::template::{FTP, TemplateKey};
use crate::connection::{Because, Packet, Segment, Unserved, Verdict};
use crate::table::ConnectionCounts;
use crate::{DestinationKey, Family, Flow, Protocol, Service, ServiceKey};

/// FTP's data port: a server's connections from it are never balanced.
const FTP_DATA: u16 = 20;

impl Director {
    /// The service that takes a packet (reference §2).
    fn find(&self, packet: &Packet) -> Option<&Balancer> {
        let Flow {
            protocol, target, ..
        } = packet.flow;
        let family = Family::of(target.ip());
        let by_mark = NonZeroU32::new(packet.mark)
            .and_then(|mark| self.services.get(&ServiceKey::Mark { mark, family }));
        let at = |port| self.at(protocol, target.ip(), port);
        let data = protocol == Protocol::TCP
            && (target.port() == FTP_DATA
                || target.port() >= self.settings.first_unprivileged_port);
        by_mark
            .or_else(|| at(target.port()))
            .or_else(|| at(FTP).filter(|_| data))
            .or_else(|| at(0))
    }

    fn at(&self, protocol: Protocol, address: IpAddr, port: u16) -> Option<&Balancer> {
        self.services.get(&ServiceKey::Address {
            protocol,
            address,
            port,
        })
    }

    /// Chooses a destination, and counts the connection there; with the template it depends on.
    pub(super) fn choose(
        &mut self,
        now: Duration,
        packet: &Packet,
        draws: [u32; 2],
    ) -> (Verdict, Option<u64>) {
        let Some(balancer) = self.find(packet) else {
            return (Verdict::NoService, None);
        };
        let service = *balancer.service();
        let key = service.key;
        let flow = &packet.flow;
        if !self.starts(packet) {
            return (Verdict::Ignored { service: key }, None);
        }
        let chosen = match service.persistence {
            Some(_) => self.persist(now, &service, flow, draws),
            None if key.port() != flow.target.port() && !matches!(key, ServiceKey::Mark { .. }) => {
                return (unserved(&service, flow, Unserved::OtherPort), None);
            }
            None => self.pick(now, &key, flow, draws).map(|destination| {
                let owner = Owner {
                    service: key,
                    destination,
                };
                (owner, Because::Scheduler, None)
            }),
        };
        let Some((owner, because, template)) = chosen else {
            return (unserved(&service, flow, Unserved::NoDestination), None);
        };
        self.change(&owner, ConnectionCounts::bind);
        if self.is_one_packet(&key, flow.protocol) {
            self.change(&owner, |counts, profile| counts.unbind(profile, false));
        }
        let verdict = Verdict::Forward {
            service: owner.service,
            destination: owner.destination,
            because,
        };
        (verdict, template)
    }

    /// Whether such a packet starts connections.
    fn starts(&self, packet: &Packet) -> bool {
        let tcp = match packet.segment {
            Segment::Reset => false,
            Segment::Syn => true,
            Segment::Fin | Segment::Ack | Segment::Other => self.settings.sloppy_tcp,
        };
        let Flow {
            protocol, client, ..
        } = packet.flow;
        protocol.is_scheduled() && client.port() != FTP_DATA && (tcp || protocol != Protocol::TCP)
    }

    fn pick(
        &mut self,
        now: Duration,
        key: &ServiceKey,
        flow: &Flow,
        draws: [u32; 2],
    ) -> Option<DestinationKey> {
        let balancer = self.services.get_mut(key)?;
        let position = balancer.pick(now, flow, draws)?;
        Some(balancer.table().get(position)?.key)
    }

    /// The destination that the client's template says, or else one the scheduler picks and a new
    /// template.
    fn persist(
        &mut self,
        now: Duration,
        service: &Service,
        flow: &Flow,
        draws: [u32; 2],
    ) -> Option<(Owner, Because, Option<u64>)> {
        let persistence = service.persistence?;
        let key = TemplateKey::new(service, &persistence, flow);
        if let Some((id, template)) = self.entries.template(&key) {
            let quiescent = self.settings.expire_quiescent_template;
            let weight = self.weight(&template.owner);
            if weight.is_some_and(|weight| weight != 0 || !quiescent) {
                self.entries.touch_template(now, id);
                return Some((template.owner, Because::Template, Some(id)));
            }
            self.entries.hide_template(&key);
        }
        let owner = Owner {
            service: service.key,
            destination: self.pick(now, &service.key, flow, draws)?,
        };
        let timeout = Duration::from_secs(persistence.timeout.into());
        let deadline = now.saturating_add(timeout);
        let id = self.entries.add_template(deadline, key, owner, timeout);
        self.change(&owner, ConnectionCounts::bind_template);
        Some((owner, Because::Scheduler, Some(id)))
    }
}

/// A packet that goes nowhere. One of FTP's other ports goes on as if there were no IPVS.
const fn unserved(service: &Service, flow: &Flow, because: Unserved) -> Verdict {
    if service.key.port() == FTP && flow.target.port() != FTP {
        return Verdict::Ignored {
            service: service.key,
        };
    }
    Verdict::Unserved {
        service: service.key,
        because,
    }
}
