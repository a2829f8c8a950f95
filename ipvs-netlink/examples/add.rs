//! Balances a TCP address over real servers by network address translation:
//! `cargo run -p ipvs-netlink --example add -- 192.0.2.1:80 10.0.0.1:80 10.0.0.2:80`, as root.
//!
//! A service and destinations that are there already stay as they are.

use core::error::Error;
use core::net::SocketAddr;

use ipvs_core::{Destination, DestinationKey, Forwarding, Scheduler, Service, ServiceKey};
use ipvs_netlink::{Client, ErrorKind, Request};

fn main() -> Result<(), Box<dyn Error>> {
    let addresses: Vec<SocketAddr> = std::env::args()
        .skip(1)
        .map(|argument| argument.parse())
        .collect::<Result<_, _>>()?;
    let Some((virtual_address, real)) = addresses.split_first() else {
        return Err("usage: add VIRTUAL:PORT REAL:PORT…".into());
    };
    let key = ServiceKey::tcp(virtual_address.ip(), virtual_address.port());
    let mut requests = vec![Request::AddService(Service::new(key, Scheduler::Wlc))];
    requests.extend(real.iter().map(|real| {
        let real = DestinationKey::new(real.ip(), real.port());
        Request::AddDestination(key, Destination::new(real, Forwarding::Masquerade, 1))
    }));
    let mut client = Client::connect()?;
    for result in client.batch(&requests) {
        match result {
            Err(error)
                if error.kind != ErrorKind::ServiceExists
                    && error.kind != ErrorKind::DestinationExists =>
            {
                return Err(error.into());
            }
            Ok(_) | Err(_) => {}
        }
    }
    Ok(())
}
