//! A virtual router in a tokio program, on one thread.
//!
//! `cargo run --manifest-path vrrp-mio/examples/tokio/Cargo.toml -- eth0 51 100 192.0.2.100/24`. On
//! SIGHUP it changes its priority to 200 and back; on SIGINT it resigns, removes its address and
//! ends.

use std::error::Error;
use std::net::IpAddr;
use std::time::Duration;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::signal::unix::{SignalKind, signal};
use vrrp_core::{Config, Family, Settings, Version};
use vrrp_mio::{Driver, Notice, RouterSpec, VirtualAddress};

/// The router of the command line, with another priority if that is `raised`.
fn spec(arguments: &[String], raised: bool) -> Result<RouterSpec, Box<dyn Error>> {
    let [interface, vrid, priority, address] = arguments else {
        return Err("usage: vrrp-tokio INTERFACE VRID PRIORITY ADDRESS/LENGTH".into());
    };
    let (address, length) = address.split_once('/').ok_or("no prefix length")?;
    let address: IpAddr = address.parse()?;
    let mut settings = Settings::new(Version::V3, Family::of(address), vrid.parse()?);
    settings.priority = if raised { 200 } else { priority.parse()? };
    settings.accept = true;
    let config = Config::try_from(settings)?;
    let addresses = vec![VirtualAddress::new(address, length.parse()?)];
    Ok(RouterSpec::new(config, interface.parse()?, addresses))
}

fn report(notices: &[Notice]) {
    for notice in notices {
        if let Notice::Transition { transition: it, .. } = notice {
            println!("{} -> {}: {}", it.from, it.to, it.cause);
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // From tokio 1.54 on the same is `unsafe` to say. A driver has one descriptor, open while it lives.
    #[expect(deprecated, reason = "without unsafe code")]
    let mut driver = AsyncFd::with_interest(Driver::new()?, Interest::READABLE)?;
    let router = driver.get_mut().add(spec(&arguments, false)?)?;
    driver.get_mut().start(router);
    let mut hangup = signal(SignalKind::hangup())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut other_work = tokio::time::interval(Duration::from_secs(10));
    let mut raised = false;
    loop {
        // After whatever the driver was told, so that its descriptor tells when it is due.
        let turn = driver.get_mut().turn(Some(Duration::ZERO))?;
        report(&turn.notices);
        tokio::select! {
            () = std::future::ready(()), if turn.pending => tokio::task::yield_now().await,
            ready = driver.readable_mut() => ready?.clear_ready(),
            _ = other_work.tick() => {
                let router = driver.get_ref().router(router);
                println!("{:?}", router.map(|it| it.machine().role()));
            }
            _ = hangup.recv() => {
                raised = !raised;
                driver.get_mut().update(router, spec(&arguments, raised)?)?;
            }
            _ = interrupt.recv() => break,
        }
    }
    // Blocks this thread until the kernel has removed the address, a second at most.
    report(&driver.get_mut().shutdown(Duration::from_secs(1))?);
    Ok(())
}
