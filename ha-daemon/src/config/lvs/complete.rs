//! The completion of virtual servers: defaults, and settings that contradict each other.

use std::collections::BTreeMap;

use ipvs_core::service::{Flags, Granularity, Persistence};
use ipvs_core::{Family, Forwarding, Protocol, Scheduler};

use self::interner::Interner;
use super::Drafts;
use super::group::Group;
use super::key::Keys;
use super::virtual_server::{Mask, PERSISTENCE, Selector, VirtualServerDraft};
use crate::config::block::Seen;
use crate::config::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::config::global::lvs::LvsGlobals;
use crate::config::keyword::VirtualServerKeyword;
use crate::config::model::{TrackFile, VirtualServer};
use crate::config::text::source::Place;
use crate::config::text::tree::{Block, Node};
use crate::config::value::Words;

mod checker;
mod family;
mod interner;
mod real_server;

/// What virtual servers refer to.
#[derive(Debug)]
struct Context<'n, 'c> {
    groups: &'c BTreeMap<&'n str, Group<'n>>,
    track_files: &'c [TrackFile],
    track_file_names: &'c BTreeMap<&'n str, usize>,
    log_all_failures: bool,
}

impl Context<'_, '_> {
    fn track_file(&self, name: &str) -> Option<&TrackFile> {
        let index = *self.track_file_names.get(name)?;
        self.track_files.get(index)
    }
}

/// The virtual servers so far.
#[derive(Debug)]
pub(in crate::config) struct VirtualServers<'n, 'c> {
    context: Context<'n, 'c>,
    interner: Interner,
    keys: Keys,
    servers: Vec<VirtualServer>,
}

impl<'n, 'c> VirtualServers<'n, 'c> {
    /// None; they may refer to what is in `drafts`.
    pub(in crate::config) fn new(drafts: &'c Drafts<'n>, globals: &LvsGlobals) -> Self {
        let context = Context {
            groups: &drafts.groups,
            track_files: &drafts.track_files,
            track_file_names: &drafts.track_file_names,
            log_all_failures: globals.log_all_failures,
        };
        Self {
            context,
            interner: Interner::default(),
            keys: Keys::default(),
            servers: Vec::new(),
        }
    }

    /// Reads one, unless it cannot run, which is reported.
    pub(in crate::config) fn read(
        &mut self,
        node: &Node<'n>,
        block: &Block<'n>,
        diagnostics: &mut Diagnostics,
    ) {
        let Ok(mut draft) = VirtualServerDraft::new(&mut Words::of(node, diagnostics)) else {
            return;
        };
        draft.read(block, diagnostics);
        let server = Completion::new(&mut draft, &self.context, diagnostics)
            .and_then(|completion| completion.server(&mut self.keys, &mut self.interner));
        self.servers.extend(server);
    }

    pub(in crate::config) fn complete(mut self) -> Vec<VirtualServer> {
        self.servers.shrink_to_fit();
        self.servers
    }
}

struct Completion<'n, 'c, 'd> {
    draft: &'d mut VirtualServerDraft<'n>,
    /// The group it is given by.
    group: Option<&'c Group<'n>>,
    context: &'d Context<'n, 'c>,
    /// Keywords that are missing, and what is used instead.
    missing: Vec<(&'static str, &'static str)>,
    diagnostics: &'d mut Diagnostics,
}

impl<'n, 'c, 'd> Completion<'n, 'c, 'd> {
    fn new(
        draft: &'d mut VirtualServerDraft<'n>,
        context: &'d Context<'n, 'c>,
        diagnostics: &'d mut Diagnostics,
    ) -> Option<Self> {
        let group = match draft.selector {
            Selector::Address(..) | Selector::Mark(_) => None,
            Selector::Group(name) => match context.groups.get(name.text) {
                Some(group) if group.is_unusable => return None,
                Some(group) => Some(group),
                None => {
                    let text = format!("there is no group `{}`", name.text);
                    let names = context.groups.keys().copied();
                    let diagnostic = Diagnostic::error(Code::UnknownName, name.place, text)
                        .label("the virtual server is left out");
                    diagnostics.push_suggesting(diagnostic, name.text, names);
                    return None;
                }
            },
        };
        Some(Self {
            draft,
            group,
            context,
            missing: Vec::new(),
            diagnostics,
        })
    }

