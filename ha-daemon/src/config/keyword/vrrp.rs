//! Keywords outside of blocks, of virtual routers, and of what they track.

use core::convert::Infallible;

use self::{
    AuthenticationKeyword as Authentication, InstanceKeyword as Instance, ListKeyword as List,
    SwitchKeyword as Switch, TopKeyword as Top, TrackFileKeyword as TrackFile,
};
use super::global::{GLOBAL, GarpKeyword as Garp};
use super::lvs::{SSL, VIRTUAL_SERVER};
use super::{
    Table, block, list, lost, lost_block, no_effect, not_yet, not_yet_block, refused, yes,
};

/// The blocks outside of blocks that are interpreted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum TopKeyword {
    GlobalDefs,
    Ssl,
    TrackFile,
    VirtualServer,
    VirtualServerGroup,
    VrrpInstance,
}

/// The keywords of `vrrp_instance` that are interpreted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum InstanceKeyword {
    AdvertInt,
    Authentication,
    DownTimerAdverts,
    Garp(Garp),
    Interface,
    List(ListKeyword),
    McastDstIp,
    McastSrcIp,
    PreemptDelay,
    Priority,
    State,
    Switch(SwitchKeyword),
    UnicastSrcIp,
    UnicastTtl,
    UseVmac,
    Version,
    VirtualRouterId,
}

/// Blocks of `vrrp_instance` whose lines do not start with keywords.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum ListKeyword {
    TrackInterface,
    UnicastPeer,
    VirtualIpaddress,
    VirtualIpaddressExcluded,
}

/// Keywords of `vrrp_instance` that are on or off and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum SwitchKeyword {
    Accept,
    CheckUnicastSrc,
    DontTrackPrimary,
    HigherPrioSendAdvert,
    LowerPrioNoAdvert,
    NativeIpv6,
    NoAccept,
    NoVirtualIpaddress,
    Nopreempt,
    OwnerIgnoreAdverts,
    Preempt,
    SkipCheckAdvAddr,
    StrictMode,
    V3ChecksumAsV2,
    VmacXmitBase,
}

/// The keywords of `authentication`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum AuthenticationKeyword {
    AuthPass,
    AuthType,
}

/// The keywords of `track_file`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum TrackFileKeyword {
    File,
    InitFile,
    Weight,
}

pub(in crate::config) static TOP: Table<Top> = Table {
    place: "outside of blocks",
    keywords: &[
        block("SSL", Top::Ssl, &SSL),
        lost_block("bfd_instance", &BFD).with_argument(),
        not_yet("child_wait_time").with_argument(),
        not_yet_block("garp_group", &GARP_GROUP),
        block("global_defs", Top::GlobalDefs, &GLOBAL),
        not_yet("include_check"),
        not_yet("instance"),
        lost("interface_up_down_delays"),
        lost("linkbeat_interfaces"),
        not_yet("linkbeat_use_polling"),
        not_yet("namespace_with_ipsets"),
        refused("net_namespace"),
        refused("net_namespace_ipvs"),
        lost("static_ipaddress"),
        lost("static_routes"),
        lost("static_rules"),
        block("track_file", Top::TrackFile, &TRACK_FILE),
        lost_block("track_group", &TRACK_GROUP),
        not_yet("use_pid_dir"),
        block("virtual_server", Top::VirtualServer, &VIRTUAL_SERVER),
        list("virtual_server_group", Top::VirtualServerGroup),
        block("vrrp_instance", Top::VrrpInstance, &INSTANCE),
        lost_block("vrrp_script", &SCRIPT).with_argument(),
        lost_block("vrrp_sync_group", &SYNC_GROUP),
        block("vrrp_track_file", Top::TrackFile, &TRACK_FILE),
        lost_block("vrrp_track_process", &TRACK_PROCESS).with_argument(),
    ],
    common: &[],
};

