//! The sockets against the kernel, over veth pairs between network namespaces.

mod advertisements;
mod delivery;
mod failures;
mod frames;
mod lab;
