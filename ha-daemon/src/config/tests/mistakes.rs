use super::{Mistake, check_each, instance, load_text, places};
use crate::config::Severity;

/// In an instance whose other lines are right; the text starts at line 7.
const IN_INSTANCE: &[Mistake] = &[
    ("bad-choice", 7, 7, "state MASTR"),
    ("bad-choice", 7, 7, "state master"),
    ("conflict", 8, 7, "state MASTER\nstate BACKUP"),
    ("out-of-range", 7, 10, "priority 0"),
    ("out-of-range", 7, 10, "priority 256"),
    ("bad-number", 7, 10, "priority high"),
    ("bad-number", 7, 10, "priority 0x10"),
    ("missing-argument", 7, 1, "priority"),
    ("extra-argument", 7, 14, "priority 100 200 300"),
    ("keyword-as-argument", 7, 14, "priority 100 advert_int 1"),
    ("repeated", 8, 1, "priority 100\npriority 101"),
    ("unknown-keyword", 7, 3, "  priorty 100"),
    ("unknown-keyword", 7, 1, "virtual_ipaddres {\n 10.0.0.2\n}"),
    ("unknown-keyword", 7, 1, "frobnicate {\n a {\n b\n }\n}"),
    ("not-supported", 7, 1, "track_script {\n}"),
    ("not-supported", 7, 1, "notify_master \"/bin/x a { b\""),
    (
        "not-supported",
        7,
        1,
        "virtual_routes {\n 10.1.0.0/24 via 10.0.0.254\n}",
    ),
    ("no-effect", 7, 1, "linkbeat_use_polling"),
    ("unexpected-brace", 7, 14, "priority 100 {\n}"),
    ("missing-block", 7, 1, "track_interface"),
    ("rounded", 7, 12, "advert_int 1.5"),
    ("rounded", 7, 12, "advert_int 0.3"),
    ("rounded", 8, 12, "version 3\nadvert_int 0.123"),
    ("rounded", 8, 12, "version 3\nadvert_int 41"),
    ("out-of-range", 7, 12, "advert_int 0"),
    ("out-of-range", 7, 12, "advert_int 256"),
    ("bad-number", 7, 12, "advert_int fast"),
    ("bad-number", 7, 12, "advert_int -1"),
    ("bad-choice", 7, 9, "version 4"),
    ("conflict", 8, 1, "state MASTER\nnopreempt"),
    ("conflict", 8, 1, "state MASTER\npreempt_delay 5"),
    ("conflict", 8, 1, "nopreempt\npreempt_delay 5"),
    ("out-of-range", 7, 15, "preempt_delay 1001"),
    (
        "truncated-password",
        9,
        11,
        "authentication {\nauth_type PASS\nauth_pass 123456789\n}",
    ),
    (
        "bad-choice",
        8,
        11,
        "authentication {\nauth_type pass\nauth_pass x\n}",
    ),
    ("conflict", 8, 1, "authentication {\nauth_pass x\n}"),
    ("conflict", 8, 1, "authentication {\nauth_type PASS\n}"),
    (
        "missing-argument",
        9,
        1,
        "authentication {\nauth_type PASS\nauth_pass\n}",
    ),
    (
        "conflict",
        8,
        1,
        "version 3\nauthentication {\nauth_type PASS\nauth_pass x\n}",
    ),
    (
        "unknown-keyword",
        9,
        1,
        "authentication {\nauth_type PASS\nauth_pas x\n}",
    ),
    (
        "conflict",
        7,
        7,
        "state MASTER\npriority 9\nauthentication {\nauth_type AH\nauth_pass x\n}",
    ),
    ("bad-address", 8, 1, "virtual_ipaddress {\n10.0.0.256\n}"),
    ("out-of-range", 8, 1, "virtual_ipaddress {\n10.0.0.2/33\n}"),
    ("wrong-family", 8, 1, "virtual_ipaddress {\n2001:db8::1\n}"),
    (
        "duplicate-address",
        8,
        2,
        "virtual_ipaddress {\n 10.0.0.1/24\n}",
    ),
    (
        "duplicate-address",
        8,
        1,
        "virtual_ipaddress_excluded {\n10.0.0.1\n}",
    ),
    (
        "bad-choice",
        8,
        10,
        "virtual_ipaddress {\n10.0.0.2 devv eth1\n}",
    ),
    (
        "missing-argument",
        8,
        10,
        "virtual_ipaddress {\n10.0.0.2 dev\n}",
    ),
    (
        "bad-choice",
        8,
        16,
        "virtual_ipaddress {\n10.0.0.2 scope universal\n}",
    ),
    (
        "wrong-family",
        8,
        10,
        "virtual_ipaddress {\n10.0.0.2 home\n}",
    ),
    (
        "bad-address",
        8,
        14,
        "virtual_ipaddress {\n10.0.0.2 brd 10.0.0\n}",
    ),
    (
        "bad-name",
        8,
        14,
        "virtual_ipaddress {\n10.0.0.2 dev abcdefghijklmnop\n}",
    ),
    ("bad-address", 8, 1, "unicast_peer {\npeer.example\n}"),
    (
        "out-of-range",
        8,
        18,
        "unicast_peer {\n10.0.0.9 min_ttl 300\n}",
    ),
    ("extra-argument", 8, 10, "unicast_peer {\n10.0.0.9 ttl 3\n}"),
    ("wrong-family", 8, 1, "unicast_peer {\n2001:db8::9\n}"),
    ("wrong-family", 7, 14, "mcast_src_ip fe80::1"),
    ("conflict", 7, 1, "unicast_ttl 64"),
    ("bad-address", 7, 14, "mcast_dst_ip 10.0.0.7"),
    ("no-effect", 8, 1, "track_interface {\neth0\n}"),
    (
        "out-of-range",
        8,
        13,
        "track_interface {\neth1 weight 254\n}",
    ),
    ("conflict", 9, 1, "track_interface {\neth1\neth1\n}"),
    ("bad-address", 7, 10, "use_vmac 01:00:5e:00:00:01"),
    ("conflict", 7, 1, "vmac_xmit_base"),
    ("bad-choice", 7, 13, "strict_mode True"),
    ("out-of-range", 7, 20, "garp_master_repeat 0"),
    ("bad-number", 7, 19, "garp_master_delay 1.5"),
    ("out-of-range", 7, 20, "down_timer_adverts 101"),
    ("conflict", 7, 1, "accept\nstrict_mode"),
    ("conflict", 7, 1, "preempt_delay 4\nstrict_mode"),
    ("conflict", 7, 1, "unicast_peer {\n10.0.0.9\n}\nstrict_mode"),
    ("conflict", 7, 1, "native_ipv6"),
    ("unterminated-quote", 7, 10, "priority \"100"),
    ("undefined-variable", 7, 10, "priority $PRIO"),
    ("undefined-variable", 7, 10, "priority ${PRIO}"),
];

