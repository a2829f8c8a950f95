//! The counters of a virtual router, named as in RFC 8347 where it has them.

use crate::receive::{Discard, Remarks};
use crate::wire::{ChecksumForm, DecodeError};
use crate::{Heard, Priority, Role, Transition};

/// The counters of a virtual router, or of a link for packets without a matching one. All counters
/// wrap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Statistics {
    /// Transitions to Active.
    pub master_transitions: u64,
    /// Transitions from Active.
    pub master_releases: u64,
    /// Advertisements admitted.
    pub advertisement_rcvd: u64,
    /// Advertisements sent.
    pub advertisement_sent: u64,
    /// Admitted advertisements of priority 0.
    pub priority_zero_pkts_rcvd: u64,
    /// Advertisements of priority 0 sent.
    pub priority_zero_pkts_sent: u64,
    /// Advertisements that could not be sent.
    pub send_errors: u64,
    /// Wrong checksum (RFC 9568 §7.1).
    pub checksum_errors: u64,
    /// Unknown version, or not the configured one (RFC 9568 §7.1).
    pub version_errors: u64,
    /// VRID zero or not configured (RFC 9568 §7.1).
    pub vrid_errors: u64,
    /// Wrong time to live or hop limit (RFC 9568 §7.1).
    pub ip_ttl_errors: u64,
    /// Packet type other than advertisement (RFC 9568 §7.1).
    pub invalid_type_pkts_rcvd: u64,
    /// Lengths that do not fit, IPv4 headers and fragments included (RFC 9568 §7.1).
    pub packet_length_errors: u64,
    /// Version 3 without addresses (RFC 9568 §5.2.5, erratum 8299).
    pub no_address_errors: u64,
    /// Another interval than ours: discarded in version 2, noted in version 3; or zero
    /// (RFC 9568 §5.2.7 and §7.1, RFC 3768 §7.1, erratum 8301).
    pub interval_errors: u64,
    /// Another address list than ours, discarded or noted (RFC 9568 §7.1).
    pub address_list_errors: u64,
    /// First IPv6 address not link-local, discarded or noted (RFC 9568 §5.2.9, erratum 8300).
    pub first_address_errors: u64,
    /// Unknown authentication type.
    pub invalid_auth_type: u64,
    /// Authentication type other than the configured one.
    pub auth_type_mismatch: u64,
    /// Wrong password or integrity check value.
    pub auth_failures: u64,
    /// Replayed sequence numbers.
    pub replay_errors: u64,
    /// To another group, or multicast instead of unicast.
    pub destination_errors: u64,
    /// From an address that is no peer.
    pub peer_errors: u64,
    /// Discarded because this router owns the addresses: version 2, or by policy (RFC 9568 §7.1,
    /// RFC 3768 §7.1, erratum 8298).
    pub owner_discards: u64,
    /// A second owner was heard (RFC 9568 §8.3.2).
    pub second_owners: u64,
    /// A router of our priority was heard (RFC 9568 §8.3.2).
    pub equal_priorities: u64,
    /// A packet from our own address was heard.
    pub own_address_rcvd: u64,
    /// Version 3 over IPv4 whose checksum covers the message only (RFC 9568).
    pub checksum_message_only: u64,
    /// Version 3 whose checksum covers a pseudo-header.
    pub checksum_pseudo_header: u64,
}

impl Statistics {
    /// Counts a discarded packet.
    pub const fn discarded(&mut self, discard: &Discard) {
        let counter = match discard {
            Discard::Ipv4(_) | Discard::Ah(_) => &mut self.packet_length_errors,
            Discard::Decode(error) => self.undecoded(error),
            Discard::Ttl(_) => &mut self.ip_ttl_errors,
            Discard::Vrid => &mut self.vrid_errors,
            Discard::Version(_) => &mut self.version_errors,
            Discard::Destination => &mut self.destination_errors,
            Discard::Peer => &mut self.peer_errors,
            Discard::AuthenticationType => &mut self.auth_type_mismatch,
            Discard::Authentication => &mut self.auth_failures,
            Discard::Replay => &mut self.replay_errors,
            Discard::Owner => &mut self.owner_discards,
            Discard::Interval { .. } => &mut self.interval_errors,
            Discard::FirstAddress => &mut self.first_address_errors,
            Discard::AddressList => &mut self.address_list_errors,
        };
        *counter = counter.wrapping_add(1);
    }

