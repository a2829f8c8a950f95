//! A host with many links and the namespaces at their other ends.

use core::fmt::Write;
use core::sync::atomic::{AtomicU32, Ordering};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const IP: &str = "/usr/sbin/ip";

static NEXT: AtomicU32 = AtomicU32::new(0);

/// Two network namespaces joined by links, and a directory; removed when dropped. What the host
/// sends is received by the other end and discarded there.
#[derive(Debug)]
pub(crate) struct Site {
    host: String,
    other: String,
    dir: PathBuf,
}

impl Site {
    /// A host with the interfaces `eth0`, `eth1` and so on, `10.N.0.1/16` on each.
    pub(crate) fn new(links: u32) -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("versus{}-{number}", std::process::id());
        let site = Self {
            host: format!("{name}-host"),
            other: format!("{name}-other"),
            dir: std::env::temp_dir().join(name),
        };
        fs::create_dir(&site.dir).expect("a directory for configurations and logs");
        for namespace in [&site.host, &site.other] {
            ip(&["netns", "add", namespace]);
        }
        let mut host = String::from("link set lo up\n");
        let mut other = String::new();
        for link in 0..links {
            write!(
                host,
                "link add eth{link} type veth peer name eth{link} netns {}\n\
                 link set eth{link} addrgenmode none\n\
                 link set eth{link} up\n\
                 addr add 10.{link}.0.1/16 dev eth{link}\n",
                site.other
            )
            .expect("a string takes all text");
            write!(
                other,
                "link set eth{link} addrgenmode none\nlink set eth{link} up\n"
            )
            .expect("a string takes all text");
        }
        batch(&site.host, &host);
        batch(&site.other, &other);
        site
    }

    /// The path of a file of this name.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// A command on the host, which dies with the thread that started it.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(IP);
        command
            .args(["netns", "exec", &self.host])
            .args(["/usr/bin/setpriv", "--pdeathsig", "KILL", "--"])
            .arg(program);
        command
    }

    /// How many packets the host has sent over its links.
    pub(crate) fn sent(&self) -> u64 {
        let table = ip(&["netns", "exec", &self.host, "cat", "/proc/net/dev"]);
        let of_link = |line: &str| {
            let (name, figures) = line.trim().split_once(':')?;
            let sent = figures.split_whitespace().nth(9)?.parse::<u64>().ok()?;
            name.starts_with("eth").then_some(sent)
        };
        table.lines().filter_map(of_link).sum()
    }

    /// How many IPv4 addresses the host has besides the one of each link and the loopback's.
    pub(crate) fn virtual_addresses(&self) -> usize {
        let list = ip(&["-n", &self.host, "-4", "-o", "addr", "show"]);
        let added = |line: &&str| !line.contains(".0.1/16 ") && !line.contains(" lo ");
        list.lines().filter(added).count()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        for namespace in [&self.host, &self.other] {
            ip(&["netns", "del", namespace]);
        }
        if std::thread::panicking() {
            eprintln!("logs are in {}", self.dir.display());
        } else {
            drop(fs::remove_dir_all(&self.dir));
        }
    }
}

fn ip(arguments: &[&str]) -> String {
    let output = Command::new(IP)
        .args(arguments)
        .output()
        .expect("ip starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ip {arguments:?}: {errors}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn batch(namespace: &str, commands: &str) {
    let mut child = Command::new(IP)
        .args(["-n", namespace, "-batch", "-"])
        .stdin(Stdio::piped())
        .spawn()
        .expect("ip starts");
    let mut input = child.stdin.take().expect("it is a pipe");
    input
        .write_all(commands.as_bytes())
        .expect("ip reads its commands");
    drop(input);
    assert!(child.wait().expect("ip ends").success(), "{commands}");
}