/// On their own.
const WHOLE: &[Mistake] = &[
    ("missing-argument", 1, 1, "vrrp_instance {\n}\n"),
    (
        "missing-setting",
        1,
        15,
        "vrrp_instance A {\nvirtual_router_id 5\nvirtual_ipaddress {\n1.1.1.1\n}\n}\n",
    ),
    (
        "missing-setting",
        1,
        15,
        "vrrp_instance A {\ninterface eth0\nvirtual_ipaddress {\n1.1.1.1\n}\n}\n",
    ),
    (
        "out-of-range",
        3,
        19,
        "vrrp_instance A {\ninterface eth0\nvirtual_router_id 300\nvirtual_ipaddress {\n1.1.1.1\n}\n}\n",
    ),
    (
        "unknown-keyword",
        3,
        1,
        "vrrp_instance A {\ninterface eth0\nvirtual_router_ip 3\nvirtual_ipaddress {\n1.1.1.1\n}\n}\n",
    ),
    (
        "keyword-as-argument",
        2,
        16,
        "vrrp_instance A {\ninterface eth0 virtual_router_id 3\nvirtual_ipaddress {\n1.1.1.1\n}\n}\n",
    ),
    (
        "missing-argument",
        2,
        1,
        "vrrp_instance A {\ninterface\nvirtual_router_id 3\nvirtual_ipaddress {\n1.1.1.1\n}\n}\n",
    ),
    (
        "no-address",
        1,
        15,
        "vrrp_instance A {\ninterface eth0\nvirtual_router_id 3\n}\n",
    ),
    (
        "no-address",
        1,
        15,
        "vrrp_instance A {\nversion 3\ninterface eth0\nvirtual_router_id 3\n}\n",
    ),
    (
        "bad-address",
        6,
        1,
        "vrrp_instance A {\nversion 3\ninterface eth0\nvirtual_router_id 3\nvirtual_ipaddress {\n1.1.1\n}\n}\n",
    ),
    (
        "unknown-keyword",
        1,
        1,
        "vrrp_instanc A {\ninterface eth0\n}\n",
    ),
    ("unknown-keyword", 2, 1, "global_defs {\nrouter_ids a\n}\n"),
    (
        "not-supported",
        1,
        1,
        "vrrp_script x {\nscript \"/bin/true\"\ninterval 2\n}\n",
    ),
    (
        "not-supported",
        1,
        1,
        "vrrp_sync_group G {\ngroup {\n}\n}\n",
    ),
    (
        "no-effect",
        2,
        20,
        "global_defs {\nvrrp_garp_interval 0\n}\n",
    ),
    ("bad-choice", 2, 14, "global_defs {\nvrrp_version 4\n}\n"),
    (
        "bad-address",
        2,
        19,
        "global_defs {\nvrrp_mcast_group4 10.0.0.1\n}\n",
    ),
    (
        "wrong-family",
        2,
        19,
        "global_defs {\nvrrp_mcast_group6 224.0.0.18\n}\n",
    ),
    ("unexpected-brace", 3, 1, "global_defs {\n}\n}\n"),
    ("unexpected-brace", 1, 1, "{\n}\n"),
    ("unclosed-brace", 1, 13, "global_defs {\n  router_id a\n"),
    ("bad-character", 1, 4, "foo\0\n"),
    ("bad-sequence", 1, 1, "~SEQ(i, 1, 0, 5) foo\n"),
    ("bad-sequence", 1, 1, "~LST({a,b},{1}) foo\n"),
    ("bad-macro", 1, 1, "$A= \\\n foo \\\n"),
    (
        "bad-macro",
        1,
        4,
        "$A=$A\nglobal_defs {\nrouter_id ${A}\n}\n",
    ),
    ("include-missing", 1, 9, "include a.conf\n"),
];

