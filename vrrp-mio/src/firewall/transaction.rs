//! A transaction on the table, and its encoding.

use super::Destination;
use super::batch::{APPEND, Attributes, Batch, CREATE, Sequences};

const NEW_TABLE: u8 = 0;
const DELETE_TABLE: u8 = 2;
const NEW_CHAIN: u8 = 3;
const NEW_RULE: u8 = 6;
const NEW_SET: u8 = 9;
const NEW_ELEMENTS: u8 = 12;
const DELETE_ELEMENTS: u8 = 14;

const CHAIN: &str = "input";
/// Just before the priority of ordinary filters.
const PRIORITY: i32 = -1;

/// ICMPv6 types of Neighbor Discovery: router and neighbour solicitations and advertisements, and
/// redirects (RFC 4861 §4).
const NEIGHBOUR_DISCOVERY: (u8, u8) = (133, 137);

/// What is to become of our table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Transaction {
    /// Have the kernel load what a table takes, and leave nothing.
    Probe,
    /// Put a new table in the place of any former one.
    Build {
        /// What it refuses.
        elements: Vec<Destination>,
    },
    /// Change what the table refuses.
    Change {
        /// From now on.
        added: Vec<Destination>,
        /// No more.
        removed: Vec<Destination>,
    },
    /// Remove the table, if there is one.
    Clear,
}

/// Whose the table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ownership {
    /// Our socket's: nobody else may change it, and the kernel removes it when the socket is closed
    /// (`NFT_TABLE_F_OWNER`, Linux 5.12).
    Socket,
    /// Anybody's.
    Anybody,
}

impl Transaction {
    /// Writes the messages, numbered from `sequence`, in the place of `datagram`.
    pub(super) fn encode(
        &self,
        table: &str,
        ownership: Ownership,
        sequence: u32,
        datagram: &mut Vec<u8>,
    ) -> Sequences {
        let mut batch = Batch::begin(sequence, datagram);
        match self {
            Self::Probe | Self::Clear => clear(&mut batch, table, ownership),
            Self::Build { elements } => {
                clear(&mut batch, table, ownership);
                build(&mut batch, table, ownership);
                list_elements(&mut batch, NEW_ELEMENTS, table, elements);
            }
            Self::Change { added, removed } => {
                list_elements(&mut batch, NEW_ELEMENTS, table, added);
                list_elements(&mut batch, DELETE_ELEMENTS, table, removed);
            }
        }
        batch.end()
    }
}

/// A table that may be missing is made first, since deleting a missing one fails.
fn clear(batch: &mut Batch<'_>, table: &str, ownership: Ownership) {
    new_table(batch, table, ownership);
    batch.operation(DELETE_TABLE, 0, |message| {
        message.text(1, table);
    });
}

fn new_table(batch: &mut Batch<'_>, table: &str, ownership: Ownership) {
    const OWNER: u32 = 2;
    let flags = match ownership {
        Ownership::Socket => OWNER,
        Ownership::Anybody => 0,
    };
    batch.operation(NEW_TABLE, CREATE, |message| {
        message.text(1, table).number(2, flags);
    });
}

fn build(batch: &mut Batch<'_>, table: &str, ownership: Ownership) {
    new_table(batch, table, ownership);
    for set in Set::ALL {
        batch.operation(NEW_SET, CREATE, |message| {
            message
                .text(1, table)
                .text(2, set.name())
                .number(3, 0)
                .number(4, set.key_type())
                .number(5, set.key_length())
                .number(10, set.id());
        });
    }
    batch.operation(NEW_CHAIN, CREATE, |message| {
        const LOCAL_IN: u32 = 1;
        message
            .text(1, table)
            .text(3, CHAIN)
            .nest(4, |hook| {
                hook.number(1, LOCAL_IN).octets(2, &PRIORITY.to_be_bytes());
            })
            .text(7, "filter");
    });
    let rules: [fn(&mut Attributes<'_>); 4] = [
        refuse_v4,
        accept_neighbour_discovery,
        refuse_v6,
        refuse_link_local,
    ];
    for rule in rules {
        batch.operation(NEW_RULE, CREATE | APPEND, |message| {
            message.text(1, table).text(2, CHAIN).nest(4, rule);
        });
    }
}

/// `ip daddr @v4 drop`.
fn refuse_v4(rule: &mut Attributes<'_>) {
    family(rule, FAMILY_V4);
    load_payload(rule, Base::Network, 16, 4, REGISTER_1);
    lookup(rule, Set::V4, REGISTER_1);
    verdict(rule, DROP);
}

/// `icmpv6 type 133-137 accept`: neighbour solicitations and advertisements are never dropped
/// (RFC 9568 §6.1).
fn accept_neighbour_discovery(rule: &mut Attributes<'_>) {
    const ICMPV6: u8 = 58;
    let (lowest, highest) = NEIGHBOUR_DISCOVERY;
    family(rule, FAMILY_V6);
    load_meta(rule, META_TRANSPORT, REGISTER_1);
    compare(rule, Comparison::Equal, ICMPV6);
    load_payload(rule, Base::Transport, 0, 1, REGISTER_1);
    compare(rule, Comparison::AtLeast, lowest);
    compare(rule, Comparison::AtMost, highest);
    verdict(rule, ACCEPT);
}

/// `ip6 daddr @v6 drop`.
fn refuse_v6(rule: &mut Attributes<'_>) {
    family(rule, FAMILY_V6);
    load_payload(rule, Base::Network, 24, 16, REGISTER_1);
    lookup(rule, Set::V6, REGISTER_1);
    verdict(rule, DROP);
}

/// `iif . ip6 daddr @link_local drop`.
fn refuse_link_local(rule: &mut Attributes<'_>) {
    family(rule, FAMILY_V6);
    load_meta(rule, META_INTERFACE, REGISTER_32_0);
    load_payload(rule, Base::Network, 24, 16, REGISTER_32_1);
    lookup(rule, Set::LinkLocal, REGISTER_32_0);
    verdict(rule, DROP);
}

/// 16 octets wide; made of the four narrow registers from [`REGISTER_32_0`] on.
const REGISTER_1: u32 = 1;
const REGISTER_32_0: u32 = 8;
const REGISTER_32_1: u32 = 9;
const META_INTERFACE: u32 = 4;
const META_FAMILY: u32 = 15;
const META_TRANSPORT: u32 = 16;
const FAMILY_V4: u8 = 2;
const FAMILY_V6: u8 = 10;
const DROP: u32 = 0;
const ACCEPT: u32 = 1;

#[derive(Clone, Copy, Debug)]
enum Base {
    Network = 1,
    Transport = 2,
}

#[derive(Clone, Copy, Debug)]
enum Comparison {
    Equal = 0,
    AtMost = 3,
    AtLeast = 5,
}

fn expression(rule: &mut Attributes<'_>, name: &str, body: impl FnOnce(&mut Attributes<'_>)) {
    rule.nest(1, |element| {
        element.text(1, name).nest(2, body);
    });
}

