//! The reception of advertisements: demultiplexing, admission and remarks.

use core::time::Duration;

use smallvec::SmallVec;
use vrrp_core::endpoint;
use vrrp_core::receive::{Admitted, Discard, Packet, Remarks};
use vrrp_core::wire::{Advertisement, AhPacket, PseudoHeader};
use vrrp_core::{Family, Instant, Role, Vrid};

use super::router::Noted;
use super::{Driver, Notice};
use crate::{Datagram, ReceiveError, Received, TimeSlice, Transport};

/// Packets read from one socket before the next one has its turn. While more are waiting, timers
/// that they may bear on wait too: [`Ports::is_behind`](super::ports::Ports::is_behind).
const BUDGET: usize = 64;
/// How long reading may take in one turn.
const SLICE: Duration = Duration::from_micros(300);
/// The senders of a router whose remarks are reported.
const MAX_REMARKED: usize = 8;

impl Driver {
    /// Reads what arrived, fairly.
    pub(super) fn receive(&mut self, now: Instant) {
        let clock = self.clock;
        let clock = || clock.now();
        let slice = TimeSlice::of(SLICE, now, &clock);
        let mut buffer = core::mem::take(&mut self.buffer);
        for _ in 0..self.ports.ready() {
            let Some(index) = self.ports.next_ready() else {
                break;
            };
            let to_the_end = self.receive_from(index, &mut buffer, &slice);
            self.ports.read(index, to_the_end, now);
            if slice.is_over() {
                break;
            }
        }
        self.buffer = buffer;
    }

    /// Whether nothing is left.
    fn receive_from(&mut self, index: usize, buffer: &mut [u8], slice: &TimeSlice<'_>) -> bool {
        let now = slice.now();
        for _ in 0..BUDGET {
            let Some(listener) = self.ports.listener(index) else {
                return true;
            };
            match listener.socket.receive(buffer) {
                Ok(None) => return true,
                Ok(Some(Received::Datagram(datagram))) => self.deliver(index, &datagram, now),
                Ok(Some(Received::Rejected(reject))) => {
                    if let Some(discard) = self.ports.losses.rejected(reject) {
                        self.discard_on(index, &discard);
                    }
                }
                // Nothing of the protocol: the network went down, or a queue overran.
                Err(ReceiveError::Transient { .. }) => self.ports.losses.failed(),
                Err(error @ ReceiveError::Fatal { .. }) => {
                    self.deafen(index, error, now);
                    return true;
                }
            }
            if slice.is_over() {
                return false;
            }
        }
        false
    }

    fn deliver(&mut self, index: usize, datagram: &Datagram<'_>, now: Instant) {
        let ah = match (
            self.ports.listener(index).map(|l| l.socket.transport()),
            datagram,
        ) {
            (Some(Transport::Ipv4Ah), Datagram::V4(packet)) => match AhPacket::decode(packet) {
                Ok(ah) => Some(ah),
                Err(error) => return self.discard_on(index, &Discard::Ah(error)),
            },
            _ => None,
        };
        let pdu = ah
            .as_ref()
            .map_or_else(|| datagram.payload(), |ah| ah.payload);
        let vrid = pdu.get(1).and_then(|octet| Vrid::new(*octet));
        let ends = datagram.ends();
        let members = self.members(index, vrid, &ends);
        let decoded = Advertisement::decode(pdu, &ends);
        match (members.first(), decoded, vrid) {
            (Some(_), Ok(advertisement), _) => {
                let packet = Packet {
                    source: ends.source(),
                    destination: ends.destination(),
                    ttl: datagram.hop_limit(),
                    advertisement,
                    ah: ah.as_ref(),
                };
                self.hear(&members, &packet, now);
            }
            (Some(first), Err(error), _) => {
                let discard = Discard::Decode(error);
                if let Some(router) = self.routers.get_mut(*first).and_then(Option::as_mut) {
                    router.endpoint.discard(&discard);
                }
                self.refuse(*first, ends.source(), discard);
            }
            (None, Err(error), _) => self.discard_on(index, &Discard::Decode(error)),
            (None, Ok(_), Some(vrid)) => self.unknown(index, ends.family(), vrid),
            (None, Ok(_), None) => {}
        }
    }

    /// The routers of `vrid`, which their peers distinguish: those that list the source, if any do,
    /// or one that hears strangers as well would take what is for another.
    fn members(
        &mut self,
        index: usize,
        vrid: Option<Vrid>,
        ends: &PseudoHeader,
    ) -> SmallVec<[usize; 2]> {
        let listener = self.ports.listener(index);
        let mut members: SmallVec<[usize; 2]> = match (listener, vrid) {
            (Some(listener), Some(vrid)) => listener.members(vrid).collect(),
            (Some(_) | None, _) => SmallVec::new(),
        };
        if members.len() > 1 {
            let router = |id: &usize| self.routers.get(*id).and_then(Option::as_ref);
            let lists = |id: &usize| router(id).is_some_and(|it| it.reach().lists(ends.source()));
            let is_sought = |id: &usize| {
                let source = router(id).and_then(|it| it.profile().shared.path.source());
                source.is_none_or(|own| own == ends.destination())
            };
            if members.iter().any(lists) {
                members.retain(|id| lists(id));
            }
            members.sort_by_key(|id| !is_sought(id));
        }
        if self.is_for_another(index, &members, vrid, ends) {
            members.clear();
        }
        members
    }

