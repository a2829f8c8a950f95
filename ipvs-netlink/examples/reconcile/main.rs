//! Makes a table of IPVS what a file wants:
//! `cargo run -p ipvs-netlink --example reconcile -- ipvs-netlink/examples/reconcile/desired.json`.
//!
//! It shows the changes that a kernel in memory without services would take. With `--kernel` before
//! the file, and as root, it makes them in the kernel of this host.

use core::error::Error;
use std::io::{self, Write};
use std::{env, fs};

use ipvs_core::{Change, Configuration, Order, ServiceKey, plan};
use ipvs_netlink::{Client, ErrorKind, Request, Transport, memory};

#[cfg(test)]
mod tests;

/// How often to start again when others change the table meanwhile.
const ATTEMPTS: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let words: Vec<_> = arguments.iter().map(String::as_str).collect();
    let changes = match words[..] {
        ["--kernel", file] => reconcile(&mut Client::connect()?, &read(file)?)?,
        [file] => reconcile(&mut memory::Kernel::new().client()?, &read(file)?)?,
        _ => return Err("usage: reconcile [--kernel] FILE".into()),
    };
    let mut out = io::stdout().lock();
    for change in changes {
        writeln!(out, "{}", Request::from(change))?;
    }
    Ok(())
}

/// The table that a file wants, if it would work.
fn read(file: &str) -> Result<Configuration, Box<dyn Error>> {
    let desired: Configuration = serde_json::from_str(&fs::read_to_string(file)?)?;
    desired.check(false)?;
    Ok(desired)
}

/// Makes the table of `client` what is `desired`, and returns what it has changed for that.
fn reconcile<S: Transport>(
    client: &mut Client<S>,
    desired: &Configuration,
) -> Result<Vec<Change>, Box<dyn Error>> {
    let mut made = Vec::new();
    for _ in 0..ATTEMPTS {
        let actual = client.configuration()?;
        let changes = plan(&actual, desired, |key| is_owned(key, desired), Order::Any);
        if changes.is_empty() {
            return Ok(made);
        }
        let requests: Vec<_> = changes.iter().copied().map(Request::from).collect();
        for (change, result) in changes.iter().zip(client.batch(&requests)) {
            match result {
                Ok(_) => made.push(*change),
                Err(error) if is_overtaken(error.kind) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Err("the table does not stay as it is made".into())
}

/// Services of other addresses are somebody else's.
fn is_owned(key: &ServiceKey, desired: &Configuration) -> bool {
    let mut wanted = desired.entries().map(|entry| entry.service.key);
    wanted.any(|it| it == *key || (it.address().is_some() && it.address() == key.address()))
}

/// Whether somebody else was faster, or what was made is not known: the next list shows.
const fn is_overtaken(kind: ErrorKind) -> bool {
    use ErrorKind::{DestinationExists, DestinationMissing, ServiceExists, ServiceMissing};
    let raced = matches!(
        kind,
        ServiceExists | ServiceMissing | DestinationExists | DestinationMissing
    );
    raced || kind.is_uncertain()
}
