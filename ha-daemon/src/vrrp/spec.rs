//! The conversion of a configured instance into a router specification.

use core::net::IpAddr;
use core::time::Duration;

use vrrp_core::receive::{Conformance, Expect, Peer};
use vrrp_core::track::{Tracker, Weight};
use vrrp_core::wire::{ChecksumForm, IcvForm, Key, KeyTooLong, TTL};
use vrrp_core::{Settings, announce};
use vrrp_mio::addresses::{AddressLabelError, AddressSpec};
use vrrp_mio::interfaces::{InterfaceNameError, Scope};
use vrrp_mio::{InterfaceName, Path, RouterSpec, TransmitChecksum, VirtualMac};

use crate::config::{
    Announce, Authentication, Broadcast, Global, Instance, Lifetime, TrackedInterface, Transport,
    VirtualAddress,
};

/// What the configuration allows and no virtual router can be.
#[derive(Debug, thiserror::Error)]
pub enum SpecError {
    /// The parameters of the election.
    #[error(transparent)]
    Election(#[from] vrrp_core::ConfigError),
    /// The parameters of the announcements.
    #[error(transparent)]
    Announce(#[from] announce::ConfigError),
    /// An interface name the kernel cannot have.
    #[error(transparent)]
    Interface(#[from] InterfaceNameError),
    /// An address label the kernel cannot have.
    #[error(transparent)]
    Label(#[from] AddressLabelError),
    /// A password longer than the protocol carries.
    #[error(transparent)]
    Password(#[from] KeyTooLong),
    /// What cannot be sent, or kept.
    #[error(transparent)]
    Router(#[from] vrrp_mio::SpecError),
    /// What the driver has no room for.
    #[error(transparent)]
    Add(#[from] vrrp_mio::AddError),
}

/// How a tracked interface counts.
pub(crate) fn tracker(tracked: &TrackedInterface) -> Tracker {
    // The configuration admits no weight outside the range.
    let tracker = Tracker::new(Weight::new(tracked.weight).unwrap_or(Weight::FAULT));
    if tracked.reverse {
        tracker.reversed()
    } else {
        tracker
    }
}

/// The virtual router of an instance on `interface`.
pub(crate) fn specify(
    instance: &Instance,
    global: &Global,
    interface: InterfaceName,
) -> Result<RouterSpec, SpecError> {
    let config = election(instance)?;
    let unicast = matches!(instance.transport, Transport::Unicast { .. });
    let virtual_mac = match &instance.vmac {
        Some(vmac) => Some(VirtualMac {
            name: vmac.name.parse()?,
            mac: vmac.mac,
            transmit_base: vmac.xmit_base || unicast,
        }),
        None => None,
    };
    let spec = RouterSpec {
        path: path(&instance.transport, instance.interface.is_none()),
        expect: match instance.authentication {
            Authentication::None => Expect::None,
            Authentication::Pass(password) => {
                Expect::Simple(Key::from_password(password.octets())?)
            }
            Authentication::Ah(password) => Expect::Ah(Key::from_password(password.octets())?),
        },
        // As keepalived: the time to live counts to the group and not to peers.
        icv: if unicast {
            IcvForm::Rfc2402
        } else {
            IcvForm::TtlCovered
        },
        checksum: if instance.v3_checksum_as_v2 {
            TransmitChecksum::Always(ChecksumForm::MessageOnly)
        } else {
            TransmitChecksum::FollowPeer(ChecksumForm::PseudoHeader)
        },
        owner_is_deaf: instance.owner_ignore_adverts,
        first_address: Conformance::Report,
        address_list: Conformance::Report,
        announce: announcements(&instance.announce)?,
        arp_interval: global.garp_interval,
        neighbor_interval: global.gna_interval,
        excluded: addresses(&instance.excluded)?,
        virtual_mac,
        // What is routed leaves by whichever interface is up.
        track_interface: instance.track_primary && instance.interface.is_some(),
        ..RouterSpec::new(config, interface, addresses(&instance.addresses)?)
    };
    spec.check()?;
    Ok(spec)
}

/// What of an instance the election depends on.
pub(crate) fn election(instance: &Instance) -> Result<vrrp_core::Config, vrrp_core::ConfigError> {
    let mut settings = Settings::new(instance.version, instance.family, instance.vrid.get());
    settings.priority = instance.priority.get();
    settings.interval = instance.interval;
    settings.preempt = instance.preempt;
    settings.preempt_delay = instance.preempt_delay;
    settings.accept = instance.accept;
    settings.down_multiplier = instance.down_timer_adverts;
    settings.answer_lower = !instance.lower_prio_no_advert;
    settings.answer_higher = instance.higher_prio_send_advert;
    vrrp_core::Config::try_from(settings)
}

/// `routed` where no interface is configured.
fn path(transport: &Transport, routed: bool) -> Path {
    match transport {
        Transport::Multicast { group, source } => Path::Multicast {
            group: *group,
            source: *source,
        },
        Transport::Unicast {
            source,
            peers,
            ttl,
            check_source,
        } => Path::Unicast {
            source: *source,
            peers: peers
                .iter()
                .map(|peer| Peer {
                    address: peer.address,
                    min_ttl: peer.min_ttl.unwrap_or(0),
                    max_ttl: peer.max_ttl.unwrap_or(u8::MAX),
                })
                .collect(),
            only: *check_source,
            hop_limit: ttl.unwrap_or(TTL),
            routed,
        },
    }
}

pub(crate) fn announcements(
    announce: &Announce,
) -> Result<announce::Config, announce::ConfigError> {
    let copies = |count: u32| u16::try_from(count).unwrap_or(u16::MAX);
    let span = |span: Option<Duration>| span.unwrap_or(Duration::ZERO);
    let mut settings = announce::Settings::default();
    settings.repeat = copies(announce.repeat);
    settings.delay = span(announce.delay);
    settings.refresh = span(announce.refresh);
    settings.refresh_repeat = copies(announce.refresh_repeat);
    settings.lower_prio_repeat = Some(copies(announce.lower_prio_repeat));
    settings.lower_prio_delay = Some(span(announce.lower_prio_delay));
    announce::Config::try_from(settings)
}

fn addresses(list: &[VirtualAddress]) -> Result<Vec<vrrp_mio::VirtualAddress>, SpecError> {
    let mut addresses = Vec::with_capacity(list.len());
    for item in list {
        addresses.push(address(item)?);
    }
    Ok(addresses)
}

fn address(address: &VirtualAddress) -> Result<vrrp_mio::VirtualAddress, SpecError> {
    let plain = AddressSpec::new(0, address.address, address.prefix_len);
    let (peer, prefix_len) = match address.peer {
        Some((peer, prefix_len)) => (Some(peer), prefix_len),
        None => (None, address.prefix_len),
    };
    Ok(vrrp_mio::VirtualAddress {
        spec: AddressSpec {
            prefix_len,
            peer,
            broadcast: match (address.broadcast, address.address) {
                (Some(Broadcast::Address(broadcast)), _) => Some(broadcast),
                (Some(Broadcast::Ones), IpAddr::V4(own)) => {
                    Some((own.to_bits() | host_bits(address.prefix_len)).into())
                }
                (Some(Broadcast::Zeros), IpAddr::V4(own)) => {
                    Some((own.to_bits() & !host_bits(address.prefix_len)).into())
                }
                (Some(Broadcast::Ones | Broadcast::Zeros), IpAddr::V6(_)) | (None, _) => None,
            },
            scope: address.scope.map_or(plain.scope, Scope),
            label: match &address.label {
                Some(label) => Some(label.parse()?),
                None => None,
            },
            preferred_lifetime: match address.preferred_lifetime {
                Lifetime::Forever => None,
                Lifetime::Seconds(seconds) => Some(seconds),
            },
            duplicate_detection: address.address.is_ipv6() && !address.nodad,
            home: address.home,
            manage_temporary: address.mngtmpaddr,
            no_prefix_route: address.noprefixroute,
            auto_join: address.autojoin,
            ..plain
        },
        device: match &address.device {
            Some(device) => Some(device.parse()?),
            None => None,
        },
        track: address.track,
    })
}

const fn host_bits(prefix_len: u8) -> u32 {
    match u32::MAX.checked_shr(prefix_len as u32) {
        Some(bits) => bits,
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{LoadOptions, load_str};

    fn specification(global: &str, instance: &str) -> RouterSpec {
        let text = format!(
            "global_defs {{\n{global}\n}}\nvrrp_instance a {{\nvirtual_router_id 51\n{instance}\n}}\n"
        );
        let loaded = load_str("test.conf", &text, &LoadOptions::default());
        let config = loaded.config;
        let interface = "eth7".parse().unwrap();
        specify(&config.instances[0], &config.global, interface).unwrap()
    }

    #[test]
    fn each_protocol_of_the_neighbours_has_its_own_interval() {
        let addresses = "interface eth0\nvirtual_ipaddress {\n192.0.2.1/24\n}\n\
                         virtual_ipaddress_excluded {\n2001:db8::1/64\n}";
        let spec = specification("vrrp_garp_interval 0.5", addresses);
        assert_eq!(spec.arp_interval, Duration::from_millis(500));
        assert_eq!(spec.neighbor_interval, Duration::ZERO);
        let spec = specification("vrrp_gna_interval 0.25", addresses);
        assert_eq!(spec.arp_interval, Duration::ZERO);
        assert_eq!(spec.neighbor_interval, Duration::from_millis(250));
    }

    #[test]
    fn unicast_is_routed_where_no_interface_is_named() {
        let unicast = "unicast_src_ip 192.0.2.2\nunicast_peer {\n192.0.2.3\n}\n\
                       virtual_ipaddress {\n203.0.113.1/32 dev eth0\n}";
        let routed = specification("", unicast);
        assert!(routed.path.is_routed());
        assert!(!routed.track_interface);
        let bound = specification("", &format!("interface eth0\n{unicast}"));
        assert!(!bound.path.is_routed());
        assert!(bound.track_interface);
    }

    #[test]
    fn host_bits_of_every_kind_of_prefix() {
        assert_eq!(host_bits(0), u32::MAX);
        assert_eq!(host_bits(24), 0xff);
        assert_eq!(host_bits(32), 0);
    }
}
