//! The address family, the virtual addresses and the unicast peers of an instance.

use core::net::IpAddr;
use std::collections::HashMap;

use vrrp_core::Family;

use super::Completion;
use crate::config::diagnostic::{Code, Diagnostic, Handle};
use crate::config::keyword::{INSTANCE, InstanceKeyword, ListKeyword, SwitchKeyword};
use crate::config::model::{Peer, Transport, VirtualAddress};
use crate::config::text::source::Place;
use crate::config::unique::Unique;
use crate::config::value::Set;

/// The most addresses an advert can name: its count is one octet (RFC 9568 §5.2.5).
const MAX_ADDRESSES: usize = 255;

impl Completion<'_, '_> {
    pub(super) fn family(&mut self) -> Family {
        let draft = &self.draft;
        let first = draft.addresses.first().map(|a| Family::of(a.value.address));
        let family = first
            .or_else(|| draft.native_ipv6.then_some(Family::V6))
            .or_else(|| draft.source.map(|source| Family::of(source.value)))
            .or_else(|| draft.peers.first().map(|p| Family::of(p.value.address)))
            .or_else(|| draft.group.map(|group| Family::of(group.value)))
            .unwrap_or(Family::V4);
        if draft.native_ipv6 && family == Family::V4 {
            let text = "`native_ipv6` does not go with IPv4 addresses".to_owned();
            self.conflict(
                InstanceKeyword::Switch(SwitchKeyword::NativeIpv6),
                text,
                None,
            );
        }
        family
    }

    fn wrong_family(&mut self, place: Place, family: Family) -> Handle {
        let text = format!("this instance speaks {family}");
        let mut diagnostic =
            Diagnostic::error(Code::WrongFamily, place, text).label("of the other family, ignored");
        if let Some(decider) = self.decider {
            diagnostic = diagnostic.and(decider, "the first virtual address decides");
        }
        self.diagnostics.push(diagnostic)
    }

    pub(super) fn transport(&mut self, family: Family) -> Transport {
        let mut source = self.draft.source;
        if let Some(set) = source.filter(|set| Family::of(set.value) != family) {
            self.wrong_family(set.place, family);
            source = None;
        }
        let mut refused = None;
        let mut peers: Vec<Peer> = Vec::new();
        let mut unique = Unique::new();
        for peer in core::mem::take(&mut self.draft.peers) {
            let address = peer.value.address;
            if Family::of(address) != family {
                refused = Some(self.wrong_family(peer.place, family));
            } else if let Some(first) = unique.add(address, peer.place) {
                self.duplicate(peer.place, first, "this peer");
            } else {
                peers.push(peer.value);
            }
        }
        let source = source.map(|set| set.value);
        if !peers.is_empty() {
            self.is_no_peer_itself(&peers, source);
            let has_limit = |peer: &Peer| peer.min_ttl.is_some() || peer.max_ttl.is_some();
            let check = self.draft.check_source;
            return Transport::Unicast {
                source,
                check_source: check.unwrap_or(self.defaults.check_unicast_src)
                    || peers.iter().any(has_limit),
                peers,
                ttl: self.draft.ttl,
            };
        }
        self.defaults_to_multicast(refused);
        if refused.is_none()
            && self
                .draft
                .tried(InstanceKeyword::List(ListKeyword::UnicastPeer))
                .is_none()
        {
            for keyword in [
                InstanceKeyword::UnicastTtl,
                InstanceKeyword::Switch(SwitchKeyword::CheckUnicastSrc),
            ] {
                if self.draft.place(keyword).is_some() {
                    let name = INSTANCE.name(keyword);
                    let text = format!("`{name}` has no effect without `unicast_peer`");
                    self.conflict(keyword, text, None);
                }
            }
        }
        let mut group = self.draft.group;
        if let Some(set) = group.filter(|set| Family::of(set.value) != family) {
            self.wrong_family(set.place, family);
            group = None;
        }
        Transport::Multicast {
            group: group.map_or_else(
                || match family {
                    Family::V4 => self.defaults.multicast_v4.into(),
                    Family::V6 => self.defaults.multicast_v6.into(),
                },
                |set| set.value,
            ),
            source,
        }
    }

