//! The completion of an instance: defaults, and settings that contradict each other.

use core::time::Duration;
use std::collections::HashMap;

use vrrp_core::{Family, Interval, Priority, Version, Vrid};

use crate::config::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::config::global::Defaults;
use crate::config::keyword::{
    AuthenticationKeyword, GarpKeyword, INSTANCE, InstanceKeyword, ListKeyword, SwitchKeyword,
};
use crate::config::model::{
    Announce, Authentication, InitialState, Instance, TrackedInterface, Transport, VirtualAddress,
    Vmac,
};
use crate::config::text::source::Place;
use crate::config::value::Set;
use crate::config::vrrp::instance::{AuthType, Draft};

mod addresses;

/// The instance a draft stands for; `None` if it cannot run, which has been reported.
pub(in crate::config) fn complete(
    draft: Draft<'_>,
    defaults: &Defaults,
    diagnostics: &mut Diagnostics,
) -> Option<Instance> {
    Completion {
        strict: draft.strict.unwrap_or(defaults.strict),
        decider: draft.addresses.first().map(|address| address.place),
        draft,
        defaults,
        diagnostics,
    }
    .instance()
}

struct Completion<'n, 'd> {
    draft: Draft<'n>,
    strict: bool,
    /// The virtual address that decides about the family.
    decider: Option<Place>,
    defaults: &'d Defaults,
    diagnostics: &'d mut Diagnostics,
}

impl Completion<'_, '_> {
    fn instance(mut self) -> Option<Instance> {
        let family = self.family();
        let version = self.version(family);
        let transport = self.transport(family);
        let (addresses, excluded) = self.addresses(family);
        let runs = self.has_interface(&transport)
            & self.has_vrid()
            & self.has_address(version, &addresses)
            & self.is_strict_multicast(&transport);
        let (initial, priority) = self.rank();
        let interval = self.interval(version);
        let authentication = self.authentication(version, family);
        let (preempt, preempt_delay) = self.preemption(initial, priority);
        let vrid = self.draft.vrid?;
        let vmac = self.vmac(family, vrid);
        let track_interfaces = self.tracked();
        let accept = self.accept(priority);
        let down_timer_adverts = self.down_timer_adverts();
        let announce = self.announce();
        let (draft, defaults, strict) = (self.draft, self.defaults, self.strict);
        runs.then(|| Instance {
            name: draft.name.text.to_string(),
            span: draft.name.place.span,
            interface: draft.interface,
            vrid,
            family,
            version,
            initial,
            priority,
            interval,
            authentication,
            addresses,
            excluded,
            preempt,
            preempt_delay,
            transport,
            announce,
            vmac,
            track_interfaces,
            track_primary: draft.track_primary,
            accept,
            v3_checksum_as_v2: draft.v3_checksum_as_v2,
            strict,
            skip_check_adv_addr: draft.skip_check_adv_addr,
            down_timer_adverts,
            lower_prio_no_advert: strict
                || draft
                    .lower_prio_no_advert
                    .unwrap_or(defaults.lower_prio_no_advert),
            higher_prio_send_advert: !strict
                && draft
                    .higher_prio_send_advert
                    .unwrap_or(defaults.higher_prio_send_advert),
            owner_ignore_adverts: strict
                || draft
                    .owner_ignore_adverts
                    .unwrap_or(defaults.owner_ignore_adverts),
        })
    }

    fn place(&self, keyword: InstanceKeyword) -> Place {
        self.draft.place(keyword).unwrap_or(self.draft.name.place)
    }

    /// Reports that `keyword` has to give way to something else.
    fn conflict(&mut self, keyword: InstanceKeyword, text: String, cause: Option<(Place, &str)>) {
        let place = self.place(keyword);
        self.ignored(place, text, cause);
    }

    /// Reports what is written at `place` as ignored, because of something else.
    fn ignored(&mut self, place: Place, text: String, cause: Option<(Place, &str)>) {
        let mut diagnostic = Diagnostic::error(Code::Conflict, place, text).label("ignored");
        if let Some((cause, text)) = cause.filter(|(cause, _)| *cause != place) {
            diagnostic = diagnostic.and(cause, text);
        }
        self.diagnostics.push(diagnostic);
    }

