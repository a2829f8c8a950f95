//! Network namespaces.

use core::net::IpAddr;
use core::sync::atomic::{AtomicU32, Ordering};
use std::fs::File;
use std::process::Output;
use std::thread;

use nix::sched::{CloneFlags, setns, unshare};

use super::daemon::PATIENCE;
use super::tools;
use super::waiting::until;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A network namespace with a unique name, deleted when dropped.
#[derive(Debug)]
pub struct Namespace {
    name: String,
}

impl Namespace {
    /// A new namespace with only its loopback, up.
    pub fn new(role: &str) -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("ha{}-{number}-{role}", std::process::id());
        tools::run("/usr/sbin/ip", &["netns", "add", &name]);
        let namespace = Self { name };
        namespace.ip("link set lo up");
        namespace
    }

    /// As `ip netns` knows it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs `ip` commands, one a line.
    pub fn ip(&self, commands: &str) {
        tools::ip_batch_in(&self.name, commands);
    }

    /// What `ip` prints for these words.
    ///
    /// # Panics
    /// If it fails.
    pub fn show(&self, words: &str) -> String {
        tools::ip(&format!("-n {} {words}", self.name))
    }

    /// Runs a program with its arguments in the namespace; it may fail.
    pub fn attempt(&self, command: &str) -> Output {
        self.inside(|| tools::attempt(command))
    }

    /// Adds a bridge that is up and floods every group.
    pub fn add_bridge(&self, name: &str) {
        self.ip(&format!(
            "link add {name} type bridge mcast_snooping 0 forward_delay 0
link set {name} addrgenmode none
link set {name} up"
        ));
    }

    /// Gives `host` an interface, and connects it to a bridge of this namespace by a port.
    pub fn plug(&self, bridge: &str, port: &str, host: &Self, interface: &str) {
        self.ip(&format!(
            "link add {port} type veth peer name {interface} netns {}
link set {port} addrgenmode none
link set {port} master {bridge} up",
            host.name
        ));
        // In one command it would be up, and might have an address, before the mode is set.
        host.ip(&format!(
            "link set {interface} addrgenmode none
link set {interface} up"
        ));
    }

    /// Whether the namespace holds `address`.
    pub fn has_address(&self, address: &str) -> bool {
        let found = tools::run(
            "/usr/sbin/ip",
            &["-n", &self.name, "-o", "addr", "show", "to", address],
        );
        !found.is_empty()
    }

    /// Waits until the kernel delivers what is sent to `address`, which the namespace holds. Of an IPv6
    /// address, also one without duplicate address detection, a worker of the kernel makes the route
    /// some time after the address, and what comes before that is dropped.
    ///
    /// # Panics
    /// If it does not within [`PATIENCE`].
    pub fn await_local(&self, address: IpAddr) {
        let family = if address.is_ipv4() { "-4" } else { "-6" };
        let command = ["-n", &self.name, family, "route", "show", "table", "local"];
        let route = format!("local {address} ");
        until(&route, PATIENCE, || {
            tools::run("/usr/sbin/ip", &command).contains(&route)
        });
    }

    /// Does `work` on a thread inside the namespace and returns its result.
    pub fn inside<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let enter = self.entrance();
        thread::scope(|scope| {
            let working = scope.spawn(|| {
                enter();
                work()
            });
            working
                .join()
                .expect("work inside a namespace does not panic")
        })
    }

    /// What moves the thread that calls it into the namespace.
    pub fn entrance(&self) -> impl FnOnce() + Send + use<> {
        let handle = File::open(format!("/run/netns/{}", self.name));
        let handle = handle.expect("the namespace is mounted");
        || setns(handle, CloneFlags::CLONE_NEWNET).expect("root may enter a namespace")
    }
}

/// Moves the calling thread into a new namespace without a name, with only its loopback, up. It is gone
/// with the thread and what it started.
pub fn enter_namespace() {
    unshare(CloneFlags::CLONE_NEWNET).expect("root may have a namespace");
    tools::ip("link set lo up");
}

impl Drop for Namespace {
    fn drop(&mut self) {
        drop(
            std::process::Command::new("/usr/sbin/ip")
                .args(["netns", "del", &self.name])
                .status(),
        );
    }
}
