//! Tests of the programs that the daemon starts, on hosts that lack something.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use core::time::Duration;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rig::{Directory, clock};

const PROGRAM: &str = env!("CARGO_BIN_EXE_ha-daemon");
const PATIENCE: Duration = Duration::from_secs(40);

/// A daemon in a network namespace, and its scripts.
struct Host {
    directory: Directory,
    daemon: Option<Child>,
}

impl Host {
    fn new(name: &str) -> Self {
        let directory = Directory::new(name);
        fs::set_permissions(directory.path(), PermissionsExt::from_mode(0o1777)).unwrap();
        Self {
            directory,
            daemon: None,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A shell script in this directory, whose path this is.
    fn script(&self, name: &str, body: &str) -> String {
        let path = self.path(name);
        let text = format!(
            "#!/bin/sh\ncd '{}'\n{body}\n",
            self.directory.path().display()
        );
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        path.display().to_string()
    }

    /// Starts the daemon by a shell that does `before` first, in namespaces as `unshare` names them.
    fn start(&mut self, config: &str, namespaces: &[&str], before: &str) {
        let file = self.path("daemon.conf");
        fs::write(&file, config).unwrap();
        let text = format!(
            "ip link set lo up
             ip link add eth0 type veth peer name eth1
             ip link set eth1 up
             ip link set eth0 up
             ip address add 192.0.2.1/24 dev eth0
             {before}
             exec \"$0\" run --file '{}' --socket '{}'",
            file.display(),
            self.path("socket").display(),
        );
        let log = fs::File::create(self.path("log")).unwrap();
        let daemon = Command::new("unshare")
            .arg("--net")
            .args(namespaces)
            .args(["sh", "-ec", &text, PROGRAM])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        self.daemon = Some(daemon.unwrap());
        self.await_log("Startup complete");
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    fn log(&self) -> String {
        self.read("log")
    }

    /// Waits until `is`.
    fn until(&self, what: &str, is: impl Fn() -> bool) {
        let end = clock::now() + PATIENCE;
        while !is() {
            assert!(clock::now() < end, "{what} did not come\n{}", self.log());
            clock::pause(Duration::from_millis(20));
        }
    }

    fn await_log(&self, text: &str) {
        self.until(text, || self.log().contains(text));
    }

    fn pid(&self) -> Pid {
        let id = self.daemon.as_ref().unwrap().id();
        Pid::from_raw(i32::try_from(id).unwrap())
    }

    /// Tells the daemon to end, and waits until it has.
    fn stop(&mut self) {
        kill(self.pid(), Signal::SIGTERM).unwrap();
        let status = self.daemon.take().unwrap().wait().unwrap();
        assert!(status.success(), "{status}\n{}", self.log());
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // One that is killed leaves its scripts.
        if let Some(mut daemon) = self.daemon.take() {
            let id = Pid::from_raw(i32::try_from(daemon.id()).unwrap_or(i32::MAX));
            let _gone = kill(id, Signal::SIGTERM);
            let end = clock::now() + PATIENCE;
            while matches!(daemon.try_wait(), Ok(None)) && clock::now() < end {
                clock::pause(Duration::from_millis(20));
            }
            drop(daemon.kill());
            drop(daemon.wait());
        }
    }
}

/// A virtual server with real servers 10.0.`third`.1 and so on, each of them with one of the blocks.
fn virtual_server(third: u8, settings: &str, checks: &[String]) -> String {
    let servers = checks.iter().enumerate().map(|(index, check)| {
        let (high, low) = (index / 250, index % 250 + 1);
        format!("real_server 10.{high}.{third}.{low} 80 {{\n{check}\n}}\n")
    });
    let servers: String = servers.collect();
    format!(
        "virtual_server 192.0.2.{third} 80 {{\nlb_algo rr\nlb_kind NAT\nprotocol TCP\n\
         delay_loop 1\nwarmup 0\n{settings}\n{servers}}}\n"
    )
}

fn misc(path: &str, settings: &str) -> String {
    format!("MISC_CHECK {{\nmisc_path \"{path}\"\n{settings}\n}}")
}

const AS_ROOT: &str = "global_defs {\nscript_user root\n}\n";

#[test]
#[ignore = "needs root, unshare and iproute2"]
fn scripts_that_hang_hold_up_no_other_virtual_server() {
    let mut host = Host::new("hang");
    let hang = host.script("hang", "echo >> hanging; exec sleep 1000");
    let healthy = host.script("healthy", "echo $1 >> healthy.out");
    // More than run at a time.
    let hanging = vec![misc(&hang, "misc_timeout 300"); 300];
    let healthy: Vec<_> = (1..=2)
        .map(|server| misc(&format!("{healthy} {server}"), "misc_timeout 3"))
        .collect();
    // Each hanging one is a script of its own.
    let hanging: Vec<_> = (hanging.iter().enumerate())
        .map(|(index, check)| check.replace("/hang\"", &format!("/hang {index}\"")))
        .collect();
    let config = [
        AS_ROOT,
        &virtual_server(1, "", &hanging),
        &virtual_server(2, "", &healthy),
    ];
    host.start(&config.concat(), &[], "");
    host.until("the hanging ones", || {
        host.read("hanging").lines().count() > 250
    });
    let runs = |server: &str| {
        host.read("healthy.out")
            .lines()
            .filter(|l| *l == server)
            .count()
    };
    let before = [runs("1"), runs("2")];
    host.until("four more checks of each", || {
        runs("1") >= before[0] + 4 && runs("2") >= before[1] + 4
    });
    host.stop();
    let log = host.log();
    assert!(
        !log.contains("failed") && !log.contains("Removing"),
        "{log}"
    );
    assert!(!log.contains("scripts still run"), "{log}");
}

#[test]
#[ignore = "needs root, unshare, prlimit and setpriv"]
fn a_host_without_processes_or_descriptors_takes_no_server_out() {
    let mut host = Host::new("limits");
    let check = host.script("check", "echo >> checked");
    let config = [
        "global_defs {\nscript_user nobody\n}\n",
        &virtual_server(
            1,
            "",
            &[
                misc(&check, "misc_timeout 3"),
                misc(&format!("{check} 2"), ""),
            ],
        ),
    ];
    host.start(&config.concat(), &[], "");
    host.until("a check", || !host.read("checked").is_empty());
    // Every process of this user's counts.
    let sleeper = |_| {
        let mut command = Command::new("setpriv");
        command.args([
            "--reuid",
            "65534",
            "--clear-groups",
            "--pdeathsig",
            "KILL",
            "sleep",
            "60",
        ]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    };
    let mut sleepers: Vec<_> = (0..4).map(sleeper).collect();
    let limit = |name: &str, value: &str| {
        let pid = host.pid().to_string();
        let limit = format!("--{name}={value}");
        let status = Command::new("prlimit")
            .args(["--pid", &pid, &limit])
            .status();
        assert!(status.unwrap().success());
    };
    limit("nproc", "2:");
    host.await_log("could not be made: execve: Try again");
    clock::pause(Duration::from_secs(3));
    limit("nproc", "1000:");
    host.await_log("no longer held up by execve: Try again");
    limit("nofile", "3:100");
    host.await_log("could not be made: socketpair: Too many open files");
    clock::pause(Duration::from_secs(3));
    limit("nofile", "100:100");
    host.await_log("no longer held up by socketpair: Too many open files");
    for sleeper in &mut sleepers {
        sleeper.kill().unwrap();
        sleeper.wait().unwrap();
    }
    let log = host.log();
    assert_eq!(
        log.matches("could not be made").count(),
        2,
        "told once\n{log}"
    );
    assert!(!log.contains("Removing"), "{log}");
}

#[test]
#[ignore = "needs root, unshare and iproute2"]
fn scripts_end_with_the_daemon_though_they_ignore_sigterm() {
    let mut host = Host::new("stubborn");
    let body = "trap '' TERM; echo $$ >> pids; (echo >> children; sleep 1000); sleep 1000";
    let (check, notify) = (host.script("check", body), host.script("notify", body));
    let config = [
        AS_ROOT,
        &virtual_server(
            1,
            &format!("quorum_up {notify}"),
            &[misc(&check, "misc_timeout 60")],
        ),
    ];
    host.start(&config.concat(), &[], "");
    host.until("both", || host.read("children").lines().count() == 2);
    let pids: Vec<i32> = host
        .read("pids")
        .lines()
        .map(|pid| pid.parse().unwrap())
        .collect();
    assert_eq!(pids.len(), 2);
    host.stop();
    for pid in pids {
        assert_eq!(alive(pid), 0, "of the group {pid}");
    }
}

/// Processes of a group, but for those that have ended and that nobody has waited for.
fn alive(group: i32) -> usize {
    let is_of_group = |stat: &String| {
        let after = stat.rsplit(')').next().unwrap_or_default();
        let mut words = after.split_whitespace();
        let (state, _parent, of) = (words.next(), words.next(), words.next());
        state != Some("Z") && of == Some(group.to_string().as_str())
    };
    stats().iter().filter(|stat| is_of_group(stat)).count()
}

/// `/proc/PID/stat` of every process.
fn stats() -> Vec<String> {
    let processes = fs::read_dir("/proc").unwrap();
    let stat = |entry: std::io::Result<fs::DirEntry>| {
        fs::read_to_string(entry.ok()?.path().join("stat")).ok()
    };
    processes.filter_map(stat).collect()
}

#[test]
#[ignore = "needs root, unshare and iproute2"]
fn scripts_are_given_nothing_of_whoever_started_the_daemon() {
    let mut host = Host::new("given");
    let check = host.script(
        "check",
        "[ -e out ] && exit 0
         { ls -l /proc/$$/fd; umask; tr '\\0' '\\n' < /proc/$$/environ; } > out.new
         mv out.new out",
    );
    let config = [AS_ROOT, &virtual_server(1, "", &[misc(&check, "")])];
    let before = "exec 9</etc/shadow
        umask 0
        export SECRET=hunter2 IFS=x LD_LIBRARY_PATH=/tmp LANG=C";
    host.start(&config.concat(), &[], before);
    host.until("the script", || !host.read("out").is_empty());
    let out = host.read("out");
    for there in ["\n0177\n", "\nPATH=", "\nLANG=C\n"] {
        assert!(out.contains(there), "no {there:?}\n{out}");
    }
    for alien in ["shadow", "SECRET", "\nIFS=", "LD_LIBRARY_PATH"] {
        assert!(!out.contains(alien), "{alien}\n{out}");
    }
}

/// Children of `parent` that have ended and that nobody has waited for.
fn zombies(parent: i32) -> usize {
    let marked = format!(") Z {parent} ");
    stats().iter().filter(|stat| stat.contains(&marked)).count()
}

#[test]
#[ignore = "needs root, unshare and iproute2"]
fn the_first_process_of_a_namespace_reaps_what_is_left_to_it() {
    let mut host = Host::new("first");
    let check = host.script(
        "check",
        "for i in 1 2 3 4 5 6 7 8 9 10; do (sleep 0.1 & ); done; echo >> checked",
    );
    let config = [AS_ROOT, &virtual_server(1, "", &[misc(&check, "")])];
    host.start(
        &config.concat(),
        &["--pid", "--fork", "--mount-proc", "--kill-child"],
        "",
    );
    let unshare = host.pid();
    let children = format!("/proc/{unshare}/task/{unshare}/children");
    let first: i32 = fs::read_to_string(children)
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    host.until("checks", || host.read("checked").lines().count() >= 4);
    host.until("the end of the last orphans", || zombies(first) == 0);
    let log = host.log();
    assert!(!log.contains("MISC_CHECK on service"), "{log}");
    kill(Pid::from_raw(first), Signal::SIGTERM).unwrap();
    let status = host.daemon.take().unwrap().wait().unwrap();
    assert!(status.success(), "{}", host.log());
}

/// As keepalived 2.2.7 in a guest whose kernel has `ip_vs`.
#[test]
#[ignore = "needs root, unshare and iproute2"]
fn scripts_of_a_quorum_are_run_at_the_start_where_there_is_one() {
    let mut host = Host::new("quorum");
    let tell = host.script("tell", "echo $@ >> out");
    let hooks = |name: u8| {
        format!(
            "omega\nquorum_up \"{tell} quorum_up {name}\"\nquorum_down \"{tell} quorum_down {name}\""
        )
    };
    let healthy = host.script("healthy", "exit 0");
    let failing = host.script("failing", "exit 1");
    let config = [
        AS_ROOT,
        &virtual_server(100, &hooks(100), &[String::new()]),
        &virtual_server(
            101,
            &format!("alpha\n{}", hooks(101)),
            &[misc(&healthy, "")],
        ),
        &virtual_server(102, &hooks(102), &[misc(&healthy, "")]),
        &virtual_server(
            103,
            &format!("alpha\n{}", hooks(103)),
            &[misc(&failing, "")],
        ),
    ];
    host.start(&config.concat(), &[], "");
    host.until("the first", || host.read("out").lines().count() >= 2);
    let sorted = || {
        let out = host.read("out");
        let mut lines: Vec<_> = out.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    host.until("all", || host.read("out").lines().count() >= 3);
    clock::pause(Duration::from_millis(2_500));
    assert_eq!(
        sorted(),
        ["quorum_up 100", "quorum_up 101", "quorum_up 102"]
    );
    fs::remove_file(host.path("out")).unwrap();
    host.stop();
    let out = host.read("out");
    let mut lines: Vec<_> = out.lines().collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        ["quorum_down 100", "quorum_down 101", "quorum_down 102"]
    );
}

#[test]
#[ignore = "needs root, unshare and iproute2"]
fn a_user_that_is_not_there_costs_its_scripts_and_nothing_else() {
    let mut host = Host::new("users");
    let check = host.script("check", "echo $1 >> out; exit 1");
    let checks = [
        misc(&format!("{check} default"), ""),
        misc(&format!("{check} absent"), "user nobody-here"),
        misc(&format!("{check} root"), "user root"),
    ];
    let config = [
        "global_defs {\nscript_user no-such-user\n}\n
         vrrp_instance A {\ninterface eth0\nvirtual_router_id 51\npriority 255\nversion 3\n\
         virtual_ipaddress {\n192.0.2.1/24\n}\n}\n",
        &virtual_server(1, "", &checks),
    ];
    host.start(&config.concat(), &[], "");
    host.await_log("(A) Entering MASTER STATE");
    host.until("the script of root", || host.read("out").contains("root"));
    host.await_log("Removing service [10.0.1.3]:tcp:80");
    let log = host.log();
    assert_eq!(host.read("out").replace("root\n", ""), "");
    assert_eq!(
        log.matches("is left out: there is no user").count(),
        2,
        "{log}"
    );
    assert_eq!(log.matches("Removing service").count(), 1, "{log}");
}

#[test]
#[ignore = "needs root, unshare and iproute2"]
fn a_script_that_others_can_change_is_not_run_where_security_is_asked_for() {
    let mut host = Host::new("secure");
    let open = host.script("open", "echo open >> out");
    let safe = host.script("safe", "echo safe >> out");
    fs::set_permissions(&open, PermissionsExt::from_mode(0o777)).unwrap();
    let config = [
        "global_defs {\nscript_user root\nenable_script_security\n}\n",
        &virtual_server(1, "", &[misc(&open, ""), misc(&safe, "")]),
    ];
    host.start(&config.concat(), &[], "");
    host.until("the safe one", || host.read("out").lines().count() >= 2);
    assert_eq!(host.read("out").replace("safe\n", ""), "");
    let told = format!("is not safe: {open} can be written to by everybody");
    assert!(host.log().contains(&told), "{}", host.log());
}
