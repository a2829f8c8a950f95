//! The description of instances.

use core::time::Duration;

use serde::Serialize;
use vrrp_core::Family;

use super::text::PushText;
use crate::config::{InitialState, Instance, Transport, VirtualAddress};

/// What an instance would do, with nothing left to defaults. Fields are only ever added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Its name.
    pub name: String,
    /// Its interface.
    pub interface: Option<String>,
    /// Its VRID.
    pub virtual_router_id: u8,
    /// `IPv4` or `IPv6`.
    pub family: String,
    /// 2 or 3.
    pub version: u8,
    /// `MASTER` or `BACKUP`, as it is written; an owner is MASTER whatever is written.
    pub state: &'static str,
    /// Whether it is MASTER at once: its priority is 255.
    pub owner: bool,
    /// Its priority.
    pub priority: u8,
    /// The advertisement interval in milliseconds.
    pub interval_ms: u64,
    /// Skew_Time in nanoseconds.
    pub skew_ns: u64,
    /// Active_Down_Interval in nanoseconds.
    pub active_down_ns: u64,
    /// Whether it takes over from a lower priority.
    pub preempt: bool,
    /// How long it waits before that, in milliseconds.
    pub preempt_delay_ms: u64,
    /// Whether it accepts packets to its addresses without being their owner.
    pub accept: bool,
    /// Whether unicast adverts are accepted from any sender: the opposite of `check_unicast_src`.
    pub accepts_any_source: bool,
    /// The group, or the peers.
    pub destinations: Vec<String>,
    /// Advertised addresses.
    pub addresses: Vec<String>,
    /// Addresses that are not advertised.
    pub excluded: Vec<String>,
}

impl Summary {
    /// The summary of an instance.
    #[must_use]
    pub fn of(instance: &Instance) -> Self {
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let list = |addresses: &[VirtualAddress]| addresses.iter().map(address).collect();
        Self {
            name: instance.name.clone(),
            interface: instance.interface.clone(),
            virtual_router_id: instance.vrid.get(),
            family: instance.family.to_string(),
            version: instance.version.number(),
            state: state(instance),
            owner: instance.priority.is_owner(),
            priority: instance.priority.get(),
            interval_ms: millis(instance.interval.duration()),
            skew_ns: nanos(instance.skew()),
            active_down_ns: nanos(instance.active_down()),
            preempt: instance.preempt,
            preempt_delay_ms: millis(instance.preempt_delay),
            accept: instance.accept,
            destinations: match &instance.transport {
                Transport::Multicast { group, .. } => vec![group.to_string()],
                Transport::Unicast { peers, .. } => {
                    peers.iter().map(|peer| peer.address.to_string()).collect()
                }
            },
            accepts_any_source: accepts_any_source(instance),
            addresses: list(&instance.addresses),
            excluded: list(&instance.excluded),
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn state(instance: &Instance) -> &'static str {
    match instance.initial {
        InitialState::Master => "MASTER",
        InitialState::Backup if instance.priority.is_owner() => "MASTER",
        InitialState::Backup => "BACKUP",
    }
}

const fn accepts_any_source(instance: &Instance) -> bool {
    match &instance.transport {
        Transport::Multicast { .. } => false,
        Transport::Unicast { check_source, .. } => !*check_source,
    }
}

fn address(address: &VirtualAddress) -> String {
    let mut text = String::new();
    push_address(address, &mut text);
    text
}

fn push_address(address: &VirtualAddress, text: &mut String) {
    text.push_address(address.address);
    text.push('/');
    text.push_number(address.prefix_len);
    if let Some(device) = &address.device {
        text.push_str(" on ");
        text.push_str(device);
    }
}

/// Appends some things, each by `push`, with commas between them.
fn push_list<T>(
    list: impl IntoIterator<Item = T>,
    text: &mut String,
    mut push: impl FnMut(T, &mut String),
) {
    for (index, item) in list.into_iter().enumerate() {
        if index > 0 {
            text.push_str(", ");
        }
        push(item, text);
    }
}

/// Appends what an instance would do, for a person: lines without the last line feed.
pub(super) fn describe(instance: &Instance, text: &mut String) {
    text.push_str("instance ");
    text.push_str(&instance.name);
    text.push_str(": VRID ");
    text.push_number(instance.vrid.get());
    text.push_str(" on ");
    text.push_str(instance.interface.as_deref().unwrap_or("any interface"));
    text.push_str(match instance.family {
        Family::V4 => ", IPv4, VRRPv",
        Family::V6 => ", IPv6, VRRPv",
    });
    text.push_number(instance.version.number());
    text.push_str("\n  adverts to    ");
    match &instance.transport {
        Transport::Multicast { group, .. } => text.push_address(*group),
        Transport::Unicast { peers, .. } => {
            let peers = peers.iter().map(|peer| peer.address);
            push_list(peers, text, |peer, text| text.push_address(peer));
        }
    }
    if accepts_any_source(instance) {
        text.push_str(
            "\n  adverts from  anybody, also off this link; `check_unicast_src` refuses strangers",
        );
    }
    describe_election(instance, text);
    text.push_str("\n  addresses     ");
    push_list(&instance.addresses, text, push_address);
    if !instance.excluded.is_empty() {
        text.push_str("\n  excluded      ");
        push_list(&instance.excluded, text, push_address);
    }
}

fn describe_election(instance: &Instance, text: &mut String) {
    let owner = instance.priority.is_owner();
    text.push_str("\n  state         ");
    text.push_str(match state(instance) {
        _ if owner => "MASTER at once",
        "MASTER" => "BACKUP at first",
        state => state,
    });
    text.push_str(", priority ");
    text.push_number(instance.priority.get());
    text.push_str(if owner { ": the owner" } else { "" });
    text.push_str("\n  interval      ");
    text.push_seconds(instance.interval.duration());
    if !owner {
        text.push_str(", skew ");
        text.push_seconds(instance.skew());
        text.push_str(", takes over after ");
        text.push_seconds(instance.active_down());
    }
    text.push_str("\n  preemption    ");
    text.push_str(if instance.preempt {
        "takes over from a lower priority"
    } else {
        "never takes over from a lower priority"
    });
    let delay = Duration::from_millis(millis(instance.preempt_delay));
    if instance.preempt && !delay.is_zero() {
        text.push_str(" after ");
        text.push_seconds(delay);
    }
}
