//! A scheduler without std. It is linked, not run.
#![no_std]
#![no_main]

use core::alloc::{GlobalAlloc, Layout};
use core::hint::black_box;
use core::net::{Ipv4Addr, SocketAddr};
use core::panic::PanicInfo;
use core::ptr;
use core::time::Duration;

use ipvs_core::balancer::Balancer;
use ipvs_core::{
    Destination, DestinationKey, Flow, Forwarding, KernelProfile, Protocol, Scheduler, Service,
    ServiceKey, Trash,
};

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}

struct Exhausted;

// Safety: an allocator may always refuse.
unsafe impl GlobalAlloc for Exhausted {
    unsafe fn alloc(&self, _: Layout) -> *mut u8 {
        ptr::null_mut()
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static ALLOCATOR: Exhausted = Exhausted;

#[unsafe(no_mangle)]
extern "C" fn _start() -> ! {
    black_box(pick());
    loop {
        core::hint::spin_loop();
    }
}

/// The real server of a new connection.
fn pick() -> Option<DestinationKey> {
    let address = |last| Ipv4Addr::new(192, 0, 2, last);
    let key = ServiceKey::tcp(address(1).into(), 80);
    let service = Service::new(key, Scheduler::Wlc);
    let mut balancer = Balancer::new(&service, KernelProfile::default()).ok()?;
    let mut trash = Trash::default();
    let now = Duration::ZERO;
    for last in 10..13 {
        let real = DestinationKey::new(address(last).into(), 80);
        let real = Destination::new(real, Forwarding::Route, 1);
        balancer.add(now, &real, &mut trash).ok()?;
    }
    let flow = Flow {
        protocol: Protocol::TCP,
        client: SocketAddr::from((address(200), 40_000)),
        target: SocketAddr::from((address(1), 80)),
    };
    let position = balancer.pick(now, black_box(&flow), [0, 0])?;
    Some(balancer.table().destinations().get(position)?.key)
}