    const fn undecoded(&mut self, error: &DecodeError) -> &mut u64 {
        match error {
            DecodeError::Truncated { .. } | DecodeError::Length { .. } => {
                &mut self.packet_length_errors
            }
            DecodeError::Version(_) => &mut self.version_errors,
            DecodeError::Type(_) => &mut self.invalid_type_pkts_rcvd,
            DecodeError::Checksum => &mut self.checksum_errors,
            DecodeError::VridZero => &mut self.vrid_errors,
            DecodeError::AuthenticationType(_) => &mut self.invalid_auth_type,
            DecodeError::NoAddresses => &mut self.no_address_errors,
            DecodeError::IntervalZero => &mut self.interval_errors,
        }
    }

    /// Counts an admitted advertisement.
    pub const fn admitted(&mut self, heard: &Heard, remarks: &Remarks) {
        count(&mut self.advertisement_rcvd, true);
        count(
            &mut self.priority_zero_pkts_rcvd,
            heard.priority.is_resign(),
        );
        count(&mut self.interval_errors, remarks.interval);
        count(&mut self.address_list_errors, remarks.address_list);
        count(&mut self.first_address_errors, remarks.first_address);
        count(&mut self.second_owners, remarks.second_owner);
        count(&mut self.equal_priorities, remarks.equal_priority);
        count(&mut self.own_address_rcvd, remarks.own_address);
        match remarks.checksum {
            Some(ChecksumForm::MessageOnly) => count(&mut self.checksum_message_only, true),
            Some(ChecksumForm::PseudoHeader | ChecksumForm::PseudoHeaderMulticast) => {
                count(&mut self.checksum_pseudo_header, true);
            }
            None => {}
        }
    }

    /// Counts an advertisement of `priority` that left, or failed to.
    pub const fn sent(&mut self, priority: Priority, left: bool) {
        count(&mut self.advertisement_sent, left);
        count(
            &mut self.priority_zero_pkts_sent,
            left && priority.is_resign(),
        );
        count(&mut self.send_errors, !left);
    }

    /// Counts a change of role.
    pub const fn changed(&mut self, transition: &Transition) {
        count(
            &mut self.master_transitions,
            matches!(transition.to, Role::Active),
        );
        count(
            &mut self.master_releases,
            matches!(transition.from, Role::Active),
        );
    }
}

