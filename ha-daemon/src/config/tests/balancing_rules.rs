use super::{load_text, places};
use crate::config::{Check, Probe, Severity};

/// A virtual server with `body` from line 2 on, in front of what it does not set.
pub(super) fn server(body: &str) -> String {
    let default = |keywords: &[&str], line: &str| {
        let set = |keyword: &&str| body.lines().any(|l| l.starts_with(*keyword));
        if keywords.iter().any(set) {
            String::new()
        } else {
            format!("{line}\n")
        }
    };
    let algorithm = default(&["lb_algo", "lvs_sched"], "lb_algo rr");
    let method = default(
        &["lb_kind", "lvs_method TUN", "lvs_method DR t"],
        "lb_kind NAT",
    );
    let protocol = default(&["protocol"], "protocol TCP");
    format!(
        "virtual_server 192.0.2.1 80 {{\n{body}\n{algorithm}{method}{protocol}\
         real_server 10.0.0.1 80 {{\n}}\n}}\n"
    )
}

#[test]
fn what_is_missing_is_an_error_and_has_a_default() {
    let text = "virtual_server 192.0.2.1 {\nreal_server 10.0.0.1 80 {\n}\n}\n";
    let loaded = load_text(text);
    let messages: Vec<_> = loaded.diagnostics.iter().map(|d| &*d.message).collect();
    assert_eq!(
        messages,
        [
            "a port of 0 goes only with persistence",
            "virtual server `192.0.2.1` has no `lvs_method` and no `protocol` and no `lvs_sched`"
        ]
    );
    let server = &loaded.config.virtual_servers[0];
    assert_eq!(server.name, "[192.0.2.1]:udp:0");
    assert_eq!(server.scheduler, ipvs_core::Scheduler::Wlc);
    assert_eq!(server.persistence.unwrap().timeout, 360);
    assert_eq!(server.real_servers[0].key.port, 80);
}

#[test]
fn a_service_belongs_to_the_first_virtual_server_that_has_it() {
    let loaded = load_text(&(server("") + &server("")));
    assert_eq!(places(&loaded), [("duplicate-address", 9, 16)]);
    assert_eq!(loaded.config.virtual_servers.len(), 1);
}

#[test]
fn overlapping_lines_of_a_group_make_one_service() {
    let group = "virtual_server_group G {\n192.0.2.1-3 80\n192.0.2.3-4 80\n}\n";
    let loaded = load_text(&(group.to_owned() + &server("").replace("192.0.2.1 80", "group G")));
    assert_eq!(places(&loaded), [("duplicate-address", 5, 22)]);
    assert_eq!(loaded.config.virtual_servers[0].keys.len(), 4);
}

#[test]
fn a_group_of_both_families_needs_tunnels() {
    let group = "virtual_server_group G {\n192.0.2.1 80\n2001:db8::1 80\n}\n";
    let loaded = load_text(&(group.to_owned() + &server("").replace("192.0.2.1 80", "group G")));
    assert_eq!(places(&loaded), [("wrong-family", 5, 22)]);
    assert_eq!(loaded.config.virtual_servers, []);
}

#[test]
fn marks_have_neither_protocol_nor_address() {
    let text = server("ha_suspend").replace("192.0.2.1 80", "fwmark 7");
    let loaded = load_text(&text.replace(" 80 {", " {"));
    assert_eq!(places(&loaded), [("conflict", 2, 1), ("no-protocol", 5, 1)]);
    assert!(!loaded.config.virtual_servers[0].ha_suspend);
}

#[test]
fn tunnels_of_both_families_leave_that_of_a_mark_open() {
    let text = "virtual_server fwmark 7 {\nlb_algo rr\nlb_kind TUN\nreal_server 10.0.0.1 {\n}\n\
                real_server 2001:db8::1 {\n}\n}\n";
    let loaded = load_text(text);
    assert_eq!(places(&loaded), [("missing-setting", 1, 23)]);
    let keys = &loaded.config.virtual_servers[0].keys;
    assert_eq!(keys[0].family(), ipvs_core::Family::V4);
}

