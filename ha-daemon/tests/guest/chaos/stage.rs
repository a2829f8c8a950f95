//! The site of the chaos test: a client, two directors and two web servers, and its state without
//! faults.

use core::time::Duration;
use std::fs;
use std::path::PathBuf;

use ha_daemon::observe::control;
use nix::ifaddrs::getifaddrs;

use super::client::Client;
use super::table::{self, FOREIGN, OWN};
use super::web::Web;
use rig::clock::{now, pause};
use rig::leaks::host_state;
use rig::site::{Method, Site, VIRTUAL};
use rig::{Daemon, Program};

/// How many directors there are, and web servers.
pub(crate) const PAIR: usize = 2;
/// The director that is preferred.
pub(crate) const PREFERRED: usize = 0;
/// The advertisement interval.
pub(crate) const INTERVAL: Duration = Duration::from_millis(500);
/// The longest Active_Down_Interval, that of the other: 3 intervals and the skew of priority 100.
pub(crate) const DOWN: Duration = Duration::from_millis(1805);
/// Between two checks, and how long each step of one may take.
pub(crate) const CHECK: Duration = Duration::from_secs(1);
/// How long a script may take.
pub(crate) const SCRIPT_LIMIT: Duration = Duration::from_secs(2);
/// How long a check may take in all.
pub(crate) const WHOLE_CHECK: Duration = Duration::from_secs(6);
/// How much longer than allowed is waited for what is late.
const PATIENCE: Duration = Duration::from_secs(30);
const INTERFACES: [&str; 2] = ["front", "back"];
/// The script of the checks; what it does, the file beside it says.
const SCRIPT: &str = r#"#!/bin/sh
read -r mode <"$0.mode"
case $mode in
hang)
    trap '' TERM
    while :; do sleep 3600; done
    ;;
flood)
    while sleep 0.05; do
        lines=0
        while [ $lines -lt 500 ]; do
            echo flood
            echo flood >&2
            lines=$((lines + 1))
        done
    done
    ;;
esac
"#;

/// What the daemons had to do in a time, and the time they took.
#[derive(Clone, Debug)]
pub(crate) struct Reaction {
    pub(crate) what: &'static str,
    pub(crate) took: Duration,
    pub(crate) allowed: Duration,
}

/// The site with everything running.
pub(crate) struct Stage {
    pub(crate) client: Client,
    pub(crate) directors: [Daemon; PAIR],
    pub(crate) web: [Web; PAIR],
    pub(crate) site: Site,
    pub(crate) reactions: Vec<Reaction>,
    /// Whether a director was ever killed.
    pub(crate) crashed: [bool; PAIR],
    /// The real server that is known to be unfit.
    pub(crate) unfit: Option<usize>,
    script: PathBuf,
    before: [String; PAIR],
}

impl Stage {
    pub(crate) fn new() -> Self {
        let site = Site::new(Method::Translation, "chaos");
        let web = [0, 1].map(|index| Web::start(&site.web[index]));
        let script = site.directory("script").join("check");
        fs::write(&script, SCRIPT).unwrap();
        fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let mut before = Vec::new();
        let directors =
            [("director1", 1, 150), ("director2", 2, 100)].map(|(name, host, priority)| {
                let namespace = site.seat(name, host);
                before.push(host_state(&namespace, &INTERFACES));
                let directory = site.directory(name);
                let configuration = configuration(&site, priority, &script);
                Daemon::start(Program::HaDaemon, namespace, &directory, &configuration)
            });
        let stage = Self {
            client: Client::start(&site.client.0),
            directors,
            web,
            site,
            reactions: Vec::new(),
            crashed: [false; PAIR],
            unfit: None,
            script,
            before: before.try_into().expect("one for each"),
        };
        stage.set_script("well");
        for director in &stage.directors {
            table::edit(director, FOREIGN);
        }
        stage
    }

    /// What the script does from its next run on: `well`, `hang` or `flood`.
    pub(crate) fn set_script(&self, mode: &str) {
        // Whoever reads it meanwhile finds it whole.
        let new = self.script.with_extension("new");
        fs::write(&new, format!("{mode}\n")).unwrap();
        fs::rename(&new, self.script.with_extension("mode")).unwrap();
    }

    /// Waits until `condition` holds, and notes how long it took and may take.
    pub(crate) fn expect(
        &mut self,
        what: &'static str,
        allowed: Duration,
        condition: impl Fn(&Self) -> bool,
    ) {
        let start = now();
        let mut looked = start;
        // To look takes time itself.
        while !condition(self) && looked < start + allowed + PATIENCE {
            pause(Duration::from_millis(50));
            looked = now();
        }
        let took = looked - start;
        self.reactions.push(Reaction {
            what,
            took,
            allowed,
        });
    }

    /// Whether the director has the virtual address.
    fn has_address(&self, host: usize) -> bool {
        self.directors[host].namespace().inside(|| {
            let mut all = getifaddrs().expect("interfaces can be listed");
            all.any(|one| {
                let address = one.address.as_ref().and_then(|one| one.as_sockaddr_in());
                address.is_some_and(|address| address.ip() == VIRTUAL)
            })
        })
    }

