//! What a pick costs, by scheduler and number of destinations.
//!
//! `cargo run --release -p ipvs-core --example pick_cost`

use core::hint::black_box;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use core::time::Duration;
use std::io::{self, Write};

use ipvs_core::scheduler::{Criterion, Indexed, Model, Request, Schedule};
use ipvs_core::{
    Activity, Destination, DestinationKey, Flow, Forwarding, KernelProfile, Protocol, Scheduler,
    Table,
};

const ROUNDS: u32 = 100;

fn main() -> io::Result<()> {
    let mut output = io::stdout().lock();
    for count in [16, 2048] {
        for scheduler in Scheduler::ALL {
            let table = table(count);
            let mut model =
                Model::new(&scheduler, KernelProfile::default()).map_err(io::Error::other)?;
            model.start(&table);
            let elapsed = time(|client| model.pick(black_box(&table), &request(client)));
            report(&mut output, scheduler.name(), count, elapsed)?;
        }
        for criterion in [Criterion::Lc, Criterion::Wlc, Criterion::Sed] {
            let mut indexed = Indexed::new(criterion, table(count));
            let elapsed = time(|client| {
                let picked = indexed.pick(&request(client));
                if let Some(position) = picked {
                    indexed.bind(position);
                }
                picked
            });
            report(
                &mut output,
                &format!("{criterion:?} indexed, with bind"),
                count,
                elapsed,
            )?;
        }
    }
    Ok(())
}

fn report(output: &mut impl Write, name: &str, count: u32, elapsed: Duration) -> io::Result<()> {
    let picoseconds = elapsed.as_nanos() * 1000 / u128::from(ROUNDS);
    let each = picoseconds / u128::from(count);
    writeln!(
        output,
        "{name:<24} {count:>5} destinations: {:>8} ns a pick, {each:>6} ps a destination",
        picoseconds / 1000,
    )
}

/// The shortest of 200 runs.
fn time(mut pick: impl FnMut(u32) -> Option<usize>) -> Duration {
    let mut run = || {
        #[expect(clippy::disallowed_methods, reason = "this measures")]
        let start = std::time::Instant::now();
        for client in 0..ROUNDS {
            black_box(pick(black_box(client)));
        }
        start.elapsed()
    };
    (0..200).map(|_| run()).min().unwrap_or_default()
}

fn request(client: u32) -> Request {
    let mut request = Request::new(Flow {
        protocol: Protocol::TCP,
        client: SocketAddr::new(Ipv4Addr::from_bits(client).into(), 4321),
        target: SocketAddr::new(Ipv4Addr::new(10, 1, 0, 1).into(), 80),
    });
    request.draws = [
        client.wrapping_mul(0x9E37_79B9),
        client.wrapping_mul(0x85EB_CA6B),
    ];
    request
}

/// Destinations that differ, all of them with active connections.
fn table(count: u32) -> Table {
    let mut table = Table::new(KernelProfile::default());
    for number in 0..count {
        let address = IpAddr::V4(Ipv4Addr::from_bits(0x0a03_0000 + number));
        let key = DestinationKey::new(address, 80);
        let mixed = number.wrapping_mul(0x9E37_79B9) >> 8;
        let destination = Destination::new(key, Forwarding::Masquerade, 1 + mixed % 100);
        let activity = Activity {
            active: 1 + mixed / 100 % 60,
            inactive: mixed % 50,
            persistent: 0,
        };
        if table.add(&destination, None).is_ok() {
            table.set_activity(0, activity);
        }
    }
    table
}
