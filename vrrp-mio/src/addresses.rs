//! Virtual addresses on interfaces: their specification, and the keeper that configures them.
//!
//! An address that is put in place and kept there until the loop ends:
//!
//! ```no_run
//! use core::time::Duration;
//!
//! use vrrp_mio::addresses::{AddressEvent, Tenure};
//! use vrrp_mio::netlink::{Monitor, Requests};
//! use vrrp_mio::{AddressKeeper, AddressSpec, Clock, Progress, TimeSlice};
//!
//! let clock = Clock::new()?;
//! let read = || clock.now();
//! let (mut monitor, mut requests) = (Monitor::open()?, Requests::open()?);
//! let mut keeper = AddressKeeper::default();
//! // Of the owner "web", on the interface of index 2.
//! let spec = AddressSpec::new(2, [192, 0, 2, 100].into(), 24);
//! keeper.declare("web", Tenure::Virtual, [spec]);
//! keeper.set_active("web", true);
//! let (mut changes, mut outcomes) = (Vec::new(), Vec::new());
//! loop {
//!     let now = clock.now();
//!     let slice = TimeSlice::of(Duration::from_millis(1), now, &read);
//!     let mut progress = monitor.drive(&slice, &mut changes)?;
//!     changes.drain(..).for_each(|change| keeper.observe(&change, now));
//!     while requests.room() > 0
//!         && let Some((key, request)) = keeper.next_request(monitor.interfaces(), now)
//!     {
//!         requests.push(request, key)?;
//!     }
//!     if requests.drive(&slice, &mut outcomes)? == Progress::Partial {
//!         progress = Progress::Partial;
//!     }
//!     for outcome in outcomes.drain(..) {
//!         keeper.completed(outcome.tag, outcome.result, now);
//!     }
//!     while let Some(event) = keeper.next_event() {
//!         if let AddressEvent::Installed { address, .. } = event {
//!             println!("{} is in place", address.address);
//!         }
//!     }
//!     if keeper.takes_doubt() {
//!         monitor.resynchronise();
//!     }
//!     if progress == Progress::Complete && keeper.is_settled() && requests.is_idle() {
//!         // Here a program waits for either descriptor or the earliest `deadline`.
//!         break;
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod keeper;
mod spec;

pub use self::keeper::{AddressError, AddressEvent, AddressKeeper, Tenure};
pub use self::spec::{AddressLabel, AddressLabelError, AddressSpec};
