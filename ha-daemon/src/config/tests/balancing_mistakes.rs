use super::balancing_rules::server;
use super::{load_text, places};

type Mistake = (&'static str, usize, usize, &'static str);

/// In a virtual server of TCP that is right otherwise; the text starts at line 2.
const IN_SERVER: &[Mistake] = &[
    ("unknown-keyword", 2, 1, "lb_alg rr"),
    ("bad-choice", 2, 9, "lb_algo roundrobin"),
    ("repeated", 3, 1, "lb_algo rr\nlvs_sched rr"),
    ("bad-choice", 2, 9, "lb_kind NATT"),
    ("extra-argument", 2, 15, "lvs_method DR type ipip"),
    ("missing-setting", 2, 1, "lvs_method TUN type gue"),
    ("out-of-range", 2, 30, "lvs_method TUN type gue port 0"),
    ("conflict", 2, 26, "lvs_method TUN type ipip port 3"),
    ("conflict", 2, 26, "lvs_method TUN type ipip csum"),
    ("conflict", 2, 25, "lvs_method TUN type gre remcsum"),
    ("bad-choice", 2, 21, "lvs_method TUN type vxlan"),
    ("bad-choice", 2, 16, "lvs_method TUN typ gre"),
    ("missing-argument", 2, 16, "lvs_method TUN type"),
    ("bad-choice", 2, 10, "protocol ICMP"),
    ("conflict", 2, 1, "ops"),
    ("conflict", 2, 1, "mh-port"),
    ("conflict", 2, 1, "sh-fallback"),
    ("no-effect", 2, 1, "hashed"),
    ("not-supported", 2, 1, "smtp_alert"),
    ("not-supported", 2, 1, "snmp_name x"),
    ("out-of-range", 2, 21, "persistence_timeout 0"),
    ("out-of-range", 2, 21, "persistence_timeout 2678401"),
    ("bad-address", 2, 25, "persistence_granularity 255.255.0"),
    ("wrong-family", 2, 25, "persistence_granularity 24"),
    ("bad-choice", 2, 20, "persistence_engine sop"),
    ("wrong-family", 2, 1, "ip_family inet6"),
    ("bad-choice", 2, 11, "ip_family ipv6"),
    ("out-of-range", 2, 12, "delay_loop 0"),
    ("bad-number", 2, 8, "warmup -1"),
    ("out-of-range", 2, 17, "connect_timeout 0"),
    ("out-of-range", 2, 17, "connect_timeout 4295"),
    ("out-of-range", 2, 7, "retry 0"),
    ("out-of-range", 2, 8, "quorum 0"),
    ("out-of-range", 2, 1, "quorum 3"),
    ("out-of-range", 2, 1, "hysteresis 1"),
    ("out-of-range", 2, 12, "hysteresis -1"),
    ("out-of-range", 2, 8, "weight 0"),
    ("repeated", 3, 1, "quorum_up /a\nquorum_up /b"),
    ("bad-name", 2, 11, "quorum_up \"/a 'b\""),
    ("extra-argument", 2, 7, "alpha yes"),
    ("bad-name", 2, 13, "virtualhost \"a b\""),
    ("bad-address", 2, 14, "sorry_server www"),
    ("out-of-range", 2, 23, "sorry_server 10.0.0.9 70000"),
    ("wrong-family", 2, 14, "sorry_server 2001:db8::1"),
    (
        "port-ignored",
        2,
        14,
        "sorry_server 10.0.0.9 81\nsorry_server_lvs_method DR",
    ),
    (
        "conflict",
        2,
        14,
        "sorry_server 10.0.0.1\nsorry_server_inhibit",
    ),
    ("conflict", 2, 1, "sorry_server_inhibit"),
    ("conflict", 2, 1, "sorry_server_lvs_method DR"),
    ("bad-address", 2, 13, "real_server www 80 {\n}"),
    ("out-of-range", 2, 22, "real_server 10.0.0.2 99999 {\n}"),
    ("missing-block", 2, 1, "real_server 10.0.0.2 80"),
    ("missing-argument", 2, 1, "real_server {\n}"),
    ("extra-argument", 2, 25, "real_server 10.0.0.2 80 90 {\n}"),
    (
        "duplicate-address",
        4,
        13,
        "real_server 10.0.0.2 80 {\n}\nreal_server 10.0.0.2 {\n}",
    ),
    (
        "duplicate-address",
        5,
        13,
        "real_server 10.0.0.2 {\nlvs_method DR\n}\nreal_server 10.0.0.2 80 {\nlvs_method DR\n}",
    ),
    ("wrong-family", 2, 13, "real_server 2001:db8::1 80 {\n}"),
    (
        "port-ignored",
        2,
        13,
        "real_server 10.0.0.2 90 {\nlvs_method DR\n}",
    ),
];