pub(in crate::config) static INSTANCE: Table<Instance> = Table {
    place: "in `vrrp_instance`",
    keywords: &[
        yes("accept", Instance::Switch(Switch::Accept)),
        yes("advert_int", Instance::AdvertInt),
        lost_block("auth_hmac", &AUTH_HMAC),
        block("authentication", Instance::Authentication, &AUTHENTICATION),
        yes(
            "check_unicast_src",
            Instance::Switch(Switch::CheckUnicastSrc),
        ),
        no_effect("debug"),
        yes(
            "dont_track_primary",
            Instance::Switch(Switch::DontTrackPrimary),
        ),
        yes("down_timer_adverts", Instance::DownTimerAdverts),
        not_yet("garp_extra_if"),
        yes(
            "garp_lower_prio_delay",
            Instance::Garp(Garp::LowerPrioDelay),
        ),
        yes(
            "garp_lower_prio_repeat",
            Instance::Garp(Garp::LowerPrioRepeat),
        ),
        yes("garp_master_delay", Instance::Garp(Garp::Delay)),
        yes("garp_master_refresh", Instance::Garp(Garp::Refresh)),
        yes(
            "garp_master_refresh_repeat",
            Instance::Garp(Garp::RefreshRepeat),
        ),
        yes("garp_master_repeat", Instance::Garp(Garp::Repeat)),
        yes(
            "higher_prio_send_advert",
            Instance::Switch(Switch::HigherPrioSendAdvert),
        ),
        yes("interface", Instance::Interface),
        not_yet("kernel_rx_buf_size"),
        no_effect("linkbeat_use_polling"),
        yes(
            "lower_prio_no_advert",
            Instance::Switch(Switch::LowerPrioNoAdvert),
        ),
        lost("lvs_sync_daemon_interface").with_argument(),
        yes("mcast_dst_ip", Instance::McastDstIp),
        yes("mcast_src_ip", Instance::McastSrcIp).same_as(Instance::UnicastSrcIp),
        yes("native_ipv6", Instance::Switch(Switch::NativeIpv6)),
        yes("no_accept", Instance::Switch(Switch::NoAccept))
            .same_as(Instance::Switch(Switch::Accept)),
        yes(
            "no_virtual_ipaddress",
            Instance::Switch(Switch::NoVirtualIpaddress),
        ),
        yes("nopreempt", Instance::Switch(Switch::Nopreempt))
            .same_as(Instance::Switch(Switch::Preempt)),
        lost("notify").with_argument(),
        lost("notify_backup").with_argument(),
        lost("notify_deleted"),
        lost("notify_fault").with_argument(),
        lost("notify_master").with_argument(),
        lost("notify_master_rx_lower_pri").with_argument(),
        not_yet("notify_priority_changes"),
        lost("notify_stop").with_argument(),
        lost("old_unicast_checksum"),
        yes(
            "owner_ignore_adverts",
            Instance::Switch(Switch::OwnerIgnoreAdverts),
        ),
        yes("preempt", Instance::Switch(Switch::Preempt)),
        yes("preempt_delay", Instance::PreemptDelay),
        yes("priority", Instance::Priority),
        not_yet("promote_secondaries"),
        yes(
            "skip_check_adv_addr",
            Instance::Switch(Switch::SkipCheckAdvAddr),
        ),
        not_yet("smtp_alert"),
        yes("state", Instance::State).adds(),
        yes("strict_mode", Instance::Switch(Switch::StrictMode)),
        not_yet("thread_timer_expired"),
        not_yet("timer_expired_backup"),
        lost("track_bfd"),
        lost("track_file"),
        list("track_interface", Instance::List(List::TrackInterface)).adds(),
        lost("track_process"),
        lost("track_script"),
        lost("track_src_ip"),
        lost("unicast_fault_no_peer"),
        list("unicast_peer", Instance::List(List::UnicastPeer)).adds(),
        yes("unicast_src_ip", Instance::UnicastSrcIp),
        yes("unicast_ttl", Instance::UnicastTtl),
        lost("use_ipvlan"),
        yes("use_vmac", Instance::UseVmac),
        lost("use_vmac_addr"),
        yes(
            "v3_checksum_as_v2",
            Instance::Switch(Switch::V3ChecksumAsV2),
        ),
        yes("version", Instance::Version),
        list("virtual_ipaddress", Instance::List(List::VirtualIpaddress)).adds(),
        list(
            "virtual_ipaddress_excluded",
            Instance::List(List::VirtualIpaddressExcluded),
        )
        .adds(),
        yes("virtual_router_id", Instance::VirtualRouterId),
        lost("virtual_routes"),
        lost("virtual_rules"),
        not_yet("vmac_garp_intvl"),
        yes("vmac_xmit_base", Instance::Switch(Switch::VmacXmitBase)),
        lost("vrf").with_argument(),
    ],
    common: &[],
};

pub(in crate::config) static AUTHENTICATION: Table<Authentication> = Table {
    place: "in `authentication`",
    keywords: &[
        yes("auth_pass", Authentication::AuthPass),
        yes("auth_type", Authentication::AuthType),
    ],
    common: &[],
};

pub(in crate::config) static AUTH_HMAC: Table<Infallible> = Table {
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

pub(in crate::config) static SYNC_GROUP: Table<Infallible> = Table {
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

pub(in crate::config) static SCRIPT: Table<Infallible> = Table {
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

pub(in crate::config) static TRACK_FILE: Table<TrackFile> = Table {
    place: "in `track_file`",
    keywords: &[
        yes("file", TrackFile::File),
        yes("init_file", TrackFile::InitFile),
        yes("weight", TrackFile::Weight),
    ],
    common: &[],
};

pub(in crate::config) static TRACK_PROCESS: Table<Infallible> = Table {
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

pub(in crate::config) static TRACK_GROUP: Table<Infallible> = Table {
    place: "in `track_group`",
    keywords: &[not_yet("group")],
    common: &[],
};

pub(in crate::config) static GARP_GROUP: Table<Infallible> = Table {
    place: "in `garp_group`",
    keywords: &[
        not_yet("garp_interval").with_argument(),
        not_yet("gna_interval").with_argument(),
        not_yet("interface").with_argument(),
        not_yet("interfaces"),
    ],
    common: &[],
};

pub(in crate::config) static BFD: Table<Infallible> = Table {
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