    /// Whether a unicast packet is a stranger's to these members and expected by a router of
    /// another socket, which has it too: what is routed comes in anywhere.
    fn is_for_another(
        &mut self,
        index: usize,
        members: &[usize],
        vrid: Option<Vrid>,
        ends: &PseudoHeader,
    ) -> bool {
        let transport = self.ports.listener(index).map(|it| it.socket.transport());
        let (Some(transport), Some(vrid)) = (transport, vrid) else {
            return false;
        };
        if ends.destination().is_multicast() || !self.ports.has_routed(transport) {
            return false;
        }
        let lists = |id: &usize| {
            let router = self.routers.get(*id).and_then(Option::as_ref);
            router.is_some_and(|it| {
                it.profile().shared.path.is_unicast() && it.reach().lists(ends.source())
            })
        };
        let mut others = self.ports.members_anywhere(transport, vrid);
        !members.iter().any(lists) && others.any(|id| lists(&id))
    }

    /// Hands a packet to the first of the routers that admits it, or else to the first, which counts
    /// why it does not.
    fn hear(&mut self, members: &[usize], packet: &Packet<'_>, now: Instant) {
        let admits = |id: &&usize| {
            let router = self.routers.get(**id).and_then(Option::as_ref);
            router.is_some_and(|router| router.endpoint.admits(now, packet).is_ok())
        };
        let id = match members {
            [only] => *only,
            [first, ..] => *members.iter().find(admits).unwrap_or(first),
            [] => return,
        };
        let Some(router) = self.routers.get_mut(id).and_then(Option::as_mut) else {
            return;
        };
        let was_active = router.machine().role() == Role::Active;
        match router.endpoint.receive_packet(now, packet) {
            Ok(received) => self.heard(id, &received, was_active),
            Err(discard) => self.refuse(id, packet.source, discard),
        }
    }

    fn heard(&mut self, id: usize, received: &endpoint::Received, was_active: bool) {
        let Some(router) = self.routers.get_mut(id).and_then(Option::as_mut) else {
            return;
        };
        let Admitted { heard, remarks, .. } = received.admitted;
        let remark = (heard.source, notable(&remarks));
        if remark.1 != Remarks::default()
            && let Noted { remarks: known, .. } = &mut **router.noted.get_or_insert_default()
            && known.len() < MAX_REMARKED
            && !known.contains(&remark)
        {
            known.push(remark);
            self.notices.push(Notice::Remark {
                router: router.id,
                source: heard.source,
                remarks,
            });
        }
        if !router.declared && !was_active && !heard.priority.is_resign() {
            // Somebody else is Active: what an earlier run left is not ours to hold
            // (RFC 9568 §6.4.2).
            self.network.remove_addresses(id, router);
            self.network.dirty.insert(id);
        }
        if received.answered {
            self.notices.push(Notice::Contested {
                router: router.id,
                heard,
            });
        }
        self.drive_router(id);
    }

    fn refuse(&mut self, id: usize, source: core::net::IpAddr, discard: Discard) {
        let Some(router) = self.routers.get_mut(id).and_then(Option::as_mut) else {
            return;
        };
        let kind = 1 << discard.index();
        let Noted { discards, .. } = &mut **router.noted.get_or_insert_default();
        if *discards & kind == 0 {
            *discards |= kind;
            self.notices.push(Notice::Discarded {
                router: router.id,
                source,
                discard,
            });
        }
    }

    fn discard_on(&mut self, index: usize, discard: &Discard) {
        if let Some(listener) = self.ports.listener(index) {
            listener.statistics.discarded(discard);
        }
    }

    fn unknown(&mut self, index: usize, family: Family, vrid: Vrid) {
        let Some(listener) = self.ports.listener(index) else {
            return;
        };
        listener.statistics.discarded(&Discard::Vrid);
        let interface = listener.socket.interface();
        if listener.is_news(vrid)
            && let Some(link) = self.monitor.interfaces().link(interface)
        {
            self.notices.push(Notice::Unknown {
                interface: link.name,
                family,
                vrid,
            });
        }
    }
}

/// Remarks worth a line; the forms are for `status`.
fn notable(remarks: &Remarks) -> Remarks {
    let mut remarks = *remarks;
    remarks.checksum = None;
    remarks.icv = None;
    remarks
}
