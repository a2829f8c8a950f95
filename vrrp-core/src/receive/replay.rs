//! Replay protection: the last sequence number of each authenticated sender.

use core::time::Duration;

use crate::Instant;
use crate::wire::{Replay, Replayed};

/// The last sequence number of each of a few senders (RFC 2402 §3.4.3).
///
/// A sender silent for longer than its backups would have waited may have restarted: its numbers
/// start anew, where RFC 2402 would need a new key. Without this a restarted router would be
/// discarded until its number exceeds the former one, and become a second Active Router. More than
/// four senders evict the one heard least recently.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReplayWindow {
    senders: [Option<Sender>; Self::SENDERS],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sender {
    spi: u32,
    replay: Replay,
    heard: Instant,
}

impl ReplayWindow {
    const SENDERS: usize = 4;

    /// An empty window.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            senders: [None; Self::SENDERS],
        }
    }

    /// Accepts a sequence number above the sender's last one, or any from a sender not heard for
    /// `forget`.
    ///
    /// # Errors
    /// [`Replayed`]; the sender's last number stays.
    pub fn accept(
        &mut self,
        now: Instant,
        spi: u32,
        sequence: u32,
        forget: Duration,
    ) -> Result<(), Replayed> {
        let known = self
            .senders
            .iter()
            .position(|slot| slot.is_some_and(|s| s.spi == spi));
        let index = known.unwrap_or_else(|| self.oldest());
        let Some(slot) = self.senders.get_mut(index) else {
            return Ok(());
        };
        let mut sender = match *slot {
            Some(sender) if known.is_some() && now < sender.heard + forget => sender,
            Some(_) | None => Sender {
                spi,
                replay: Replay::new(),
                heard: now,
            },
        };
        sender.replay.accept(sequence)?;
        *slot = Some(Sender {
            heard: now,
            ..sender
        });
        Ok(())
    }

    /// A free slot, or that of the sender heard least recently.
    fn oldest(&self) -> usize {
        let age = |slot: &Option<Sender>| slot.map(|sender| sender.heard);
        (0..Self::SENDERS)
            .min_by_key(|index| self.senders.get(*index).and_then(age))
            .unwrap_or(0)
    }
}