    fn server(mut self, keys: &mut Keys, interner: &mut Interner) -> Option<VirtualServer> {
        if self.draft.real_servers.is_empty() {
            self.no_real_server();
            return None;
        }
        let method = self.method();
        let family = self.family(method)?;
        self.suspension();
        let protocol = self.protocol();
        let scheduler = self.scheduler();
        let flags = self.flags(scheduler, protocol);
        let persistence = self.persistence(family);
        let name = self.name(protocol);
        let real_servers = self.real_servers(method, interner);
        if real_servers.is_empty() {
            self.no_real_server();
            return None;
        }
        let sorry_server = self.sorry_server(method, &real_servers);
        let keys = keys.of(self.draft, self.group, protocol, family, self.diagnostics);
        if keys.is_empty() {
            return None;
        }
        self.report_missing();
        let draft = self.draft;
        let mut server = VirtualServer {
            name,
            span: draft.name.place.span,
            group: self.group.map(|group| group.name.text.to_string()),
            keys,
            scheduler,
            flags,
            persistence,
            // As keepalived does it.
            engine: persistence.and(draft.engine),
            real_servers,
            sorry_server,
            quorum: draft.quorum,
            hysteresis: draft.hysteresis,
            quorum_up: draft.quorum_up.take(),
            quorum_down: draft.quorum_down.take(),
            alpha: draft.timing.alpha.unwrap_or(false),
            omega: draft.omega,
            ha_suspend: draft.ha_suspend,
        };
        limit_quorum(&mut server, &draft.seen, draft.name.place, self.diagnostics);
        Some(server)
    }

    fn no_real_server(&mut self) {
        if self.draft.seen.was_tried(VirtualServerKeyword::RealServer) {
            return;
        }
        let name = self.draft.name;
        let text = format!("virtual server `{}` has no real servers", name.text);
        let diagnostic = Diagnostic::error(Code::MissingSetting, name.place, text);
        self.diagnostics.push(diagnostic.label("left out"));
    }

    /// Notes that `keyword` is missing, unless what was meant to be it has been reported.
    fn missing(&mut self, keyword: VirtualServerKeyword, name: &'static str, used: &'static str) {
        if !self.draft.seen.was_tried(keyword) {
            self.missing.push((name, used));
        }
    }

    fn report_missing(&mut self) {
        if self.missing.is_empty() {
            return;
        }
        let (keywords, used): (Vec<_>, Vec<_>) = self
            .missing
            .iter()
            .map(|(keyword, used)| (format!("`{keyword}`"), format!("`{keyword} {used}`")))
            .unzip();
        let name = self.draft.name;
        let text = format!(
            "virtual server `{}` has no {}",
            name.text,
            keywords.join(" and no ")
        );
        let diagnostic = Diagnostic::error(Code::MissingSetting, name.place, text);
        self.diagnostics
            .push(diagnostic.label(format!("as if it had {}", used.join(", "))));
    }

    /// Whether it takes packets by their address, and whether by their mark.
    fn takes(&self) -> (bool, bool) {
        match (self.draft.selector, self.group) {
            (Selector::Address(..), _) => (true, false),
            (Selector::Mark(_), _) => (false, true),
            (Selector::Group(_), Some(group)) => {
                (group.families() != (false, false), group.mark().is_some())
            }
            (Selector::Group(_), None) => (false, false),
        }
    }

    fn method(&mut self) -> Forwarding {
        if let Some(method) = self.draft.method {
            return method;
        }
        let mut servers = self.draft.real_servers.iter();
        let has_sorry = self.draft.sorry.is_some() && self.draft.sorry_method.is_none();
        if has_sorry || servers.any(|server| server.method.is_none()) {
            self.missing(VirtualServerKeyword::LvsMethod, "lvs_method", "NAT");
        }
        Forwarding::Masquerade
    }

    fn suspension(&mut self) {
        if !self.draft.ha_suspend || !self.takes().1 {
            return;
        }
        self.draft.ha_suspend = false;
        let place = self.draft.seen.place(VirtualServerKeyword::HaSuspend);
        let place = place.unwrap_or(self.draft.name.place);
        let text = "`ha_suspend` does not go with a mark";
        let diagnostic = Diagnostic::error(Code::Conflict, place, text).label("ignored");
        self.diagnostics.push(diagnostic);
    }

    fn protocol(&mut self) -> Option<Protocol> {
        match (self.takes().0, self.draft.protocol) {
            (true, None) => {
                self.missing(VirtualServerKeyword::Protocol, "protocol", "UDP");
                Some(Protocol::UDP)
            }
            (true, protocol) => protocol,
            (false, None) => None,
            (false, Some(_)) => {
                let place = self.draft.seen.place(VirtualServerKeyword::Protocol);
                let place = place.unwrap_or(self.draft.name.place);
                let text = "`protocol` does not go with a mark";
                let diagnostic = Diagnostic::warning(Code::NoProtocol, place, text);
                self.diagnostics
                    .push(diagnostic.label("a mark takes packets of every protocol"));
                None
            }
        }
    }

    fn scheduler(&mut self) -> Scheduler {
        self.draft.scheduler.unwrap_or_else(|| {
            self.missing(VirtualServerKeyword::LvsSched, "lvs_sched", "wlc");
            Scheduler::Wlc
        })
    }

    fn flags(&mut self, scheduler: Scheduler, protocol: Option<Protocol>) -> Flags {
        let mut flags = Flags::NONE;
        for (flag, owner) in &self.draft.flags {
            match owner {
                Some(owner) if *owner != scheduler => {
                    let text = format!("this flag is for the scheduler {owner}, not {scheduler}");
                    let diagnostic = Diagnostic::error(Code::Conflict, flag.place, text);
                    self.diagnostics.push(diagnostic.label("ignored"));
                }
                Some(_) | None => flags = flags.with(flag.value),
            }
        }
        match (self.draft.one_packet, protocol) {
            (Some(place), Some(protocol)) if protocol != Protocol::UDP => {
                let text = format!("`ops` is for UDP, not {protocol}");
                let diagnostic = Diagnostic::error(Code::Conflict, place, text).label("ignored");
                self.diagnostics.push(diagnostic);
                flags
            }
            (Some(_), _) => flags.with(Flags::ONE_PACKET),
            (None, _) => flags,
        }
    }

