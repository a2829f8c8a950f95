//! Linux runtime for `vrrp-core`.
