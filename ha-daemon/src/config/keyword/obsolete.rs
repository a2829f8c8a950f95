//! Hints for keywords that are obsolete, misprinted in manuals, or in the wrong block.

use super::{Names, TOP};
use crate::config::vrrp::address;

const GONE: &str = "it is gone from keepalived, where it had lost its effect: it may be removed";

/// Keywords that there are no more, or never were, and what is to be done about them.
const HINTS: &[(&str, &str)] = &[
    (
        "dynamic",
        "a file that changes is always followed: it may be removed",
    ),
    ("json_file_location", "write `json_dump_file`"),
    (
        "lvs_id",
        "it is gone from keepalived: `router_id` in `global_defs` has its place",
    ),
    ("nat_mask", GONE),
    ("nb_get_retry", "write `retry`"),
    ("net_mask", GONE),
    ("script_security", "write `enable_script_security`"),
    ("state_file_location", "write `state_dump_file`"),
    ("stats_file_location", "write `stats_dump_file`"),
];

/// What to do about a keyword that is unknown `place`.
pub(super) fn hint(name: &str, place: &str) -> Option<String> {
    let known = HINTS.iter().find(|(old, _)| *old == name);
    if let Some((_, hint)) = known {
        return Some((*hint).to_owned());
    }
    match (name, place) {
        ("ha_suspend", "in `vrrp_instance`" | "outside of blocks" | "in `global_defs`") => {
            Some("it is for `virtual_server`: here it may be removed".to_owned())
        }
        ("notify_deleted", "in `vrrp_sync_group`") => {
            Some("it is for `vrrp_instance`, whatever the manual says".to_owned())
        }
        _ if address::OPTIONS.contains(&name) => Some(format!(
            "`{name}` is an option of an address and goes on its line"
        )),
        _ => None,
    }
}

/// Where else a keyword is known.
pub(super) fn elsewhere(name: &str) -> Option<&'static str> {
    find(&TOP, name)
}

fn find(table: &'static dyn Names, name: &str) -> Option<&'static str> {
    if table.known(name).is_some() {
        return Some(table.place());
    }
    let inner = table.inner().into_iter();
    inner.filter_map(|inner| find(inner, name)).next()
}
