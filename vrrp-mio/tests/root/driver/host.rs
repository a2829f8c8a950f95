//! The hosts of these tests and the bridge between them.

use core::net::IpAddr;
use core::time::Duration;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::{JoinHandle, sleep, spawn};

use nix::unistd::Pid;
use rig::Namespace;
pub(crate) use rig::PATIENCE;
use rig::clock::processor_time;
use rig::tools::{parameter, set_parameter};
use vrrp_core::{Config, Family, Interval, Role, Settings, Version};
use vrrp_mio::{Driver, Notice, RouterId, RouterSpec, VirtualAddress};

/// Waits until `condition` holds.
pub(crate) fn until(what: &str, condition: impl FnMut() -> bool) {
    rig::until(what, PATIENCE, condition);
}

/// A bridge in a namespace of its own.
pub(crate) struct Switch {
    pub(crate) namespace: Namespace,
}

impl Switch {
    pub(crate) fn new() -> Self {
        let namespace = Namespace::new("switch");
        namespace.add_bridge("br0");
        Self { namespace }
    }

    /// Runs `ip` in the namespace.
    pub(crate) fn ip(&self, arguments: &str) {
        self.namespace.ip(arguments);
    }

    /// A host with `eth0` on this switch, which is port `pN`; it is 10.9.0.N and fe80::N.
    pub(crate) fn host(&self, number: u8) -> Host {
        let host = Host::new(number);
        self.plug(&host, "eth0");
        host
    }

    /// Connects an interface of a host to port `pN`.
    pub(crate) fn plug(&self, host: &Host, interface: &str) {
        let number = host.number;
        let port = format!("p{number}");
        (self.namespace).plug("br0", &port, &host.namespace, interface);
        host.namespace.ip(&format!(
            "address add 10.9.0.{number}/24 dev {interface}
address add fe80::{number}/64 dev {interface} nodad"
        ));
    }
}

type Job = Box<dyn FnOnce(&mut Node) + Send>;

/// What lives on the thread of a host.
#[derive(Default)]
pub(crate) struct Node {
    driver: Option<Driver>,
    pub(crate) notices: Vec<Notice>,
    /// The most processor time that a turn took.
    pub(crate) longest_turn: Duration,
}

impl Node {
    pub(crate) fn driver(&mut self) -> &mut Driver {
        self.driver.as_mut().expect("the host is up")
    }

    /// Ends the driver as a signal that cannot be caught would: nothing is put back.
    pub(crate) fn kill(&mut self) {
        core::mem::forget(self.driver.take());
    }

    fn run(mut self, jobs: &Receiver<Job>) {
        loop {
            match jobs.try_recv() {
                Ok(job) => job(&mut self),
                Err(TryRecvError::Disconnected) => return,
                Err(TryRecvError::Empty) => match &mut self.driver {
                    Some(driver) => {
                        let before = processor_time();
                        let turn = driver.turn(Some(Duration::from_millis(5))).unwrap();
                        let took = processor_time() - before;
                        self.longest_turn = self.longest_turn.max(took);
                        self.notices.extend(turn.notices);
                    }
                    None => sleep(Duration::from_millis(1)),
                },
            }
        }
    }
}

