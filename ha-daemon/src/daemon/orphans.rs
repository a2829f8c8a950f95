//! The reaping of orphaned processes where the daemon is process 1.
//!
//! The first process of a PID namespace is given every process whose parent has ended, and a program
//! that was there before `exec` leaves its children too. Their ends would be kept for ever.

use nix::errno::Errno;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};

/// How many at a time.
const BUDGET: usize = 64;

/// Takes note of the ends of some of the calling thread's children, without waiting; whether there may
/// be more.
///
/// Processes that the kernel gives to this one become the main thread's, while scripts are children of
/// the threads that started them and wait for them: they are left alone.
pub(super) fn reap() -> bool {
    let flags = WaitPidFlag::WNOHANG | WaitPidFlag::__WNOTHREAD;
    for _ in 0..BUDGET {
        match waitpid(None, Some(flags)) {
            Ok(WaitStatus::StillAlive) | Err(Errno::ECHILD) => return false,
            // EINVAL: its signal has no name, and it is gone like the others.
            Ok(_) | Err(_) => {}
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::{Child, Command};
    use std::sync::Barrier;
    use std::thread;

    use super::*;

    /// A child that has ended and that nobody has waited for.
    fn ended() -> Child {
        let child = Command::new("/bin/true").spawn().unwrap();
        let stat = format!("/proc/{}/stat", child.id());
        while !fs::read_to_string(&stat).unwrap().contains(") Z ") {
            thread::yield_now();
        }
        child
    }

    #[test]
    fn those_of_this_thread_are_reaped_and_those_of_another_are_not() {
        let (there, reaped) = (Barrier::new(2), Barrier::new(2));
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut other = ended();
                there.wait();
                reaped.wait();
                assert!(other.wait().unwrap().success());
            });
            let own: Vec<_> = (0..BUDGET).map(|_| ended()).collect();
            there.wait();
            let results = [reap(), reap()];
            reaped.wait();
            assert_eq!(
                results,
                [true, false],
                "there may be more, and there are none"
            );
            for mut child in own {
                assert!(child.wait().is_err(), "it is reaped already");
            }
        });
    }
}
