//! Tests of health checkers and scripts after the daemon has dropped its capabilities.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use core::net::SocketAddr;
use core::num::NonZeroUsize;
use core::time::Duration;
use std::fs;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;

use ha_daemon::daemon::privilege;
use ha_daemon::health::attempt::Failure;
use ha_daemon::health::driver::{CheckerId, Checks};
use ha_daemon::health::schedule::Timing;
use ha_daemon::health::settings::{Connection, Protocol, Settings, Source};
use ha_daemon::script::{Ending, Runner, Script, Users};
use ha_daemon::tokens::TokenRange;
use mio::{Events, Poll};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use vrrp_mio::Clock;

/// Moves this thread to a new network namespace where nobody may have ping sockets.
fn enter_namespace() {
    rig::enter_namespace();
    fs::write("/proc/sys/net/ipv4/ping_group_range", "1 0").unwrap();
}

/// Why the first attempt of a checker fails, if it does.
fn failure(protocol: Protocol) -> Option<Failure> {
    let mut poll = Poll::new().unwrap();
    let clock = Clock::new().unwrap();
    let mut checks = Checks::new(
        poll.registry(),
        TokenRange::new(0, 1),
        NonZeroUsize::MIN,
        None,
    )
    .unwrap();
    let timing = Timing {
        warmup: Duration::ZERO,
        ..Timing::every(Duration::from_secs(60))
    };
    let settings = Settings { protocol, timing };
    checks.add(CheckerId(0), settings, clock.now());
    let mut events = Events::with_capacity(16);
    loop {
        let limit = checks.deadline();
        let limit = limit.map(|at| at.saturating_duration_since(clock.now()));
        // A process that another test starts may interrupt this.
        while let Err(error) = poll.poll(&mut events, limit) {
            assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}");
        }
        for event in &events {
            checks.ready(event.token());
        }
        checks.fire(clock.now());
        if let Some(report) = checks.reports().pop() {
            return report.outcome.err();
        }
    }
}

#[test]
#[ignore = "needs root (a network namespace) and iproute2"]
fn checkers_have_reserved_ports_marks_interfaces_and_raw_sockets() {
    enter_namespace();
    let listener = TcpListener::bind("127.0.0.1:8080").unwrap();
    let to = listener.local_addr().unwrap();
    privilege::restrict().unwrap();
    let connection = Connection {
        source: Some(Box::new(Source {
            address: Some(SocketAddr::from(([127, 0, 0, 1], 20))),
            interface: Some("lo".parse().unwrap()),
            mark: Some(5),
        })),
        ..Connection::new(to)
    };
    assert_eq!(failure(Protocol::Tcp(connection)), None);
    for to in ["127.0.0.1:0", "[::1]:0"] {
        let connection = Connection::new(to.parse().unwrap());
        assert_eq!(failure(Protocol::Ping(connection)), None, "{to}");
    }
}

/// How a script of the user `nobody` ends under a runner, and what it finds out about itself.
fn identity(runner: &Runner, file: &PathBuf) -> (Ending, String) {
    let users = Users::new(None, false);
    let credentials = users.credentials(Some("nobody"), None).unwrap();
    let text = format!(
        "(id -u; grep NoNewPrivs /proc/self/status) >{}",
        file.display()
    );
    let words = ["/bin/sh", "-c", &text].map(Into::into).to_vec();
    let script = Arc::new(Script::new(words, credentials).unwrap());
    let mut run = runner.start(&script).unwrap();
    let ending = loop {
        if let Some(ending) = run.poll() {
            break ending;
        }
        let mut fds = [PollFd::new(run.as_fd(), PollFlags::POLLIN)];
        poll(&mut fds, PollTimeout::NONE).unwrap();
    };
    (ending, fs::read_to_string(file).unwrap())
}

#[test]
#[ignore = "needs root"]
fn scripts_of_others_run_if_their_runner_is_older_than_the_restriction() {
    let name = format!("ha-daemon-privilege-{}", std::process::id());
    let file = std::env::temp_dir().join(name);
    fs::write(&file, "").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
    let before = Runner::new(NonZeroUsize::MIN).unwrap();
    privilege::restrict().unwrap();
    let after = Runner::new(NonZeroUsize::MIN).unwrap();

    let nobody = Users::new(None, false).credentials(Some("nobody"), None);
    let uid = nobody.unwrap().unwrap().uid;
    let text = format!("{uid}\nNoNewPrivs:\t0\n");
    let by_before = identity(&before, &file);
    fs::write(&file, "").unwrap();
    let by_after = identity(&after, &file);
    fs::remove_file(&file).unwrap();
    assert_eq!(by_before, (Ending::Exited(0), text));
    assert_eq!(by_after, (Ending::NotStarted(Errno::EPERM), String::new()));
}
