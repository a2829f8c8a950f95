//! Tests of the daemon beside Debian's keepalived 2.2.7: the same virtual server and failures give
//! the same table.
//!
//! The expectations are what keepalived does; both are held against them side by side, each in a
//! network namespace of its own. Tables and exit statuses are written alike: `2=7` is a weight of 7
//! of real server 2, or a checker of real server 2 that exits with 7.

use core::fmt::Write as _;
use core::time::Duration;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::thread;

use rig::Namespace;
use rig::clock;
use rig::{Daemon, Directory, PATIENCE, Program};

/// A virtual server with three real servers, of weights 1 to 3, and what happens to them.
struct Scenario {
    name: &'static str,
    virtual_server: &'static str,
    real_server: &'static str,
    checker: &'static str,
    /// What the checkers exit with at first.
    initial: &'static str,
    /// The table then.
    table: &'static str,
    /// What changes, and the table afterwards.
    steps: &'static [(&'static str, &'static str)],
}

const SORRY: &str = "sorry_server 10.9.2.1 80";
const ALIVE: &str = "1=0 2=0 3=0";
const DEAD: &str = "1=1 2=1 3=1";
const PLAIN: Scenario = Scenario {
    name: "",
    virtual_server: SORRY,
    real_server: "",
    checker: "",
    initial: ALIVE,
    table: "1=1 2=2 3=3",
    steps: &[],
};

impl Scenario {
    fn configuration(&self, directory: &Directory) -> String {
        let directory = directory.path().display();
        let mut text = format!(
            "global_defs {{
  script_user root
}}
virtual_server 10.9.0.1 80 {{
  delay_loop 1
  lb_algo rr
  lb_kind NAT
  protocol TCP
  {}
",
            self.virtual_server
        );
        for server in 1..=3 {
            write!(
                text,
                "  real_server 10.9.1.{server} 80 {{
    weight {server}
    {}
    MISC_CHECK {{
      misc_path \"{directory}/check {directory} {server}\"
      misc_timeout 10
      retry 0
      delay_before_retry 1
      warmup 0
      {}
    }}
  }}
",
                self.real_server, self.checker
            )
            .unwrap();
        }
        text + "}\n"
    }

    fn play(&self) {
        thread::scope(|scope| {
            scope.spawn(|| self.play_with(Program::Keepalived));
            scope.spawn(|| self.play_with(Program::HaDaemon));
        });
    }

    fn play_with(&self, program: Program) {
        let directory = Directory::new(&format!("{}-{program:?}", self.name));
        let checker = directory.path().join("check");
        // First it says that it runs: whatever was set before that, it sees.
        let script = "#!/bin/sh\necho >>$1/runs$2\nread -r status <$1/status$2\nexit $status\n";
        fs::write(&checker, script).unwrap();
        fs::set_permissions(&checker, Permissions::from_mode(0o755)).unwrap();
        set(&directory, self.initial);
        let configuration = self.configuration(&directory);
        let mut balancer = Daemon::start(
            program,
            Namespace::new("parity"),
            directory.path(),
            &configuration,
        );
        await_runs(&directory, self.initial, &balancer);
        balancer.expect_table(&saved(self.table), "at first");
        for (change, table) in self.steps {
            set(&directory, change);
            await_runs(&directory, change, &balancer);
            balancer.expect_table(&saved(table), &format!("after {change}"));
        }
        balancer.terminate();
        balancer.expect_table("", "after SIGTERM");
    }
}

/// Pairs `name=number`.
fn pairs(words: &str) -> impl Iterator<Item = (&str, &str)> {
    words
        .split_whitespace()
        .map(|word| word.split_once('=').unwrap())
}

/// Lets checkers exit with other statuses from now on.
fn set(directory: &Directory, statuses: &str) {
    for (server, status) in pairs(statuses) {
        let path = |name: &str| directory.path().join(format!("{name}{server}"));
        fs::write(path("new"), format!("{status}\n")).unwrap();
        fs::rename(path("new"), path("status")).unwrap();
    }
}

/// Waits until what was [`set`] is known: a checker starts again only once its last outcome is.
fn await_runs(directory: &Directory, statuses: &str, balancer: &Daemon) {
    let runs = |server: &str| {
        let path = directory.path().join(format!("runs{server}"));
        path.metadata().map_or(0, |metadata| metadata.len())
    };
    let seen: Vec<(&str, u64)> = pairs(statuses)
        .map(|(server, _)| (server, runs(server) + 2))
        .collect();
    let deadline = clock::now() + PATIENCE;
    while seen.iter().any(|(server, enough)| runs(server) < *enough) {
        assert!(
            clock::now() < deadline,
            "checkers do not see {statuses}: {balancer}"
        );
        clock::pause(Duration::from_millis(50));
    }
}

/// The lines of `ipvsadm -Sn` for a table.
fn saved(table: &str) -> String {
    let mut lines = "-A -t 10.9.0.1:80 -s rr\n".to_owned();
    for (server, weight) in pairs(table) {
        let address = match server {
            "sorry" => "10.9.2.1".to_owned(),
            number => format!("10.9.1.{number}"),
        };
        writeln!(lines, "-a -t 10.9.0.1:80 -r {address}:80 -m -w {weight}").unwrap();
    }
    lines
}

