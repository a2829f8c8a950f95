//! The faults, with the outage allowed for each.

use core::time::Duration;
use std::io::Write;

use ha_daemon::observe::control;

use super::site::{CLIENT, Site};
use rig::garbage::{self, vectors};
use rig::leaks::open_descriptors;
use rig::random::Random;
use rig::{Peer, pause, tools, until};
use socket2::{Domain, SockAddr, Socket, Type};

/// Until a started director can act: its start, and reading its configuration and the kernel's state.
const STARTUP: Duration = Duration::from_millis(1000);
/// Until the address is announced to neighbours again: the delay of the configurations, and once
/// more their refresh.
const REFRESH: Duration = Duration::from_secs(2);
/// Garbage frames a second.
const RATE: u32 = 20_000;
/// Addresses that come and go at once: more notifications than a socket holds.
const CHURN: u32 = 4000;
/// More clients than a control socket serves.
const VISITORS: usize = 40;

/// A kind of fault, at one director.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// SIGKILL, and a start later.
    Crash,
    /// SIGTERM, and a start later.
    Restart,
    /// SIGSTOP for longer than the others wait. Its clock goes on meanwhile: to the director, the
    /// time jumps.
    Pause,
    /// SIGSTOP for many times as long.
    LongPause,
    /// SIGSTOP again and again, for less than the others wait.
    Stutter,
    /// The port of the switch is down.
    Carrier,
    /// The port of the switch goes down and up some times.
    Flap,
    /// The interface is set down by hand, and loses its IPv6 addresses.
    Interface,
    /// The primary IPv4 address is removed.
    Primary,
    /// The switch drops all frames of the port.
    Cut,
    /// The switch drops adverts from the port.
    Mute,
    /// The switch drops adverts to the port.
    Deaf,
    /// The switch drops a third of all adverts from and to the port.
    Loss,
    /// Virtual addresses are removed by hand from whoever has them.
    Address,
    /// The virtual MAC's interface is removed by hand.
    Macvlan,
    /// Thousands of addresses come and go.
    Churn,
    /// The same while the director is stopped, so that notifications are lost (ENOBUFS), among them
    /// that its virtual addresses are removed.
    Overrun,
    /// A flood of packets with defects.
    Garbage,
    /// No space is left for the log.
    DiskFull,
    /// Clients of the control socket that ask nothing.
    Visitors,
    /// The same with no file descriptor left for them (EMFILE).
    Descriptors,
}

impl Fault {
    pub(crate) const ALL: [Self; 21] = [
        Self::Crash,
        Self::Restart,
        Self::Pause,
        Self::LongPause,
        Self::Stutter,
        Self::Carrier,
        Self::Flap,
        Self::Interface,
        Self::Primary,
        Self::Cut,
        Self::Mute,
        Self::Deaf,
        Self::Loss,
        Self::Address,
        Self::Macvlan,
        Self::Churn,
        Self::Overrun,
        Self::Garbage,
        Self::DiskFull,
        Self::Visitors,
        Self::Descriptors,
    ];

    /// Whether `peer` is to be held to a bound under this fault. keepalived resigns over a removed
    /// address and misses adverts under a flood; the others need our control socket.
    pub(crate) fn suits(self, peer: Peer) -> bool {
        match self {
            Self::Crash
            | Self::Restart
            | Self::Pause
            | Self::LongPause
            | Self::Carrier
            | Self::Cut
            | Self::Mute
            | Self::Deaf
            | Self::Loss => true,
            Self::Stutter
            | Self::Flap
            | Self::Interface
            | Self::Primary
            | Self::Address
            | Self::Macvlan
            | Self::Churn
            | Self::Overrun
            | Self::Garbage
            | Self::DiskFull
            | Self::Visitors
            | Self::Descriptors => peer == Peer::HaDaemon,
        }
    }

    /// How long the fault lasts.
    pub(crate) fn duration(self, random: &mut Random) -> Duration {
        match self {
            Self::LongPause => random.millis(5000..10_000),
            Self::Crash | Self::Restart | Self::Pause | Self::Carrier | Self::Interface => {
                random.millis(500..2500)
            }
            Self::Stutter
            | Self::Flap
            | Self::Primary
            | Self::Cut
            | Self::Mute
            | Self::Deaf
            | Self::Loss
            | Self::Address
            | Self::Macvlan
            | Self::Churn
            | Self::Overrun
            | Self::Garbage
            | Self::DiskFull
            | Self::Visitors
            | Self::Descriptors => random.millis(200..1500),
        }
    }

