//! Keywords outside of blocks, of virtual routers, and of what they track.

use super::global::GLOBAL;
use super::lvs::{SSL, VIRTUAL_SERVER};
use super::{
    Table, block, list, lost, lost_block, no_effect, not_yet, not_yet_block, refused, yes,
};

pub(in crate::config) static TOP: Table = Table {
    place: "outside of blocks",
    keywords: &[
        block("SSL", &SSL),
        lost_block("bfd_instance", &BFD).with_argument(),
        not_yet("child_wait_time").with_argument(),
        not_yet_block("garp_group", &GARP_GROUP),
        block("global_defs", &GLOBAL),
        not_yet("include_check"),
        not_yet("instance"),
        lost("interface_up_down_delays"),
        lost("linkbeat_interfaces"),
        not_yet("namespace_with_ipsets"),
        refused("net_namespace"),
        refused("net_namespace_ipvs"),
        lost("static_ipaddress"),
        lost("static_routes"),
        lost("static_rules"),
        block("track_file", &TRACK_FILE),
        lost_block("track_group", &TRACK_GROUP),
        not_yet("use_pid_dir"),
        block("virtual_server", &VIRTUAL_SERVER),
        list("virtual_server_group"),
        block("vrrp_instance", &INSTANCE),
        lost_block("vrrp_script", &SCRIPT).with_argument(),
        lost_block("vrrp_sync_group", &SYNC_GROUP),
        block("vrrp_track_file", &TRACK_FILE),
        lost_block("vrrp_track_process", &TRACK_PROCESS).with_argument(),
    ],
    common: &[],
};

pub(in crate::config) static INSTANCE: Table = Table {
    place: "in `vrrp_instance`",
    keywords: &[
        yes("accept"),
        yes("advert_int"),
        lost_block("auth_hmac", &AUTH_HMAC),
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
        lost("lvs_sync_daemon_interface").with_argument(),
        yes("mcast_dst_ip"),
        yes("mcast_src_ip"),
        yes("native_ipv6"),
        yes("no_accept"),
        yes("no_virtual_ipaddress"),
        yes("nopreempt"),
        lost("notify").with_argument(),
        lost("notify_backup").with_argument(),
        lost("notify_deleted"),
        lost("notify_fault").with_argument(),
        lost("notify_master").with_argument(),
        lost("notify_master_rx_lower_pri").with_argument(),
        not_yet("notify_priority_changes"),
        lost("notify_stop").with_argument(),
        lost("old_unicast_checksum"),
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
        lost("track_bfd"),
        lost("track_file"),
        list("track_interface"),
        lost("track_process"),
        lost("track_script"),
        lost("track_src_ip"),
        lost("unicast_fault_no_peer"),
        list("unicast_peer"),
        yes("unicast_src_ip"),
        yes("unicast_ttl"),
        lost("use_ipvlan"),
        yes("use_vmac"),
        lost("use_vmac_addr"),
        yes("v3_checksum_as_v2"),
        yes("version"),
        list("virtual_ipaddress"),
        list("virtual_ipaddress_excluded"),
        yes("virtual_router_id"),
        lost("virtual_routes"),
        lost("virtual_rules"),
        not_yet("vmac_garp_intvl"),
        yes("vmac_xmit_base"),
        lost("vrf").with_argument(),
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
        not_yet("notify").with_argument(),
        not_yet("notify_backup").with_argument(),
        not_yet("notify_fault").with_argument(),
        not_yet("notify_master").with_argument(),
        not_yet("notify_priority_changes"),
        not_yet("notify_stop").with_argument(),
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
        not_yet("fall").with_argument(),
        not_yet("init_fail"),
        not_yet("interval").with_argument(),
        not_yet("rise").with_argument(),
        not_yet("script"),
        not_yet("timeout").with_argument(),
        not_yet("user").with_argument(),
        not_yet("weight").with_argument(),
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
        not_yet("delay").with_argument(),
        not_yet("fork_delay").with_argument(),
        not_yet("full_command"),
        not_yet("param_match"),
        not_yet("process").with_argument(),
        not_yet("quorum").with_argument(),
        not_yet("quorum_max").with_argument(),
        not_yet("terminate_delay").with_argument(),
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
        not_yet("garp_interval").with_argument(),
        not_yet("gna_interval").with_argument(),
        not_yet("interface").with_argument(),
        not_yet("interfaces"),
    ],
    common: &[],
};

pub(in crate::config) static BFD: Table = Table {
    place: "in `bfd_instance`",
    keywords: &[
        not_yet("checker"),
        not_yet("hoplimit").with_argument(),
        not_yet("idle_tx").with_argument(),
        not_yet("max_hops").with_argument(),
        not_yet("min_rx").with_argument(),
        not_yet("min_tx").with_argument(),
        not_yet("multihop"),
        not_yet("multiplier").with_argument(),
        not_yet("neighbor_ip"),
        not_yet("neighbour_ip"),
        not_yet("passive"),
        not_yet("source_ip").with_argument(),
        not_yet("ttl").with_argument(),
        not_yet("vrrp"),
        not_yet("weight").with_argument(),
    ],
    common: &[],
};