    /// Reports that `keyword`, if it is given, does not go with strict mode.
    fn not_strict(&mut self, keyword: InstanceKeyword) {
        if self.draft.place(keyword).is_some() {
            let text = format!("`{}` does not go with strict mode", INSTANCE.name(keyword));
            let cause = self
                .draft
                .place(InstanceKeyword::Switch(SwitchKeyword::StrictMode));
            self.conflict(
                keyword,
                text,
                cause.map(|place| (place, "strict mode is set here")),
            );
        }
    }

    /// Reports that the instance cannot run without `keyword`, unless what was meant to be
    /// `keyword` has been reported.
    fn missing(&mut self, keyword: InstanceKeyword, diagnostic: Diagnostic) -> bool {
        match self.draft.tried(keyword) {
            Some(handle) => self.diagnostics.escalate(handle, Severity::Fatal),
            None => self.diagnostics.push(diagnostic),
        };
        false
    }

    fn version(&mut self, family: Family) -> Version {
        match (self.draft.version, family) {
            (Some(Version::V2), Family::V6) if self.strict => {
                let text = "`version` 2 does not go with IPv6 in strict mode".to_owned();
                self.conflict(InstanceKeyword::Version, text, None);
                Version::V3
            }
            (Some(version), _) => version,
            (None, Family::V6) => Version::V3,
            (None, Family::V4) => self.defaults.version,
        }
    }

    fn has_interface(&mut self, transport: &Transport) -> bool {
        let is_bound = match transport {
            Transport::Unicast { source, .. } => source.is_some(),
            Transport::Multicast { .. } => false,
        };
        if self.draft.interface.is_some() || is_bound {
            return true;
        }
        let name = self.draft.name;
        let text = format!("instance `{}` has no `interface`", name.text);
        let diagnostic = Diagnostic::fatal(Code::MissingSetting, name.place, text)
            .help("only unicast with `unicast_src_ip` goes without one");
        self.missing(InstanceKeyword::Interface, diagnostic)
    }

    fn has_vrid(&mut self) -> bool {
        if self.draft.vrid.is_some() {
            return true;
        }
        let name = self.draft.name;
        let text = format!("instance `{}` has no `virtual_router_id`", name.text);
        let diagnostic = Diagnostic::fatal(Code::MissingSetting, name.place, text)
            .help("1 to 255, the same on all routers that share the addresses");
        self.missing(InstanceKeyword::VirtualRouterId, diagnostic)
    }

    fn has_address(&mut self, version: Version, addresses: &[VirtualAddress]) -> bool {
        if self.draft.no_address && self.strict {
            self.not_strict(InstanceKeyword::Switch(SwitchKeyword::NoVirtualIpaddress));
        }
        if !addresses.is_empty() || (self.draft.no_address && !self.strict) {
            return true;
        }
        let name = self.draft.name;
        let text = format!("instance `{}` has no virtual address", name.text);
        let help = "list addresses in `virtual_ipaddress { … }`";
        if version == Version::V3 || self.strict {
            let diagnostic = Diagnostic::fatal(Code::NoAddress, name.place, text)
                .label(format!("{version} needs one"));
            return self.missing(
                InstanceKeyword::List(ListKeyword::VirtualIpaddress),
                diagnostic.help(help),
            );
        }
        if self
            .draft
            .tried(InstanceKeyword::List(ListKeyword::VirtualIpaddress))
            .is_none()
        {
            let diagnostic = Diagnostic::warning(Code::NoAddress, name.place, text);
            self.diagnostics.push(diagnostic.help(help));
        }
        true
    }

    fn is_strict_multicast(&mut self, transport: &Transport) -> bool {
        match transport {
            Transport::Unicast { .. } if self.strict => {
                let text = "unicast does not go with strict mode";
                let place = self.place(InstanceKeyword::List(ListKeyword::UnicastPeer));
                self.diagnostics
                    .push(Diagnostic::fatal(Code::Conflict, place, text));
                false
            }
            Transport::Unicast { .. } | Transport::Multicast { .. } => true,
        }
    }

    /// `state` and `priority`: MASTER without a priority is the owner.
    fn rank(&mut self) -> (InitialState, Priority) {
        let set = self.draft.initial;
        let initial = set.map(|set| set.value).unwrap_or_default();
        let priority = self.draft.priority.unwrap_or(match initial {
            InitialState::Master => Priority::OWNER,
            InitialState::Backup => Priority::DEFAULT,
        });
        if self.strict && priority.is_owner() {
            return (InitialState::Master, priority);
        }
        let refusal = if initial == InitialState::Backup {
            None
        } else if self.strict {
            Some("in strict mode, `state` MASTER is for priority 255")
        } else if self.draft.auth_type == Some(AuthType::Ah) {
            Some("`state` MASTER does not go with AH authentication")
        } else {
            None
        };
        match (refusal, set) {
            (Some(text), Some(set)) => {
                let diagnostic = Diagnostic::error(Code::Conflict, set.place, text);
                self.diagnostics.push(diagnostic.label("BACKUP is used"));
                (InitialState::Backup, priority)
            }
            _ => (initial, priority),
        }
    }