#[test]
fn one_mistake_in_an_instance_is_one_diagnostic_at_the_offending_text() {
    check_each(IN_INSTANCE, instance);
}

#[test]
fn one_mistake_anywhere_is_one_diagnostic_at_the_offending_text() {
    check_each(WHOLE, str::to_owned);
}

#[test]
fn what_is_missing_because_of_a_reported_mistake_is_not_reported_again_but_is_fatal() {
    let text = "vrrp_instance A {\ninterface eth0\nvirtual_router_ip 3\n}\n";
    let text = text.replace("}\n", "virtual_ipaddress {\n1.1.1.1\n}\n}\n");
    let loaded = load_text(&text);
    assert_eq!(places(&loaded), [("unknown-keyword", 3, 1)]);
    assert_eq!(loaded.worst(), Some(Severity::Fatal));
    assert_eq!(
        loaded.diagnostics[0].help,
        ["did you mean `virtual_router_id`?"]
    );
}

#[test]
fn a_second_instance_with_the_name_or_the_vrid_points_at_the_first() {
    let one = instance("");
    let loaded = load_text(&format!("{one}{one}"));
    assert_eq!(places(&loaded), [("duplicate-name", 9, 15)]);
    assert_eq!(
        loaded.diagnostics[0].secondary[0].text,
        "first defined here"
    );
    let other = one
        .replace("instance A", "instance B")
        .replace("10.0.0.1", "10.0.0.2");
    let loaded = load_text(&format!("{one}{other}"));
    assert_eq!(places(&loaded), [("duplicate-vrid", 9, 15)]);
    assert_eq!(loaded.worst(), Some(Severity::Fatal));
}

