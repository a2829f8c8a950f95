//! Signal handling: SIGTERM and SIGINT end the daemon, SIGHUP is ignored.

use core::sync::atomic::AtomicBool;
use std::io;
use std::sync::Arc;

use nix::libc;
use signal_hook::consts::{
    SIGALRM, SIGHUP, SIGINT, SIGIO, SIGPIPE, SIGPROF, SIGTERM, SIGUSR1, SIGUSR2, SIGVTALRM,
    SIGXCPU, SIGXFSZ,
};
use signal_hook::flag;

/// The signals that end the daemon.
pub(crate) const ENDING: [i32; 2] = [SIGTERM, SIGINT];

/// The signals whose default action would end the process, and that must not end the daemon: all
/// but those of program faults, of job control, and SIGQUIT, which makes a core dump.
pub(crate) fn harmless() -> impl Iterator<Item = i32> {
    let standard = [
        SIGHUP,
        SIGUSR1,
        SIGUSR2,
        SIGPIPE,
        SIGALRM,
        SIGVTALRM,
        SIGPROF,
        SIGIO,
        SIGXCPU,
        SIGXFSZ,
        libc::SIGPWR,
        libc::SIGSTKFLT,
    ];
    standard
        .into_iter()
        .chain(libc::SIGRTMIN()..=libc::SIGRTMAX())
}

/// Makes the harmless signals do nothing from now on. Unlike ignored signals, they have their
/// default action in the programs that this process starts.
///
/// # Errors
/// If the kernel refuses.
pub fn withstand() -> io::Result<()> {
    let nobody = Arc::new(AtomicBool::new(false));
    for signal in harmless() {
        flag::register(signal, Arc::clone(&nobody))?;
    }
    Ok(())
}
