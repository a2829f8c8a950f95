//! Linux runtime for the generic-netlink family "IPVS".
//!
//! The crate is empty for now; see `docs/ARCHITECTURE.md` for its place.
#![forbid(unsafe_code)]
