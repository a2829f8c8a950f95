//! The service keys of virtual servers, each taken only once.

use std::collections::hash_map::{self, HashMap};

use ipvs_core::{Family, Protocol, ServiceKey};

use super::group::{Entry, Group};
use super::virtual_server::{Front, VirtualServerDraft};
use crate::config::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::config::text::source::Place;

/// The keys that are taken, and by what.
#[derive(Debug, Default)]
pub(super) struct Keys {
    places: HashMap<ServiceKey, Place>,
    /// How many have been asked for.
    asked: usize,
}

/// The most services of a configuration.
const LIMIT: usize = 1 << 20;

impl Keys {
    /// The keys of a virtual server, in order, without those that are taken.
    pub(super) fn of(
        &mut self,
        draft: &VirtualServerDraft<'_>,
        group: Option<&Group<'_>>,
        protocol: Option<Protocol>,
        family: Family,
        diagnostics: &mut Diagnostics,
    ) -> Vec<ServiceKey> {
        let protocol = protocol.unwrap_or(Protocol::UDP);
        let mut keys = Vec::new();
        let place = draft.name.place;
        match (draft.front, group) {
            (Front::Address(address, port), _) => {
                let key = ServiceKey::Address {
                    protocol,
                    address,
                    port,
                };
                self.take(core::iter::once(key), place, &mut keys, diagnostics);
            }
            (Front::Mark(mark), _) => {
                let key = ServiceKey::Mark { mark, family };
                self.take(core::iter::once(key), place, &mut keys, diagnostics);
            }
            (Front::Group(_), None) => {}
            (Front::Group(_), Some(group)) => {
                for entry in &group.entries {
                    match entry.value {
                        Entry::Addresses { range, port } => {
                            let each = range.addresses().map(|address| ServiceKey::Address {
                                protocol,
                                address,
                                port,
                            });
                            self.take(each, place, &mut keys, diagnostics);
                        }
                        Entry::Mark { mark, family: own } => {
                            let family = own.unwrap_or(family);
                            let key = ServiceKey::Mark { mark, family };
                            self.take(core::iter::once(key), place, &mut keys, diagnostics);
                        }
                    }
                }
            }
        }
        keys.shrink_to_fit();
        keys
    }

    fn take(
        &mut self,
        each: impl Iterator<Item = ServiceKey>,
        place: Place,
        into: &mut Vec<ServiceKey>,
        diagnostics: &mut Diagnostics,
    ) {
        for key in each {
            self.asked += 1;
            if self.asked > LIMIT {
                let text = format!("there are more than {LIMIT} services");
                diagnostics.push(Diagnostic::fatal(Code::ExpansionLimit, place, text));
                return;
            }
            match self.places.entry(key) {
                hash_map::Entry::Vacant(entry) => {
                    entry.insert(place);
                    into.push(key);
                }
                hash_map::Entry::Occupied(entry) => {
                    let first = *entry.get();
                    let text = format!("service {key} is there already");
                    let mut diagnostic = Diagnostic::error(Code::DuplicateAddress, place, text)
                        .label("left out here");
                    if first != place {
                        diagnostic = diagnostic.and(first, "the first one");
                    }
                    diagnostics.push(diagnostic);
                }
            }
        }
    }
}
