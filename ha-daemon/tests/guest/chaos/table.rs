//! The expected content of the kernel's IPVS tables.

use std::process::{Command, Stdio};

use ipvs_core::rules;
use ipvs_netlink::Client;

use rig::Daemon;

/// The service of the configuration, in the words of `ipvsadm`.
pub(crate) const OWN: &str = "\
-A -t 10.80.0.10:80 -s rr
-a -t 10.80.0.10:80 -r 10.81.0.21:80 -m -w 1
-a -t 10.80.0.10:80 -r 10.81.0.22:80 -m -w 1
";
/// The entries of others.
pub(crate) const FOREIGN: &str = "\
-A -u 10.9.0.9:53 -s sh
-a -u 10.9.0.9:53 -r 10.9.1.9:53 -m -w 9
";

/// A service that others add for a while.
pub(crate) const STRANGER: &str = "-A -u 10.9.0.8:53 -s rr\n";
pub(crate) const STRANGER_GOES: &str = "-D -u 10.9.0.8:53";
/// The real servers.
pub(crate) const SERVERS: [&str; 2] = ["10.81.0.21:80", "10.81.0.22:80"];
/// The options that name the service.
pub(crate) const SERVICE: &str = "-t 10.80.0.10:80";

/// [`OWN`] while a real server is unfit.
pub(crate) fn without(server: usize) -> String {
    let lines = OWN.lines().filter(|line| !line.contains(SERVERS[server]));
    lines.map(|line| format!("{line}\n")).collect()
}

/// Runs `ipvsadm` commands, one a line; what they name may have gone.
pub(crate) fn edit(director: &Daemon, commands: &str) {
    for command in commands.lines() {
        let mut ipvsadm = Command::new("ipvsadm");
        ipvsadm.args(command.split(' ')).stderr(Stdio::null());
        let status = director.namespace().inside(|| ipvsadm.status());
        status.expect("ipvsadm starts");
    }
}

/// What the director's kernel has, as `ipvsadm -Sn` prints it.
pub(crate) fn text(director: &Daemon) -> String {
    director.namespace().inside(|| {
        let mut kernel = Client::connect().unwrap();
        let mut text = String::new();
        for record in kernel.services().unwrap() {
            let service = record.service;
            // It may have gone since.
            let records = kernel.destinations(&service.key).unwrap_or_default();
            let destinations: Vec<_> = records.into_iter().map(|one| one.destination).collect();
            rules::save(&mut text, &service, &destinations, &mut rules::numeric).unwrap();
        }
        text
    })
}

/// Whether the director's kernel has what all of `parts` say, and nothing else; the kernel's order
/// has no meaning.
pub(crate) fn is(director: &Daemon, parts: &[&str]) -> bool {
    let table = text(director);
    let mut actual: Vec<&str> = table.lines().collect();
    let mut wanted: Vec<&str> = parts.iter().flat_map(|part| part.lines()).collect();
    actual.sort_unstable();
    wanted.sort_unstable();
    actual == wanted
}