/// A network namespace with a driver.
pub(crate) struct Host {
    pub(crate) namespace: Namespace,
    number: u8,
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Host {
    pub(crate) fn new(number: u8) -> Self {
        let namespace = Namespace::new(&format!("h{number}"));
        let (jobs, work) = channel::<Job>();
        let enter = namespace.entrance();
        let thread = spawn(move || {
            enter();
            Node::default().run(&work);
        });
        let host = Self {
            namespace,
            number,
            jobs: Some(jobs),
            thread: Some(thread),
        };
        host.boot();
        host
    }

    /// Runs `ip` in the namespace.
    pub(crate) fn ip(&self, arguments: &str) -> String {
        self.namespace.show(arguments)
    }

    /// What `question` gives on the thread of the host, between two turns.
    pub(crate) fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Node) -> T + Send + 'static,
    ) -> T {
        let (reply, answer) = channel();
        let job: Job = Box::new(move |node| drop(reply.send(question(node))));
        self.jobs.as_ref().unwrap().send(job).unwrap();
        answer.recv().expect("the driver runs")
    }

    /// Gives the host a driver.
    pub(crate) fn boot(&self) {
        self.ask(|node| {
            node.driver = Some(Driver::new().unwrap());
        });
    }

    /// Takes the driver away, without a word to anybody.
    pub(crate) fn crash(&self) {
        self.ask(|node| node.driver = None);
    }

    /// Puts the driver before everything else that wants the processor, so that what is measured is
    /// the driver and not its neighbours.
    pub(crate) fn prioritise(&self) {
        schedule("chrt --fifo --pid 50", self.thread());
    }

    /// Favours the driver where it works without a pause, which the kernel does not let a real-time
    /// thread do: it takes 50 ms of every second away.
    pub(crate) fn favour(&self) {
        schedule("renice --priority -20 --pid", self.thread());
    }

    fn thread(&self) -> Pid {
        self.ask(|_| nix::unistd::gettid())
    }

    pub(crate) fn start(&self, spec: RouterSpec) -> RouterId {
        self.ask(|node| {
            let router = node.driver().add(spec).unwrap();
            node.driver().start(router);
            router
        })
    }

    pub(crate) fn stop(&self, router: RouterId) {
        self.ask(move |node| node.driver().stop(router));
        until("the host to settle", || {
            self.ask(|node| node.driver().is_settled())
        });
    }

    pub(crate) fn role(&self, router: RouterId) -> Role {
        self.ask(move |node| node.driver().router(router).unwrap().machine().role())
    }

    pub(crate) fn await_role(&self, router: RouterId, role: Role) {
        until(&format!("host {} to be {role:?}", self.number), || {
            self.role(router) == role
        });
    }

    /// The addresses of an interface, as `ip` shows them.
    pub(crate) fn has(&self, address: &str) -> bool {
        let shown = self.ip("-o address show");
        shown.contains(&format!(" {address} "))
    }

    pub(crate) fn await_address(&self, address: &str, there: bool) {
        until(
            &format!("{address} on host {}: {there}", self.number),
            || self.has(address) == there,
        );
    }

    pub(crate) fn forget_notices(&self) {
        self.ask(|node| node.notices.clear());
    }

    pub(crate) fn noticed(&self, wanted: fn(&Notice) -> bool) -> usize {
        self.ask(move |node| node.notices.iter().filter(|notice| wanted(notice)).count())
    }

    /// The value of a kernel parameter below `/proc/sys/net`.
    pub(crate) fn sysctl(&self, path: &str) -> i32 {
        let path = path.to_owned();
        self.ask(move |_| parameter(&path))
    }

    /// Gives it another value.
    pub(crate) fn set_sysctl(&self, path: &str, value: i32) {
        let path = path.to_owned();
        self.ask(move |_| set_parameter(&path, value));
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.jobs = None;
        let ended = self.thread.take().map(JoinHandle::join);
        if !std::thread::panicking() {
            assert!(ended.is_some_and(|ended| ended.is_ok()), "{}", self.number);
        }
    }
}

/// A virtual router on `eth0` with VRID 51 that advertises ten times a second.
pub(crate) fn router(priority: u8, addresses: &[&str]) -> RouterSpec {
    let addresses: Vec<_> = addresses.iter().map(|text| virtual_address(text)).collect();
    let family = Family::of(addresses[0].spec.address);
    let mut settings = Settings::new(Version::V3, family, 51);
    settings.priority = priority;
    settings.interval = Interval::from_centis(10).unwrap();
    let config = Config::try_from(settings).unwrap();
    RouterSpec::new(config, "eth0".parse().unwrap(), addresses)
}

pub(crate) fn virtual_address(text: &str) -> VirtualAddress {
    let (address, length) = text.split_once('/').unwrap();
    VirtualAddress::new(address.parse().unwrap(), length.parse().unwrap())
}

pub(crate) fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// Schedules `thread` otherwise.
fn schedule(command: &str, thread: Pid) {
    let mut words = command.split_whitespace();
    let status = Command::new(words.next().unwrap())
        .args(words)
        .arg(thread.to_string())
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
}
