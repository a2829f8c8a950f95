//! Keywords of virtual servers and their checks.

use super::{Table, not_yet, not_yet_block};

pub(in crate::config) static VIRTUAL_SERVER: Table = Table {
    place: "in `virtual_server`",
    keywords: &[
        not_yet("alpha"),
        not_yet("connect_timeout"),
        not_yet("delay_before_retry"),
        not_yet("delay_loop"),
        not_yet("flag-1"),
        not_yet("flag-2"),
        not_yet("flag-3"),
        not_yet("ha_suspend"),
        not_yet("hashed"),
        not_yet("hysteresis"),
        not_yet("inhibit_on_failure"),
        not_yet("ip_family"),
        not_yet("lb_algo"),
        not_yet("lb_kind"),
        not_yet("lvs_method"),
        not_yet("lvs_sched"),
        not_yet("mh-fallback"),
        not_yet("mh-port"),
        not_yet("nb_get_retry"),
        not_yet("omega"),
        not_yet("ops"),
        not_yet("persistence_engine"),
        not_yet("persistence_granularity"),
        not_yet("persistence_timeout"),
        not_yet("protocol"),
        not_yet("quorum"),
        not_yet("quorum_down"),
        not_yet("quorum_up"),
        not_yet_block("real_server", &REAL_SERVER),
        not_yet("retry"),
        not_yet("sh-fallback"),
        not_yet("sh-port"),
        not_yet("smtp_alert"),
        not_yet("snmp_name"),
        not_yet("sorry_server"),
        not_yet("sorry_server_inhibit"),
        not_yet("sorry_server_lvs_method"),
        not_yet("virtualhost"),
        not_yet("warmup"),
        not_yet("weight"),
    ],
};

pub(in crate::config) static REAL_SERVER: Table = Table {
    place: "in `real_server`",
    keywords: &[
        not_yet_block("BFD_CHECK", &BFD_CHECK),
        not_yet_block("DNS_CHECK", &DNS_CHECK),
        not_yet_block("FILE_CHECK", &FILE_CHECK),
        not_yet_block("HTTP_GET", &HTTP_CHECK),
        not_yet_block("MISC_CHECK", &MISC_CHECK),
        not_yet_block("PING_CHECK", &SOCKET_CHECK),
        not_yet_block("SMTP_CHECK", &SMTP_CHECK),
        not_yet_block("SSL_GET", &HTTP_CHECK),
        not_yet_block("TCP_CHECK", &SOCKET_CHECK),
        not_yet_block("UDP_CHECK", &UDP_CHECK),
        not_yet("alpha"),
        not_yet("connect_timeout"),
        not_yet("delay_before_retry"),
        not_yet("delay_loop"),
        not_yet("inhibit_on_failure"),
        not_yet("lthreshold"),
        not_yet("lvs_method"),
        not_yet("notify_down"),
        not_yet("notify_up"),
        not_yet("retry"),
        not_yet("smtp_alert"),
        not_yet("snmp_name"),
        not_yet("uthreshold"),
        not_yet("virtualhost"),
        not_yet("warmup"),
        not_yet("weight"),
    ],
};

pub(in crate::config) static SOCKET_CHECK: Table = Table {
    place: "in a check",
    keywords: &[
        not_yet("alpha"),
        not_yet("bind_if"),
        not_yet("bind_port"),
        not_yet("bindto"),
        not_yet("connect_ip"),
        not_yet("connect_port"),
        not_yet("connect_timeout"),
        not_yet("delay_before_retry"),
        not_yet("delay_loop"),
        not_yet("fwmark"),
        not_yet("log_all_failures"),
        not_yet("nb_get_retry"),
        not_yet("retry"),
        not_yet("warmup"),
    ],
};

