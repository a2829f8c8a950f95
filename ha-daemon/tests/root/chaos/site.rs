//! The site of the chaos test: three directors and a client on a switch.

use core::net::IpAddr;
use core::time::Duration;
use std::fs::{self, File};
use std::io::Write;
use std::process::{Command, Stdio};

use nix::mount::{MntFlags, MsFlags, mount, umount2};

use super::client::{Client, PERIOD};
use rig::machine::LockMeter;
use rig::{Instance, Lab, Peer, Protocol, Seat, now, pause, succession, tools};

pub(crate) const DIRECTORS: usize = 3;
/// The client's host.
pub(crate) const CLIENT: usize = 3;
/// The advertisement interval of all virtual routers, in centiseconds.
const CENTIS: u16 = 10;
/// What precedes the virtual routers.
const DEFAULTS: &str = "global_defs {
    vrrp_garp_master_delay 1
    vrrp_garp_lower_prio_delay 1
    vrrp_garp_master_refresh 1
}
";
/// What a director's log may take of a disk.
const DISK: &str = "size=1m";

/// The virtual routers, with the priority of each director: each is Active in one.
fn instances(host: usize) -> Vec<Instance> {
    let router = |protocol, vrid, priorities: [u8; DIRECTORS]| {
        Instance::new(protocol, vrid, priorities[host], CENTIS)
    };
    vec![
        router(Protocol::V3Ipv4, 51, [200, 150, 100]),
        Instance {
            virtual_mac: true,
            ..router(Protocol::V3Ipv4, 52, [100, 200, 150])
        },
        router(Protocol::V3Ipv6, 53, [150, 100, 200]),
    ]
}

/// The directors' logs are on a disk of their own.
struct Disk(std::path::PathBuf);

impl Disk {
    fn mount(path: std::path::PathBuf) -> Self {
        let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
        mount(Some("tmpfs"), &path, Some("tmpfs"), flags, Some(DISK)).expect("root may mount");
        Self(path)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if let Err(error) = umount2(&self.0, MntFlags::MNT_DETACH) {
            println!("{} stays mounted: {error}", self.0.display());
        }
    }
}

/// Three directors, running, and a client of their virtual addresses.
pub(crate) struct Site<'lab> {
    pub(crate) lab: &'lab Lab,
    pub(crate) seats: Vec<Seat<'lab>>,
    pub(crate) client: Client,
    pub(crate) meter: LockMeter,
    /// When addresses of a director were removed by hand.
    removals: Vec<(Duration, usize)>,
    /// The directors that were killed at least once.
    pub(crate) crashed: [bool; DIRECTORS],
    _disks: Vec<Disk>,
}

impl<'lab> Site<'lab> {
    /// Sits `peers` down in `lab` and starts them.
    pub(crate) fn new(lab: &'lab Lab, peers: [Peer; DIRECTORS]) -> Self {
        let disks = (0..DIRECTORS).map(|host| Disk::mount(lab.dir(host)));
        let disks = disks.collect();
        let seat = |(host, peer)| {
            let seat = Seat::new(lab, host, peer, instances(host));
            // Whoever a lost advert made Active for a moment has drawn the neighbours to itself.
            let file = lab.dir(host).join("daemon.conf");
            let instances = fs::read_to_string(&file).expect("the seat wrote it");
            fs::write(&file, DEFAULTS.to_owned() + &instances).expect("the disk is empty");
            seat
        };
        let mut seats: Vec<_> = peers.into_iter().enumerate().map(seat).collect();
        seats.iter_mut().for_each(Seat::start);
        let addresses: Vec<_> = instances(0).iter().map(Instance::address).collect();
        let site = Self {
            lab,
            seats,
            client: Client::start(lab.host(CLIENT), &addresses),
            meter: LockMeter::start(Duration::from_millis(10)),
            removals: Vec::new(),
            crashed: [false; DIRECTORS],
            _disks: disks,
        };
        site.prepare_filter();
        site
    }

    /// The virtual routers as the director that is preferred has them, and that director.
    pub(crate) fn routers() -> impl Iterator<Item = (Instance, usize)> {
        let hosts: Vec<_> = (0..DIRECTORS).map(instances).collect();
        (0..hosts[0].len()).map(move |index| {
            let best = (0..DIRECTORS).max_by_key(|host| hosts[*host][index].priority);
            let best = best.expect("there are directors");
            (hosts[best][index], best)
        })
    }

    /// The longest Active_Down_Interval of any virtual router.
    pub(crate) fn down() -> Duration {
        let all = (0..DIRECTORS).flat_map(instances);
        all.map(|instance| instance.down())
            .max()
            .expect("there are virtual routers")
    }

    /// The advertisement interval.
    pub(crate) fn interval() -> Duration {
        instances(0)[0].interval()
    }