    /// How long an address may give no answer.
    pub(crate) fn outage(self) -> Duration {
        match self {
            // Others wait for their Active_Down_Interval.
            Self::Crash
            | Self::Pause
            | Self::LongPause
            | Self::Carrier
            | Self::Flap
            | Self::Interface
            | Self::Primary
            | Self::Macvlan
            | Self::Overrun => Site::down(),
            // Others wait for their Skew_Time.
            Self::Restart => Site::interval(),
            // Two have the address; neighbours may be left with the one that gives it up without
            // having been heard.
            Self::Cut | Self::Mute | Self::Deaf | Self::Loss => REFRESH,
            Self::Stutter
            | Self::Address
            | Self::Churn
            | Self::Garbage
            | Self::DiskFull
            | Self::Visitors
            | Self::Descriptors => Duration::ZERO,
        }
    }

    /// How long after its end another than the preferred director may advertise.
    pub(crate) fn aftermath(self) -> Duration {
        match self {
            Self::Crash | Self::Restart => STARTUP + Site::down(),
            // What waits longer than its peers yields at first, and preempts then.
            Self::Pause
            | Self::LongPause
            | Self::Stutter
            | Self::Carrier
            | Self::Flap
            | Self::Interface
            | Self::Primary
            | Self::Macvlan
            | Self::Overrun => Site::down(),
            Self::Cut | Self::Mute | Self::Deaf | Self::Loss => Site::down() + Site::interval(),
            Self::Address
            | Self::Churn
            | Self::Garbage
            | Self::DiskFull
            | Self::Visitors
            | Self::Descriptors => Duration::ZERO,
        }
    }

    /// Brings the fault upon `host`, does `meanwhile`, and ends it.
    pub(crate) fn during(self, site: &mut Site<'_>, host: usize, meanwhile: &mut Meanwhile<'_>) {
        match self {
            Self::Crash => crash(site, host, meanwhile),
            Self::Restart => restart(site, host, meanwhile),
            Self::Pause | Self::LongPause => {
                site.seats[host].suspend();
                meanwhile(site);
                site.seats[host].resume();
            }
            Self::Stutter => {
                stutter(site, host);
                meanwhile(site);
            }
            Self::Carrier => {
                site.lab.set_carrier(host, 0, false);
                meanwhile(site);
                site.lab.set_carrier(host, 0, true);
                await_up(site, host);
            }
            Self::Flap => {
                flap(site, host);
                meanwhile(site);
            }
            Self::Interface => interface(site, host, meanwhile),
            Self::Primary => {
                let address = format!("10.0.0.{}/16 dev eth0", host + 1);
                site.lab.host(host).ip(&format!("addr del {address}"));
                meanwhile(site);
                site.lab.host(host).ip(&format!("addr add {address}"));
            }
            Self::Cut => filter(site, host, &[FROM, TO], &[""], meanwhile),
            Self::Mute => filter(site, host, &[FROM], &ADVERTS, meanwhile),
            Self::Deaf => filter(site, host, &[TO], &ADVERTS, meanwhile),
            Self::Loss => filter(site, host, &[FROM, TO], &THIRD_OF_ADVERTS, meanwhile),
            Self::Address => {
                site.remove_addresses(host);
                meanwhile(site);
            }
            Self::Macvlan => {
                // It may not have one just now.
                site.try_ip(host, "link del vrrp.52");
                meanwhile(site);
            }
            Self::Churn => {
                churn(site, host);
                meanwhile(site);
                churn(site, host);
            }
            Self::Overrun => {
                overrun(site, host);
                meanwhile(site);
            }
            Self::Garbage => {
                let lab = site.lab;
                garbage::flood(lab, CLIENT, RATE, frames(), || meanwhile(site));
            }
            Self::DiskFull => {
                site.fill_disk(host);
                meanwhile(site);
                site.empty_disk(host);
            }
            Self::Visitors => {
                let visitors = visit(site, host);
                meanwhile(site);
                drop(visitors);
                expect_status(site, host);
            }
            Self::Descriptors => descriptors(site, host, meanwhile),
        }
    }
}

/// More happens to the addresses while it is stopped than its sockets have room to tell.
fn overrun(site: &mut Site<'_>, host: usize) {
    site.seats[host].suspend();
    churn(site, host);
    site.remove_addresses(host);
    site.seats[host].resume();
}

/// Visitors come when it has no descriptor left for them.
fn descriptors(site: &mut Site<'_>, host: usize, meanwhile: &mut Meanwhile<'_>) {
    let pid = site.seats[host].pid();
    limit_descriptors(pid, open_descriptors(pid));
    let visitors = visit(site, host);
    meanwhile(site);
    drop(visitors);
    limit_descriptors(pid, 1024);
    expect_status(site, host);
}

fn crash(site: &mut Site<'_>, host: usize, meanwhile: &mut Meanwhile<'_>) {
    site.seats[host].kill();
    site.crashed[host] = true;
    meanwhile(site);
    site.seats[host].start();
}

fn restart(site: &mut Site<'_>, host: usize, meanwhile: &mut Meanwhile<'_>) {
    let well = site.seats[host].terminate();
    assert!(well, "host {host} did not end well on SIGTERM");
    meanwhile(site);
    site.seats[host].start();
}

