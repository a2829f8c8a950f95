//! The thread that starts one script and waits for it.

use core::time::Duration;
use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{Signal, killpg};
use nix::sys::stat::{Mode, umask};
use nix::unistd::Pid;
use rustix::process::{PidfdFlags, WaitId, WaitIdOptions, pidfd_open, waitid};

use super::{Busy, Ending, Job, Report, Script, Shared, errno};
use crate::daemon::descriptors;

/// What a cancelled script has from SIGTERM to SIGKILL, in milliseconds, as with keepalived.
const GRACE_MS: u16 = 2_000;
/// The interval at which the end of a script is checked without a process descriptor.
const LOOK_MS: u16 = 50;
/// A supervisor calls few functions.
const STACK_LEN: usize = 256 * 1024;
/// What scripts may do with files of their own making: nobody else reads or writes them.
const UMASK: Mode = Mode::from_bits_truncate(0o177);

/// Starts a supervisor, which is counted already, with the rights of the calling thread.
pub(super) fn start(shared: &Arc<Shared>) -> io::Result<()> {
    let membership = Membership(Arc::clone(shared));
    let thread = thread::Builder::new()
        .name("script".to_owned())
        .stack_size(STACK_LEN)
        .spawn(move || supervise(&membership));
    // The closure has been dropped with its membership if there is no thread.
    thread.map(drop)
}

/// A supervisor is counted until this is dropped.
#[derive(Debug)]
struct Membership(Arc<Shared>);

impl Drop for Membership {
    fn drop(&mut self) {
        self.0.leave();
    }
}

/// Runs one script after the other until it is not needed any more.
fn supervise(membership: &Membership) {
    // A umask is the process's, or the thread's that has let go of what is shared.
    if unshare(CloneFlags::CLONE_FS).is_ok() {
        umask(UMASK);
    }
    while let Some((job, busy, wanted)) = membership.0.next_job() {
        if wanted {
            // Without one the next job waits.
            let _none = start(&membership.0);
        }
        serve(job, busy);
    }
}

fn serve(Job { lease, mut link }: Job, busy: Busy<'_>) {
    let ending = if is_cancelled(&link) {
        Ending::NotRun
    } else {
        match spawn(&lease.0) {
            Ok(mut child) => {
                descriptors::restore(child.id());
                let _unheard = link.write_all(&Report::Begun.write());
                look_after(&mut child, &link)
            }
            Err(error) => Ending::NotStarted(errno(&error)),
        }
    };
    // Before the report, so that who has read it can start the script again, and finds a supervisor
    // idle.
    drop(lease);
    drop(busy);
    // Nobody listens if the script was cancelled.
    let _unheard = link.write_all(&Report::Ended(ending).write());
}

fn spawn(script: &Script) -> io::Result<Child> {
    let direct = command(script, &script.program)
        .args(&script.arguments)
        .spawn();
    match direct {
        // A script without a `#!` line is one for the shell, as execvp(3) has it.
        Err(error) if errno(&error) == Errno::ENOEXEC => command(script, "/bin/sh".as_ref())
            .arg(&script.program)
            .args(&script.arguments)
            .spawn(),
        other => other,
    }
}

fn command(script: &Script, program: &OsStr) -> Command {
    let mut command = Command::new(program);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0);
    command.env_clear().envs(environment());
    if let Some(credentials) = script.credentials {
        command.uid(credentials.uid).gid(credentials.gid);
    }
    command
}

/// What a script has of the daemon's variables: where programs are, and how people write.
fn environment() -> impl Iterator<Item = (OsString, OsString)> {
    let is_kept = |name: &OsStr| {
        let name = name.as_encoded_bytes();
        matches!(name, b"PATH" | b"TZ" | b"LANG" | b"LANGUAGE") || name.starts_with(b"LC_")
    };
    let path = [("PATH".into(), crate::script::PATH.into())];
    let own = std::env::vars_os().filter(move |(name, _)| is_kept(name));
    path.into_iter().chain(own)
}

/// Waits until the script has ended or is cancelled; in the latter case ends it.
fn look_after(child: &mut Child, link: &UnixStream) -> Ending {
    let Some(group) = i32::try_from(child.id()).ok().map(Pid::from_raw) else {
        return Ending::Lost;
    };
    let process = rustix::process::Pid::from_raw(group.as_raw());
    let process = process.and_then(|process| pidfd_open(process, PidfdFlags::empty()).ok());
    let process = process.as_ref().map(AsFd::as_fd);
    if is_to_end(child, process, link) {
        kill_group(group, Signal::SIGTERM);
        await_end(child, process, GRACE_MS);
        // The leader's number cannot be another's as long as it is not reaped.
        kill_group(group, Signal::SIGKILL);
    }
    reap(child)
}

/// Waits until the script has ended, or is to.
fn is_to_end(child: &Child, process: Option<BorrowedFd<'_>>, link: &UnixStream) -> bool {
    loop {
        let ready = match process {
            Some(process) => wait(&[process, link.as_fd()], PollTimeout::NONE),
            None => match has_ended(child) {
                true => Some(0),
                false => wait(&[link.as_fd()], PollTimeout::from(LOOK_MS)).map(|_| 1),
            },
        };
        match ready {
            Some(first) => return first != 0,
            // Time for a look, or the kernel had no memory for the wait.
            None if process.is_some() => thread::sleep(Duration::from_millis(LOOK_MS.into())),
            None => {}
        }
    }
}

/// Waits until the script has ended, for so many milliseconds at most.
fn await_end(child: &Child, process: Option<BorrowedFd<'_>>, millis: u16) {
    if let Some(process) = process {
        wait(&[process], PollTimeout::from(millis));
        return;
    }
    for _ in 0..millis / LOOK_MS {
        if has_ended(child) {
            return;
        }
        thread::sleep(Duration::from_millis(LOOK_MS.into()));
    }
}

/// Whether the leader has ended; it is not reaped, so that its number stays its own.
fn has_ended(child: &Child) -> bool {
    let Some(id) = i32::try_from(child.id())
        .ok()
        .and_then(rustix::process::Pid::from_raw)
    else {
        return true;
    };
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    !matches!(waitid(WaitId::Pid(id), options), Ok(None))
}

/// The first of `fds` that is ready, or hung up; `None` after `timeout`.
fn wait(fds: &[BorrowedFd<'_>], timeout: PollTimeout) -> Option<usize> {
    let events = PollFlags::POLLIN;
    let mut fds: Vec<_> = fds.iter().map(|fd| PollFd::new(*fd, events)).collect();
    loop {
        match poll(&mut fds, timeout) {
            Err(Errno::EINTR) => {}
            Ok(0) | Err(_) => return None,
            Ok(_) => return fds.iter().position(|fd| fd.any().unwrap_or(true)),
        }
    }
}

fn is_cancelled(link: &UnixStream) -> bool {
    wait(&[link.as_fd()], PollTimeout::ZERO).is_some()
}

fn kill_group(group: Pid, signal: Signal) {
    // ESRCH: all of it has ended. EPERM: it took on rights we do not have, and cannot be killed.
    let _refused = killpg(group, signal);
}

fn reap(child: &mut Child) -> Ending {
    child.wait().map_or(Ending::Lost, Ending::of)
}
