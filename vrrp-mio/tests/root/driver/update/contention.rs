//! A meter of the time for which others hold the kernel's rtnl lock.
//!
//! It is one for all network namespaces, and a namespace that is made or deleted elsewhere holds it
//! for milliseconds.

use core::net::Ipv4Addr;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::net::UdpSocket;
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, sleep, spawn};

use rig::{Namespace, now};

/// Takes the lock once in a millisecond, and records how long that took.
pub(super) struct Contention {
    end: Arc<AtomicBool>,
    /// When the lock was had, and how long that took.
    waits: Arc<Mutex<Vec<(Duration, Duration)>>>,
    thread: Option<JoinHandle<()>>,
}

impl Contention {
    pub(super) fn measured(namespace: &Namespace) -> Self {
        let enter = namespace.entrance();
        let end = Arc::new(AtomicBool::new(false));
        let waits = Arc::new(Mutex::new(Vec::new()));
        let (ended, record) = (Arc::clone(&end), Arc::clone(&waits));
        let thread = spawn(move || {
            enter();
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let group = Ipv4Addr::new(239, 1, 1, 1);
            while !ended.load(Ordering::Relaxed) {
                let before = now();
                let lo = Ipv4Addr::LOCALHOST;
                socket.join_multicast_v4(&group, &lo).unwrap();
                let after = now();
                record.lock().unwrap().push((after, after - before));
                socket.leave_multicast_v4(&group, &lo).unwrap();
                sleep(Duration::from_millis(1));
            }
        });
        Self {
            end,
            waits,
            thread: Some(thread),
        }
    }

    /// The longest wait between two points in time.
    pub(super) fn longest(&self, from: Duration, to: Duration) -> Duration {
        // Who waits now may have begun then.
        sleep(Duration::from_millis(50));
        let waits = self.waits.lock().unwrap();
        let within = waits
            .iter()
            .filter(|(end, length)| *end >= from && *end <= to + *length);
        within.map(|it| it.1).max().unwrap_or_default()
    }
}

impl Drop for Contention {
    fn drop(&mut self) {
        self.end.store(true, Ordering::Relaxed);
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(std::thread::panicking() || ended.is_some_and(|it| it.is_ok()));
    }
}