#[test]
fn a_vrid_may_be_shared_between_families_interfaces_groups_and_disjoint_peers() {
    let one = instance("");
    for change in [
        ("10.0.0.1", "2001:db8::1"),
        ("eth0", "eth1"),
        ("interface", "mcast_dst_ip 224.0.0.19\ninterface"),
        ("interface", "unicast_peer {\n10.0.0.9\n}\ninterface"),
    ] {
        let other = one
            .replace("instance A", "instance B")
            .replace("10.0.0.1", "10.0.0.2")
            .replace(
                "10.0.0.2",
                if change.0 == "10.0.0.1" {
                    change.1
                } else {
                    "10.0.0.2"
                },
            )
            .replacen(change.0, change.1, 1);
        let loaded = load_text(&format!("{one}{other}"));
        assert_eq!(places(&loaded), [], "{change:?}");
        assert_eq!(loaded.config.instances.len(), 2);
    }
}

#[test]
fn indentation_tells_which_brace_is_missing() {
    let text = "vrrp_instance A {\n  interface eth0\n  virtual_ipaddress {\n    10.0.0.1\n  \
                virtual_router_id 1\n}\nvrrp_instance B {\n  interface eth0\n  \
                virtual_router_id 2\n  virtual_ipaddress {\n    10.0.0.2\n  }\n}\n";
    let loaded = load_text(text);
    assert_eq!(places(&loaded), [("unclosed-brace", 3, 21)]);
    assert_eq!(loaded.config.instances.len(), 2);
    let text = text.replacen("10.0.0.1\n", "10.0.0.1\n  }\n  }\n", 1);
    let loaded = load_text(&text);
    assert_eq!(places(&loaded), [("unexpected-brace", 6, 3)]);
    assert_eq!(loaded.config.instances.len(), 2);
}

#[test]
fn without_indentation_the_next_instance_shows_that_a_brace_is_missing() {
    let text = "vrrp_instance A {\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress {\n\
                10.0.0.1\n}\nvrrp_instance B {\ninterface eth0\nvirtual_router_id 2\n\
                virtual_ipaddress {\n10.0.0.2\n}\n}\n";
    let loaded = load_text(text);
    assert_eq!(places(&loaded), [("unclosed-brace", 1, 17)]);
    assert_eq!(loaded.config.instances.len(), 2);
}

#[test]
fn an_opening_brace_too_many_is_the_only_thing_reported() {
    let text = instance("  priority 50 {\n  advert_int 2");
    let loaded = load_text(&text);
    assert_eq!(places(&loaded), [("unclosed-brace", 7, 15)]);
    assert_eq!(loaded.config.instances[0].priority.get(), 50);
    assert_eq!(loaded.config.instances[0].interval.centis(), 200);
}

#[test]
fn a_mistake_in_a_template_is_reported_once() {
    let text = "~SEQ(i, 1, 100) vrrp_instanc VI_$i {\n~SEQ(i, 1, 100) }\n";
    let codes: Vec<_> = places(&load_text(text)).into_iter().map(|p| p.0).collect();
    assert_eq!(
        codes
            .iter()
            .filter(|code| **code == "unknown-keyword")
            .count(),
        1
    );
}

#[test]
fn blocks_nested_without_end_are_refused_and_not_followed() {
    let text = "a {\n".repeat(100_000);
    let loaded = load_text(&text);
    assert_eq!(loaded.worst(), Some(Severity::Error));
}

#[test]
fn misspelt_keywords_are_found_in_blocks_that_are_not_supported() {
    let text = "bfd_instance A {\nneighbor_i 10.0.0.1\nmin_rx 10\n}\n";
    let loaded = load_text(text);
    assert_eq!(
        places(&loaded),
        [("not-supported", 1, 1), ("unknown-keyword", 2, 1)]
    );
    assert_eq!(loaded.diagnostics[1].help, ["did you mean `neighbor_ip`?"]);
}