fn stutter(site: &Site<'_>, host: usize) {
    for _ in 0..10 {
        site.seats[host].suspend();
        pause(Site::interval() / 2);
        site.seats[host].resume();
        pause(Site::interval() / 5);
    }
}

fn flap(site: &Site<'_>, host: usize) {
    for round in 1..=4 {
        site.lab.set_carrier(host, 0, false);
        pause(Duration::from_millis(15 * round));
        site.lab.set_carrier(host, 0, true);
        pause(Duration::from_millis(40 * round));
    }
    await_up(site, host);
}

/// The fault ends when the kernel has noticed, which a busy machine delays.
fn await_up(site: &Site<'_>, host: usize) {
    let name = site.lab.host(host).name();
    until("the interface to be up", Duration::from_secs(30), || {
        let link = ["-n", name, "-o", "link", "show", "eth0"];
        tools::run("/usr/sbin/ip", &link).contains(" state UP ")
    });
}

fn interface(site: &mut Site<'_>, host: usize, meanwhile: &mut Meanwhile<'_>) {
    let (lab, number) = (site.lab, host + 1);
    lab.host(host).ip("link set eth0 down");
    meanwhile(site);
    lab.host(host).ip(&format!(
        "link set eth0 up\naddr add fe80::{number}/64 dev eth0 nodad\n\
         addr add fd00:0::{number}/64 dev eth0 nodad"
    ));
    await_up(site, host);
}

/// A chain of the switch, and what it says of a port.
type Direction = (&'static str, &'static str);
const FROM: Direction = ("from", "iifname");
const TO: Direction = ("to", "oifname");

const ADVERTS: [&str; 2] = [
    "ether type ip ip protocol 112",
    "ether type ip6 ip6 nexthdr 112",
];
const THIRD_OF_ADVERTS: [&str; 2] = [
    "ether type ip ip protocol 112 numgen random mod 3 < 1",
    "ether type ip6 ip6 nexthdr 112 numgen random mod 3 < 1",
];

/// Has the switch drop what matches.
fn filter(
    site: &mut Site<'_>,
    host: usize,
    directions: &[Direction],
    matches: &[&str],
    meanwhile: &mut Meanwhile<'_>,
) {
    let rules: Vec<String> = directions
        .iter()
        .flat_map(|(chain, port)| {
            matches.iter().map(move |what| {
                format!("add rule bridge chaos {chain}{host} {port} \"p{host}-0\" {what} drop")
            })
        })
        .collect();
    site.filter(&rules.join("\n"));
    meanwhile(site);
    site.filter(&format!(
        "flush chain bridge chaos from{host}\nflush chain bridge chaos to{host}"
    ));
}

/// What is done while a fault lasts.
pub(crate) type Meanwhile<'a> = dyn FnMut(&mut Site<'_>) + 'a;

fn churn(site: &Site<'_>, host: usize) {
    let lines = |verb: &str| -> String {
        let line = |n: u32| format!("addr {verb} 127.1.{}.{}/32 dev lo\n", n / 250, 1 + n % 250);
        (0..CHURN).map(line).collect()
    };
    let lab = site.lab;
    lab.host(host).ip(&lines("add"));
    lab.host(host).ip(&lines("del"));
}

fn frames() -> Vec<Vec<u8>> {
    [
        vectors::v3(51),
        vectors::v3(52),
        vectors::v6(53),
        vectors::strangers(),
    ]
    .concat()
}

/// Connects to a director's control socket many times and leaves requests unfinished. A visitor that
/// would have to wait for a place goes: the director may be suspended.
fn visit(site: &Site<'_>, host: usize) -> Vec<Socket> {
    let address = SockAddr::unix(site.lab.dir(host).join("socket")).expect("a short path");
    let visitor = |number: usize| {
        let mut stream =
            Socket::new(Domain::UNIX, Type::STREAM.nonblocking().cloexec(), None).ok()?;
        stream.connect(&address).ok()?;
        // One that is refused loses its connection.
        drop(stream.write_all(&vec![b'x'; number * 16]));
        Some(stream)
    };
    (0..VISITORS).filter_map(visitor).collect()
}

/// A client is turned away while the director has not seen yet that others have gone.
fn expect_status(site: &Site<'_>, host: usize) {
    let path = site.lab.dir(host).join("socket");
    until("a status", Duration::from_secs(2), || {
        control::ask_status(&path)
            .is_ok_and(|status| status.instances.len() == Site::routers().count())
    });
}

fn limit_descriptors(pid: nix::unistd::Pid, limit: usize) {
    tools::run(
        "/usr/bin/prlimit",
        &["--pid", &pid.to_string(), &format!("--nofile={limit}:1024")],
    );
}