/// In a real server of that; the text starts at line 3.
const IN_REAL_SERVER: &[Mistake] = &[
    ("out-of-range", 3, 8, "weight -1"),
    ("out-of-range", 3, 8, "weight 2147483648"),
    ("out-of-range", 3, 12, "uthreshold 4294967296"),
    ("out-of-range", 4, 1, "uthreshold 3\nlthreshold 4"),
    ("bad-choice", 3, 20, "inhibit_on_failure maybe"),
    ("bad-choice", 3, 7, "alpha maybe"),
    ("repeated", 4, 1, "notify_up /a\nnotify_up /b"),
    ("unknown-keyword", 3, 1, "TCP_CHEK {\n}"),
    ("not-supported", 3, 1, "BFD_CHECK {\nname x\n}"),
    ("missing-block", 3, 1, "TCP_CHECK"),
    ("unknown-keyword", 4, 1, "TCP_CHECK {\nnb_get_retry 3\n}"),
    ("out-of-range", 4, 14, "TCP_CHECK {\nconnect_port 0\n}"),
    ("out-of-range", 4, 14, "TCP_CHECK {\nconnect_port 65536\n}"),
    ("bad-address", 4, 12, "TCP_CHECK {\nconnect_ip www\n}"),
    (
        "missing-setting",
        4,
        12,
        "TCP_CHECK {\nconnect_ip fe80::1\n}",
    ),
    ("wrong-family", 4, 8, "TCP_CHECK {\nbindto 2001:db8::1\n}"),
    ("bad-name", 4, 9, "TCP_CHECK {\nbind_if abcdefghijklmnop\n}"),
    ("out-of-range", 4, 8, "TCP_CHECK {\nfwmark -1\n}"),
    (
        "bad-choice",
        4,
        18,
        "TCP_CHECK {\nlog_all_failures maybe\n}",
    ),
    ("missing-setting", 3, 1, "HTTP_GET {\n}"),
    ("missing-setting", 4, 1, "HTTP_GET {\nurl {\n}\n}"),
    (
        "out-of-range",
        6,
        13,
        "HTTP_GET {\nurl {\npath /\nstatus_code 99\n}\n}",
    ),
    (
        "out-of-range",
        6,
        17,
        "HTTP_GET {\nurl {\npath /\nstatus_code 200 300-299\n}\n}",
    ),
    (
        "out-of-range",
        6,
        13,
        "HTTP_GET {\nurl {\npath /\nstatus_code 600\n}\n}",
    ),
    (
        "bad-number",
        6,
        8,
        "HTTP_GET {\nurl {\npath /\ndigest abc\n}\n}",
    ),
    (
        "bad-name",
        5,
        6,
        "HTTP_GET {\nurl {\npath \"/ HTTP/1.0\"\n}\n}",
    ),
    (
        "no-effect",
        6,
        1,
        "HTTP_GET {\nurl {\npath /\nregex_no_match\n}\n}",
    ),
    (
        "bad-choice",
        7,
        15,
        "HTTP_GET {\nurl {\npath /\nregex a\nregex_options caselss\n}\n}",
    ),
    (
        "not-supported",
        7,
        15,
        "HTTP_GET {\nurl {\npath /\nregex a\nregex_options dupnames\n}\n}",
    ),
    (
        "no-effect",
        6,
        1,
        "HTTP_GET {\nurl {\npath /\nregex_stack 1 2\n}\n}",
    ),
    (
        "bad-choice",
        7,
        15,
        "HTTP_GET {\nurl {\npath /\n}\nhttp_protocol 2\n}",
    ),
    (
        "no-effect",
        7,
        1,
        "HTTP_GET {\nurl {\npath /\n}\nenable_sni\n}",
    ),
    (
        "deprecated",
        7,
        1,
        "HTTP_GET {\nurl {\npath /\n}\nnb_get_retry 3\n}",
    ),
    (
        "deprecated",
        4,
        1,
        "SMTP_CHECK {\nhost {\nconnect_port 26\n}\n}",
    ),
    ("missing-setting", 3, 1, "MISC_CHECK {\n}"),
    (
        "bad-number",
        5,
        14,
        "MISC_CHECK {\nmisc_path /x\nmisc_timeout 1.5\n}",
    ),
    (
        "unknown-keyword",
        5,
        1,
        "MISC_CHECK {\nmisc_path /x\nconnect_port 1\n}",
    ),
    ("bad-choice", 4, 6, "DNS_CHECK {\ntype ANY\n}"),
    ("bad-name", 4, 6, "DNS_CHECK {\nname a..b\n}"),
    ("repeated", 5, 1, "DNS_CHECK {\nname a\nname b\n}"),
    ("bad-number", 4, 9, "UDP_CHECK {\npayload zz\n}"),
    ("bad-number", 4, 9, "UDP_CHECK {\npayload 1x\n}"),
    ("missing-argument", 4, 1, "UDP_CHECK {\npayload\n}"),
    ("bad-number", 4, 18, "UDP_CHECK {\nrequire_reply 00 g0\n}"),
    (
        "out-of-range",
        4,
        18,
        "UDP_CHECK {\nmax_reply_length 65536\n}",
    ),
    (
        "conflict",
        5,
        18,
        "UDP_CHECK {\nmin_reply_length 9\nmax_reply_length 8\n}",
    ),
    ("missing-setting", 3, 1, "FILE_CHECK {\n}"),
    ("unknown-name", 4, 12, "FILE_CHECK {\ntrack_file x\n}"),
];

