//! Keywords outside of blocks, of virtual routers, and of what they track.

use super::global::GLOBAL;
use super::lvs::{SSL, VIRTUAL_SERVER};
use super::{Table, block, list, no_effect, not_yet, not_yet_block, yes};

pub(in crate::config) static TOP: Table = Table {
    place: "outside of blocks",
    keywords: &[
        block("SSL", &SSL),
        not_yet_block("bfd_instance", &BFD),
        not_yet("child_wait_time"),
        not_yet_block("garp_group", &GARP_GROUP),
        block("global_defs", &GLOBAL),
        not_yet("include_check"),
        not_yet("instance"),
        not_yet("interface_up_down_delays"),
        not_yet("linkbeat_interfaces"),
        not_yet("namespace_with_ipsets"),
        not_yet("net_namespace"),
        not_yet("net_namespace_ipvs"),
        not_yet("static_ipaddress"),
        not_yet("static_routes"),
        not_yet("static_rules"),
        block("track_file", &TRACK_FILE),
        not_yet_block("track_group", &TRACK_GROUP),
        not_yet("use_pid_dir"),
        block("virtual_server", &VIRTUAL_SERVER),
        list("virtual_server_group"),
        block("vrrp_instance", &INSTANCE),
        not_yet_block("vrrp_script", &SCRIPT),
        not_yet_block("vrrp_sync_group", &SYNC_GROUP),
        block("vrrp_track_file", &TRACK_FILE),
        not_yet_block("vrrp_track_process", &TRACK_PROCESS),
    ],
    common: &[],
};

pub(in crate::config) static INSTANCE: Table = Table {
    place: "in `vrrp_instance`",
    keywords: &[
        yes("accept"),
        yes("advert_int"),
        not_yet_block("auth_hmac", &AUTH_HMAC),
        block("authentication", &AUTHENTICATION),
        yes("check_unicast_src"),
        no_effect("debug"),
        yes("dont_track_primary"),
        yes("down_timer_adverts"),
        not_yet("garp_extra_if"),
        yes("garp_lower_prio_delay"),
        yes("garp_lower_prio_repeat"),
        yes("garp_master_delay"),
        yes("garp_master_refresh"),
        yes("garp_master_refresh_repeat"),
        yes("garp_master_repeat"),
        yes("higher_prio_send_advert"),
        yes("interface"),
        not_yet("kernel_rx_buf_size"),
        no_effect("linkbeat_use_polling"),
        yes("lower_prio_no_advert"),
        not_yet("lvs_sync_daemon_interface"),
        yes("mcast_dst_ip"),
        yes("mcast_src_ip"),
        yes("native_ipv6"),
        yes("no_accept"),
        yes("no_virtual_ipaddress"),
        yes("nopreempt"),
        not_yet("notify"),
        not_yet("notify_backup"),
        not_yet("notify_deleted"),
        not_yet("notify_fault"),
        not_yet("notify_master"),
        not_yet("notify_master_rx_lower_pri"),
        not_yet("notify_priority_changes"),
        not_yet("notify_stop"),
        not_yet("old_unicast_checksum"),
        yes("owner_ignore_adverts"),
        yes("preempt"),
        yes("preempt_delay"),
        yes("priority"),
        not_yet("promote_secondaries"),
        yes("skip_check_adv_addr"),
        not_yet("smtp_alert"),
        yes("state"),
        yes("strict_mode"),
        not_yet("thread_timer_expired"),
        not_yet("timer_expired_backup"),
        not_yet("track_bfd"),
        not_yet("track_file"),
        list("track_interface"),
        not_yet("track_process"),
        not_yet("track_script"),
        not_yet("track_src_ip"),
        not_yet("unicast_fault_no_peer"),
        list("unicast_peer"),
        yes("unicast_src_ip"),
        yes("unicast_ttl"),
        not_yet("use_ipvlan"),
        yes("use_vmac"),
        not_yet("use_vmac_addr"),
        yes("v3_checksum_as_v2"),
        yes("version"),
        list("virtual_ipaddress"),
        list("virtual_ipaddress_excluded"),
        yes("virtual_router_id"),
        not_yet("virtual_routes"),
        not_yet("virtual_rules"),
        yes("vmac_xmit_base"),
        not_yet("vrf"),
    ],
    common: &[],
};

pub(in crate::config) static AUTHENTICATION: Table = Table {
    place: "in `authentication`",
    keywords: &[yes("auth_pass"), yes("auth_type")],
    common: &[],
};

pub(in crate::config) static AUTH_HMAC: Table = Table {
    place: "in `auth_hmac`",
    keywords: &[
        not_yet("active_key"),
        not_yet("anti_replay"),
        not_yet("key"),
        not_yet("mode"),
        not_yet("time_window"),
    ],
    common: &[],
};

pub(in crate::config) static SYNC_GROUP: Table = Table {
    place: "in `vrrp_sync_group`",
    keywords: &[
        not_yet("global_tracking"),
        not_yet("group"),
        not_yet("notify"),
        not_yet("notify_backup"),
        not_yet("notify_fault"),
        not_yet("notify_master"),
        not_yet("notify_priority_changes"),
        not_yet("notify_stop"),
        not_yet("smtp_alert"),
        not_yet("sync_group_tracking_weight"),
        not_yet("track_bfd"),
        not_yet("track_file"),
        not_yet("track_interface"),
        not_yet("track_process"),
        not_yet("track_script"),
    ],
    common: &[],
};

pub(in crate::config) static SCRIPT: Table = Table {
    place: "in `vrrp_script`",
    keywords: &[
        not_yet("fall"),
        not_yet("init_fail"),
        not_yet("interval"),
        not_yet("rise"),
        not_yet("script"),
        not_yet("timeout"),
        not_yet("user"),
        not_yet("weight"),
    ],
    common: &[],
};

pub(in crate::config) static TRACK_FILE: Table = Table {
    place: "in `track_file`",
    keywords: &[yes("file"), yes("init_file"), yes("weight")],
    common: &[],
};

pub(in crate::config) static TRACK_PROCESS: Table = Table {
    place: "in `vrrp_track_process`",
    keywords: &[
        not_yet("delay"),
        not_yet("fork_delay"),
        not_yet("full_command"),
        not_yet("param_match"),
        not_yet("process"),
        not_yet("quorum"),
        not_yet("quorum_max"),
        not_yet("terminate_delay"),
        not_yet("weight"),
    ],
    common: &[],
};

pub(in crate::config) static TRACK_GROUP: Table = Table {
    place: "in `track_group`",
    keywords: &[not_yet("group")],
    common: &[],
};

pub(in crate::config) static GARP_GROUP: Table = Table {
    place: "in `garp_group`",
    keywords: &[
        not_yet("garp_interval"),
        not_yet("gna_interval"),
        not_yet("interface"),
        not_yet("interfaces"),
    ],
    common: &[],
};

pub(in crate::config) static BFD: Table = Table {
    place: "in `bfd_instance`",
    keywords: &[
        not_yet("checker"),
        not_yet("hoplimit"),
        not_yet("idle_tx"),
        not_yet("max_hops"),
        not_yet("min_rx"),
        not_yet("min_tx"),
        not_yet("multihop"),
        not_yet("multiplier"),
        not_yet("neighbor_ip"),
        not_yet("neighbour_ip"),
        not_yet("passive"),
        not_yet("source_ip"),
        not_yet("ttl"),
        not_yet("vrrp"),
        not_yet("weight"),
    ],
    common: &[],
};
