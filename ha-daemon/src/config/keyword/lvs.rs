//! Keywords of virtual servers and their checks.

use super::{Keyword, Table, block, lost_block, no_effect, not_yet, yes};

pub(in crate::config) static VIRTUAL_SERVER: Table = Table {
    place: "in `virtual_server`",
    keywords: &[
        yes("alpha"),
        yes("connect_timeout"),
        yes("delay_before_retry"),
        yes("delay_loop"),
        yes("flag-1"),
        yes("flag-2"),
        yes("flag-3"),
        yes("ha_suspend"),
        no_effect("hashed"),
        yes("hysteresis"),
        yes("inhibit_on_failure"),
        yes("ip_family"),
        yes("lb_algo"),
        yes("lb_kind"),
        yes("lvs_method"),
        yes("lvs_sched"),
        yes("mh-fallback"),
        yes("mh-port"),
        yes("omega"),
        yes("ops"),
        yes("persistence_engine"),
        yes("persistence_granularity"),
        yes("persistence_timeout"),
        yes("protocol"),
        yes("quorum"),
        yes("quorum_down"),
        yes("quorum_up"),
        block("real_server", &REAL_SERVER),
        yes("retry"),
        yes("sh-fallback"),
        yes("sh-port"),
        not_yet("smtp_alert"),
        not_yet("snmp_name"),
        yes("sorry_server"),
        yes("sorry_server_inhibit"),
        yes("sorry_server_lvs_method"),
        yes("virtualhost"),
        yes("warmup"),
        yes("weight"),
    ],
    common: &[],
};

pub(in crate::config) static REAL_SERVER: Table = Table {
    place: "in `real_server`",
    keywords: &[
        lost_block("BFD_CHECK", &BFD_CHECK),
        block("DNS_CHECK", &DNS_CHECK),
        block("FILE_CHECK", &FILE_CHECK),
        block("HTTP_GET", &HTTP_CHECK),
        block("MISC_CHECK", &MISC_CHECK),
        block("PING_CHECK", &SOCKET_CHECK),
        block("SMTP_CHECK", &SMTP_CHECK),
        block("SSL_GET", &HTTP_CHECK),
        block("TCP_CHECK", &SOCKET_CHECK),
        block("UDP_CHECK", &UDP_CHECK),
        yes("alpha"),
        yes("connect_timeout"),
        yes("delay_before_retry"),
        yes("delay_loop"),
        yes("inhibit_on_failure"),
        yes("lthreshold"),
        yes("lvs_method"),
        yes("notify_down"),
        yes("notify_up"),
        yes("retry"),
        not_yet("smtp_alert"),
        not_yet("snmp_name"),
        yes("uthreshold"),
        yes("virtualhost"),
        yes("warmup"),
        yes("weight"),
    ],
    common: &[],
};

/// Where a check connects to, and from where.
const CONNECTION: &[Keyword] = &[
    yes("bind_if"),
    yes("bind_port"),
    yes("bindto"),
    yes("connect_ip"),
    yes("connect_port"),
    yes("connect_timeout"),
    yes("fwmark"),
];

/// When a check is made, and what its failures mean.
const SCHEDULE: &[Keyword] = &[
    yes("alpha"),
    yes("delay_before_retry"),
    yes("delay_loop"),
    yes("log_all_failures"),
    yes("retry"),
    yes("warmup"),
];

pub(in crate::config) static SOCKET_CHECK: Table = Table {
    place: "in a check",
    keywords: &[],
    common: &[CONNECTION, SCHEDULE],
};

pub(in crate::config) static HTTP_CHECK: Table = Table {
    place: "in a check",
    keywords: &[
        yes("enable_sni"),
        yes("fast_recovery"),
        yes("http_protocol"),
        yes("nb_get_retry"),
        yes("sni_name"),
        yes("tls_compliant"),
        block("url", &URL),
        yes("virtualhost"),
    ],
    common: &[CONNECTION, SCHEDULE],
};

pub(in crate::config) static URL: Table = Table {
    place: "in `url`",
    keywords: &[
        yes("digest"),
        yes("path"),
        yes("regex"),
        yes("regex_max_offset"),
        yes("regex_min_offset"),
        yes("regex_no_match"),
        yes("regex_options"),
        yes("regex_stack"),
        yes("status_code"),
        yes("virtualhost"),
    ],
    common: &[],
};

pub(in crate::config) static MISC_CHECK: Table = Table {
    place: "in a check",
    keywords: &[
        yes("misc_dynamic"),
        yes("misc_path"),
        yes("misc_timeout"),
        yes("user"),
    ],
    common: &[SCHEDULE],
};

pub(in crate::config) static HOST: Table = Table {
    place: "in `host`",
    keywords: &[],
    common: &[CONNECTION],
};

pub(in crate::config) static SMTP_CHECK: Table = Table {
    place: "in a check",
    keywords: &[yes("helo_name"), block("host", &HOST)],
    common: &[CONNECTION, SCHEDULE],
};

pub(in crate::config) static DNS_CHECK: Table = Table {
    place: "in a check",
    keywords: &[yes("name"), yes("type")],
    common: &[CONNECTION, SCHEDULE],
};

pub(in crate::config) static UDP_CHECK: Table = Table {
    place: "in a check",
    keywords: &[
        yes("max_reply_length"),
        yes("min_reply_length"),
        yes("payload"),
        yes("require_reply"),
    ],
    common: &[CONNECTION, SCHEDULE],
};

pub(in crate::config) static BFD_CHECK: Table = Table {
    place: "in a check",
    keywords: &[not_yet("alpha"), not_yet("name")],
    common: &[],
};

pub(in crate::config) static FILE_CHECK: Table = Table {
    place: "in a check",
    keywords: &[yes("track_file"), yes("weight")],
    common: &[],
};

pub(in crate::config) static SSL: Table = Table {
    place: "in `SSL`",
    keywords: &[yes("ca"), yes("certificate"), yes("key"), yes("password")],
    common: &[],
};