    fn persistence(&mut self, family: Family) -> Option<Persistence> {
        let mask = self.granularity(family);
        let timeout = match (self.draft.persistence, mask) {
            (Some(timeout), _) => timeout,
            (None, Some(_)) => PERSISTENCE,
            (None, None) if self.takes_every_port() => {
                let name = self.draft.name;
                let text = "a port of 0 goes only with persistence";
                self.diagnostics.push(
                    Diagnostic::error(Code::Conflict, name.place, text)
                        .label(format!("`persistence_timeout {PERSISTENCE}` is used"))
                        .help("give a port, or say how long clients stay with a real server"),
                );
                PERSISTENCE
            }
            (None, None) => return None,
        };
        Some(Persistence {
            timeout,
            granularity: mask.unwrap_or_else(|| Granularity::single(family)),
        })
    }

    fn takes_every_port(&self) -> bool {
        match (self.draft.selector, self.group) {
            (Selector::Address(_, port), _) => port == 0,
            (Selector::Mark(_), _) | (Selector::Group(_), None) => false,
            (Selector::Group(_), Some(group)) => group.takes_every_port(),
        }
    }

    fn granularity(&mut self, family: Family) -> Option<Granularity> {
        let mask = self.draft.mask?;
        match (mask.value, family) {
            (Mask::V4(mask), Family::V4) => return Some(Granularity::V4(mask)),
            (Mask::Length(len), Family::V6) => return Some(Granularity::V6(len)),
            (Mask::V4(_), Family::V6) | (Mask::Length(_), Family::V4) => {}
        }
        let expected = match family {
            Family::V4 => "a mask like 255.255.255.0 is expected",
            Family::V6 => "a prefix length from 1 to 128 is expected",
        };
        let text = format!("no granularity of {family} clients");
        self.diagnostics.push(
            Diagnostic::error(Code::WrongFamily, mask.place, text)
                .label(format!("{expected}, every client counts by itself")),
        );
        Some(Granularity::single(family))
    }

    /// What keepalived calls it.
    fn name(&self, protocol: Option<Protocol>) -> String {
        let protocol = protocol.unwrap_or(Protocol::UDP).to_string().to_lowercase();
        match self.draft.selector {
            Selector::Address(address, port) => format!("[{address}]:{protocol}:{port}"),
            Selector::Mark(mark) => format!("FWM {mark}"),
            Selector::Group(name) => format!("[{}]:0", name.text),
        }
    }

    /// The service keys may have different ports; the first one.
    fn port(&self) -> u16 {
        match (self.draft.selector, self.group) {
            (Selector::Address(_, port), _) => port,
            (Selector::Mark(_), _) | (Selector::Group(_), None) => 0,
            (Selector::Group(_), Some(group)) => group.ports().find(|&port| port > 0).unwrap_or(0),
        }
    }
}

/// Keeps the quorum within what the real servers weigh, and the hysteresis below it.
fn limit_quorum(
    server: &mut VirtualServer,
    seen: &Seen<VirtualServerKeyword>,
    name: Place,
    diagnostics: &mut Diagnostics,
) {
    let place = |keyword| seen.place(keyword).unwrap_or(name);
    let total = server.total_weight();
    if u64::from(server.quorum) > total {
        let text = format!(
            "a quorum of {} is more than the {total} that all real servers weigh",
            server.quorum
        );
        // A quorum of nothing would be there without a single real server.
        server.quorum = u32::try_from(total).unwrap_or(u32::MAX).max(1);
        let diagnostic =
            Diagnostic::warning(Code::OutOfRange, place(VirtualServerKeyword::Quorum), text);
        diagnostics.push(diagnostic.label(format!("{} is used", server.quorum)));
    }
    if server.hysteresis >= server.quorum {
        let (quorum, hysteresis) = (server.quorum, server.hysteresis);
        server.hysteresis = quorum - 1;
        let text = format!("a hysteresis of {hysteresis} is not below the quorum of {quorum}");
        let diagnostic = Diagnostic::error(
            Code::OutOfRange,
            place(VirtualServerKeyword::Hysteresis),
            text,
        );
        diagnostics.push(diagnostic.label(format!("{} is used", server.hysteresis)));
    }
}

/// Whether a port other than the service's could be reached.
const fn keeps_port(method: Forwarding) -> bool {
    match method {
        Forwarding::Masquerade => false,
        Forwarding::Local | Forwarding::Tunnel(_) | Forwarding::Route | Forwarding::Other(_) => {
            true
        }
    }
}

const fn is_tunnel(method: Forwarding) -> bool {
    matches!(method, Forwarding::Tunnel(_))
}
