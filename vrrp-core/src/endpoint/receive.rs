//! Reception: from octets to the state machine.

use super::{Endpoint, Storage};
use crate::receive::{Admission, Admitted, Discard, Packet, ReplayWindow};
use crate::wire::{Addresses, Advertisement, AhPacket, Ipv4Packet, PROTOCOL, PseudoHeader};
use crate::{Event, Instant, Role};

/// An advertisement that was admitted and heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Received {
    /// What was heard, and what an operator should hear about it.
    pub admitted: Admitted,
    /// Whether this router is Active and answers it: the sender advertised less, or resigned.
    pub answered: bool,
}

impl<S: Storage> Endpoint<S> {
    /// Receives the payload of an IP packet of protocol 112 that came between `ends` with the time
    /// to live, or hop limit, `ttl`.
    ///
    /// # Errors
    /// [`Discard`], one variant per rule of RFC 9568 §7.1; it is counted. Nothing else happened.
    pub fn receive(
        &mut self,
        now: Instant,
        ends: &PseudoHeader,
        ttl: u8,
        octets: &[u8],
    ) -> Result<Received, Discard> {
        let received = match Advertisement::decode(octets, ends) {
            Ok(advertisement) => self.hear(
                now,
                &Packet {
                    source: ends.source(),
                    destination: ends.destination(),
                    ttl,
                    advertisement,
                    ah: None,
                },
            ),
            Err(error) => Err(Discard::Decode(error)),
        };
        self.count(&received);
        received
    }

    /// Receives a whole IPv4 packet, as a raw socket hands it over: of protocol 112, or 51 (an
    /// Authentication Header around VRRP, RFC 2338 §5.3.6.3). Octets behind the packet are padding.
    ///
    /// # Errors
    /// As of [`receive`](Self::receive).
    pub fn receive_ipv4(&mut self, now: Instant, octets: &[u8]) -> Result<Received, Discard> {
        let received = self.read_ipv4(now, octets);
        self.count(&received);
        received
    }

    /// Receives a decoded packet.
    ///
    /// # Errors
    /// As of [`receive`](Self::receive).
    pub fn receive_packet(
        &mut self,
        now: Instant,
        packet: &Packet<'_>,
    ) -> Result<Received, Discard> {
        let received = self.hear(now, packet);
        self.count(&received);
        received
    }

    /// Whether [`receive_packet`](Self::receive_packet) would admit `packet`; nothing is counted and
    /// nothing heard. For a runtime that has several routers of one identifier on a link, which
    /// differ in their peers.
    ///
    /// # Errors
    /// What it would answer.
    pub fn admits(&self, now: Instant, packet: &Packet<'_>) -> Result<Admitted, Discard> {
        // Sequence numbers are not looked at: they tell a repeated packet, not a router.
        self.admit(now, packet, &mut ReplayWindow::new())
    }

    /// Counts a packet for this router that its owner discarded before it was decoded.
    pub fn discard(&mut self, discard: &Discard) {
        self.storage.count(|all| all.discarded(discard));
    }

    fn count(&mut self, received: &Result<Received, Discard>) {
        match received {
            Ok(Received { admitted, .. }) => {
                let Admitted { heard, remarks, .. } = admitted;
                self.storage.count(|all| all.admitted(heard, remarks));
            }
            Err(discard) => self.storage.count(|all| all.discarded(discard)),
        }
    }

    fn read_ipv4(&mut self, now: Instant, octets: &[u8]) -> Result<Received, Discard> {
        let ip = Ipv4Packet::decode(octets)?;
        let ah = if ip.protocol == PROTOCOL {
            None
        } else {
            Some(AhPacket::decode(&ip).map_err(Discard::Ah)?)
        };
        let pdu = ah.as_ref().map_or(ip.payload, |ah| ah.payload);
        let ends = ip.pseudo_header();
        let packet = Packet {
            source: ends.source(),
            destination: ends.destination(),
            ttl: ip.ttl,
            advertisement: Advertisement::decode(pdu, &ends)?,
            ah: ah.as_ref(),
        };
        self.hear(now, &packet)
    }

    fn hear(&mut self, now: Instant, packet: &Packet<'_>) -> Result<Received, Discard> {
        // Sequence numbers are of Authentication Headers only.
        let mut window = ReplayWindow::new();
        if packet.ah.is_some()
            && let Some(kept) = self.storage.replay()
        {
            window = *kept;
        }
        let admitted = self.admit(now, packet, &mut window)?;
        if packet.ah.is_some()
            && let Some(kept) = self.storage.replay()
        {
            *kept = window;
        }
        if let Some(form) = admitted.remarks.checksum {
            self.peer_checksum = Some(form);
        }
        let was_active = self.machine.role() == Role::Active;
        let actions = self
            .machine
            .handle(now, Event::Advertisement(admitted.heard));
        self.form.heard(now, &self.machine, &admitted);
        let answered = was_active && actions.transition().is_none() && !actions.is_empty();
        self.perform(now, &actions);
        Ok(Received { admitted, answered })
    }

    fn admit(
        &self,
        now: Instant,
        packet: &Packet<'_>,
        window: &mut ReplayWindow,
    ) -> Result<Admitted, Discard> {
        let config = self.machine.config();
        if packet.advertisement.vrid != config.vrid() {
            return Err(Discard::Vrid);
        }
        let policy = self.storage.policy();
        let admission = Admission {
            config,
            addresses: self.advertised(),
            expect: policy.expect,
            reach: policy.reach,
            owner_is_deaf: policy.owner_is_deaf,
            first_address: policy.first_address,
            address_list: policy.address_list,
        };
        let (priority, primary) = (self.machine.priority(), self.machine.primary());
        admission.admit(now, packet, priority, primary, window)
    }

    /// The addresses that advertisements list: as many as fit.
    #[must_use]
    pub fn advertised(&self) -> Addresses<'_> {
        self.storage.advertised().first(self.most.into())
    }
}
