//! The reading of rules from standard input (`-R`).

use std::io::{self, BufRead, BufReader, Read};

use ipvs_core::rules::{Command, LineError, parse_line};
use ipvs_netlink::Request;

use super::failure::Failure;
use super::{Program, request};

/// The number of lines that are sent to the kernel together.
const PENDING: usize = 1024;
/// The longest line in octets.
const LINE: u64 = 1 << 16;

/// Carries out lines until the end, a mistake in one, or `-h` or `-v` in one. What the kernel
/// refuses does not stop it. Returns the exit code, which is that of the last line.
pub(super) fn run(program: &mut Program, input: &mut BufReader<impl Read>) -> Result<u8, Failure> {
    let mut restoration = Restoration {
        program,
        pending: Vec::new(),
        status: 0,
    };
    let (mut line, mut number) = (Vec::new(), 0_usize);
    loop {
        // Whoever waits for what came so far gets it before the next line.
        if input.buffer().is_empty() || restoration.pending.len() >= PENDING {
            restoration.carry_out()?;
        }
        line.clear();
        if !read_line(input, &mut line).map_err(Failure::Input)? {
            restoration.carry_out()?;
            return Ok(restoration.status);
        }
        number = number.saturating_add(1);
        if restoration.line(number, &String::from_utf8_lossy(&line))? {
            return Ok(restoration.status);
        }
    }
}

struct Restoration<'a> {
    program: &'a mut Program,
    /// With the numbers of their lines.
    pending: Vec<(usize, Request)>,
    status: u8,
}

impl Restoration<'_> {
    /// Returns whether it is the last.
    fn line(&mut self, number: usize, line: &str) -> Result<bool, Failure> {
        let command = match parse_line(line, &mut self.program.names) {
            Ok(None) => return Ok(false),
            Ok(Some(command)) => command,
            Err(LineError { column, reason, .. }) => {
                let failure = Failure::Usage(reason);
                self.carry_out()?;
                return Ok(self.fail(&format_args!("line {number}, column {column}"), &failure));
            }
        };
        if let Some(request) = request(&command) {
            self.pending.push((number, request));
            return Ok(false);
        }
        self.carry_out()?;
        match self.program.perform(&command) {
            Ok(()) => {
                self.status = 0;
                Ok(matches!(command, Command::Help | Command::Version))
            }
            Err(failure) => Ok(self.fail(&format_args!("line {number}"), &failure)),
        }
    }

    fn fail(&mut self, place: &dyn core::fmt::Display, failure: &Failure) -> bool {
        failure.tell(Some(place));
        self.status = failure.status();
        !failure.is_of_one_line()
    }

    fn carry_out(&mut self) -> Result<(), Failure> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let requests: Vec<Request> = self.pending.iter().map(|&(_, request)| request).collect();
        let replies = self.program.kernel()?.batch(&requests);
        let pending = core::mem::take(&mut self.pending);
        for ((number, _), reply) in pending.into_iter().zip(replies) {
            match reply {
                Ok(_) => self.status = 0,
                Err(error) => {
                    self.fail(&format_args!("line {number}"), &Failure::Change(error));
                }
            }
        }
        Ok(())
    }
}

/// Appends a line to `line`; `false` at the end.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    let length = input.by_ref().take(LINE).read_until(b'\n', line)?;
    if u64::try_from(length).is_ok_and(|length| length == LINE) && !line.ends_with(b"\n") {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "a line of more than 65536 octets",
        ));
    }
    Ok(length != 0)
}
