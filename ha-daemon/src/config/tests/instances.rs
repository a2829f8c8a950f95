//! Tests of the diagnostics of instances as they stand in real files.

use super::{instance, load_text, places};
use crate::config::{Diagnostic, Loaded, Severity};

fn said(loaded: &Loaded) -> String {
    let each = loaded.diagnostics.iter();
    each.map(|diagnostic| diagnostic.render(&loaded.sources, false))
        .collect()
}

/// The one diagnostic of a text.
fn only(text: &str) -> (Loaded, Diagnostic) {
    let loaded = load_text(text);
    let [diagnostic] = &loaded.diagnostics[..] else {
        panic!("{text}: {}", said(&loaded));
    };
    let diagnostic = diagnostic.clone();
    (loaded, diagnostic)
}

/// The addresses of the only instance, and those it has beside them, with their interfaces.
fn addresses(text: &str) -> (Vec<String>, Vec<String>) {
    let loaded = load_text(text);
    let [instance] = &loaded.config.instances[..] else {
        panic!("{}", said(&loaded));
    };
    let shown = |list: &[crate::config::VirtualAddress]| {
        let each = list.iter().map(|address| {
            let device = address.device.as_deref().unwrap_or("-");
            format!("{} {device}", address.address)
        });
        each.collect()
    };
    (shown(&instance.addresses), shown(&instance.excluded))
}

const V6: &str = "vrrp_instance v6 {\ninterface eth0\nvirtual_router_id 52\nversion 3\n";

#[test]
fn an_address_may_be_on_several_interfaces() {
    let text = format!(
        "{V6}virtual_ipaddress {{\nfe80::1/64 dev eth0\n2001:db8::1/64 dev eth0\n\
         fe80::1/64 dev eth1\n2001:db8:80::1/64 dev eth1\n}}\n}}\n"
    );
    assert_eq!(places(&load_text(&text)), []);
    let all = [
        "fe80::1 eth0",
        "2001:db8::1 eth0",
        "fe80::1 eth1",
        "2001:db8:80::1 eth1",
    ];
    assert_eq!(addresses(&text).0, all);
    let text = format!(
        "{V6}virtual_ipaddress {{\nfe80::1/64\n}}\nvirtual_ipaddress_excluded {{\n\
         fe80::1/64 dev eth1\nfe80::1/64 dev eth0\n}}\n}}\n"
    );
    // On its own interface it is there already.
    assert_eq!(places(&load_text(&text)), [("duplicate-address", 10, 1)]);
    let (advertised, excluded) = addresses(&text);
    assert_eq!(
        (advertised, excluded),
        (vec!["fe80::1 -".into()], vec!["fe80::1 eth1".into()])
    );
}

/// keepalived 2.2.7 counts it, and discards adverts with another count.
#[test]
fn an_address_that_is_repeated_counts_in_the_adverts() {
    let text = "vrrp_instance d4 {\ninterface eth0\nvirtual_router_id 51\nvirtual_ipaddress {\n\
                192.0.2.16\n192.0.2.17\n192.0.2.17 label eth0:1\n}\n}\n";
    let (loaded, diagnostic) = only(text);
    assert_eq!(places(&loaded), [("duplicate-address", 7, 1)]);
    assert_eq!(diagnostic.severity, Severity::Warning);
    assert_eq!(
        addresses(text).0,
        ["192.0.2.16 -", "192.0.2.17 -", "192.0.2.17 -"]
    );
}

#[test]
fn tracking_the_own_interface_is_no_mistake() {
    let (loaded, diagnostic) = only(&instance("track_interface {\neth0 weight 5\n}"));
    assert_eq!(places(&loaded), [("no-effect", 8, 1)]);
    assert_eq!(diagnostic.severity, Severity::Warning);
    assert!(loaded.config.instances[0].track_interfaces.is_empty());
}

