//! Tests that adverts stay punctual while every other part of the daemon is busy.
//!
//! By default a part of it, which takes half a minute; with `FULL=1` in the environment all of it.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use core::fmt::Write as _;
use core::net::{Ipv4Addr, SocketAddr};
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use core::time::Duration;
use std::env;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::thread;

use rig::capture::Key;
use rig::{Daemon, Distribution, Lab, Program, now, pause, stall, tools, until};
use serde_json::Value;
use vrrp_core::Family;

const LINKS: usize = 4;
const INTERVAL: Duration = Duration::from_millis(100);
/// Virtual addresses of an instance.
const ADDRESSES: usize = 20;
/// Who asks for the status over and over again, and who does once, at the same time.
const ASKING: usize = 8;
const CROWD: usize = 300;
const BODIES: u16 = 20;
const SCRIPTS: u16 = 40;
const WINDOW: Duration = Duration::from_secs(10);

fn vrids() -> u8 {
    if env::var_os("FULL").is_some() {
        250
    } else {
        50
    }
}

fn keys() -> impl Iterator<Item = Key> {
    let all = (0..LINKS).flat_map(|link| (1..=vrids()).map(move |vrid| (link, vrid)));
    all.map(|(link, vrid)| Key {
        link,
        family: Family::V4,
        vrid,
    })
}

/// Instances of 0.1 s, and real servers whose checks never end.
fn configuration(server: Ipv4Addr) -> String {
    let mut text = "global_defs {\nvrrp_version 3\n}\n".to_owned();
    for Key { link, vrid, .. } in keys() {
        let mut excluded = String::new();
        for number in 1..ADDRESSES {
            writeln!(excluded, "172.{}.{vrid}.{number}/32", 20 + link).unwrap();
        }
        write!(
            text,
            "vrrp_instance v{link}-{vrid} {{\ninterface eth{link}\nvirtual_router_id {vrid}\n\
             priority 200\nadvert_int 0.1\nvirtual_ipaddress {{\n172.16.{link}.{vrid}/32\n}}\n\
             virtual_ipaddress_excluded {{\n{excluded}}}\n}}\n"
        )
        .unwrap();
    }
    text += "virtual_server 192.0.2.1 80 {\nprotocol TCP\ndelay_loop 1\nlb_algo rr\nlb_kind NAT\n";
    for port in 8_001..=8_000 + BODIES {
        let pattern = match port % 2 {
            0 => "status.{0,300}(ok|up)",
            _ => "a[ab]{1000}c",
        };
        write!(
            text,
            "real_server {server} {port} {{\nHTTP_GET {{\nurl {{\npath /\nregex \"{pattern}\"\n}}\n\
             connect_timeout 20\nwarmup 0\n}}\n}}\n"
        )
        .unwrap();
    }
    text +=
        "}\nvirtual_server 192.0.2.2 80 {\nprotocol TCP\ndelay_loop 1\nlb_algo rr\nlb_kind NAT\n";
    for port in 9_001..=9_000 + SCRIPTS {
        write!(
            text,
            "real_server {server} {port} {{\nMISC_CHECK {{\nmisc_path \"/bin/sleep 600\"\n\
             misc_timeout 600\nwarmup 0\n}}\n}}\n"
        )
        .unwrap();
    }
    text + "}\n"
}

/// Sends octets for as long as they are taken.
fn pour(mut stream: TcpStream, stop: &AtomicBool) {
    let body = "status ababab".repeat(1_000);
    let mut request = [0; 512];
    let head = b"HTTP/1.0 200 OK\r\n\r\n";
    let asked = stream
        .read(&mut request)
        .and_then(|_| stream.write_all(head));
    if asked.is_ok() {
        while !stop.load(Ordering::Relaxed) && stream.write_all(body.as_bytes()).is_ok() {}
    }
}

/// Servers of bodies without an end, in the namespace of `host`.
fn serve(lab: &Lab, host: usize, stop: &Arc<AtomicBool>) {
    for port in 8_001..=8_000 + BODIES {
        let address = SocketAddr::from(([0, 0, 0, 0], port));
        let listener = lab
            .host(host)
            .inside(|| TcpListener::bind(address).unwrap());
        let stop = Arc::clone(stop);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let stop = Arc::clone(&stop);
                thread::spawn(move || pour(stream, &stop));
            }
        });
    }
}

/// How many octets of status there are, if it comes as a whole.
fn ask(socket: &Path) -> Option<usize> {
    let mut stream = UnixStream::connect(socket).ok()?;
    stream.write_all(b"status\n").ok()?;
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).ok()?;
    reply.ends_with(b"]}\n").then_some(reply.len())
}

struct Crowd {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    threads: Vec<thread::JoinHandle<()>>,
}

