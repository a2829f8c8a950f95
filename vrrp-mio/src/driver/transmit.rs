//! The transmission of advertisements.

use std::io;

use vrrp_core::endpoint::{Transmit, TransmitError};

use super::Notice;
use super::ports::Ports;
use super::router::Router;
use crate::SendError;

impl Router {
    /// Sends the advertisement that is due, to the group or to every peer (RFC 9568 §7.2 and §7.3);
    /// what to tell of the first failure if there was none before.
    pub(super) fn advertise(&mut self, ports: &mut Ports, buffer: &mut [u8]) -> Option<Notice> {
        let mut outcome = None;
        while let Some(transmit) = self.endpoint.poll_advertisement(buffer) {
            let sent = self.send(&transmit, ports);
            if sent.is_err() {
                self.endpoint.not_sent();
            }
            outcome = Some(outcome.unwrap_or(Ok(())).and(sent));
        }
        self.note_sent(outcome?)
    }

    /// An advertisement was not made; what to tell if that did not happen before.
    pub(super) fn not_made(&mut self, error: TransmitError) -> Option<Notice> {
        let error = if error == TransmitError::NoSource {
            transient(io::ErrorKind::AddrNotAvailable)
        } else {
            // The specification allows what the wire does not.
            SendError::Fatal {
                source: io::Error::new(io::ErrorKind::InvalidInput, error.to_string()),
            }
        };
        self.note_sent(Err(error))
    }

    fn note_sent(&mut self, sent: Result<(), SendError>) -> Option<Notice> {
        let failed_before = core::mem::replace(&mut self.send_failing, sent.is_err());
        let error = sent.err().filter(|_| !failed_before)?;
        let router = self.id;
        Some(Notice::SendFailed { router, error })
    }

    fn send(&self, transmit: &Transmit<'_>, ports: &mut Ports) -> Result<(), SendError> {
        let missing = || transient(io::ErrorKind::NotConnected);
        if let Transmit::Frame { octets } = transmit {
            return ports.send_frame(self.interface.ok_or_else(missing)?, octets);
        }
        let listener = self.listener.and_then(|index| ports.listener(index));
        let socket = &listener.ok_or_else(missing)?.socket;
        match transmit {
            Transmit::Payload { ends, ttl, octets } => socket.send(ends, *ttl, octets),
            Transmit::Packet { octets, .. } => socket.send_packet(octets),
            // Not of an advertisement.
            Transmit::Frame { .. } | Transmit::Announcement { .. } => Ok(()),
        }
    }
}

fn transient(kind: io::ErrorKind) -> SendError {
    SendError::Transient {
        source: kind.into(),
    }
}
