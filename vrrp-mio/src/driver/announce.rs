//! The sending of announcement frames, in slices of time that leave advertisements punctual.

use core::time::Duration;

use nix::errno::Errno;
use vrrp_core::Instant;
use vrrp_core::endpoint::Transmit;

use super::ports::Ports;
use super::router::Router;
use crate::{Interfaces, SendError};

/// How long a full send queue is left to drain.
const DRAIN: Duration = Duration::from_millis(1);
/// Frames that a router sends before the next one has its turn.
const SHARE: usize = 16;

impl Router {
    /// Sends its share of what is to be announced by `now`.
    pub(super) fn announce(
        &mut self,
        now: Instant,
        interfaces: &Interfaces,
        ports: &mut Ports,
        buffer: &mut [u8],
    ) {
        for _ in 0..SHARE {
            let Some(transmit) = self.endpoint.poll_announcement(now, buffer) else {
                // It may not have come to an end yet.
                let next = self.endpoint.announcement_deadline();
                if next.is_none_or(|at| at > now) {
                    break;
                }
                continue;
            };
            // A frame that cannot be sent is lost like one on the wire; more copies follow.
            if let Transmit::Announcement {
                position, octets, ..
            } = transmit
                && let Some((link, _)) = self.announced_on(position, interfaces)
                && let Err(error) = ports.send_frame(link, octets)
                && is_full(&error)
            {
                self.endpoint.blocked(now + DRAIN);
            }
        }
    }

    /// The Ethernet addresses that answer for addresses in place may be others.
    pub(super) fn follow_macs(&mut self, interfaces: &Interfaces) {
        for position in 0..self.profile().all().count() {
            if self.endpoint.is_installed(position) {
                self.note_installed(position, interfaces);
            }
        }
    }

    /// The address at `position` is in place.
    pub(super) fn note_installed(&mut self, position: usize, interfaces: &Interfaces) {
        let mac = self.announced_on(position, interfaces).map(|(_, mac)| mac);
        self.endpoint.installed(position, mac);
    }
}

/// Whether the frame found no room, in the socket's queue or the interface's.
fn is_full(error: &SendError) -> bool {
    match error {
        SendError::WouldBlock => true,
        SendError::Transient { source } => source.raw_os_error() == Some(Errno::ENOBUFS as i32),
        SendError::TooLong { .. }
        | SendError::Family
        | SendError::InterfaceGone { .. }
        | SendError::Fatal { .. } => false,
    }
}