impl Crowd {
    fn gather(socket: &Path) -> Self {
        let (stop, answered) = <(Arc<AtomicBool>, Arc<AtomicUsize>)>::default();
        let threads = (0..ASKING + CROWD).map(|number| {
            let (stop, answered) = (Arc::clone(&stop), Arc::clone(&answered));
            let socket = socket.to_owned();
            thread::spawn(move || {
                loop {
                    let whole = ask(&socket).is_some();
                    answered.fetch_add(usize::from(whole), Ordering::Relaxed);
                    if number >= ASKING || stop.load(Ordering::Relaxed) {
                        break;
                    }
                }
            })
        });
        Self {
            threads: threads.collect(),
            stop,
            answered,
        }
    }

    /// How many have been answered.
    fn leave(self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().unwrap();
        }
        self.answered.load(Ordering::Relaxed)
    }
}

/// Removes the virtual addresses of a device, by hand: all that there are, once.
fn flush(namespace: &str, device: &str) {
    // Those that are back by the end of the first round are what is left.
    let flush = ["-n", namespace, "-loops", "1", "address", "flush", "dev"];
    let output = Command::new("/usr/sbin/ip")
        .args(flush)
        .args([device, "to", "172.16.0.0/12"])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    let done = output.status.success() || told.contains("Flush remains incomplete after 1 rounds");
    assert!(done, "{}: {told}", output.status);
}

/// How much later than its interval each advert was since `from`.
fn lateness(lab: &Lab, from: Duration) -> Vec<Duration> {
    let late = keys().flat_map(|key| {
        let adverts = lab.capture().adverts(key, from);
        let times: Vec<_> = adverts.iter().map(|advert| advert.time).collect();
        assert!(times.len() > 10, "{key:?}: {}", times.len());
        let late = |pair: &[Duration]| (pair[1] - pair[0]).saturating_sub(INTERVAL);
        times.windows(2).map(late).collect::<Vec<_>>()
    });
    late.collect()
}

fn number(status: &Value, path: &str) -> u64 {
    status.pointer(path).and_then(Value::as_u64).unwrap()
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn adverts_are_on_time_while_everybody_wants_something() {
    let lab = Lab::with_directors(1, 2, LINKS);
    let stop = Arc::new(AtomicBool::new(false));
    serve(&lab, 1, &stop);
    let text = configuration(Ipv4Addr::new(10, 0, 0, 2));
    let mut daemon = Daemon::start(Program::HaDaemon, lab.share(0), &lab.dir(0), &text);
    let instances = LINKS * usize::from(vrids());
    let installed = || {
        let list = ["-n", lab.host(0).name(), "-4", "-o", "address"];
        let list = tools::run("/usr/sbin/ip", &list);
        list.lines().filter(|line| line.contains(" 172.")).count()
    };
    until("all addresses", Duration::from_secs(120), || {
        pause(Duration::from_millis(500));
        installed() == instances * ADDRESSES
    });
    let before: Value = serde_json::from_str(&daemon.status()).unwrap();
    println!("when settled: {}", before["turns"]);

    let from = now();
    let crowd = Crowd::gather(&daemon.socket());
    pause(Duration::from_secs(1));
    for link in 0..LINKS {
        let device = format!("eth{link}");
        flush(lab.host(0).name(), &device);
    }
    pause((from + WINDOW).saturating_sub(now()));
    let to = now();
    let late = lateness(&lab, from);
    let answered = crowd.leave();
    let stalled = stall(from, to);
    let latest = late.iter().max().copied().unwrap();
    let status: Value = serde_json::from_str(&daemon.status()).unwrap();
    println!(
        "{instances} instances: adverts {} late, at most {latest:?}; the machine stalled for up to {stalled:?}",
        Distribution::from(late)
    );
    println!("{answered} replies; turns: {}", status["turns"]);
    until("all addresses again", Duration::from_secs(60), || {
        pause(Duration::from_millis(500));
        installed() == instances * ADDRESSES
    });
    let log = daemon.log();
    let told = log
        .lines()
        .filter(|line| line.contains("removed by somebody else"));
    assert!((1..=8).contains(&told.count()), "{log}");
    stop.store(true, Ordering::Relaxed);
    assert!(daemon.terminate());

    assert!(latest <= INTERVAL / 5 + stalled, "{latest:?}");
    assert!(answered >= CROWD, "everybody is answered");
    let turns = number(&status, "/turns/count") - number(&before, "/turns/count");
    let over = number(&status, "/turns/over_2000_us") - number(&before, "/turns/over_2000_us");
    // Single system calls are excepted: the kernel frees what others have released in whichever call is
    // under way, at times for 2 ms. Without optimisation the smallest parts of a step take longer than
    // its slice.
    let allowed = if cfg!(debug_assertions) {
        turns / 100
    } else {
        turns / 1_000
    };
    assert!(over <= allowed, "{over} of {turns} turns");
}
