//! The completion of real servers and the sorry server.

use ipvs_core::{DestinationKey, Forwarding};

use super::checker::Inherited;
use super::common::Common;
use super::{Completion, keeps_port};
use crate::config::diagnostic::{Code, Diagnostic};
use crate::config::keyword::{RealServerKeyword, VIRTUAL_SERVER, VirtualServerKeyword};
use crate::config::lvs::real_server::RealServerDraft;
use crate::config::lvs::timing::TimingDraft;
use crate::config::lvs::virtual_server::Front;
use crate::config::model::{RealServer, SorryServer};
use crate::config::text::source::Place;
use crate::config::unique::Unique;

impl<'n> Completion<'n, '_, '_> {
    /// The real servers, without those that are there already.
    pub(super) fn real_servers(
        &mut self,
        method: Forwarding,
        common: &mut Common,
    ) -> Vec<RealServer> {
        let mut drafts = core::mem::take(&mut self.draft.real_servers);
        let mut unique = Unique::new();
        let mut servers = Vec::with_capacity(drafts.len());
        for draft in &mut drafts {
            let forwarding = draft.method.unwrap_or(method);
            let place = draft.name.place;
            let port = self.destination_port(draft.port, forwarding, place, "real server");
            let key = DestinationKey::new(draft.address, port);
            if let Some(first) = unique.add(key, place) {
                let text = format!("there is another real server {key}");
                self.diagnostics.push(
                    Diagnostic::error(Code::DuplicateAddress, place, text)
                        .label("skipped with its block")
                        .and(first, "the first one"),
                );
                continue;
            }
            servers.push(self.real_server(draft, key, forwarding, common));
        }
        servers
    }

    fn real_server(
        &mut self,
        draft: &mut RealServerDraft<'n>,
        key: DestinationKey,
        forwarding: Forwarding,
        common: &mut Common,
    ) -> RealServer {
        let timing = draft.timing.or(self.draft.timing);
        let inherited = Inherited {
            address: draft.address,
            port: if draft.port > 0 {
                draft.port
            } else {
                self.port()
            },
            timing,
            virtual_host: draft
                .virtual_host
                .as_ref()
                .or(self.draft.virtual_host.as_ref()),
            script_timeout: self
                .draft
                .timing
                .delay_loop
                .unwrap_or(TimingDraft::DELAY_LOOP),
        };
        let mut checkers = Vec::with_capacity(draft.checkers.len());
        for checker in &mut draft.checkers {
            let diagnostics = &mut *self.diagnostics;
            inherited.complete(checker, self.context, common, &mut checkers, diagnostics);
        }
        RealServer {
            key,
            span: draft.name.place.span,
            forwarding,
            weight: draft.weight.unwrap_or(self.draft.weight),
            upper: draft.upper,
            lower: self.lower(
                draft.lower,
                draft.upper,
                draft.seen.place(RealServerKeyword::Lthreshold),
            ),
            inhibit_on_failure: draft.inhibit.unwrap_or(self.draft.inhibit),
            notify_up: draft.notify_up.take(),
            notify_down: draft.notify_down.take(),
            checkers,
        }
    }

    /// The lower threshold; the kernel refuses one above the upper one.
    fn lower(&mut self, lower: u32, upper: u32, place: Option<Place>) -> u32 {
        let Some(place) = place.filter(|_| lower > upper) else {
            return lower;
        };
        let text = format!("`lthreshold` {lower} is above `uthreshold` {upper}");
        let diagnostic = Diagnostic::error(Code::OutOfRange, place, text);
        self.diagnostics
            .push(diagnostic.label(format!("0 to {upper} are allowed, 0 is used")));
        0
    }

    /// The port of a real or sorry server: unless packets are rewritten, that of the virtual one.
    fn destination_port(
        &mut self,
        port: u16,
        forwarding: Forwarding,
        place: Place,
        what: &str,
    ) -> u16 {
        let service = match self.draft.front {
            Front::Address(_, service) => service,
            Front::Mark(_) => 0,
            Front::Group(_) => {
                self.group_port(port, forwarding, place, what);
                return port;
            }
        };
        let is_mark = matches!(self.draft.front, Front::Mark(_));
        if !keeps_port(forwarding) {
            return if port == 0 { service } else { port };
        }
        if port != 0 && port != service {
            let text = format!("port {port} of a {what} needs NAT");
            let diagnostic = Diagnostic::warning(Code::PortIgnored, place, text);
            self.diagnostics.push(if is_mark {
                diagnostic.label("packets keep their port")
            } else {
                diagnostic.label(format!("packets keep port {service}"))
            });
        }
        service
    }

    /// Reports a port that some of the services of a group do not have.
    fn group_port(&mut self, port: u16, forwarding: Forwarding, place: Place, what: &str) {
        if port == 0 || !keeps_port(forwarding) {
            return;
        }
        let Some(group) = self.group else {
            return;
        };
        if group.only_port != Some(port) {
            let text = format!("port {port} of a {what} needs NAT");
            let diagnostic = Diagnostic::warning(Code::PortIgnored, place, text);
            self.diagnostics
                .push(diagnostic.label("packets keep the port of their service"));
        }
    }

    pub(super) fn sorry_server(
        &mut self,
        method: Forwarding,
        real_servers: &[RealServer],
    ) -> Option<SorryServer> {
        let Some(sorry) = self.draft.sorry else {
            self.without_sorry_server();
            return None;
        };
        let forwarding = self.draft.sorry_method.unwrap_or(method);
        let place = sorry.address.place;
        let port = self.destination_port(sorry.port, forwarding, place, "sorry server");
        let key = DestinationKey::new(sorry.address.value, port);
        let mut inhibit = self.draft.sorry_inhibit;
        let mut servers = real_servers.iter();
        if let Some(twin) = servers.find(|server| server.key == key)
            && twin.inhibit_on_failure != inhibit
        {
            inhibit = twin.inhibit_on_failure;
            let switch = if inhibit { "on" } else { "off" };
            let text = format!("the sorry server {key} is a real server too");
            self.diagnostics.push(
                Diagnostic::error(Code::Conflict, place, text)
                    .label(format!("`sorry_server_inhibit` is {switch}, as for that"))
                    .and(
                        Place {
                            span: twin.span,
                            via: None,
                        },
                        "the real server",
                    ),
            );
        }
        Some(SorryServer {
            key,
            span: place.span,
            forwarding,
            inhibit,
        })
    }

    fn without_sorry_server(&mut self) {
        if self.draft.seen.was_tried(VirtualServerKeyword::SorryServer)
            || self
                .draft
                .seen
                .place(VirtualServerKeyword::SorryServer)
                .is_some()
        {
            return;
        }
        for keyword in [
            VirtualServerKeyword::SorryServerInhibit,
            VirtualServerKeyword::SorryServerLvsMethod,
        ] {
            if let Some(place) = self.draft.seen.place(keyword) {
                let name = VIRTUAL_SERVER.name(keyword);
                let text = format!("`{name}` without a sorry server");
                let diagnostic = Diagnostic::error(Code::Conflict, place, text).label("ignored");
                self.diagnostics.push(diagnostic);
            }
        }
    }
}
