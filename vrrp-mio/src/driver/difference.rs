//! The difference between two specifications of a virtual router.

use vrrp_core::Config;

use super::profile::Profile;

/// What of a running router [`Driver::update`](super::Driver::update) has changed: a field of
/// [`RouterSpec`](super::RouterSpec), or some that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Aspect {
    /// `config`: priority, preemption, interval, Accept_Mode and the like.
    Election,
    /// `addresses` and `excluded`: which there are, their order, or how one of them is configured.
    Addresses,
    /// `path`: the group, or peers, source and hop limit.
    Path,
    /// `expect` and `icv`.
    Authentication,
    /// `checksum`.
    Checksum,
    /// `owner_is_deaf`, `first_address` and `address_list`.
    Admission,
    /// `announce`, `arp_interval` and `neighbor_interval`.
    Announcements,
    /// `virtual_mac`.
    VirtualMac,
    /// `track_interface`.
    Tracking,
}

/// What differs between two specifications of one virtual router, in the order of [`Aspect`].
pub(super) fn difference(
    (config, profile): (&Config, &Profile),
    (other_config, other_profile): (&Config, &Profile),
) -> Vec<Aspect> {
    let (ours, theirs) = (&profile.shared, &other_profile.shared);
    let addresses =
        profile.addresses != other_profile.addresses || profile.excluded != other_profile.excluded;
    let admission = |profile: &Profile| {
        let shared = &profile.shared;
        (
            shared.owner_is_deaf,
            shared.first_address,
            shared.address_list,
        )
    };
    let announcements = |profile: &Profile| {
        let shared = &profile.shared;
        (
            shared.announce,
            shared.arp_interval,
            shared.neighbor_interval,
        )
    };
    let found = [
        (Aspect::Election, config != other_config),
        (Aspect::Addresses, addresses),
        (Aspect::Path, ours.path != theirs.path),
        (
            Aspect::Authentication,
            (ours.expect, ours.icv) != (theirs.expect, theirs.icv),
        ),
        (Aspect::Checksum, ours.checksum != theirs.checksum),
        (
            Aspect::Admission,
            admission(profile) != admission(other_profile),
        ),
        (
            Aspect::Announcements,
            announcements(profile) != announcements(other_profile),
        ),
        (
            Aspect::VirtualMac,
            profile.virtual_mac() != other_profile.virtual_mac(),
        ),
        (
            Aspect::Tracking,
            ours.track_interface != theirs.track_interface,
        ),
    ];
    let differs = found.into_iter().filter(|(_, differs)| *differs);
    differs.map(|(aspect, _)| aspect).collect()
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use vrrp_core::receive::{Conformance, Expect, Peer};
    use vrrp_core::wire::{ChecksumForm, IcvForm, Key};
    use vrrp_core::{Family, Interval, MacAddr, Settings, Version, announce};

    use super::super::spec::{Path, RouterSpec, TransmitChecksum, VirtualAddress, VirtualMac};
    use super::*;

    type Change = fn(&mut RouterSpec);

    fn virtual_address(last: u8) -> VirtualAddress {
        VirtualAddress::new([192, 0, 2, last].into(), 24)
    }

    fn spec() -> RouterSpec {
        let config = Config::try_from(Settings::new(Version::V2, Family::V4, 51)).unwrap();
        let addresses = vec![virtual_address(1), virtual_address(2)];
        RouterSpec::new(config, "eth0".parse().unwrap(), addresses)
    }

    /// What a change of [`spec`] differs in, both ways.
    fn changed(change: impl FnOnce(&mut RouterSpec)) -> Vec<Aspect> {
        let mut other = spec();
        change(&mut other);
        let (config, profile) = Profile::new(spec(), [].iter());
        let (other_config, other_profile) = Profile::new(other, [].iter());
        let (ours, theirs) = ((&config, &profile), (&other_config, &other_profile));
        let found = difference(ours, theirs);
        assert_eq!(difference(theirs, ours), found);
        found
    }

    #[test]
    fn a_specification_does_not_differ_from_itself() {
        assert_eq!(changed(|_| ()), []);
        let own_interface = |spec: &mut RouterSpec| {
            spec.addresses[0].device = Some("eth0".parse().unwrap());
        };
        assert_eq!(changed(own_interface), []);
    }

    fn configured(spec: &mut RouterSpec, change: impl FnOnce(&mut Settings)) {
        let mut settings = Settings::from(spec.config);
        change(&mut settings);
        spec.config = Config::try_from(settings).unwrap();
    }

    #[test]
    fn the_election_differs_by_any_of_its_settings() {
        let changes: [fn(&mut Settings); 8] = [
            |it| it.priority = 101,
            |it| it.interval = Interval::from_centis(200).unwrap(),
            |it| it.preempt = false,
            |it| it.preempt_delay = Duration::from_secs(1),
            |it| it.accept = true,
            |it| it.down_multiplier = 4,
            |it| it.answer_lower = true,
            |it| it.answer_higher = true,
        ];
        for change in changes {
            let found = changed(|spec| configured(spec, change));
            assert_eq!(found, [Aspect::Election]);
        }
    }

    #[test]
    fn addresses_differ_by_which_there_are_their_order_and_any_attribute() {
        let changes: [fn(&mut RouterSpec); 9] = [
            |spec| spec.addresses.push(virtual_address(3)),
            |spec| spec.excluded.push(virtual_address(3)),
            |spec| drop(spec.addresses.pop()),
            |spec| spec.addresses.reverse(),
            |spec| spec.addresses[1].spec.label = Some("eth0:1".parse().unwrap()),
            |spec| spec.addresses[1].spec.scope = crate::interfaces::Scope(253),
            |spec| spec.addresses[1].spec.prefix_len = 32,
            |spec| spec.addresses[1].device = Some("eth1".parse().unwrap()),
            |spec| {
                let both = core::mem::take(&mut spec.addresses);
                spec.excluded = both;
                spec.addresses = vec![virtual_address(9)];
            },
        ];
        for (number, change) in changes.into_iter().enumerate() {
            assert_eq!(changed(change), [Aspect::Addresses], "change {number}");
        }
    }

    #[test]
    fn the_path_and_what_is_accepted_and_sent_over_it_have_an_aspect_each() {
        let changes: [(Aspect, Change); 7] = [
            (Aspect::Path, |spec| {
                let peer = Peer {
                    address: [192, 0, 2, 9].into(),
                    min_ttl: 0,
                    max_ttl: 255,
                };
                spec.path = Path::unicast([192, 0, 2, 8].into(), vec![peer]);
            }),
            (Aspect::Authentication, |spec| {
                spec.expect = Expect::Simple(Key::from_password(b"secret").unwrap());
            }),
            (Aspect::Authentication, |spec| spec.icv = IcvForm::Rfc2402),
            (Aspect::Checksum, |spec| {
                spec.checksum = TransmitChecksum::Always(ChecksumForm::PseudoHeader);
            }),
            (Aspect::Admission, |spec| spec.owner_is_deaf = true),
            (Aspect::Admission, |spec| {
                spec.first_address = Conformance::Discard;
            }),
            (Aspect::Admission, |spec| {
                spec.address_list = Conformance::Discard;
            }),
        ];
        for (number, (aspect, change)) in changes.into_iter().enumerate() {
            assert_eq!(changed(change), [aspect], "change {number}");
        }
    }

    #[test]
    fn announcements_virtual_mac_and_tracking_have_an_aspect_each() {
        let changes: [(Aspect, Change); 5] = [
            (Aspect::Announcements, |spec| {
                let mut settings = announce::Settings::default();
                settings.repeat = 1;
                spec.announce = settings.try_into().unwrap();
            }),
            (Aspect::Announcements, |spec| {
                spec.arp_interval = Duration::from_millis(1);
            }),
            (Aspect::Announcements, |spec| {
                spec.neighbor_interval = Duration::from_millis(1);
            }),
            (Aspect::VirtualMac, |spec| {
                spec.virtual_mac = Some(VirtualMac {
                    name: "vrrp.51".parse().unwrap(),
                    mac: MacAddr([0, 0, 0x5e, 0, 1, 51]),
                    transmit_base: false,
                });
            }),
            (Aspect::Tracking, |spec| spec.track_interface = false),
        ];
        for (number, (aspect, change)) in changes.into_iter().enumerate() {
            assert_eq!(changed(change), [aspect], "change {number}");
        }
    }

    #[test]
    fn what_differs_in_several_aspects_has_them_in_order() {
        let found = changed(|spec| {
            spec.track_interface = false;
            configured(spec, |settings| settings.priority = 7);
            spec.addresses.pop();
        });
        let expected = [Aspect::Election, Aspect::Addresses, Aspect::Tracking];
        assert_eq!(found, expected);
    }
}
