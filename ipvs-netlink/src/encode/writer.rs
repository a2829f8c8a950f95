//! The writer of netlink messages and attributes, in place.
//!
//! neli writes the values. Its builders of messages and attributes put each in a buffer of its own,
//! which would take about as long as the kernel takes for the request.

use core::net::IpAddr;
use std::io::Cursor;

use neli::{Size, ToBytes};

use crate::attr::Attr;
use crate::error::ErrorKind;

/// `NLA_F_NESTED`.
const NESTED: u16 = 0x8000;
/// Octets of `struct nlattr`.
const HEADER: usize = 4;

/// Octets so far, a multiple of 4 between attributes and between messages.
pub(super) struct Writer(Cursor<Vec<u8>>);

impl Writer {
    /// Writes behind `octets`.
    pub(super) fn after(octets: Vec<u8>) -> Self {
        let end = octets.len();
        let mut cursor = Cursor::new(octets);
        cursor.set_position(end.try_into().unwrap_or(u64::MAX));
        Self(cursor)
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.0.into_inner()
    }

    pub(super) fn write(&mut self, value: impl ToBytes) -> Result<(), ErrorKind> {
        value
            .to_bytes(&mut self.0)
            .map_err(|_| ErrorKind::Unencodable)
    }

    /// A message: its length, and what `content` writes.
    pub(super) fn message(
        &mut self,
        content: impl FnOnce(&mut Self) -> Result<(), ErrorKind>,
    ) -> Result<(), ErrorKind> {
        let begin = self.end();
        self.write(0u32)?;
        content(self)?;
        let length = u32::try_from(self.end().saturating_sub(begin));
        self.patch(begin, length.map(u32::to_ne_bytes).ok())
    }

    /// An attribute, padded.
    pub(super) fn put(&mut self, attr: Attr, value: impl Size + ToBytes) -> Result<(), ErrorKind> {
        let length = HEADER.saturating_add(value.unpadded_size());
        self.write(u16::try_from(length).map_err(|_| ErrorKind::Unencodable)?)?;
        self.write(attr.number)?;
        self.write(value)?;
        self.pad()
    }

    /// IPv4 addresses too have room for an IPv6 address.
    pub(super) fn put_address(&mut self, attr: Attr, address: IpAddr) -> Result<(), ErrorKind> {
        let mut octets = [0; 16];
        match address {
            IpAddr::V4(address) => {
                let (front, _) = octets.split_at_mut(4);
                front.copy_from_slice(&address.octets());
            }
            IpAddr::V6(address) => octets = address.octets(),
        }
        self.put(attr, octets)
    }

    /// An attribute of the attributes that `content` writes.
    pub(super) fn nest(
        &mut self,
        attr: Attr,
        content: impl FnOnce(&mut Self) -> Result<(), ErrorKind>,
    ) -> Result<(), ErrorKind> {
        let begin = self.end();
        self.write(0u16)?;
        self.write(attr.number | NESTED)?;
        content(self)?;
        let length = u16::try_from(self.end().saturating_sub(begin));
        self.patch(begin, length.map(u16::to_ne_bytes).ok())
    }

    fn end(&self) -> usize {
        self.0.get_ref().len()
    }

    fn pad(&mut self) -> Result<(), ErrorKind> {
        while !self.end().is_multiple_of(4) {
            self.write(0u8)?;
        }
        Ok(())
    }

    fn patch<const N: usize>(
        &mut self,
        begin: usize,
        value: Option<[u8; N]>,
    ) -> Result<(), ErrorKind> {
        let place = self.0.get_mut().get_mut(begin..);
        match (place.and_then(<[u8]>::first_chunk_mut), value) {
            (Some(place), Some(value)) => {
                *place = value;
                Ok(())
            }
            (None, _) | (_, None) => Err(ErrorKind::Unencodable),
        }
    }
}
