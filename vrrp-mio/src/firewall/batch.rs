//! The framing of a batch of nfnetlink messages.

use nix::libc;

/// Octets of `struct nlmsghdr`.
const HEADER: usize = 16;
/// Where the flags are in it.
const FLAGS: usize = 6;
/// `NLA_F_NESTED`.
const NESTED: u16 = 0x8000;

/// `NLM_F_REQUEST`.
const REQUEST: u16 = 0x1;
/// `NLM_F_ACK`.
const ACKNOWLEDGE: u16 = 0x4;
/// `NLM_F_CREATE`.
pub(super) const CREATE: u16 = 0x400;
/// `NLM_F_APPEND`.
pub(super) const APPEND: u16 = 0x800;

const BATCH_BEGIN: u16 = 16;
const BATCH_END: u16 = 17;
/// `NFNL_SUBSYS_NFTABLES`.
const NF_TABLES: u8 = 10;
/// `NFPROTO_INET`: IPv4 and IPv6 in one table.
const INET: u8 = 1;

/// The sequence numbers of a batch's messages whose answers decide its outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sequences {
    /// Of the message that begins it.
    pub(super) begin: u32,
    /// Of its last operation.
    pub(super) last: u32,
}

/// Messages that the kernel carries out all together or not at all.
#[derive(Debug)]
pub(super) struct Batch<'a> {
    datagram: &'a mut Vec<u8>,
    begin: u32,
    sequence: u32,
    last_start: usize,
}

impl<'a> Batch<'a> {
    /// Begins a batch whose first message has the number `sequence`.
    pub(super) fn begin(sequence: u32, datagram: &'a mut Vec<u8>) -> Self {
        datagram.clear();
        let mut batch = Self {
            datagram,
            begin: sequence,
            sequence,
            last_start: 0,
        };
        batch.append(BATCH_BEGIN, 0, [0, 0, 0, NF_TABLES], |_| {});
        batch
    }

    /// Appends an operation of nf_tables (`NFT_MSG_*`).
    pub(super) fn operation(
        &mut self,
        operation: u8,
        flags: u16,
        body: impl FnOnce(&mut Attributes<'_>),
    ) {
        self.sequence = self.sequence.wrapping_add(1);
        self.last_start = self.datagram.len();
        let kind = u16::from_be_bytes([NF_TABLES, operation]);
        self.append(kind, flags, [INET, 0, 0, 0], body);
    }

    /// Ends the batch. Only the last operation is acknowledged; any can be refused.
    pub(super) fn end(mut self) -> Sequences {
        let flags = self.last_start + FLAGS;
        if let Some(octets) = self.datagram.get_mut(flags..flags + 2)
            && let Some(octets) = octets.first_chunk_mut()
        {
            *octets = (u16::from_ne_bytes(*octets) | ACKNOWLEDGE).to_ne_bytes();
        }
        let last = self.sequence;
        self.sequence = self.sequence.wrapping_add(1);
        self.append(BATCH_END, 0, [0, 0, 0, NF_TABLES], |_| {});
        Sequences {
            begin: self.begin,
            last,
        }
    }

    /// One message: `struct nlmsghdr`, `struct nfgenmsg`, attributes.
    fn append(
        &mut self,
        kind: u16,
        flags: u16,
        generic: [u8; 4],
        body: impl FnOnce(&mut Attributes<'_>),
    ) {
        let start = self.datagram.len();
        self.datagram.extend([0; 4]);
        self.datagram.extend(kind.to_ne_bytes());
        self.datagram.extend((flags | REQUEST).to_ne_bytes());
        self.datagram.extend(self.sequence.to_ne_bytes());
        self.datagram.extend([0; 4]);
        debug_assert_eq!(self.datagram.len(), start + HEADER);
        self.datagram.extend(generic);
        body(&mut Attributes(self.datagram));
        let length = u32::try_from(self.datagram.len() - start).unwrap_or(u32::MAX);
        if let Some(octets) = self.datagram.get_mut(start..start + 4) {
            octets.copy_from_slice(&length.to_ne_bytes());
        }
    }
}

/// Attributes of a message or of a nest, appended one after another.
#[derive(Debug)]
pub(super) struct Attributes<'a>(&'a mut Vec<u8>);

impl<'a> Attributes<'a> {
    #[cfg(test)]
    pub(super) const fn of(octets: &'a mut Vec<u8>) -> Self {
        Self(octets)
    }
}

impl Attributes<'_> {
    pub(super) fn octets(&mut self, kind: u16, value: &[u8]) -> &mut Self {
        self.frame(kind, |octets| octets.extend(value))
    }

    /// A number, in network order as everywhere in nf_tables.
    pub(super) fn number(&mut self, kind: u16, value: u32) -> &mut Self {
        self.octets(kind, &value.to_be_bytes())
    }

    /// A NUL-terminated text.
    pub(super) fn text(&mut self, kind: u16, value: &str) -> &mut Self {
        self.frame(kind, |octets| {
            octets.extend(value.as_bytes());
            octets.push(0);
        })
    }

    pub(super) fn nest(&mut self, kind: u16, body: impl FnOnce(&mut Attributes<'_>)) -> &mut Self {
        self.frame(kind | NESTED, |octets| body(&mut Attributes(octets)))
    }

    /// What is written here is far below 64 KiB: a message has a bounded number of elements.
    fn frame(&mut self, kind: u16, body: impl FnOnce(&mut Vec<u8>)) -> &mut Self {
        let start = self.0.len();
        self.0.extend([0; 2]);
        self.0.extend(kind.to_ne_bytes());
        body(self.0);
        let length = u16::try_from(self.0.len() - start).unwrap_or(u16::MAX);
        if let Some(octets) = self.0.get_mut(start..start + 2) {
            octets.copy_from_slice(&length.to_ne_bytes());
        }
        self.0.resize(self.0.len().next_multiple_of(4), 0);
        self
    }
}

const _: () = assert!(NF_TABLES as i32 == libc::NFNL_SUBSYS_NFTABLES);
const _: () = assert!(BATCH_BEGIN as i32 == libc::NFNL_MSG_BATCH_BEGIN);
const _: () = assert!(INET as i32 == libc::NFPROTO_INET);
