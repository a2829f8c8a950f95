//! Pure models of the kernel's IPVS: what a scheduler picks, what a service table should be, and
//! the plan that turns one table into another.
//!
//! The crate is empty for now; see `docs/ARCHITECTURE.md` for its place.
#![no_std]
#![forbid(unsafe_code)]