    /// Runs `nft` on the switch.
    pub(crate) fn filter(&self, command: &str) {
        self.lab
            .bridges()
            .inside(|| tools::run("/usr/sbin/nft", &[command]));
    }

    fn prepare_filter(&self) {
        self.filter("add table bridge chaos");
        for (chain, hook) in [("from", "prerouting"), ("to", "postrouting")] {
            for host in 0..DIRECTORS {
                self.filter(&format!(
                    "add chain bridge chaos {chain}{host} {{ type filter hook {hook} priority 0; }}"
                ));
            }
        }
    }

    /// Runs an `ip` command on a director, which may fail.
    pub(crate) fn try_ip(&self, host: usize, command: &str) -> bool {
        let status = Command::new("/usr/sbin/ip")
            .args(["-n", self.lab.host(host).name()])
            .args(command.split(' '))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        status.expect("ip starts").success()
    }

    /// Removes the virtual addresses of the virtual routers that prefer a director.
    pub(crate) fn remove_addresses(&mut self, host: usize) {
        self.removals.push((now(), host));
        for (instance, _) in Self::routers().filter(|(_, best)| *best == host) {
            self.remove_address(host, instance.address());
        }
    }

    fn remove_address(&self, host: usize, address: IpAddr) {
        let name = self.lab.host(host).name();
        let wanted = address.to_string();
        let shown = tools::run(
            "/usr/sbin/ip",
            &["-n", name, "-o", "addr", "show", "to", &wanted],
        );
        let words: Vec<&str> = shown.split_whitespace().collect();
        if let [_, device, _, prefix, ..] = words[..] {
            // It may have gone since.
            self.try_ip(host, &format!("addr del {prefix} dev {device}"));
        }
    }

    /// How long a director may wait before it puts back an address that was removed since `from`: an
    /// address that was lost within the minute before is put back after 100 ms, and after twice as
    /// long each further time.
    pub(crate) fn longest_pause(&self, from: Duration) -> Duration {
        const CALM: Duration = Duration::from_secs(61);
        const LONGEST: Duration = Duration::from_secs(10);
        let pause_of = |host: usize| {
            let mut times = self.removals.iter().rev().filter(|(_, one)| *one == host);
            let mut last = times.next().map(|(time, _)| *time)?;
            let mut pause = (last >= from).then(|| Duration::from_millis(50))?;
            for _ in times.take_while(|(time, _)| {
                let is_near = last - *time <= CALM;
                last = *time;
                is_near
            }) {
                pause = LONGEST.min(pause * 2);
            }
            (pause > Duration::from_millis(50)).then_some(pause)
        };
        (0..DIRECTORS)
            .filter_map(pause_of)
            .max()
            .unwrap_or_default()
    }

    /// Whether all is as it was before any fault: in every virtual router the preferred director
    /// alone advertises, and alone has the address, which answers.
    fn is_settled(&self) -> bool {
        let from = now();
        pause(Self::interval() * 2 + Duration::from_millis(20));
        let agreed = Self::routers().all(|(instance, best)| {
            succession(&self.lab.capture().adverts(instance.key(), from)) == [best]
                && (0..DIRECTORS)
                    .all(|host| self.lab.has_address(host, instance.address()) == (host == best))
        });
        // What was answered before may have been answered by one that has given up the address since.
        let alone = now();
        agreed && {
            pause(PERIOD * 3);
            self.client.is_answered_since(alone)
        }
    }

    /// Waits until all is settled; false if it is not within `limit`.
    pub(crate) fn settle(&mut self, limit: Duration) -> bool {
        let deadline = now() + limit;
        while !self.is_settled() {
            self.seats.iter_mut().for_each(Seat::check_alive);
            if now() > deadline {
                return false;
            }
        }
        true
    }

    /// How long after `from` another than the preferred director still advertised.
    pub(crate) fn last_claim_of_another(&self, from: Duration) -> Duration {
        let stray = |(instance, best): (Instance, usize)| {
            let adverts = self.lab.capture().adverts(instance.key(), from);
            let others = adverts
                .into_iter()
                .filter(|advert| advert.host != best && advert.claims());
            others.map(|advert| advert.time - from).max()
        };
        Self::routers().filter_map(stray).max().unwrap_or_default()
    }

    /// Leaves no room on the disk with a director's log.
    pub(crate) fn fill_disk(&self, host: usize) {
        let mut filler =
            File::create(self.lab.dir(host).join("filler")).expect("the disk is there");
        while filler.write_all(&[0; 4096]).is_ok() {}
        while filler.write_all(&[0]).is_ok() {}
    }

    /// Makes room again.
    pub(crate) fn empty_disk(&self, host: usize) {
        let dir = self.lab.dir(host);
        fs::remove_file(dir.join("filler")).expect("it was filled");
        // The log goes on where it was.
        drop(
            File::options()
                .write(true)
                .truncate(true)
                .open(dir.join("log")),
        );
    }
}