    /// Reports the source among the peers.
    fn is_no_peer_itself(&mut self, peers: &[Peer], source: Option<IpAddr>) {
        let Some(source) = source.filter(|&source| peers.iter().any(|p| p.address == source))
        else {
            return;
        };
        let place = self.place(InstanceKeyword::List(ListKeyword::UnicastPeer));
        let text = format!("{source} is the source and one of the peers");
        let mut diagnostic = Diagnostic::warning(Code::NoEffect, place, text);
        if let Some(set) = self.draft.source {
            diagnostic = diagnostic.and(set.place, "the source is set here");
        }
        self.diagnostics
            .push(diagnostic.help("list only the other routers: this one would hear itself"));
    }

    /// Reports that adverts go to everybody, where unicast was asked for and there is no peer.
    /// `refused` is what has been said of the last peer.
    fn defaults_to_multicast(&mut self, refused: Option<Handle>) {
        let instead = "adverts go to the multicast group instead";
        if let Some(handle) = refused.or_else(|| {
            self.draft
                .tried(InstanceKeyword::List(ListKeyword::UnicastPeer))
        }) {
            self.diagnostics
                .add_help(handle, &format!("no peer is left: {instead}"));
            return;
        }
        let place = match self
            .draft
            .place(InstanceKeyword::List(ListKeyword::UnicastPeer))
        {
            Some(block) => block,
            None if self.draft.is_unicast => self.place(InstanceKeyword::UnicastSrcIp),
            None => return,
        };
        let text = "there is no peer in a `unicast_peer`";
        let diagnostic = Diagnostic::error(Code::MissingSetting, place, text);
        self.diagnostics.push(diagnostic.label(instead));
    }

    fn duplicate(&mut self, place: Place, first: Place, what: &str) {
        let text = format!("{what} is there already");
        let diagnostic = Diagnostic::error(Code::DuplicateAddress, place, text).label("ignored");
        self.diagnostics
            .push(diagnostic.and(first, "first given here"));
    }

    /// `virtual_ipaddress` and `virtual_ipaddress_excluded`.
    ///
    /// An address may be on several interfaces. The count of an advert is that of the lines, as with
    /// keepalived, which discards adverts with another count: what is there twice counts twice.
    pub(super) fn addresses(
        &mut self,
        family: Family,
    ) -> (Vec<VirtualAddress>, Vec<VirtualAddress>) {
        let mut unique = Unique::new();
        let mut devices = Devices::default();
        let (mut addresses, mut excluded) = (Vec::new(), Vec::new());
        let given = core::mem::take(&mut self.draft.addresses);
        let also = core::mem::take(&mut self.draft.excluded);
        let advertised = given.len();
        for (index, Set { value, place }) in given.into_iter().chain(also).enumerate() {
            let own = value.device.as_ref() == self.draft.interface.as_ref();
            let device = value.device.as_deref().filter(|_| !own);
            let first = unique.add((value.address, devices.number(device)), place);
            if let Some(first) = first {
                self.repeated(place, first, index < advertised);
            }
            if index >= advertised {
                if first.is_none() {
                    excluded.push(value);
                }
            } else if Family::of(value.address) != family {
                self.wrong_family(place, family);
            } else if addresses.len() == MAX_ADDRESSES {
                let text = format!("an advert names at most {MAX_ADDRESSES} addresses");
                let diagnostic = Diagnostic::error(Code::OutOfRange, place, text);
                self.diagnostics
                    .push(diagnostic.label("treated as one of `virtual_ipaddress_excluded`"));
                excluded.push(value);
            } else {
                addresses.push(value);
            }
        }
        // They are kept for as long as the daemon runs.
        addresses.shrink_to_fit();
        excluded.shrink_to_fit();
        (addresses, excluded)
    }

    /// Reports an address that is there already, on the same interface.
    fn repeated(&mut self, place: Place, first: Place, is_advertised: bool) {
        let text = "this address is there already";
        let diagnostic =
            Diagnostic::warning(Code::DuplicateAddress, place, text).and(first, "first given here");
        self.diagnostics.push(if is_advertised {
            diagnostic.label("advertised once more").help(
                "keepalived before 2.3.3 counts it and discards adverts that do not, later ones \
                 leave it out: have each address once, on every router",
            )
        } else {
            diagnostic.label("ignored")
        });
    }
}

/// Interfaces by number.
#[derive(Debug, Default)]
struct Devices(HashMap<String, usize>);

impl Devices {
    /// The number of an interface, which is 0 where none is given.
    fn number(&mut self, device: Option<&str>) -> usize {
        let Some(device) = device else {
            return 0;
        };
        if let Some(&number) = self.0.get(device) {
            return number;
        }
        let number = self.0.len() + 1;
        self.0.insert(device.to_owned(), number);
        number
    }
}
