//! Virtual routers in the `mio` loop of a program that has a socket of its own: a UDP socket on the
//! loopback interface, by which routers are added, changed and removed.
//!
//! `cargo run -p vrrp-mio --example nested -- eth0`, and in bash:
//! ```sh
//! echo add 51 100 192.0.2.100/24 >/dev/udp/127.0.0.1/5112
//! echo priority 51 200 >/dev/udp/127.0.0.1/5112
//! echo remove 51 >/dev/udp/127.0.0.1/5112
//! echo stop >/dev/udp/127.0.0.1/5112
//! ```

use core::error::Error;
use core::net::IpAddr;
use core::time::Duration;
use std::collections::BTreeMap;
use std::env;
use std::io::ErrorKind;
use std::os::fd::AsRawFd;

use vrrp_core::{Family, Settings, Version};
use vrrp_mio::mio::net::UdpSocket;
use vrrp_mio::mio::unix::SourceFd;
use vrrp_mio::mio::{Events, Interest, Poll, Token};
use vrrp_mio::{Driver, InterfaceName, Notice, RouterId, RouterSpec, VirtualAddress};

const DRIVER: Token = Token(0);
const CONTROL: Token = Token(1);

/// The driver, and its routers by identifier.
struct Routers {
    driver: Driver,
    interface: InterfaceName,
    known: BTreeMap<u8, (RouterId, RouterSpec)>,
}

impl Routers {
    /// Does what a line says; whether the program is to go on.
    fn obey(&mut self, line: &str) -> Result<bool, Box<dyn Error>> {
        match line.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["add", vrid, priority, address] => {
                let (address, length) = address.split_once('/').ok_or("no prefix length")?;
                let (vrid, address) = (vrid.parse()?, address.parse::<IpAddr>()?);
                let mut settings = Settings::new(Version::V3, Family::of(address), vrid);
                settings.priority = priority.parse()?;
                let addresses = vec![VirtualAddress::new(address, length.parse()?)];
                let spec = RouterSpec::new(settings.try_into()?, self.interface, addresses);
                let router = self.driver.add(spec.clone())?;
                self.driver.start(router);
                self.known.insert(vrid, (router, spec));
            }
            ["priority", vrid, priority] => {
                let known = self.known.get_mut(&vrid.parse()?);
                let (router, spec) = known.ok_or("no such router")?;
                let mut settings = Settings::from(spec.config);
                settings.priority = priority.parse()?;
                spec.config = settings.try_into()?;
                self.driver.update(*router, spec.clone())?;
            }
            ["remove", vrid] => {
                let known = self.known.remove(&vrid.parse()?);
                let (router, _) = known.ok_or("no such router")?;
                self.driver.stop(router);
                self.driver.remove(router);
            }
            ["stop"] => return Ok(false),
            _ => return Err("unknown command".into()),
        }
        Ok(true)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let interface = env::args().nth(1).ok_or("usage: nested INTERFACE")?;
    let mut routers = Routers {
        driver: Driver::new()?,
        interface: interface.parse()?,
        known: BTreeMap::new(),
    };
    let mut control = UdpSocket::bind(([127, 0, 0, 1], 5112).into())?;
    let mut poll = Poll::new()?;
    let fd = routers.driver.as_raw_fd();
    let registry = poll.registry();
    registry.register(&mut SourceFd(&fd), DRIVER, Interest::READABLE)?;
    registry.register(&mut control, CONTROL, Interest::READABLE)?;
    let mut events = Events::with_capacity(16);
    let mut running = true;
    while running {
        // In every turn of the loop: whatever came, the driver may have been told something.
        let turn = routers.driver.turn(Some(Duration::ZERO))?;
        turn.notices.iter().for_each(report);
        if let Err(error) = poll.poll(&mut events, turn.pending.then_some(Duration::ZERO))
            && error.kind() != ErrorKind::Interrupted
        {
            return Err(error.into());
        }
        if events.iter().any(|event| event.token() == CONTROL) {
            let mut octets = [0; 256];
            while let Ok((length, _)) = control.recv_from(&mut octets) {
                let line = String::from_utf8_lossy(octets.get(..length).unwrap_or_default());
                match routers.obey(&line) {
                    Ok(go_on) => running &= go_on,
                    Err(error) => print(&format!("{}: {error}", line.trim())),
                }
            }
        }
    }
    let last = routers.driver.shutdown(Duration::from_secs(2))?;
    last.iter().for_each(report);
    Ok(())
}

fn report(notice: &Notice) {
    if let Notice::Transition { transition: it, .. } = notice {
        print(&format!("{} -> {}: {}", it.from, it.to, it.cause));
    }
}

#[expect(clippy::print_stdout, reason = "an example reports to its terminal")]
fn print(line: &str) {
    println!("{line}");
}
