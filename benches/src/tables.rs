//! IPVS tables.

use core::net::{IpAddr, Ipv4Addr, SocketAddr};

use ipvs_core::configuration::ServiceEntry;
use ipvs_core::record::Activity;
use ipvs_core::scheduler::Request;
use ipvs_core::table::Table;
use ipvs_core::{
    Configuration, Destination, DestinationKey, Flow, Forwarding, KernelProfile, Protocol,
    Scheduler, Service, ServiceKey,
};

/// `count` destinations that differ in weight and connections, none of them idle.
///
/// # Panics
/// Never: the destinations are valid.
#[must_use]
pub fn table(count: u32) -> Table {
    let mut table = Table::new(KernelProfile::default());
    for number in 0..count {
        let mixed = mixed(number) >> 8;
        let destination = destination(0x0a03_0000 + number, 1 + mixed % 100);
        let added = table.add(&destination, None);
        added.expect("the kernel takes it, too");
        table.set_activity(
            0,
            Activity {
                active: 1 + mixed / 100 % 60,
                inactive: mixed % 50,
                persistent: 0,
            },
        );
    }
    table
}

/// `services` virtual servers with `each` destinations of weight 1 or 2 by `salt`.
#[must_use]
pub fn configuration(services: u32, each: u32, salt: u32) -> Configuration {
    let mut configuration = Configuration::new();
    for number in 0..services {
        let mut entry = ServiceEntry::new(service(number));
        entry.destinations = (0..each)
            .map(|real| {
                let weight = 1 + (mixed(number * each + real) ^ salt) % 2;
                destination(0xac10_0000 + number * each + real, weight)
            })
            .collect();
        configuration.insert(entry);
    }
    configuration
}

/// The virtual server of a number.
#[must_use]
pub const fn service(number: u32) -> Service {
    let address = IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + number));
    Service::new(ServiceKey::tcp(address, 80), Scheduler::Wlc)
}

/// A masqueraded destination.
#[must_use]
pub const fn destination(address: u32, weight: u32) -> Destination {
    let address = IpAddr::V4(Ipv4Addr::from_bits(address));
    let key = DestinationKey::new(address, 80);
    Destination::new(key, Forwarding::Masquerade, weight)
}

/// The first packet of the `client`th client, with its own random numbers.
#[must_use]
pub const fn request(client: u32) -> Request {
    let mut request = Request::new(Flow {
        protocol: Protocol::TCP,
        client: SocketAddr::new(IpAddr::V4(Ipv4Addr::from_bits(client)), 4321),
        target: SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 1, 0, 1)), 80),
    });
    request.draws = [mixed(client), client.wrapping_mul(0x85eb_ca6b)];
    request
}

const fn mixed(number: u32) -> u32 {
    number.wrapping_mul(0x9e37_79b9)
}