#[test]
#[ignore = "needs ip_vs"]
fn real_servers_come_and_go_with_a_quorum_and_hysteresis() {
    Scenario {
        name: "quorum",
        virtual_server: "sorry_server 10.9.2.1 80
  quorum 4
  hysteresis 1",
        steps: &[
            ("3=1", "1=1 2=2"),
            ("2=1", "sorry=1"),
            ("3=0", "sorry=1"),
            ("2=0", "1=1 2=2 3=3"),
            (DEAD, "sorry=1"),
            ("1=0", "sorry=1"),
            (ALIVE, "1=1 2=2 3=3"),
        ],
        ..PLAIN
    }
    .play();
}

#[test]
#[ignore = "needs ip_vs"]
fn without_a_sorry_server_a_lost_quorum_changes_nothing() {
    Scenario {
        name: "no-sorry",
        virtual_server: "quorum 4",
        steps: &[("3=1", "1=1 2=2"), ("2=1 1=1", ""), ("1=0", "1=1")],
        ..PLAIN
    }
    .play();
}

#[test]
#[ignore = "needs ip_vs"]
fn inhibited_real_servers_stay_with_weight_0() {
    Scenario {
        name: "inhibit",
        virtual_server: "sorry_server 10.9.2.1 80
  quorum 2",
        real_server: "inhibit_on_failure",
        steps: &[
            ("3=1", "1=1 2=2 3=0"),
            ("2=1", "1=0 2=0 3=0 sorry=1"),
            ("1=1", "1=0 2=0 3=0 sorry=1"),
            ("1=0", "1=0 2=0 3=0 sorry=1"),
            ("3=0", "1=1 2=0 3=3"),
        ],
        ..PLAIN
    }
    .play();
}

#[test]
#[ignore = "needs ip_vs"]
fn an_inhibited_sorry_server_waits_with_weight_0() {
    Scenario {
        name: "sorry-inhibit",
        virtual_server: "sorry_server 10.9.2.1 80
  sorry_server_inhibit",
        table: "1=1 2=2 3=3 sorry=0",
        steps: &[(DEAD, "sorry=1"), ("2=0", "2=2 sorry=0")],
        ..PLAIN
    }
    .play();
}

#[test]
#[ignore = "needs ip_vs"]
fn real_servers_that_are_dead_from_the_start_are_replaced() {
    Scenario {
        name: "dead",
        initial: DEAD,
        table: "sorry=1",
        steps: &[("1=0", "1=1")],
        ..PLAIN
    }
    .play();
}

#[test]
#[ignore = "needs ip_vs"]
fn with_alpha_real_servers_prove_themselves_first() {
    Scenario {
        name: "alpha",
        virtual_server: "alpha
  sorry_server 10.9.2.1 80",
        initial: "1=0 2=0 3=1",
        table: "1=1 2=2",
        steps: &[("3=0", "1=1 2=2 3=3")],
        ..PLAIN
    }
    .play();
}

#[test]
#[ignore = "needs ip_vs"]
fn with_alpha_inhibited_real_servers_begin_with_weight_0() {
    Scenario {
        name: "alpha-inhibit",
        virtual_server: "alpha",
        real_server: "inhibit_on_failure",
        initial: DEAD,
        table: "1=0 2=0 3=0",
        steps: &[("3=0", "1=0 2=0 3=3")],
        ..PLAIN
    }
    .play();
}

#[test]
#[ignore = "needs ip_vs"]
fn a_dynamic_checker_sets_the_weight() {
    Scenario {
        name: "dynamic",
        checker: "misc_dynamic",
        steps: &[
            ("1=12", "1=10 2=2 3=3"),
            ("1=2", "1=0 2=2 3=3"),
            ("1=0", "1=1 2=2 3=3"),
            ("1=255", "1=253 2=2 3=3"),
            ("1=1", "2=2 3=3"),
            ("1=5", "1=3 2=2 3=3"),
        ],
        ..PLAIN
    }
    .play();
}

#[test]
#[ignore = "needs ip_vs"]
fn with_omega_and_inhibition_sigterm_empties_the_table_too() {
    Scenario {
        name: "omega",
        virtual_server: "omega",
        real_server: "inhibit_on_failure",
        checker: "misc_dynamic",
        steps: &[("1=12", "1=10 2=2 3=3")],
        ..PLAIN
    }
    .play();
}

#[test]
#[ignore = "needs ip_vs"]
fn weights_count_for_the_quorum() {
    Scenario {
        name: "weights",
        virtual_server: "sorry_server 10.9.2.1 80
  quorum 5",
        checker: "misc_dynamic",
        steps: &[
            ("3=2", "sorry=1"),
            ("2=6", "1=1 2=4 3=0"),
            ("1=2 2=2", "sorry=1"),
            ("1=1 2=1 3=7", "3=5"),
        ],
        ..PLAIN
    }
    .play();
}

#[test]
#[ignore = "needs ip_vs"]
fn without_any_weight_the_sorry_server_serves() {
    Scenario {
        name: "weightless",
        virtual_server: "sorry_server 10.9.2.1 80
  sorry_server_inhibit",
        real_server: "inhibit_on_failure",
        checker: "misc_dynamic",
        table: "1=1 2=2 3=3 sorry=0",
        steps: &[
            ("1=1", "1=0 2=2 3=3 sorry=0"),
            ("2=2 3=2", "1=0 2=0 3=0 sorry=1"),
            ("1=12", "1=10 2=0 3=0 sorry=0"),
        ],
        ..PLAIN
    }
    .play();
}