const fn count(counter: &mut u64, happened: bool) {
    *counter = counter.wrapping_add(happened as u64);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Ipv4Error;
    use crate::{Cause, Interval, Version};
    use std::format;
    use std::vec::Vec;

    type Case = (Discard, fn(&Statistics) -> u64);

    /// Every rejection moves exactly one counter, and it is the one the rule names.
    #[test]
    fn every_discard_has_a_counter() {
        let discards: [Case; 23] = [
            (Discard::Ipv4(Ipv4Error::Fragment), |s| {
                s.packet_length_errors
            }),
            (Discard::Ah(crate::wire::AhError::Icv), |s| {
                s.packet_length_errors
            }),
            (DecodeError::Truncated { octets: 0 }.into(), |s| {
                s.packet_length_errors
            }),
            (
                DecodeError::Length {
                    count: 1,
                    octets: 8,
                }
                .into(),
                |s| s.packet_length_errors,
            ),
            (DecodeError::Version(4).into(), |s| s.version_errors),
            (DecodeError::Type(2).into(), |s| s.invalid_type_pkts_rcvd),
            (DecodeError::Checksum.into(), |s| s.checksum_errors),
            (DecodeError::VridZero.into(), |s| s.vrid_errors),
            (DecodeError::AuthenticationType(3).into(), |s| {
                s.invalid_auth_type
            }),
            (DecodeError::NoAddresses.into(), |s| s.no_address_errors),
            (DecodeError::IntervalZero.into(), |s| s.interval_errors),
            (Discard::Ttl(254), |s| s.ip_ttl_errors),
            (Discard::Vrid, |s| s.vrid_errors),
            (Discard::Version(Version::V2), |s| s.version_errors),
            (Discard::Destination, |s| s.destination_errors),
            (Discard::Peer, |s| s.peer_errors),
            (Discard::AuthenticationType, |s| s.auth_type_mismatch),
            (Discard::Authentication, |s| s.auth_failures),
            (Discard::Replay, |s| s.replay_errors),
            (Discard::Owner, |s| s.owner_discards),
            (
                Discard::Interval {
                    theirs: Interval::DEFAULT,
                },
                |s| s.interval_errors,
            ),
            (Discard::FirstAddress, |s| s.first_address_errors),
            (Discard::AddressList, |s| s.address_list_errors),
        ];
        for (discard, counter) in discards {
            let mut statistics = Statistics::default();
            statistics.discarded(&discard);
            assert_eq!(counter(&statistics), 1, "{discard:?}");
            let moved: Vec<_> = format!("{statistics:?}")
                .split(|c: char| !c.is_ascii_digit())
                .filter_map(|text| text.parse::<u64>().ok())
                .filter(|count| *count > 0)
                .collect();
            assert_eq!(moved, [1], "{discard:?}");
        }
    }

    /// Remarks: counted though the advertisement is admitted.
    #[test]
    fn every_remark_has_a_counter() {
        type Case = (fn(&mut Remarks), fn(&Statistics) -> u64);
        let heard = Heard {
            source: core::net::Ipv4Addr::LOCALHOST.into(),
            priority: Priority::DEFAULT,
            interval: Interval::DEFAULT,
        };
        let cases: [Case; 8] = [
            (|r| r.interval = true, |s| s.interval_errors),
            (|r| r.address_list = true, |s| s.address_list_errors),
            (|r| r.first_address = true, |s| s.first_address_errors),
            (|r| r.second_owner = true, |s| s.second_owners),
            (|r| r.equal_priority = true, |s| s.equal_priorities),
            (|r| r.own_address = true, |s| s.own_address_rcvd),
            (
                |r| r.checksum = Some(ChecksumForm::MessageOnly),
                |s| s.checksum_message_only,
            ),
            (
                |r| r.checksum = Some(ChecksumForm::PseudoHeader),
                |s| s.checksum_pseudo_header,
            ),
        ];
        for (set, counter) in cases {
            let mut statistics = Statistics::default();
            let mut remarks = Remarks::default();
            statistics.admitted(&heard, &remarks);
            assert_eq!(
                (statistics.advertisement_rcvd, counter(&statistics)),
                (1, 0)
            );
            set(&mut remarks);
            statistics.admitted(&heard, &remarks);
            assert_eq!(
                (statistics.advertisement_rcvd, counter(&statistics)),
                (2, 1)
            );
        }
    }
    #[test]
    fn counts_what_left_and_what_did_not() {
        let mut statistics = Statistics::default();
        statistics.sent(Priority::DEFAULT, true);
        statistics.sent(Priority::RESIGN, true);
        statistics.sent(Priority::RESIGN, false);
        assert_eq!(
            statistics,
            Statistics {
                advertisement_sent: 2,
                priority_zero_pkts_sent: 1,
                send_errors: 1,
                ..Statistics::default()
            }
        );
    }

    #[test]
    fn counts_the_ways_into_and_out_of_active() {
        let mut statistics = Statistics::default();
        let mut change = |from, to| {
            statistics.changed(&Transition {
                from,
                to,
                cause: Cause::Startup,
                peer: None,
            });
            (statistics.master_transitions, statistics.master_releases)
        };
        assert_eq!(change(Role::Initialize, Role::Backup), (0, 0));
        assert_eq!(change(Role::Backup, Role::Active), (1, 0));
        assert_eq!(change(Role::Active, Role::Initialize), (1, 1));
    }

    /// Priority 0 is counted besides.
    #[test]
    fn counts_resignations_heard() {
        let mut statistics = Statistics::default();
        let resigned = Heard {
            source: core::net::Ipv4Addr::LOCALHOST.into(),
            priority: Priority::RESIGN,
            interval: Interval::DEFAULT,
        };
        statistics.admitted(&resigned, &Remarks::default());
        assert_eq!(
            statistics,
            Statistics {
                advertisement_rcvd: 1,
                priority_zero_pkts_rcvd: 1,
                ..Statistics::default()
            }
        );
    }
}
