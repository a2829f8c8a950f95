//! Linux runtime for `vrrp-core`.

mod clock;
mod deadlines;
mod timer;

pub use self::clock::Clock;
pub use self::deadlines::Deadlines;
pub use self::timer::Timer;
