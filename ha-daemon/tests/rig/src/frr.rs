//! FRR in a namespace: its macvlans, configuration and processes.

use core::fmt::Write;
use core::time::Duration;
use std::fs;
use std::os::unix::fs::chown;
use std::path::Path;

use nix::unistd::{Group, User};
use vrrp_core::{Family, Vrid};

use super::clock;
use super::config::Instance;
use super::namespace::Namespace;
use super::process::Process;

/// The command line of FRR's daemon `name` with its files in `dir`.
pub(crate) fn command(name: &str, dir: &Path) -> Vec<String> {
    let path = |file: &str| dir.join(file).display().to_string();
    let mut command = vec![format!("/usr/lib/frr/{name}")];
    for (option, value) in [
        ("-z", path("zserv.api")),
        ("-f", path(&format!("{name}.conf"))),
        ("-i", path(&format!("{name}.pid"))),
        ("--vty_socket", dir.display().to_string()),
        ("-A", "127.0.0.1".to_owned()),
        ("-P", "0".to_owned()),
        ("--log", "stdout".to_owned()),
    ] {
        command.extend([option.to_owned(), value]);
    }
    command
}

/// Makes the macvlans FRR expects, writes the configurations and starts zebra.
pub(crate) fn prepare(
    namespace: &Namespace,
    dir: &Path,
    host: usize,
    instances: &[Instance],
) -> Process {
    for instance in instances {
        namespace.ip(&macvlan_commands(instance, host));
    }
    fs::write(dir.join("vrrpd.conf"), vrrpd_conf(instances)).expect("vrrpd.conf can be written");
    fs::write(dir.join("zebra.conf"), "").expect("zebra.conf can be written");
    own(dir);
    let command = command("zebra", dir);
    let command: Vec<&str> = command.iter().map(String::as_str).collect();
    let zebra = Process::start(namespace, &dir.join("zebra.log"), &command);
    clock::until("zebra's socket", Duration::from_secs(5), || {
        dir.join("zserv.api").exists()
    });
    zebra
}

/// FRR's daemons drop to the user `frr` before they write their files.
fn own(dir: &Path) {
    let user = User::from_name("frr")
        .expect("users can be read")
        .expect("FRR made its user");
    let group = Group::from_name("frr")
        .expect("groups can be read")
        .expect("FRR made its group");
    for path in [
        dir.to_owned(),
        dir.join("vrrpd.conf"),
        dir.join("zebra.conf"),
    ] {
        chown(path, Some(user.uid.as_raw()), Some(group.gid.as_raw())).expect("root may chown");
    }
}

fn macvlan_commands(instance: &Instance, host: usize) -> String {
    let Instance {
        vrid,
        link,
        protocol,
        ..
    } = *instance;
    let (family, length) = match protocol.family() {
        Family::V4 => (4, 32),
        Family::V6 => (6, 128),
    };
    let name = format!("vrrp{family}-{link}-{vrid}");
    let mac = Vrid::new(vrid)
        .expect("a VRID is not zero")
        .virtual_mac(protocol.family());
    let mut text = format!(
        "link add {name} link eth{link} address {mac} type macvlan mode bridge\n\
         link set {name} addrgenmode none\n"
    );
    for address in instance.advertised() {
        let nodad = if family == 6 { "nodad" } else { "" };
        writeln!(text, "addr add {address}/{length} dev {name} {nodad}").expect("text");
    }
    if family == 6 {
        writeln!(
            text,
            "addr add fe80::{vrid}:{}/64 dev {name} nodad",
            host + 1
        )
        .expect("text");
    }
    text + &format!("link set {name} up\n")
}

fn vrrpd_conf(instances: &[Instance]) -> String {
    let mut text = String::new();
    for instance in instances {
        instance.frr(&mut text).expect("a string takes all text");
    }
    text
}

impl Instance {
    fn frr(&self, text: &mut String) -> core::fmt::Result {
        let Self {
            vrid,
            link,
            priority,
            ..
        } = self;
        writeln!(text, "interface eth{link}")?;
        writeln!(text, " vrrp {vrid} version {}", self.protocol.version())?;
        writeln!(text, " vrrp {vrid} priority {priority}")?;
        writeln!(
            text,
            " vrrp {vrid} advertisement-interval {}",
            u32::from(self.centis) * 10
        )?;
        if !self.preempt {
            writeln!(text, " no vrrp {vrid} preempt")?;
        }
        for address in self.advertised() {
            let keyword = if address.is_ipv4() { "ip" } else { "ipv6" };
            writeln!(text, " vrrp {vrid} {keyword} {address}")?;
        }
        Ok(())
    }
}
