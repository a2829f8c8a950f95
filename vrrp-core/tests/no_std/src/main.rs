//! A router without std and without an allocator. It is linked, not run.
#![no_std]
#![no_main]

use core::hint::black_box;
use core::panic::PanicInfo;

use vrrp_core::announce::Slot;
use vrrp_core::endpoint::{EndpointEvent, MAX_TRANSMIT, Table};
use vrrp_core::wire::{Addresses, PseudoHeader};
use vrrp_core::{Config, Endpoint, Event, Family, Instant, MacAddr, Settings, Version};

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}

/// Clock, socket and interface of the board.
struct Board {
    now: Instant,
    received: [u8; 1500],
    length: usize,
}

#[unsafe(no_mangle)]
extern "C" fn _start() -> ! {
    let board = black_box(Board {
        now: Instant::EPOCH,
        received: [0; 1500],
        length: 0,
    });
    let _ended = run(board);
    loop {
        core::hint::spin_loop();
    }
}

/// The loop of a router with one address; `None` if it cannot be configured.
fn run(mut board: Board) -> Option<()> {
    let config = Config::try_from(Settings::new(Version::V3, Family::V4, 51)).ok()?;
    let mut slots = [Slot::EMPTY; 1];
    let table = Table::new(Addresses::V4(&[[192, 0, 2, 100]]), &mut slots);
    let mut router = Endpoint::new(board.now, config, table).ok()?;
    router.handle(
        board.now,
        Event::PrimaryAddress(Some([192, 0, 2, 1].into())),
    );
    router.handle(board.now, Event::Startup);
    let ends = PseudoHeader::V4 {
        source: [192, 0, 2, 2].into(),
        destination: [224, 0, 0, 18].into(),
    };
    let mut buf = [0; MAX_TRANSMIT];
    loop {
        board = black_box(board);
        let octets = board.received.get(..board.length)?;
        let _discarded = black_box(router.receive(board.now, &ends, 255, octets));
        router.timeout(board.now);
        while let Some(transmit) = router.poll_transmit(board.now, &mut buf) {
            black_box(transmit.octets());
        }
        while let Some(event) = router.poll_event() {
            if event == EndpointEvent::AddAddresses {
                router.installed(0, Some(MacAddr([2, 0, 0, 0, 0, 1])));
            }
        }
        black_box(router.deadline());
    }
}
