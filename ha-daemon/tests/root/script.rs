//! Tests of the script runner that need root.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use core::num::NonZeroUsize;
use std::fs;
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ha_daemon::script::{Credentials, Ending, Run, Runner, Script, StartError};
use nix::fcntl::AT_FDCWD;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::fanotify::{
    EventFFlags, Fanotify, FanotifyResponse, InitFlags, MarkFlags, MaskFlags, Response,
};
use rig::{Directory, tools};

/// A shell script with this body, in a directory that everybody may write to.
fn write(directory: &Directory, body: &str) -> PathBuf {
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let place = directory.path().display();
    let text = directory.path().join("text");
    fs::write(&text, format!("#!/bin/sh\ncd '{place}'\n{body}")).unwrap();
    // Written by another process: a child that was just forked can hold a copy of a descriptor opened
    // here, and a file that is open for writing is not executed.
    tools::run(
        "cp",
        &[&text.display().to_string(), &format!("{place}/script")],
    );
    let script = directory.path().join("script");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    script
}

fn script(words: Vec<std::ffi::OsString>) -> Arc<Script> {
    Arc::new(Script::new(words, None).unwrap())
}

fn runner(supervisors: usize) -> Runner {
    Runner::new(NonZeroUsize::new(supervisors).unwrap()).unwrap()
}

fn end(mut run: Run) -> Ending {
    loop {
        let mut fds = [PollFd::new(run.as_fd(), PollFlags::POLLIN)];
        assert_eq!(poll(&mut fds, PollTimeout::from(20_000_u16)), Ok(1));
        if let Some(ending) = run.poll() {
            return ending;
        }
        assert!(run.has_begun(), "readable, so begun or ended");
    }
}

/// Makes `execve` of a file wait, as it does for a dead file server, until it is allowed.
fn hold_execution(file: &Path) -> Fanotify {
    let hold = Fanotify::init(
        InitFlags::FAN_CLASS_CONTENT | InitFlags::FAN_CLOEXEC,
        EventFFlags::O_RDONLY,
    );
    let hold = hold.unwrap();
    let what = MaskFlags::FAN_OPEN_EXEC_PERM;
    hold.mark(MarkFlags::FAN_MARK_ADD, what, AT_FDCWD, Some(file))
        .unwrap();
    hold
}

#[test]
#[ignore = "needs root (fanotify permission events)"]
fn a_program_that_cannot_be_loaded_holds_up_one_supervisor_and_nobody_else() {
    let scripts = Directory::new("stuck");
    let file = write(&scripts, "sleep 1000");
    let stuck = script(vec![file.clone().into()]);
    let quick = script(vec!["true".into()]);
    let runner = runner(2);
    let hold = hold_execution(&file);

    let mut waiting = runner.start(&stuck).unwrap();
    let mut asked = [PollFd::new(hold.as_fd(), PollFlags::POLLIN)];
    assert_eq!(poll(&mut asked, PollTimeout::from(20_000_u16)), Ok(1));
    assert_eq!(waiting.poll(), None);
    assert_eq!(end(runner.start(&quick).unwrap()), Ending::Exited(0));

    waiting.cancel();
    assert_eq!(runner.start(&stuck).unwrap_err(), StartError::Alive);
    assert_eq!(end(runner.start(&quick).unwrap()), Ending::Exited(0));

    for event in hold.read_events().unwrap() {
        let response = FanotifyResponse::new(event.fd().unwrap(), Response::FAN_ALLOW);
        hold.write_response(response).unwrap();
    }
    assert_eq!(end(waiting), Ending::Killed(15));
}

#[test]
#[ignore = "needs root (CAP_SETUID, CAP_SETGID)"]
fn runs_as_the_configured_user_without_other_groups() {
    let scripts = Directory::new("user");
    let file = write(&scripts, "echo $(id -u) $(id -g) $(id -G) > out");
    let credentials = Credentials {
        uid: 65534,
        gid: 65534,
    };
    let script = Arc::new(Script::new(vec![file.into()], Some(credentials)).unwrap());
    assert_eq!(end(runner(1).start(&script).unwrap()), Ending::Exited(0));
    let out = fs::read_to_string(scripts.path().join("out")).unwrap();
    assert_eq!(out, "65534 65534 65534\n");
}
