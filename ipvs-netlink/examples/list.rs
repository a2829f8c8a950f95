//! Lists the IPVS table: `cargo run -p ipvs-netlink --example list`, as root.

use core::error::Error;
use std::io::{self, Write};

use ipvs_netlink::Client;

fn main() -> Result<(), Box<dyn Error>> {
    let mut client = Client::connect()?;
    let mut out = io::stdout().lock();
    let info = client.info()?;
    writeln!(
        out,
        "IPVS {}, {} buckets",
        info.version, info.connection_table_size
    )?;
    for record in client.services()? {
        let service = record.service;
        writeln!(out, "{} {}", service.key, service.scheduler)?;
        for record in client.destinations(&service.key)? {
            let destination = record.destination;
            writeln!(
                out,
                "  {} weight {} {:?}: {} active, {} inactive",
                destination.key,
                destination.weight,
                destination.forwarding,
                record.activity.active,
                record.activity.inactive,
            )?;
        }
    }
    Ok(())
}