fn load_meta(rule: &mut Attributes<'_>, key: u32, register: u32) {
    expression(rule, "meta", |meta| {
        meta.number(1, register).number(2, key);
    });
}

fn load_payload(rule: &mut Attributes<'_>, base: Base, offset: u32, length: u32, register: u32) {
    expression(rule, "payload", |payload| {
        payload
            .number(1, register)
            .number(2, base as u32)
            .number(3, offset)
            .number(4, length);
    });
}

fn compare(rule: &mut Attributes<'_>, comparison: Comparison, octet: u8) {
    expression(rule, "cmp", |cmp| {
        cmp.number(1, REGISTER_1)
            .number(2, comparison as u32)
            .nest(3, |data| {
                data.octets(1, &[octet]);
            });
    });
}

fn family(rule: &mut Attributes<'_>, family: u8) {
    load_meta(rule, META_FAMILY, REGISTER_1);
    compare(rule, Comparison::Equal, family);
}

fn lookup(rule: &mut Attributes<'_>, set: Set, register: u32) {
    expression(rule, "lookup", |lookup| {
        lookup
            .text(1, set.name())
            .number(2, register)
            .number(4, set.id());
    });
}

fn verdict(rule: &mut Attributes<'_>, code: u32) {
    const VERDICT_REGISTER: u32 = 0;
    expression(rule, "immediate", |immediate| {
        immediate.number(1, VERDICT_REGISTER).nest(2, |data| {
            data.nest(2, |verdict| {
                verdict.number(1, code);
            });
        });
    });
}

/// A set of destinations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Set {
    V4,
    V6,
    LinkLocal,
}

impl Set {
    const ALL: [Self; 3] = [Self::V4, Self::V6, Self::LinkLocal];

    const fn of(destination: &Destination) -> Self {
        match destination {
            Destination::V4(_) => Self::V4,
            Destination::V6(_) => Self::V6,
            Destination::LinkLocal { .. } => Self::LinkLocal,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::V4 => "v4",
            Self::V6 => "v6",
            Self::LinkLocal => "link_local",
        }
    }

    /// What names it within a batch.
    const fn id(self) -> u32 {
        match self {
            Self::V4 => 1,
            Self::V6 => 2,
            Self::LinkLocal => 3,
        }
    }

    /// What nft(8) is to show the keys as: an IPv4 address, an IPv6 address, an interface index
    /// before an IPv6 address.
    const fn key_type(self) -> u32 {
        match self {
            Self::V4 => 7,
            Self::V6 => 8,
            Self::LinkLocal => (20 << 6) | 8,
        }
    }

    const fn key_length(self) -> u32 {
        match self {
            Self::V4 => 4,
            Self::V6 => 16,
            Self::LinkLocal => 20,
        }
    }
}

fn list_elements(batch: &mut Batch<'_>, operation: u8, table: &str, destinations: &[Destination]) {
    for set in Set::ALL {
        let mut elements = destinations
            .iter()
            .filter(|destination| Set::of(destination) == set)
            .peekable();
        if elements.peek().is_none() {
            continue;
        }
        let flags = if operation == NEW_ELEMENTS { CREATE } else { 0 };
        batch.operation(operation, flags, |message| {
            message.text(1, table).text(2, set.name());
            if operation == NEW_ELEMENTS {
                message.number(4, set.id());
            }
            message.nest(3, |list| {
                for destination in elements {
                    list.nest(1, |element| {
                        element.nest(1, |key| put_key(key, destination));
                    });
                }
            });
        });
    }
}

fn put_key(key: &mut Attributes<'_>, destination: &Destination) {
    match destination {
        Destination::V4(address) => key.octets(1, &address.octets()),
        Destination::V6(address) => key.octets(1, &address.octets()),
        Destination::LinkLocal { interface, address } => {
            let mut octets = [0; 20];
            let (index, tail) = octets.split_at_mut(4);
            index.copy_from_slice(&interface.to_ne_bytes());
            tail.copy_from_slice(&address.octets());
            key.octets(1, &octets)
        }
    };
}

#[cfg(test)]
mod tests;
