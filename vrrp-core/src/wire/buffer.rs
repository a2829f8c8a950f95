//! Buffers that packets are written to.

/// Something that packets are written to.
///
/// With the feature `bytes`, which is on by default, each [`bytes::BufMut`] is one: `Vec<u8>`,
/// `BytesMut`, `&mut [u8]`. Without it `&mut [u8]` is the only one. What is written to a slice moves
/// its start forward, so that it is the room that is left:
///
/// ```
/// use vrrp_core::MacAddr;
/// use vrrp_core::wire::{ArpPacket, EncodeError};
///
/// let mac = MacAddr([2, 0, 0, 0, 0, 1]);
/// let arp = ArpPacket::gratuitous_request(mac, [192, 0, 2, 1].into());
/// let mut frame = [0; 64];
/// let mut room = &mut frame[..];
/// arp.encode(mac, MacAddr::BROADCAST, &mut room)?;
/// assert_eq!(room.len(), 64 - ArpPacket::FRAME_LEN);
/// # Ok::<(), EncodeError>(())
/// ```
pub trait Buffer {
    /// How many octets can still be written.
    fn room(&self) -> usize;

    /// Writes `octets`. Encoders look for [room](Self::room) first.
    ///
    /// # Panics
    /// If there is no room for them.
    fn put(&mut self, octets: &[u8]);

    /// Writes a number in network order.
    ///
    /// # Panics
    /// If there is no room for it.
    fn put_u16(&mut self, number: u16) {
        self.put(&number.to_be_bytes());
    }
}

#[cfg(feature = "bytes")]
impl<B: bytes::BufMut> Buffer for B {
    #[inline]
    fn room(&self) -> usize {
        self.remaining_mut()
    }

    #[inline]
    fn put(&mut self, octets: &[u8]) {
        self.put_slice(octets);
    }
}

#[cfg(not(feature = "bytes"))]
impl Buffer for &mut [u8] {
    #[inline]
    fn room(&self) -> usize {
        self.len()
    }

    #[inline]
    fn put(&mut self, octets: &[u8]) {
        let (start, rest) = core::mem::take(self).split_at_mut(octets.len());
        start.copy_from_slice(octets);
        *self = rest;
    }
}

// The unit tests' own, where `bytes` has none.
#[cfg(all(test, not(feature = "bytes")))]
impl Buffer for std::vec::Vec<u8> {
    fn room(&self) -> usize {
        usize::MAX - self.len()
    }

    fn put(&mut self, octets: &[u8]) {
        self.extend_from_slice(octets);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_to_a_slice_follows_what_was_written_before() {
        let mut octets = [0; 8];
        let mut room = &mut octets[..];
        room.put(&[1, 2, 3]);
        Buffer::put_u16(&mut room, 0x0405);
        assert_eq!(Buffer::room(&room), 3);
        room.put(&[6, 7, 8]);
        assert_eq!(Buffer::room(&room), 0);
        assert_eq!(octets, [1, 2, 3, 4, 5, 6, 7, 8]);
    }
}
