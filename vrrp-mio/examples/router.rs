//! One virtual router on one interface, without a daemon.
//!
//! `cargo run -p vrrp-mio --example router -- eth0 51 100 192.0.2.100/24`

use core::error::Error;
use core::net::IpAddr;
use std::env;

use vrrp_core::{Config, Family, Settings, Version};
use vrrp_mio::{Driver, Notice, RouterSpec, VirtualAddress};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [interface, vrid, priority, address] = arguments.as_slice() else {
        return Err("usage: router INTERFACE VRID PRIORITY ADDRESS/LENGTH".into());
    };
    let (address, length) = address
        .split_once('/')
        .ok_or("the address needs a prefix length")?;
    let address: IpAddr = address.parse()?;
    let mut settings = Settings::new(Version::V3, Family::of(address), vrid.parse()?);
    settings.priority = priority.parse()?;
    settings.accept = true;

    let config = Config::try_from(settings)?;
    let addresses = vec![VirtualAddress::new(address, length.parse()?)];

    let mut driver = Driver::new()?;
    let router = driver.add(RouterSpec::new(config, interface.parse()?, addresses))?;
    driver.start(router);
    loop {
        for notice in driver.turn(None)?.notices {
            report(&notice);
        }
    }
}

#[expect(clippy::print_stdout, reason = "an example reports to its terminal")]
fn report(notice: &Notice) {
    if let Notice::Transition { transition, .. } = notice {
        println!(
            "{} -> {}: {}",
            transition.from, transition.to, transition.cause
        );
    } else {
        println!("{notice:?}");
    }
}