#[test]
fn what_sets_the_same_is_called_by_both_names() {
    for (first, second) in [
        (
            "mcast_src_ip 10.0.0.7",
            "unicast_src_ip 10.0.0.7\nunicast_peer {\n10.0.0.8\n}",
        ),
        ("nopreempt", "preempt"),
        ("accept", "no_accept"),
    ] {
        let (loaded, diagnostic) = only(&instance(&format!("{first}\n{second}")));
        assert_eq!(places(&loaded), [("repeated", 8, 1)]);
        let name = |text: &str| text.split_whitespace().next().unwrap().to_owned();
        let text = format!("`{}` and `{}` set the same", name(first), name(second));
        assert_eq!(diagnostic.message, text);
    }
    let (_, diagnostic) = only(&instance("nopreempt\nnopreempt"));
    assert_eq!(diagnostic.message, "`nopreempt` is set twice");
}

#[test]
fn unicast_without_peers_is_told() {
    for (body, place) in [
        ("unicast_peer {\n}", ("missing-setting", 7, 1)),
        ("unicast_src_ip 10.0.0.7", ("missing-setting", 7, 1)),
        ("unicast_peer {\npeer\n}", ("bad-address", 8, 1)),
        ("unicast_peer {\n2001:db8::1\n}", ("wrong-family", 8, 1)),
    ] {
        let (loaded, diagnostic) = only(&instance(body));
        assert_eq!(places(&loaded), [place], "{body}");
        assert_eq!(diagnostic.severity, Severity::Error);
        let text = said(&loaded);
        assert!(
            text.contains("adverts go to the multicast group instead"),
            "{text}"
        );
    }
    assert_eq!(places(&load_text(&instance("mcast_src_ip 10.0.0.7"))), []);
}

#[test]
fn the_source_is_no_peer() {
    let body = "unicast_src_ip 10.0.0.7\nunicast_peer {\n10.0.0.8\n10.0.0.7\n}";
    let (loaded, diagnostic) = only(&instance(body));
    assert_eq!(places(&loaded), [("no-effect", 8, 1)]);
    assert_eq!(diagnostic.severity, Severity::Warning);
}

#[test]
fn a_conflict_points_at_what_is_in_its_way() {
    for (body, line, text) in [
        (
            "state BACKUP\npriority 255\nnopreempt",
            8,
            "the priority is set here",
        ),
        (
            "state MASTER\npriority 100\nnopreempt",
            7,
            "the state is set here",
        ),
        (
            "priority 255\npreempt_delay 5",
            7,
            "the priority is set here",
        ),
        (
            "state MASTER\nnopreempt",
            7,
            "without a priority this is 255",
        ),
    ] {
        let (loaded, diagnostic) = only(&instance(body));
        let [label] = &diagnostic.secondary[..] else {
            panic!("{diagnostic:?}");
        };
        let at = crate::config::Position::of(label.place, &loaded.sources).unwrap();
        assert_eq!((at.line, &*label.text), (line, text), "{body}");
    }
}

#[test]
fn the_loopback_is_refused() {
    let text = "vrrp_instance V {\ninterface lo\nvirtual_router_id 5\nvirtual_ipaddress {\n\
                192.0.2.1\n}\n}\n";
    let (loaded, diagnostic) = only(text);
    assert_eq!(places(&loaded), [("bad-name", 2, 11)]);
    assert_eq!(diagnostic.severity, Severity::Fatal);
}

#[test]
fn a_prefix_that_is_too_long_is_called_that() {
    for (address, text) in [
        (
            "10.99.0.1/33",
            "`10.99.0.1/33` has a prefix length above 32",
        ),
        (
            "10.99.0.1/999",
            "`10.99.0.1/999` has a prefix length above 32",
        ),
        ("10.99.0.1/x", "`10.99.0.1/x` has no prefix length"),
        ("10.99.0.1/", "`10.99.0.1/` has no prefix length"),
    ] {
        let (_, diagnostic) = only(&instance(&format!("virtual_ipaddress {{\n{address}\n}}")));
        assert_eq!(diagnostic.message, text);
    }
    let (_, diagnostic) = only(&format!(
        "{V6}virtual_ipaddress {{\n2001:db8::1/129\n}}\n}}\n"
    ));
    assert_eq!(
        diagnostic.message,
        "`2001:db8::1/129` has a prefix length above 128"
    );
}