/// On their own.
const WHOLE: &[Mistake] = &[
    ("missing-argument", 1, 1, "virtual_server {\n}\n"),
    ("bad-address", 1, 16, "virtual_server www 80 {\n}\n"),
    ("bad-number", 1, 26, "virtual_server 192.0.2.1 http {\n}\n"),
    ("out-of-range", 1, 23, "virtual_server fwmark 0 {\n}\n"),
    ("missing-argument", 1, 16, "virtual_server group {\n}\n"),
    ("unknown-name", 1, 22, "virtual_server group G {\n}\n"),
    (
        "missing-setting",
        1,
        16,
        "virtual_server 192.0.2.1 80 {\n}\n",
    ),
    ("no-address", 1, 22, "virtual_server_group G {\n}\n"),
    (
        "bad-address",
        2,
        1,
        "virtual_server_group G {\nwww\n192.0.2.1 80\n}\n",
    ),
    (
        "out-of-range",
        2,
        11,
        "virtual_server_group G {\n192.0.2.1 65536\n192.0.2.2\n}\n",
    ),
    (
        "bad-address",
        2,
        1,
        "virtual_server_group G {\n192.0.2.9-8\n192.0.2.1\n}\n",
    ),
    (
        "out-of-range",
        2,
        1,
        "virtual_server_group G {\n192.0.2.1-256\n192.0.2.1\n}\n",
    ),
    (
        "bad-address",
        2,
        1,
        "virtual_server_group G {\n192.0.2.9/29\n192.0.2.1\n}\n",
    ),
    (
        "out-of-range",
        2,
        1,
        "virtual_server_group G {\n192.0.2.0/33\n192.0.2.1\n}\n",
    ),
    (
        "out-of-range",
        2,
        1,
        "virtual_server_group G {\n10.0.0.0/8\n192.0.2.1\n}\n",
    ),
    (
        "out-of-range",
        2,
        1,
        "virtual_server_group G {\n2001:db8::/64\n192.0.2.1\n}\n",
    ),
    (
        "out-of-range",
        2,
        1,
        "virtual_server_group G {\n::/0\n192.0.2.1\n}\n",
    ),
    (
        "bad-address",
        2,
        1,
        "virtual_server_group G {\n192.0.2.1-::5\n192.0.2.1\n}\n",
    ),
    (
        "bad-choice",
        2,
        10,
        "virtual_server_group G {\nfwmark 3 inet7\n192.0.2.1\n}\n",
    ),
    (
        "missing-argument",
        2,
        1,
        "virtual_server_group G {\nfwmark\n192.0.2.1\n}\n",
    ),
    (
        "missing-setting",
        4,
        1,
        "virtual_server_group G {\n192.0.2.1\n2001:db8::1\nfwmark 1\n}\n",
    ),
    (
        "duplicate-name",
        4,
        22,
        "virtual_server_group G {\n192.0.2.1\n}\nvirtual_server_group G {\n192.0.2.1\n}\n",
    ),
    (
        "duplicate-name",
        4,
        12,
        "track_file a {\nfile /x\n}\ntrack_file a {\nfile /y\n}\n",
    ),
    ("missing-setting", 1, 12, "track_file a {\nweight 1\n}\n"),
    (
        "bad-choice",
        3,
        10,
        "track_file a {\nfile /x\nweight 1 revers\n}\n",
    ),
    (
        "out-of-range",
        3,
        8,
        "track_file a {\nfile /x\nweight 2147483648\n}\n",
    ),
    (
        "bad-number",
        3,
        11,
        "track_file a {\nfile /x\ninit_file x\n}\n",
    ),
    ("missing-argument", 2, 1, "SSL {\nca\n}\n"),
    (
        "missing-argument",
        2,
        1,
        "global_defs {\nlvs_sync_daemon\n}\n",
    ),
    (
        "unknown-name",
        2,
        22,
        "global_defs {\nlvs_sync_daemon eth0 VI_1\n}\n",
    ),
    (
        "bad-name",
        2,
        17,
        "global_defs {\nlvs_sync_daemon abcdefghijklmnop\n}\n",
    ),
    (
        "out-of-range",
        2,
        25,
        "global_defs {\nlvs_sync_daemon eth0 id 256\n}\n",
    ),
    (
        "out-of-range",
        2,
        29,
        "global_defs {\nlvs_sync_daemon eth0 maxlen 65508\n}\n",
    ),
    (
        "out-of-range",
        2,
        27,
        "global_defs {\nlvs_sync_daemon eth0 port 0\n}\n",
    ),
    (
        "out-of-range",
        2,
        26,
        "global_defs {\nlvs_sync_daemon eth0 ttl 256\n}\n",
    ),
    (
        "bad-address",
        2,
        28,
        "global_defs {\nlvs_sync_daemon eth0 group 10.0.0.1\n}\n",
    ),
    (
        "bad-choice",
        2,
        27,
        "global_defs {\nlvs_sync_daemon eth0 id 5 portt 3\n}\n",
    ),
    ("missing-argument", 2, 1, "global_defs {\nlvs_timeouts\n}\n"),
    (
        "missing-argument",
        2,
        14,
        "global_defs {\nlvs_timeouts tcp\n}\n",
    ),
    (
        "bad-choice",
        2,
        14,
        "global_defs {\nlvs_timeouts icmp 3\n}\n",
    ),
    (
        "out-of-range",
        2,
        18,
        "global_defs {\nlvs_timeouts tcp 2678401\n}\n",
    ),
    (
        "bad-choice",
        2,
        19,
        "global_defs {\nlvs_flush_on_stop VSS\n}\n",
    ),
    ("deprecated", 2, 1, "global_defs {\nlvs_flush_onstop\n}\n"),
    (
        "bad-choice",
        2,
        26,
        "global_defs {\nchecker_log_all_failures 1\n}\n",
    ),
];

/// Checks that of each mistake there is exactly the one diagnostic, in a text made of it.
fn check(mistakes: &[Mistake], text: impl Fn(&str) -> String) {
    let mut wrong = Vec::new();
    for &(code, line, column, snippet) in mistakes {
        let found = places(&load_text(&text(snippet)));
        if found != [(code, line, column)] {
            wrong.push((snippet, (code, line, column), found));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn mistakes_in_virtual_servers_are_reported_once_and_where_they_are() {
    check(IN_SERVER, server);
}

#[test]
fn mistakes_in_real_servers_are_reported_once_and_where_they_are() {
    check(IN_REAL_SERVER, |body| {
        server(&format!("real_server 10.0.0.2 80 {{\n{body}\n}}"))
    });
}

#[test]
fn mistakes_in_what_goes_with_virtual_servers_are_reported_once() {
    check(WHOLE, str::to_owned);
}