    /// `advert_int`, rounded to what `version` carries.
    fn interval(&mut self, version: Version) -> Interval {
        let Some(set) = self.draft.interval else {
            return Interval::DEFAULT;
        };
        let (unit, longest, text) = match version {
            Version::V2 => (1_000_000, Interval::MAX_V2, "VRRPv2 carries whole seconds"),
            Version::V3 => (
                10_000,
                Interval::MAX_V3,
                "VRRPv3 carries hundredths of a second up to 40.95",
            ),
        };
        let micros = set.value.as_micros();
        let units = ((micros + unit / 2) / unit).max(1);
        let centis = u16::try_from(units * unit / 10_000).unwrap_or(u16::MAX);
        let interval = Interval::from_centis(centis.min(longest.centis())).unwrap_or(longest);
        if interval.duration() != set.value {
            let label = format!("{interval} is used");
            self.diagnostics
                .push(Diagnostic::error(Code::Rounded, set.place, text).label(label));
        }
        interval
    }

    fn authentication(&mut self, version: Version, family: Family) -> Authentication {
        let seen = &self.draft.authentication;
        let Some(kind) = self.draft.auth_type else {
            let place = seen.place(AuthenticationKeyword::AuthPass);
            if let Some(place) = place.filter(|_| !seen.was_tried(AuthenticationKeyword::AuthType))
            {
                let text = "`auth_pass` has no effect without `auth_type`".to_owned();
                self.ignored(place, text, None);
            }
            return Authentication::None;
        };
        let refusal = if self.strict {
            Some("strict mode has no authentication")
        } else if version == Version::V3 {
            Some("VRRPv3 has no authentication")
        } else if family == Family::V6 && kind == AuthType::Ah {
            Some("there is no AH authentication over IPv6")
        } else {
            None
        };
        if let Some(text) = refusal {
            let cause = match self.draft.place(InstanceKeyword::Version) {
                Some(place) if version == Version::V3 => Some((place, "the version is set here")),
                _ => None,
            };
            self.conflict(InstanceKeyword::Authentication, text.to_owned(), cause);
            return Authentication::None;
        }
        let Some(password) = self.draft.auth_pass else {
            let seen = &self.draft.authentication;
            if !seen.was_tried(AuthenticationKeyword::AuthPass) {
                let place = seen.place(AuthenticationKeyword::AuthType);
                let text = "`auth_type` has no effect without `auth_pass`".to_owned();
                self.ignored(place.unwrap_or(self.draft.name.place), text, None);
            }
            return Authentication::None;
        };
        match kind {
            AuthType::Pass => Authentication::Pass(password),
            AuthType::Ah => Authentication::Ah(password),
        }
    }

    fn preemption(&mut self, initial: InitialState, priority: Priority) -> (bool, Duration) {
        let preempt = self.draft.preempt.unwrap_or(true);
        let delay = self.draft.preempt_delay.unwrap_or(Duration::ZERO);
        let state = self.draft.initial.map(|set| set.place);
        let cause = if initial == InitialState::Master && !priority.is_owner() {
            state.map(|place| (place, "the state is set here"))
        } else {
            let priority = self.draft.place(InstanceKeyword::Priority);
            let priority = priority.map(|place| (place, "the priority is set here"));
            // MASTER without a priority is priority 255.
            priority.or_else(|| state.map(|place| (place, "without a priority this is 255")))
        };
        if initial == InitialState::Master || priority.is_owner() {
            if !preempt {
                let text = "`nopreempt` does not go with `state` MASTER or priority 255";
                self.conflict(
                    InstanceKeyword::Switch(SwitchKeyword::Preempt),
                    text.to_owned(),
                    cause,
                );
            }
            if !delay.is_zero() {
                let text = "`preempt_delay` does not go with `state` MASTER or priority 255";
                self.conflict(InstanceKeyword::PreemptDelay, text.to_owned(), cause);
            }
            return (true, Duration::ZERO);
        }
        if self.strict && !delay.is_zero() {
            self.not_strict(InstanceKeyword::PreemptDelay);
            return (preempt, Duration::ZERO);
        }
        if !preempt && !delay.is_zero() {
            let cause = (
                self.place(InstanceKeyword::Switch(SwitchKeyword::Preempt)),
                "preemption is off",
            );
            let text = "`preempt_delay` does not go with `nopreempt`".to_owned();
            self.conflict(InstanceKeyword::PreemptDelay, text, Some(cause));
            return (false, Duration::ZERO);
        }
        (preempt, delay)
    }