    /// Whether a director's kernel has the table it is to have, and `strangers`.
    pub(crate) fn has_table(&self, host: usize, strangers: &str) -> bool {
        let own = match self.unfit {
            Some(server) => table::without(server),
            None => OWN.to_owned(),
        };
        table::is(&self.directors[host], &[&own, FOREIGN, strangers])
    }

    /// Whether the directors are as they were before any fault.
    fn is_settled(&self) -> bool {
        (0..PAIR).all(|host| {
            let preferred = host == PREFERRED;
            let state = if preferred { "MASTER" } else { "BACKUP" };
            self.role(host).is_some_and(|(role, _)| role == state)
                && self.has_address(host) == preferred
                && self.has_table(host, "")
        })
    }

    /// The state of a director, and for how long; nothing if it does not say.
    fn role(&self, host: usize) -> Option<(String, Duration)> {
        let status = control::ask_status(&self.directors[host].socket()).ok()?;
        let instance = status.instances.into_iter().next()?;
        let since = Duration::try_from_secs_f64(instance.for_seconds).ok()?;
        Some((instance.state, since))
    }

    /// How long ago a director changed its role.
    pub(crate) fn tenure(&self) -> Duration {
        let roles = (0..PAIR).filter_map(|host| self.role(host));
        roles.map(|(_, since)| since).min().unwrap_or_default()
    }

    /// Waits until all is as it was before any fault, which the directors may take `allowed` for;
    /// false if the client is not served even then.
    pub(crate) fn settle(&mut self, allowed: Duration) -> bool {
        self.expect("all as it was", allowed, Self::is_settled);
        for director in &mut self.directors {
            assert!(
                !director.process().has_ended(),
                "it ended by itself: {director}"
            );
        }
        let from = now();
        while !self.client.is_served(from, 5) {
            if now() > from + PATIENCE {
                return false;
            }
            pause(Duration::from_millis(20));
        }
        true
    }

    /// What the directors were waited for, and the ends of their logs.
    pub(crate) fn story(&self) -> String {
        const LINES: usize = 25;
        let mut text = String::new();
        for Reaction {
            what,
            took,
            allowed,
        } in &self.reactions
        {
            text += &format!("  {what} after {took:.1?} of {allowed:.1?}\n");
        }
        for (host, director) in self.directors.iter().enumerate() {
            let log = director.to_string();
            let lines: Vec<&str> = log.lines().collect();
            text += &format!("  the log of director {host} ends:\n");
            for line in &lines[lines.len().saturating_sub(LINES)..] {
                text += &format!("    {line}\n");
            }
        }
        text
    }

    /// Processes of the checks' script that are still there.
    pub(crate) fn scripts(&self) -> Vec<String> {
        let script = self.script.display().to_string();
        let processes = fs::read_dir("/proc").unwrap();
        let commands = processes.filter_map(|one| {
            let command = fs::read_to_string(one.unwrap().path().join("cmdline"));
            // It may have ended.
            command.ok().filter(|command| command.contains(&script))
        });
        commands.collect()
    }

    /// Ends a director; what it should not have left behind.
    pub(crate) fn leave(&mut self, host: usize) -> Vec<String> {
        let well = self.directors[host].terminate();
        let director = &self.directors[host];
        let after = host_state(director.namespace(), &INTERFACES);
        let mut left = rig::leaks::changes(&self.before[host], &after, self.crashed[host]);
        if !table::is(director, &[FOREIGN]) {
            left.push(format!("the table {}", table::text(director)));
        }
        if !well {
            left.push("an unsuccessful exit status".to_owned());
        }
        left
    }
}

fn configuration(site: &Site, priority: u8, script: &std::path::Path) -> String {
    let [first, second] = [0, 1].map(|index| site.web_address(index));
    let page = "HTTP_GET {
      url {
        path /
        status_code 200
      }
      connect_timeout 1
      retry 0
    }";
    let script = script.display();
    format!(
        "global_defs {{
  vrrp_version 3
  vrrp_garp_master_delay 1
  vrrp_garp_lower_prio_delay 1
  vrrp_garp_master_refresh 1
  script_user root
}}
vrrp_instance VI_1 {{
  state BACKUP
  interface front
  virtual_router_id 80
  priority {priority}
  advert_int 0.5
  virtual_ipaddress {{
    {VIRTUAL}/24 dev front
    10.81.0.10/24 dev back
  }}
}}
virtual_server {VIRTUAL} 80 {{
  delay_loop 1
  warmup 0
  lb_algo rr
  lb_kind NAT
  protocol TCP
  real_server {first} 80 {{
    {page}
  }}
  real_server {second} 80 {{
    {page}
    MISC_CHECK {{
      misc_path {script}
      misc_timeout 2
      retry 0
    }}
  }}
}}
"
    )
}
