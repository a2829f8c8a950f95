//! Leak checks: the resources a daemon holds, and those it leaves behind.

use core::time::Duration;
use std::fs;
use std::path::PathBuf;

use nix::unistd::Pid;

use super::clock::pause;
use super::{namespace::Namespace, tools};

/// How much more memory an allocator may keep, in KiB.
const KEPT: u64 = 4096;

/// What a process holds. Less is that with fewer descriptors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Footprint {
    descriptors: usize,
    threads: usize,
    children: usize,
    /// In KiB.
    pub resident: u64,
}

impl Footprint {
    /// What a running process holds.
    pub fn of(pid: Pid) -> Self {
        let tasks = entries(&process(pid, "task"));
        let children = |task: &PathBuf| {
            let list = fs::read_to_string(task.join("children")).expect("the task is there");
            list.split_whitespace().count()
        };
        let status = fs::read_to_string(process(pid, "status")).expect("the process is there");
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let resident = resident.and_then(|value| value.split_whitespace().next());
        Self {
            descriptors: open_descriptors(pid),
            threads: tasks.len(),
            children: tasks.iter().map(children).sum(),
            resident: resident.map_or(0, |value| value.parse().expect("a number of KiB")),
        }
    }

    /// What a process holds once all is settled: the least of what it holds within two seconds.
    pub fn settled(pid: Pid) -> Self {
        let least = samples(pid).min();
        least.expect("there are samples")
    }

    /// What a process holds more than `first` all the time for two seconds, checks and answers under
    /// way apart.
    pub fn leak_of(pid: Pid, first: Self, spare: usize) -> Option<String> {
        let mut last = None;
        for sample in samples(pid) {
            last = Some(sample.leaked_since(first, spare)?);
        }
        last
    }

    /// What differs from `first`, but for up to `spare` more descriptors that it may have come to
    /// need, and memory that an allocator keeps.
    pub fn leaked_since(self, first: Self, spare: usize) -> Option<String> {
        let expected = first.descriptors..=first.descriptors + spare;
        let leaks = !expected.contains(&self.descriptors)
            || self.threads != first.threads
            || self.children != first.children
            || self.resident > first.resident + KEPT;
        leaks.then(|| format!("first {first:?}, then {self:?}"))
    }
}

/// What a process holds, again and again.
fn samples(pid: Pid) -> impl Iterator<Item = Footprint> {
    const BETWEEN: Duration = Duration::from_millis(50);
    const SAMPLES: usize = 40;
    (0..SAMPLES).map(move |_| {
        pause(BETWEEN);
        Footprint::of(pid)
    })
}

fn process(pid: Pid, name: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{pid}/{name}"))
}

fn entries(directory: &PathBuf) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).expect("the process is there");
    entries
        .map(|entry| entry.expect("an entry can be read").path())
        .collect()
}

/// How many file descriptors a process has.
pub fn open_descriptors(pid: Pid) -> usize {
    entries(&process(pid, "fd")).len()
}

/// The state of a host that a daemon changes, as text: addresses, interfaces, routes, rules, packet
/// filter and parameters, also of its `interfaces`.
pub fn host_state(namespace: &Namespace, interfaces: &[&str]) -> String {
    let ip = |words: &str| {
        let all = ["-n", namespace.name()].into_iter().chain(words.split(' '));
        tools::run("/usr/sbin/ip", &all.collect::<Vec<_>>())
    };
    let shown = [
        "-br address",
        "-br link",
        "-4 route show table all",
        "-6 route show table all",
        "-4 rule",
        "-6 rule",
        "maddress",
    ];
    // Addresses that were removed and added again are in another order.
    let sorted = |text: String| {
        let mut words: Vec<Vec<&str>> = text
            .lines()
            .map(|line| line.split_whitespace().collect())
            .collect();
        words.iter_mut().for_each(|line| line.sort_unstable());
        words.sort_unstable();
        words
            .iter()
            .map(|line| line.join(" ") + "\n")
            .collect::<String>()
    };
    let mut text: String = shown.map(ip).map(sorted).concat();
    text += &namespace.inside(|| tools::run("/usr/sbin/nft", &["list", "ruleset"]));
    text += &parameters(namespace, interfaces);
    text
}

fn parameters(namespace: &Namespace, interfaces: &[&str]) -> String {
    namespace.inside(|| {
        let mut text = String::new();
        for version in ["ipv4", "ipv6"] {
            for interface in ["all", "lo"].iter().chain(interfaces) {
                let directory = PathBuf::from(format!("/proc/sys/net/{version}/conf/{interface}"));
                let mut files = entries(&directory);
                files.sort();
                for file in files {
                    // Some are only written.
                    let value = fs::read_to_string(&file).unwrap_or_default();
                    text += &format!("{} {value}", file.display());
                }
            }
        }
        text
    })
}

/// The lines that were added or removed. A daemon that was killed cannot tell which parameters of
/// its interfaces its predecessor has set, and keeps those.
pub fn changes(before: &str, after: &str, crashed: bool) -> Vec<String> {
    let is_kept = |line: &str| {
        let of_interface = ["/conf/all/", "/conf/lo/"]
            .iter()
            .all(|other| !line.contains(other));
        crashed && line.contains("/conf/") && line.contains("/arp_") && of_interface
    };
    let without = |lines: &str, others: &str, sign: char| -> Vec<String> {
        let others: Vec<&str> = others.lines().collect();
        lines
            .lines()
            .filter(|line| !others.contains(line) && !is_kept(line))
            .map(|line| format!("{sign}{line}"))
            .collect()
    };
    [without(after, before, '+'), without(before, after, '-')].concat()
}
