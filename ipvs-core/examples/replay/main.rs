//! Replays recorded decisions of a kernel, and reports where the models differ.
//!
//! `cargo run --release -p ipvs-core --example replay -- [--legacy] [--verbose] FILE…` prints
//! `FILE flows=N mismatches=M` for each file. The exit code is 1 if anything differs, 2 if a file
//! cannot be read. `--legacy` is for traces of kernels that count as
//! [`KernelProfile::Legacy`]; `--verbose` names each flow that differs.

mod scenario;
#[cfg(test)]
mod tests;
mod trace;

use core::error::Error;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use ipvs_core::KernelProfile;

use self::scenario::{Outcome, replay};

fn main() -> io::Result<ExitCode> {
    let mut profile = KernelProfile::TotalConnections;
    let mut verbose = false;
    let mut files: Vec<OsString> = Vec::new();
    for argument in std::env::args_os().skip(1) {
        match argument.to_str() {
            Some("--legacy") => profile = KernelProfile::Legacy,
            Some("--verbose") => verbose = true,
            _ => files.push(argument),
        }
    }
    let (mut output, mut errors) = (io::stdout().lock(), io::stderr().lock());
    if files.is_empty() {
        writeln!(errors, "usage: replay [--legacy] [--verbose] FILE…")?;
        return Ok(ExitCode::from(2));
    }
    let mut code = 0;
    for file in &files {
        let name = Path::new(file).display();
        match read(profile, file) {
            Ok(Outcome { flows, mismatches }) => {
                let count = mismatches.len();
                writeln!(output, "{name} flows={flows} mismatches={count}")?;
                for mismatch in mismatches.iter().filter(|_| verbose) {
                    writeln!(output, "  {mismatch}")?;
                }
                code = code.max(u8::from(count > 0));
            }
            Err(error) => {
                write!(errors, "{name}: {error}")?;
                let mut cause = error.source();
                while let Some(error) = cause {
                    write!(errors, ": {error}")?;
                    cause = error.source();
                }
                writeln!(errors)?;
                code = 2;
            }
        }
    }
    Ok(ExitCode::from(code))
}

fn read(profile: KernelProfile, file: &OsString) -> Result<Outcome, Box<dyn Error>> {
    let octets = std::fs::read(file)?;
    let text = str::from_utf8(&octets)?;
    Ok(replay(profile, text)?)
}
