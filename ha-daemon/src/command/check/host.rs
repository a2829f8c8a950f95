//! The comparison of a configuration with the interfaces and addresses of this host.

use core::net::IpAddr;
use std::collections::BTreeMap;
use std::collections::HashSet;

use nix::ifaddrs::getifaddrs;
use nix::net::if_::if_nametoindex;

use crate::config::{Code, Config, Diagnostic, Instance, Loaded, Place, Severity, Transport};

/// Says which interfaces of the configuration this host lacks, and which of its own addresses are
/// among the peers. Neither keeps the configuration from running.
pub fn compare(loaded: &mut Loaded) {
    let mut host = Host::default();
    let found: Vec<_> = {
        let Config { instances, .. } = &loaded.config;
        let vmacs = instances
            .iter()
            .filter_map(|instance| instance.vmac.as_ref());
        // They come with the instances.
        host.interfaces
            .extend(vmacs.map(|vmac| (vmac.name.clone(), true)));
        let each = instances.iter();
        each.flat_map(|instance| {
            let lacks = host.lacks(instance);
            lacks.into_iter().chain(host.is_peer(instance))
        })
        .collect()
    };
    loaded.add(found);
}

/// What is known of this host.
#[derive(Debug, Default)]
struct Host {
    interfaces: BTreeMap<String, bool>,
    addresses: Option<HashSet<IpAddr>>,
}

impl Host {
    fn lacks(&mut self, instance: &Instance) -> Option<Diagnostic> {
        let addresses = instance.addresses.iter().chain(&instance.excluded);
        let devices = addresses.filter_map(|address| address.device.as_ref());
        let tracked = instance.track_interfaces.iter().map(|t| &t.interface);
        let named = instance.interface.iter().chain(tracked).chain(devices);
        let mut lacking: Vec<&str> = Vec::new();
        for name in named {
            let is_there = self
                .interfaces
                .entry(name.clone())
                .or_insert_with(|| if_nametoindex(name.as_str()).is_ok());
            if !*is_there && !lacking.contains(&name.as_str()) {
                lacking.push(name);
            }
        }
        if lacking.is_empty() {
            return None;
        }
        let names = lacking.join("`, `");
        let text = format!("this host has no interface `{names}`");
        let diagnostic = note(Code::NoInterface, instance, text);
        Some(diagnostic.label("`run` waits for it; keepalived does not even start"))
    }

    fn is_peer(&mut self, instance: &Instance) -> Option<Diagnostic> {
        let Transport::Unicast { peers, source, .. } = &instance.transport else {
            return None;
        };
        let own = self.addresses.get_or_insert_with(addresses);
        let mut peers = peers.iter().map(|peer| peer.address);
        // The source among the peers has been reported.
        let peer = peers.find(|peer| own.contains(peer) && Some(*peer) != *source)?;
        let text = format!("{peer} is an address of this host and one of the peers");
        let diagnostic = note(Code::NoEffect, instance, text);
        Some(diagnostic.help("list only the other routers: this one would hear itself"))
    }
}

fn addresses() -> HashSet<IpAddr> {
    let each = getifaddrs().into_iter().flatten();
    let each = each.filter_map(|entry| {
        let address = entry.address?;
        let v4 = address.as_sockaddr_in().map(|v4| IpAddr::V4(v4.ip()));
        v4.or_else(|| address.as_sockaddr_in6().map(|v6| IpAddr::V6(v6.ip())))
    });
    each.collect()
}

fn note(code: Code, instance: &Instance, text: String) -> Diagnostic {
    let place = Place {
        span: instance.span,
        via: None,
    };
    Diagnostic::new(Severity::Warning, code, place, text)
}