#[test]
fn a_check_without_a_port_to_connect_to_is_left_out() {
    let text = "virtual_server fwmark 7 {\nlb_algo rr\nlb_kind NAT\nreal_server 10.0.0.1 {\n\
                TCP_CHECK {\n}\nPING_CHECK {\n}\n}\n}\n";
    let loaded = load_text(text);
    assert_eq!(places(&loaded), [("missing-setting", 5, 1)]);
    let checkers = &loaded.config.virtual_servers[0].real_servers[0].checkers;
    assert_eq!(checkers.len(), 1);
}

#[test]
fn nothing_can_be_lost_by_a_quorum_that_cannot_be_reached() {
    let text = server("weight 2\nquorum 5\nhysteresis 2");
    let loaded = load_text(&text);
    assert_eq!(
        places(&loaded),
        [("out-of-range", 3, 1), ("out-of-range", 4, 1)]
    );
    let server = &loaded.config.virtual_servers[0];
    assert_eq!((server.quorum, server.hysteresis), (2, 1));
}

#[test]
fn each_host_of_an_smtp_check_is_a_check() {
    let text = server(
        "real_server 10.0.0.2 80 {\nSMTP_CHECK {\nconnect_port 25\nhost {\nconnect_ip 10.0.0.3\n}\n\
         host {\nconnect_port 26\n}\n}\n}",
    );
    let loaded = load_text(&text);
    assert_eq!(
        places(&loaded),
        [("deprecated", 5, 1), ("deprecated", 8, 1)]
    );
    let ends: Vec<_> = loaded.config.virtual_servers[0].real_servers[0]
        .checkers
        .iter()
        .map(|checker| {
            let Check::Probe {
                probe: Probe::Smtp(smtp),
                ..
            } = &checker.check
            else {
                panic!("SMTP_CHECK");
            };
            smtp.connection.to.to_string()
        })
        .collect();
    assert_eq!(ends, ["10.0.0.3:25", "10.0.0.2:26"]);
}

#[test]
fn a_number_may_stand_for_the_id_of_the_sync_daemon() {
    let text = format!(
        "global_defs {{\nlvs_sync_daemon eth0 A 9\n}}\n{}",
        super::instance("")
    );
    let loaded = load_text(&text);
    assert_eq!(places(&loaded), [("deprecated", 2, 24)]);
    assert_eq!(loaded.config.balancing.sync.unwrap().id, 9);
}

#[test]
fn a_bad_virtual_server_does_not_keep_the_others_from_running() {
    let loaded = load_text(&(server("lb_algo foo") + &server("").replace("2.1", "2.2")));
    assert_eq!(loaded.worst(), Some(Severity::Error));
    assert_eq!(loaded.config.virtual_servers.len(), 2);
}

#[test]
fn an_option_without_its_value_keeps_nothing_from_running() {
    let global = |line: &str| format!("global_defs {{\n{line}\n}}\n");
    for text in [
        server("lvs_method TUN type").replace("protocol", "lb_kind NAT\nprotocol"),
        global("lvs_timeouts"),
        global("lvs_sync_daemon eth0 port"),
    ] {
        assert_eq!(load_text(&text).worst(), Some(Severity::Error), "{text}");
    }
}

#[test]
fn a_regex_that_cannot_be_compiled_is_reported_where_it_is_written() {
    let check = "HTTP_GET {\nurl {\npath /\nregex \"(?=a)\"\n}\n}\n";
    let text = server(&format!("real_server 10.0.0.2 80 {{\n{check}}}"));
    let loaded = load_text(&text);
    assert_eq!(places(&loaded), [("bad-regex", 6, 7)]);
    let [diagnostic] = &loaded.diagnostics[..] else {
        panic!("one diagnostic");
    };
    assert_eq!(diagnostic.severity, Severity::Fatal);
    assert_eq!(
        diagnostic.message,
        "the regex \"(?=a)\" cannot be used: look-around, including look-ahead and look-behind, \
         is not supported"
    );
}

#[test]
fn an_interface_that_the_kernel_cannot_have_is_reported_with_its_check() {
    let check = "TCP_CHECK {\nbind_if all\n}\n";
    let text = server(&format!("real_server 10.0.0.2 80 {{\n{check}}}"));
    let loaded = load_text(&text);
    assert_eq!(places(&loaded), [("bad-name", 3, 1)]);
    assert_eq!(loaded.worst(), Some(Severity::Fatal));
}
