//! Classic BPF programs that keep unrelated packets out of the receive queue.

use nix::libc::{
    BPF_ABS, BPF_ALU, BPF_AND, BPF_B, BPF_H, BPF_IMM, BPF_IND, BPF_JA, BPF_JEQ, BPF_JMP, BPF_JSET,
    BPF_K, BPF_LD, BPF_LDX, BPF_MEM, BPF_MISC, BPF_MSH, BPF_RET, BPF_RSH, BPF_ST, BPF_TAX, BPF_W,
    BPF_X,
};
use socket2::SockFilter;
use vrrp_core::{Family, Vrid, wire};

use super::Transport;

/// Which packets the kernel queues for an [`AdvertSocket`](super::AdvertSocket).
///
/// The kernel does not count what the filter drops. So the default passes everything that may be an
/// advertisement, also with a bad checksum or a foreign VRID, to be counted. Fragments never pass.
///
/// ```no_run
/// use vrrp_core::Vrid;
/// use vrrp_mio::{AdvertSocket, Filter, Transport, VridSet};
///
/// let ours: VridSet = [51, 52].into_iter().filter_map(Vrid::new).collect();
/// let socket = AdvertSocket::open(2, Transport::Ipv4)?;
/// socket.set_filter(&Filter::Vrids(ours))?;
/// # Ok::<(), vrrp_mio::OpenError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Filter {
    /// Every datagram of the protocol, also those of unknown version and type.
    Datagrams,
    /// Advertisements of version 2 and 3 (or, on an [`Ipv4Ah`](Transport::Ipv4Ah) socket, VRRP
    /// behind AH).
    #[default]
    Advertisements,
    /// Advertisements for these virtual routers: against floods of others.
    Vrids(VridSet),
    /// Nothing.
    Nothing,
}

/// A set of virtual router identifiers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VridSet {
    words: [u32; 8],
}

impl VridSet {
    /// Adds `vrid`.
    pub const fn insert(&mut self, vrid: Vrid) {
        self.words[(vrid.get() >> 5) as usize] |= 1 << (vrid.get() & 31);
    }

    /// Whether `vrid` is in the set.
    #[must_use]
    pub const fn contains(&self, vrid: Vrid) -> bool {
        self.words[(vrid.get() >> 5) as usize] & 1 << (vrid.get() & 31) != 0
    }
}

impl FromIterator<Vrid> for VridSet {
    fn from_iter<I: IntoIterator<Item = Vrid>>(vrids: I) -> Self {
        let mut set = Self::default();
        vrids.into_iter().for_each(|vrid| set.insert(vrid));
        set
    }
}

const VERSION_2_ADVERTISEMENT: u32 = 0x21;
const VERSION_3_ADVERTISEMENT: u32 = 0x31;
/// [`wire::AH_LEN`] as an offset.
const AH_LEN: u32 = 24;
/// "More fragments" and the fragment offset.
const FRAGMENT: u32 = 0x3fff;
const EVERYTHING: u32 = u32::MAX;

impl Filter {
    /// The program for `transport`.
    ///
    /// The kernel runs it on an IPv4 packet from its header on, but on an IPv6 packet from behind
    /// its headers on. A load beyond the end drops the packet.
    pub(super) fn program(&self, transport: Transport) -> Vec<SockFilter> {
        let mut program = Program::default();
        if *self == Self::Nothing {
            program.ret(0);
            return program.code;
        }
        if transport.family() == Family::V4 {
            program.load_absolute(BPF_H, 6);
            program.drop_if_any_bit(FRAGMENT);
            program.load_absolute(BPF_B, 9);
            program.drop_unless(u32::from(transport.protocol()));
        }
        // X is where the upper layer begins.
        match transport.family() {
            Family::V4 => program.push(BPF_LDX | BPF_B | BPF_MSH, 0),
            Family::V6 => program.push(BPF_LDX | BPF_W | BPF_IMM, 0),
        }
        let advertisement = match transport {
            Transport::Ipv4 | Transport::Ipv6 => 0,
            Transport::Ipv4Ah => AH_LEN,
        };
        match self {
            Self::Nothing | Self::Datagrams => {}
            Self::Advertisements => program.drop_unless_advertisement(transport, advertisement),
            Self::Vrids(vrids) => {
                program.drop_unless_advertisement(transport, advertisement);
                program.drop_unless_member(vrids, advertisement + 1);
            }
        }
        program.ret(EVERYTHING);
        program.code
    }
}

#[derive(Default)]
struct Program {
    code: Vec<SockFilter>,
}

impl Program {
    fn push(&mut self, code: u32, k: u32) {
        self.jump(code, k, 0, 0);
    }

    fn jump(&mut self, code: u32, k: u32, if_true: u8, if_false: u8) {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "operation codes are sums of constants below 256"
        )]
        let code = code as u16;
        self.code.push(SockFilter::new(code, if_true, if_false, k));
    }

    fn ret(&mut self, octets: u32) {
        self.push(BPF_RET | BPF_K, octets);
    }

    fn load_absolute(&mut self, width: u32, offset: u32) {
        self.push(BPF_LD | width | BPF_ABS, offset);
    }

    /// Loads the octet at X + `offset`.
    fn load_octet(&mut self, offset: u32) {
        self.push(BPF_LD | BPF_B | BPF_IND, offset);
    }

    fn drop_if_any_bit(&mut self, bits: u32) {
        self.jump(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1);
        self.ret(0);
    }

    fn drop_unless(&mut self, value: u32) {
        self.jump(BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0);
        self.ret(0);
    }

    fn drop_unless_advertisement(&mut self, transport: Transport, offset: u32) {
        match transport {
            Transport::Ipv4 | Transport::Ipv6 => {
                self.load_octet(offset);
                self.jump(BPF_JMP | BPF_JEQ | BPF_K, VERSION_2_ADVERTISEMENT, 2, 0);
                self.drop_unless(VERSION_3_ADVERTISEMENT);
            }
            Transport::Ipv4Ah => {
                self.load_octet(0);
                self.drop_unless(u32::from(wire::PROTOCOL));
                self.load_octet(offset);
                self.drop_unless(VERSION_2_ADVERTISEMENT);
            }
        }
    }

    /// Drops unless the octet at X + `offset` is in `vrids`: its upper three bits pick the word, the
    /// lower five the bit.
    fn drop_unless_member(&mut self, vrids: &VridSet, offset: u32) {
        const VRID: u32 = 0;
        const WORD: u32 = 1;
        const BEHIND_WORDS: u32 = 22;
        self.load_octet(offset);
        self.push(BPF_ST, VRID);
        self.push(BPF_ALU | BPF_RSH | BPF_K, 5);
        for (index, word) in (0..).zip(vrids.words) {
            self.jump(BPF_JMP | BPF_JEQ | BPF_K, index, 0, 2);
            self.push(BPF_LD | BPF_W | BPF_IMM, word);
            self.push(BPF_JMP | BPF_JA, BEHIND_WORDS - 3 * index);
        }
        self.ret(0);
        self.push(BPF_ST, WORD);
        self.push(BPF_LD | BPF_W | BPF_MEM, VRID);
        self.push(BPF_ALU | BPF_AND | BPF_K, 31);
        self.push(BPF_MISC | BPF_TAX, 0);
        self.push(BPF_LD | BPF_W | BPF_MEM, WORD);
        self.push(BPF_ALU | BPF_RSH | BPF_X, 0);
        self.jump(BPF_JMP | BPF_JSET | BPF_K, 1, 1, 0);
        self.ret(0);
    }
}

#[cfg(test)]
mod tests;
