//! Measures TCP checks of many real servers.

use core::fmt::Write;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::thread;

use crate::clock::pause;
use crate::daemon::{Daemon, Peer};

const SERVERS: u32 = 1_000;
/// keepalived spreads the first checks over the delay, and both have their table written by then.
const SETTLED: Duration = Duration::from_secs(15);
const WATCHED: Duration = Duration::from_secs(10);

static ACCEPTED: AtomicU64 = AtomicU64::new(0);

pub(crate) fn measure(rounds: usize) {
    thread::spawn(|| {
        let listener = TcpListener::bind("0.0.0.0:80").expect("the port is free");
        for connection in listener.incoming().flatten() {
            drop(connection);
            ACCEPTED.fetch_add(1, Ordering::Relaxed);
        }
    });
    let dir = Path::new("/health");
    fs::create_dir(dir).expect("a new machine");
    let config = dir.join("keepalived.conf");
    fs::write(&config, configuration()).expect("there is room");
    for round in 0..rounds {
        for peer in Peer::in_turns(round) {
            watch(peer, dir, &config);
        }
    }
}

/// Prints a figure of each kind.
fn watch(peer: Peer, dir: &Path, config: &Path) {
    let program = peer.program();
    let mut command = Command::new(program);
    command.args(peer.arguments(config, dir));
    let mut daemon = Daemon::start(command, &dir.join("log"));
    pause(SETTLED);
    daemon.check_alive();
    let (before, accepted) = (daemon.usage(), ACCEPTED.load(Ordering::Relaxed));
    pause(WATCHED);
    let (after, accepted) = (daemon.usage(), ACCEPTED.load(Ordering::Relaxed) - accepted);
    daemon.terminate();
    let processor = after.processor.saturating_sub(before.processor);
    let checks = Duration::from_secs(accepted).as_secs_f64();
    println!(
        "{peer:?} processor {}",
        processor.as_secs_f64() * 1e6 / checks
    );
    println!("{peer:?} rate {}", checks / WATCHED.as_secs_f64());
}

/// A virtual server for every ten of [`SERVERS`], each checked every second.
fn configuration() -> String {
    let mut text = String::from("global_defs {\n    router_id health\n}\n");
    for service in 0..SERVERS / 10 {
        write!(
            text,
            "virtual_server 10.0.0.{service} 80 {{\n    delay_loop 1\n    lb_algo rr\n    \
             lb_kind NAT\n    protocol TCP\n"
        )
        .expect("a string takes all text");
        for server in 1..=10 {
            write!(
                text,
                "    real_server 127.1.{service}.{server} 80 {{\n        TCP_CHECK {{\n            \
                 connect_timeout 3\n        }}\n    }}\n"
            )
            .expect("a string takes all text");
        }
        text.push_str("}\n");
    }
    text
}
