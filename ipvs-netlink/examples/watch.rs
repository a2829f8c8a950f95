//! Prints the statistics of each service every second: `cargo run -p ipvs-netlink --example watch`,
//! as root. An argument limits how often.

use core::error::Error;
use core::time::Duration;
use std::io::{self, Write};
use std::thread;

use ipvs_netlink::Client;

fn main() -> Result<(), Box<dyn Error>> {
    let times = match std::env::args().nth(1) {
        Some(times) => times.parse()?,
        None => usize::MAX,
    };
    let mut client = Client::connect()?;
    let mut out = io::stdout().lock();
    for _ in 0..times {
        for record in client.services()? {
            let totals = record.statistics.totals;
            let rates = record.statistics.rates;
            writeln!(
                out,
                "{}: {} connections ({}/s), {} octets in ({}/s), {} out ({}/s)",
                record.service.key,
                totals.connections,
                rates.connections,
                totals.octets_in,
                rates.octets_in,
                totals.octets_out,
                rates.octets_out,
            )?;
        }
        writeln!(out)?;
        thread::sleep(Duration::from_secs(1));
    }
    Ok(())
}
