//! Plays the other routers of a link against a VRRP implementation, and prints how it conforms, by
//! section of RFC 9568.
//!
//! The implementation runs alone, at the other end of a veth pair or on a bridge, and preferably with a
//! short interval; every check waits for a few. This end needs `CAP_NET_RAW` and no address. Of two
//! namespaces, with keepalived configured for VRID 51, priority 100 and an interval of 0.2 s:
//!
//! ```sh
//! ip netns add here; ip netns add there
//! ip link add eth0 netns here type veth peer name eth0 netns there
//! ip -n there address add 10.0.0.2/16 dev eth0
//! ip -n here link set eth0 up; ip -n there link set eth0 up
//! ip netns exec there keepalived -n -l -P -f keepalived.conf &
//! ip netns exec here conform eth0 3 51 100 20 10.0.1.51
//! ```
//!
//! `conform INTERFACE VERSION VRID PRIORITY CENTISECONDS ADDRESS… [nopreempt] [virtual-mac]`: the
//! implementation's version, virtual router, priority (2 to 200), interval and addresses as configured,
//! which decide the family.

mod checks;
mod frame;
mod link;
mod play;
mod subject;
#[cfg(test)]
mod tests;

use core::error::Error;
use core::net::IpAddr;
use std::env;

use vrrp_core::{Family, Version};

use self::link::Link;
use self::subject::{Outcome, Subject};

const USAGE: &str = "usage: conform INTERFACE VERSION VRID PRIORITY CENTISECONDS ADDRESS... \
                     [nopreempt] [virtual-mac]";

#[expect(clippy::print_stdout, reason = "an example reports to its terminal")]
fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (interface, subject) = read(&arguments)?;
    let mut link = Link::open(interface)?;
    let rows = play::play(&mut link, &subject)?;
    if rows.is_empty() {
        return Err("the router under test was never heard".into());
    }
    for row in &rows {
        let figures = match &row.outcome {
            Outcome::Fail(_, figures) => figures.as_str(),
            Outcome::Pass | Outcome::Told(_) | Outcome::NotApplicable => "",
        };
        println!(
            "| {:13} | {:62} | {} |",
            row.section, row.check, row.outcome
        );
        if !figures.is_empty() {
            println!("    {figures}");
        }
    }
    Ok(())
}

fn read(arguments: &[String]) -> Result<(&str, Subject), Box<dyn Error>> {
    let [interface, version, vrid, priority, centis, rest @ ..] = arguments else {
        return Err(USAGE.into());
    };
    let word = |wanted: &str| rest.iter().any(|word| word == wanted);
    let addresses: Vec<IpAddr> = rest.iter().filter_map(|word| word.parse().ok()).collect();
    let family = Family::of(*addresses.first().ok_or(USAGE)?);
    let subject = Subject {
        version: match version.as_str() {
            "2" => Version::V2,
            "3" => Version::V3,
            _ => return Err(USAGE.into()),
        },
        family,
        vrid: vrid.parse()?,
        priority: priority.parse()?,
        centis: centis.parse()?,
        preempt: !word("nopreempt"),
        virtual_mac: word("virtual-mac"),
        addresses,
    };
    if !(2..=200).contains(&subject.priority) || subject.centis == 0 {
        return Err(USAGE.into());
    }
    Ok((interface, subject))
}