    fn vmac(&mut self, family: Family, vrid: Vrid) -> Option<Vmac> {
        if self.draft.vmac_xmit_base && self.strict {
            self.not_strict(InstanceKeyword::Switch(SwitchKeyword::VmacXmitBase));
            self.draft.vmac_xmit_base = false;
        }
        let Some(draft) = self.draft.vmac.take() else {
            if self.draft.vmac_xmit_base && self.draft.tried(InstanceKeyword::UseVmac).is_none() {
                let text = "`vmac_xmit_base` has no effect without `use_vmac`".to_owned();
                self.conflict(
                    InstanceKeyword::Switch(SwitchKeyword::VmacXmitBase),
                    text,
                    None,
                );
            }
            return None;
        };
        let mut mac = draft.mac.map(|mac| mac.with(vrid));
        if mac.is_some() && self.strict {
            self.conflict(
                InstanceKeyword::UseVmac,
                "strict mode has no MAC address of its own".to_owned(),
                None,
            );
            mac = None;
        }
        Some(Vmac {
            name: draft.name.unwrap_or_default(),
            mac: mac.unwrap_or_else(|| vrid.virtual_mac(family)),
            xmit_base: self.draft.vmac_xmit_base,
        })
    }

    /// `track_interface`: each interface once, and not the instance's own.
    fn tracked(&mut self) -> Vec<TrackedInterface> {
        let mut tracked = Vec::new();
        let mut known = HashMap::new();
        for Set { value, place } in core::mem::take(&mut self.draft.track) {
            let name = &value.interface;
            let diagnostic = if self.draft.interface.as_ref() == Some(name) {
                let own = self.place(InstanceKeyword::Interface);
                let text = format!("`{name}` is tracked anyway");
                Diagnostic::warning(Code::NoEffect, place, text)
                    .label("may be removed")
                    .and(own, "as the interface itself")
            } else if let Some(&first) = known.get(name) {
                let text = format!("`{name}` is tracked twice");
                Diagnostic::error(Code::Conflict, place, text)
                    .label("ignored")
                    .and(first, "first given here")
            } else {
                known.insert(value.interface.clone(), place);
                tracked.push(value);
                continue;
            };
            self.diagnostics.push(diagnostic);
        }
        tracked
    }

    fn accept(&mut self, priority: Priority) -> bool {
        if !self.strict || priority.is_owner() {
            return self.draft.accept.unwrap_or(true);
        }
        if self.draft.accept == Some(true) {
            self.not_strict(InstanceKeyword::Switch(SwitchKeyword::Accept));
        }
        false
    }

    fn down_timer_adverts(&mut self) -> u8 {
        if self.strict {
            if self.draft.down_timer_adverts != 3 {
                self.not_strict(InstanceKeyword::DownTimerAdverts);
            }
            return 3;
        }
        self.draft.down_timer_adverts
    }

    fn announce(&mut self) -> Announce {
        let garp = self.draft.garp;
        if self.strict {
            self.not_strict(InstanceKeyword::Garp(GarpKeyword::LowerPrioDelay));
            self.not_strict(InstanceKeyword::Garp(GarpKeyword::LowerPrioRepeat));
        }
        let lower = |value: Option<u32>, master: u32| match value {
            _ if self.strict => 0,
            Some(value) => value,
            None => master,
        };
        let seconds = |n: u32| (n > 0).then(|| Duration::from_secs(u64::from(n)));
        Announce {
            delay: seconds(garp.delay),
            repeat: garp.repeat,
            refresh: seconds(garp.refresh),
            refresh_repeat: garp.refresh_repeat,
            lower_prio_delay: seconds(lower(garp.lower_prio_delay, garp.delay)),
            lower_prio_repeat: lower(garp.lower_prio_repeat, garp.repeat),
        }
    }
}