#[test]
fn names_in_blocks_that_are_skipped_are_looked_up() {
    let text = "vrrp_script chk {\nscript \"/bin/true\"\n}\nvrrp_sync_group g {\ngroup {\nA nope\n\
                }\ntrack_script {\nnone\n}\n}\n";
    let loaded = load_text(&format!(
        "{text}{}",
        instance("track_script {\nchk\nchkk\n}")
    ));
    let unknown: Vec<_> = loaded
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.code.id() == "unknown-name")
        .map(|diagnostic| (&*diagnostic.message, diagnostic.help.concat()))
        .collect();
    assert_eq!(
        unknown,
        [
            ("there is no vrrp_instance `nope`", String::new()),
            ("there is no vrrp_script `none`", String::new()),
            (
                "there is no vrrp_script `chkk`",
                "did you mean `chk`?".to_owned()
            ),
        ]
    );
}

#[test]
fn obsolete_keywords_have_a_hint() {
    let server = |line: &str, check: &str| {
        format!(
            "virtual_server 192.0.2.1 80 {{\nprotocol TCP\nlb_algo rr\nlb_kind DR\n{line}\n\
             real_server 192.0.2.11 80 {{\nTCP_CHECK {{\n{check}\n}}\n}}\n}}\n"
        )
    };
    let gone = "it is gone from keepalived, where it had lost its effect: it may be removed";
    for (text, help) in [
        (server("nat_mask 255.255.255.0", ""), gone),
        (server("net_mask 255.255.255.0", ""), gone),
        (server("", "nb_get_retry 3"), "write `retry`"),
        (
            instance("ha_suspend"),
            "it is for `virtual_server`: here it may be removed",
        ),
        (
            "global_defs {\nlvs_id a\n}\n".to_owned(),
            "it is gone from keepalived: `router_id` in `global_defs` has its place",
        ),
        (
            instance("no_track"),
            "`no_track` is an option of an address and goes on its line",
        ),
        (
            "global_defs {\nvirtual_router_id 5\n}\n".to_owned(),
            "`virtual_router_id` is a keyword in `vrrp_instance`",
        ),
    ] {
        let (_, diagnostic) = only(&text);
        assert_eq!(diagnostic.code.id(), "unknown-keyword");
        assert_eq!(diagnostic.help, [help]);
    }
}

#[test]
fn a_comment_within_a_word_is_told() {
    let password = |word: &str| {
        instance(&format!(
            "authentication {{\nauth_type PASS\nauth_pass {word}\n}}"
        ))
    };
    let (loaded, _) = only(&password("P@##D321!"));
    assert_eq!(places(&loaded), [("comment-in-word", 9, 13)]);
    assert!(said(&loaded).contains("in double quotes `#` and `!`"));
    for good in [
        "\"P@##\"",
        "P@ # a comment",
        "P@# a comment",
        "P@ #a comment",
    ] {
        assert_eq!(places(&load_text(&password(good))), [], "{good}");
    }
}

#[test]
fn no_password_is_shown_wherever_it_is_written() {
    for body in [
        "auth_pass s3cret!x",
        "auth_pass=s3cret!x",
        "auth_type PASS auth_pass s3cret!x",
        "authentication {\nauth_type PASS auth_pass s3cret!x\n}",
        "authentication {\nauth_type s3cret!x\n}",
        "authentication {\nauth_type PASS s3cret!x\nauth_pass x\n}",
        "authentication {\nauth_type PASS\nauth_pass\ns3cret!x\n}",
        "authentication {\nauth_type PASS\nauth_pas s3cret!x\n}",
        "authentication {\nauth_type PASS\nauth_password s3cret!x\n}",
        "authentication {\nauth_type PASS\npassword s3cret!x\n}",
        "authentication {\nauth_type PASS\ns3cret!x\n}",
        "authentication {\nauth_type PASS\nauth_pass a s3cret!x\n}",
        "auth_hmac {\nkey 1 s3cret!x\n}",
        "priority auth_pass s3cret!x",
    ] {
        for text in [instance(body), format!("{body}\n"), instance("") + body] {
            let loaded = load_text(&text);
            assert!(!loaded.diagnostics.is_empty(), "{text}");
            let shown = said(&loaded);
            assert!(!shown.contains("s3cret"), "{shown}");
            for diagnostic in &loaded.diagnostics {
                let json = serde_json::to_string(&diagnostic.record(&loaded.sources)).unwrap();
                assert!(!json.contains("s3cret"), "{json}");
            }
        }
    }
}
