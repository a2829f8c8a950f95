//! The advertisements in flight.

use crate::Instant;

/// Who sent an advertisement, to whom it is on its way, and whether it is a resignation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Label(u8);

impl Label {
    const RESIGNATION: u8 = 1 << 4;

    /// `from` and `to` are below [`MAX_ROUTERS`](super::Model::MAX_ROUTERS).
    pub(super) fn new(from: usize, to: usize, resigns: bool) -> Self {
        let pair = u8::try_from(to << 2 | from).unwrap_or(0);
        Self(pair | if resigns { Self::RESIGNATION } else { 0 })
    }

    pub(super) const fn from(self) -> usize {
        (self.0 & 3) as usize
    }

    pub(super) const fn to(self) -> usize {
        (self.0 >> 2 & 3) as usize
    }

    pub(super) const fn resigns(self) -> bool {
        self.0 & Self::RESIGNATION != 0
    }
}

/// An advertisement on its way to one receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Packet {
    pub(super) label: Label,
    /// When it arrives at the latest.
    pub(super) due: Instant,
}

/// What is under way, in an order that depends on nothing else.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packets {
    dues: [Instant; Self::CAPACITY],
    labels: [Label; Self::CAPACITY],
    len: u8,
}

impl Packets {
    pub(super) const CAPACITY: usize = 24;

    pub(super) const fn new() -> Self {
        Self {
            dues: [Instant::EPOCH; Self::CAPACITY],
            labels: [Label(0); Self::CAPACITY],
            len: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        usize::from(self.len)
    }

    pub(super) fn get(&self, slot: usize) -> Option<Packet> {
        (slot < self.len()).then(|| Packet {
            label: self.labels[slot],
            due: self.dues[slot],
        })
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Packet> {
        let pairs = self.labels.iter().zip(&self.dues).take(self.len());
        pairs.map(|(label, due)| Packet {
            label: *label,
            due: *due,
        })
    }

    /// Whether there was room.
    pub(super) fn push(&mut self, packet: Packet) -> bool {
        let mut slot = self.len();
        if slot == Self::CAPACITY {
            return false;
        }
        while slot > 0 && (self.labels[slot - 1], self.dues[slot - 1]) > (packet.label, packet.due)
        {
            self.labels[slot] = self.labels[slot - 1];
            self.dues[slot] = self.dues[slot - 1];
            slot -= 1;
        }
        self.labels[slot] = packet.label;
        self.dues[slot] = packet.due;
        self.len += 1;
        true
    }

    pub(super) fn remove(&mut self, slot: usize) {
        let len = self.len();
        self.labels.copy_within(slot + 1..len, slot);
        self.dues.copy_within(slot + 1..len, slot);
        self.len -= 1;
    }

    /// Nobody listens at `to` any more.
    pub(super) fn lose_those_to(&mut self, to: usize) {
        let mut kept = 0;
        for slot in 0..self.len() {
            if self.labels[slot].to() != to {
                self.labels[kept] = self.labels[slot];
                self.dues[kept] = self.dues[slot];
                kept += 1;
            }
        }
        self.len = u8::try_from(kept).unwrap_or(self.len);
    }
}
