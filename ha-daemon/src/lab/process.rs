//! The process of a host, as the laboratory controls it.

use core::fmt;
use std::collections::VecDeque;
use std::io::{self, PipeReader, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::role::Role;

/// Lines kept for the message that says why a host failed.
const TAIL_LINES: usize = 12;
/// A longer line is cut.
const LINE_LEN: usize = 512;
/// Octets read from one host before the others have their turn.
const TURN_LEN: usize = 1 << 16;

/// A running host. It dies with this value, and with the laboratory's process.
#[derive(Debug)]
pub(super) struct HostProcess {
    role: Role,
    child: Child,
    input: ChildStdin,
    output: PipeReader,
    line: Vec<u8>,
    tail: VecDeque<String>,
}

impl HostProcess {
    /// Starts the process of `role`; it waits for [`HostProcess::go`].
    pub(super) fn spawn(role: Role) -> io::Result<Self> {
        let (output, writer) = io::pipe()?;
        fcntl(&output, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        // A process group of its own keeps the terminal's Ctrl-C for the laboratory, which then
        // ends its hosts itself.
        let mut child = Command::new("/proc/self/exe")
            .args(["lab-host", role.name()])
            .stdin(Stdio::piped())
            .stdout(writer.try_clone()?)
            .stderr(writer)
            .process_group(0)
            .spawn()?;
        let Some(input) = child.stdin.take() else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        Ok(Self {
            role,
            child,
            input,
            output,
            line: Vec::new(),
            tail: VecDeque::new(),
        })
    }

    pub(super) fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).unwrap_or(0))
    }

    /// Lets the host go on.
    pub(super) fn go(&mut self) -> io::Result<()> {
        self.input.write_all(b"\n")
    }

    /// The exit status, if the process has ended.
    pub(super) fn exited(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Asks the process to stop.
    pub(super) fn terminate(&self) -> io::Result<()> {
        Ok(kill(self.pid(), Signal::SIGTERM)?)
    }

    /// Ends the process as a power cut would.
    pub(super) fn kill(&mut self) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Reads what the host wrote and asks `is_message` of every complete line whether it was meant
    /// for the laboratory; the others are the host's log.
    pub(super) fn read_lines(
        &mut self,
        mut is_message: impl FnMut(&str) -> bool,
    ) -> io::Result<()> {
        let mut octets = [0; 4096];
        let mut total = 0;
        while total < TURN_LEN {
            match self.output.read(&mut octets) {
                Ok(0) => break,
                Ok(len) => {
                    total += len;
                    for &octet in octets.iter().take(len) {
                        self.push(octet, &mut is_message);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn push(&mut self, octet: u8, is_message: &mut impl FnMut(&str) -> bool) {
        if octet != b'\n' {
            if self.line.len() < LINE_LEN {
                self.line.push(octet);
            }
            return;
        }
        let line = String::from_utf8_lossy(&self.line).into_owned();
        self.line.clear();
        if is_message(&line) {
            return;
        }
        if self.tail.len() == TAIL_LINES {
            self.tail.pop_front();
        }
        self.tail.push_back(line);
    }

    /// The last lines the host wrote.
    pub(super) fn tail(&self) -> Tail {
        Tail {
            role: self.role,
            lines: self.tail.iter().cloned().collect(),
        }
    }
}

impl AsFd for HostProcess {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.output.as_fd()
    }
}

impl Drop for HostProcess {
    fn drop(&mut self) {
        // Killing fails only for a process that has been waited for.
        let _ended = self.kill();
    }
}

/// The last lines a host wrote, each on a line of its own after the host's name.
#[derive(Debug)]
pub struct Tail {
    role: Role,
    lines: Vec<String>,
}

impl fmt::Display for Tail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            write!(f, "\n  {}: {line}", self.role)?;
        }
        Ok(())
    }
}