pub(in crate::config) static HTTP_CHECK: Table = Table {
    place: "in a check",
    keywords: &[
        not_yet("alpha"),
        not_yet("bind_if"),
        not_yet("bind_port"),
        not_yet("bindto"),
        not_yet("connect_ip"),
        not_yet("connect_port"),
        not_yet("connect_timeout"),
        not_yet("delay_before_retry"),
        not_yet("delay_loop"),
        not_yet("enable_sni"),
        not_yet("fast_recovery"),
        not_yet("fwmark"),
        not_yet("http_protocol"),
        not_yet("log_all_failures"),
        not_yet("nb_get_retry"),
        not_yet("retry"),
        not_yet("sni_name"),
        not_yet("tls_compliant"),
        not_yet_block("url", &URL),
        not_yet("virtualhost"),
        not_yet("warmup"),
    ],
};

pub(in crate::config) static URL: Table = Table {
    place: "in `url`",
    keywords: &[
        not_yet("digest"),
        not_yet("path"),
        not_yet("regex"),
        not_yet("regex_max_offset"),
        not_yet("regex_min_offset"),
        not_yet("regex_no_match"),
        not_yet("regex_options"),
        not_yet("regex_stack"),
        not_yet("status_code"),
        not_yet("virtualhost"),
    ],
};

pub(in crate::config) static MISC_CHECK: Table = Table {
    place: "in a check",
    keywords: &[
        not_yet("alpha"),
        not_yet("delay_before_retry"),
        not_yet("delay_loop"),
        not_yet("misc_dynamic"),
        not_yet("misc_path"),
        not_yet("misc_timeout"),
        not_yet("retry"),
        not_yet("user"),
        not_yet("warmup"),
    ],
};

pub(in crate::config) static SMTP_CHECK: Table = Table {
    place: "in a check",
    keywords: &[
        not_yet("alpha"),
        not_yet("bind_if"),
        not_yet("bind_port"),
        not_yet("bindto"),
        not_yet("connect_ip"),
        not_yet("connect_port"),
        not_yet("connect_timeout"),
        not_yet("delay_before_retry"),
        not_yet("delay_loop"),
        not_yet("fwmark"),
        not_yet("helo_name"),
        not_yet_block("host", &SOCKET_CHECK),
        not_yet("log_all_failures"),
        not_yet("nb_get_retry"),
        not_yet("retry"),
        not_yet("warmup"),
    ],
};

pub(in crate::config) static DNS_CHECK: Table = Table {
    place: "in a check",
    keywords: &[
        not_yet("alpha"),
        not_yet("bind_if"),
        not_yet("bind_port"),
        not_yet("bindto"),
        not_yet("connect_ip"),
        not_yet("connect_port"),
        not_yet("connect_timeout"),
        not_yet("delay_before_retry"),
        not_yet("delay_loop"),
        not_yet("fwmark"),
        not_yet("log_all_failures"),
        not_yet("name"),
        not_yet("nb_get_retry"),
        not_yet("retry"),
        not_yet("type"),
        not_yet("warmup"),
    ],
};

pub(in crate::config) static UDP_CHECK: Table = Table {
    place: "in a check",
    keywords: &[
        not_yet("alpha"),
        not_yet("bind_if"),
        not_yet("bind_port"),
        not_yet("bindto"),
        not_yet("connect_ip"),
        not_yet("connect_port"),
        not_yet("connect_timeout"),
        not_yet("delay_before_retry"),
        not_yet("delay_loop"),
        not_yet("fwmark"),
        not_yet("log_all_failures"),
        not_yet("max_reply_length"),
        not_yet("min_reply_length"),
        not_yet("nb_get_retry"),
        not_yet("payload"),
        not_yet("require_reply"),
        not_yet("retry"),
        not_yet("warmup"),
    ],
};

pub(in crate::config) static BFD_CHECK: Table = Table {
    place: "in a check",
    keywords: &[not_yet("alpha"), not_yet("name")],
};

pub(in crate::config) static FILE_CHECK: Table = Table {
    place: "in a check",
    keywords: &[not_yet("track_file"), not_yet("weight")],
};

pub(in crate::config) static SSL: Table = Table {
    place: "in `SSL`",
    keywords: &[
        not_yet("ca"),
        not_yet("certificate"),
        not_yet("key"),
        not_yet("password"),
    ],
};
