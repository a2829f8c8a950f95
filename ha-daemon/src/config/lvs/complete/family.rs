//! The address family of a virtual server, and which real servers go with it.

use core::net::IpAddr;

use ipvs_core::{Family, Forwarding};

use super::{Completion, is_tunnel};
use crate::config::diagnostic::{Code, Diagnostic};
use crate::config::lvs::virtual_server::{Mask, Selector};
use crate::config::text::source::Place;

impl Completion<'_, '_, '_> {
    /// The family, after what does not go with it has been left out: only a tunnel leads from one
    /// family to the other. `None` if nothing is left to decide about.
    pub(super) fn family(&mut self, method: Forwarding) -> Option<Family> {
        let families = self.group.map(|group| group.families());
        let family = match (self.draft.selector, families) {
            (Selector::Address(address, _), _) => self.given(Family::of(address)),
            (Selector::Group(_), Some((true, false))) => self.given(Family::V4),
            (Selector::Group(_), Some((false, true))) => self.given(Family::V6),
            (Selector::Group(_), Some((true, true))) => {
                return self.mixed(method);
            }
            (Selector::Mark(_) | Selector::Group(_), _) => self.derived(method),
        };
        self.keep(family, method);
        Some(family)
    }

    /// The family of the virtual addresses; `ip_family` must not differ.
    fn given(&mut self, family: Family) -> Family {
        if let Some(set) = self.draft.family.filter(|set| set.value != family) {
            let text = format!("`ip_family` does not go with an {family} address");
            let diagnostic = Diagnostic::error(Code::WrongFamily, set.place, text);
            self.diagnostics.push(diagnostic.label("ignored"));
        }
        family
    }

    /// The family of a mark: what is said, else what the real servers have.
    fn derived(&mut self, method: Forwarding) -> Family {
        if let Some(set) = self.draft.family {
            return set.value;
        }
        if let Some(mask) = self.draft.mask {
            return match mask.value {
                Mask::V4(_) => Family::V4,
                Mask::Length(_) => Family::V6,
            };
        }
        let ends = || {
            self.draft.real_servers.iter().map(|server| {
                let method = server.method.unwrap_or(method);
                (Family::of(server.address), is_tunnel(method))
            })
        };
        if let Some((family, _)) = ends().find(|&(_, is_tunnel)| !is_tunnel) {
            return family;
        }
        let is_all_v6 = ends().all(|(family, _)| family == Family::V6);
        let is_mixed = !is_all_v6 && ends().any(|(family, _)| family == Family::V6);
        if is_mixed {
            let name = self.draft.name;
            let text = format!("the family of virtual server `{}` is not clear", name.text);
            self.diagnostics.push(
                Diagnostic::error(Code::MissingSetting, name.place, text)
                    .label("IPv4 is used")
                    .help("add `ip_family inet` or `ip_family inet6`"),
            );
        }
        if is_all_v6 { Family::V6 } else { Family::V4 }
    }

    /// A group with addresses of both families: everything has to be a tunnel.
    fn mixed(&mut self, method: Forwarding) -> Option<Family> {
        let mut servers = self.draft.real_servers.iter();
        let other = servers.find(|server| !is_tunnel(server.method.unwrap_or(method)));
        let sorry = self.draft.sorry_method.unwrap_or(method);
        let sorry = self.draft.sorry.filter(|_| !is_tunnel(sorry));
        let place = other.map(|server| server.name.place);
        let Some(place) = place.or_else(|| sorry.map(|sorry| sorry.address.place)) else {
            return Some(Family::V4);
        };
        let name = self.draft.name;
        let text = format!("group `{}` has addresses of both families", name.text);
        self.diagnostics.push(
            Diagnostic::error(Code::WrongFamily, name.place, text)
                .label("the virtual server is left out")
                .and(place, "only a tunnel leads here"),
        );
        None
    }

    /// Leaves out what is of the other family and no tunnel leads to.
    fn keep(&mut self, family: Family, method: Forwarding) {
        let fits = |address: IpAddr, own: Option<Forwarding>| {
            Family::of(address) == family || is_tunnel(own.unwrap_or(method))
        };
        let mut others: Vec<(Place, &str)> = Vec::new();
        self.draft.real_servers.retain(|server| {
            let fits = fits(server.address, server.method);
            if !fits {
                others.push((server.name.place, "real server"));
            }
            fits
        });
        let own = self.draft.sorry_method;
        if let Some(sorry) = self.draft.sorry.filter(|s| !fits(s.address.value, own)) {
            others.push((sorry.address.place, "sorry server"));
            self.draft.sorry = None;
        }
        for (place, what) in others {
            let text = format!("this {what} is not of the family {family}");
            self.diagnostics.push(
                Diagnostic::error(Code::WrongFamily, place, text)
                    .label("left out")
                    .help("only a tunnel leads from one family to the other"),
            );
        }
    }
}
