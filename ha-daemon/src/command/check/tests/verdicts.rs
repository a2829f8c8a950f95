//! Tests of the last line of `check` and of its exit status.

use super::*;

/// An instance with `lines` in it.
fn instance(lines: &str) -> String {
    format!(
        "vrrp_instance a {{\ninterface eth0\nvirtual_router_id 7\nvirtual_ipaddress {{\n\
         192.0.2.1/24\n}}\n{lines}\n}}\n"
    )
}

/// The exit status and the last line.
fn verdict(text: &str) -> (u8, String) {
    let (status, text) = report(text);
    (status.code(), text.lines().last().unwrap().to_owned())
}

#[test]
fn an_owner_is_master_at_once() {
    let (status, text) = report(&instance("priority 255"));
    assert_eq!(
        text,
        "\
instance a: VRID 7 on eth0, IPv4, VRRPv2
  adverts to    224.0.0.18
  state         MASTER at once, priority 255: the owner
  interval      1 s
  preemption    takes over from a lower priority
  addresses     192.0.2.1/24

this configuration runs: 1 instance, 0 errors, 0 warnings
"
    );
    assert_eq!(status.code(), 0);
    // MASTER without a priority is the owner, MASTER with another priority is not.
    let (_, text) = report(&instance("state MASTER"));
    assert!(text.contains("MASTER at once, priority 255"), "{text}");
    let (_, text) = report(&instance("state MASTER\npriority 150"));
    assert!(text.contains("BACKUP at first, priority 150"), "{text}");
}

#[test]
fn what_is_lost_is_said_in_the_last_line() {
    let not_as_written = "this configuration runs, but not as it is written: 1 instance, ";
    let script = "vrrp_script chk {\nscript \"/bin/false\"\n}\n";
    let group = "vrrp_sync_group g {\ngroup {\na\n}\n}\n";
    for (text, errors) in [
        (format!("{script}{}", instance("track_script {\nchk\n}")), 2),
        (format!("{group}{}", instance("")), 1),
        (instance("notify_master /bin/true"), 1),
        (instance("virtual_routes {\n10.0.0.0/8 via 192.0.2.9\n}"), 1),
        (instance("use_ipvlan"), 1),
        (
            format!(
                "static_ipaddress {{\n10.0.0.1/24 dev eth0\n}}\n{}",
                instance("")
            ),
            1,
        ),
        (
            format!("global_defs {{\nnotify_fifo /run/x\n}}\n{}", instance("")),
            1,
        ),
    ] {
        let plural = if errors == 1 { "" } else { "s" };
        let last = format!("{not_as_written}{errors} error{plural}, 0 warnings");
        assert_eq!(verdict(&text), (5, last), "{text}");
    }
    let mail = format!(
        "global_defs {{\nsmtp_server 192.0.2.9\n}}\n{}",
        instance("smtp_alert")
    );
    let last = "this configuration runs: 1 instance, 0 errors, 2 warnings";
    assert_eq!(verdict(&mail), (0, last.to_owned()));
}

#[test]
fn the_last_line_fits_the_exit_status() {
    let text = instance("authentication {\nauth_type PASS\nauth_pass longer-than-8\n}");
    let last =
        "this configuration runs, but there are mistakes in it: 1 instance, 0 errors, 1 warning";
    assert_eq!(verdict(&text), (5, last.to_owned()));
    let (status, _) = report(&format!("\u{feff}{}", instance("")));
    assert_eq!(status.code(), 5);
}

#[test]
fn what_would_be_in_the_wrong_place_cannot_run() {
    for keyword in ["net_namespace", "net_namespace_ipvs"] {
        let text = format!("{keyword} blue\n{}", instance(""));
        let (status, last) = verdict(&text);
        assert_eq!(status, 4);
        assert!(last.starts_with("this configuration cannot run"), "{last}");
    }
}

#[test]
fn the_statuses_of_keepalived_are_kept_or_listed() {
    let both = instance("") + &instance("").replace("a {", "b {").replace(".1/24", ".2/24");
    let pause = "global_defs {\nvrrp_garp_interval 0\nvrrp_gna_interval 0\n}\n";
    for (text, code) in [
        // As keepalived: a parameter is missing, also of what is skipped.
        (
            format!("vrrp_script {{\nscript \"/bin/true\"\n}}\n{}", instance("")),
            2,
        ),
        (
            format!("vrrp_script c {{\ninterval\n}}\n{}", instance("")),
            2,
        ),
        (
            format!("vrrp_sync_group g {{\nnotify\n}}\n{}", instance("")),
            2,
        ),
        (instance("notify_master"), 2),
        (format!("child_wait_time\n{}", instance("")), 2),
        (instance("mcast_src_ip 192.0.2.9"), 0),
        (instance("unicast_src_ip 192.0.2.9"), 5),
        // Listed: keepalived has 5, 5 and 5.
        (both, 4),
        (format!("{pause}{}", instance("")), 0),
        (instance("track_interface {\neth0\n}"), 0),
    ] {
        assert_eq!(verdict(&text).0, code, "{text}");
    }
}

#[test]
fn an_include_that_insists_has_a_status_of_its_own() {
    let load = LoadOptions {
        directory: Some("/".into()),
        ..LoadOptions::default()
    };
    for (word, code) in [
        ("include", 0),
        ("includer", 0),
        ("includem", 6),
        ("includea", 6),
    ] {
        let text = format!("{word} no-such-file.conf\n{}", instance(""));
        let report = Report::new(load_str("test.conf", &text, &load), &Options::default());
        assert_eq!(report.status.code(), code, "{word}");
        assert_eq!(report.loaded.config.instances.len(), 1);
    }
}

#[test]
fn strangers_are_heeded_over_unicast_unless_they_are_refused() {
    let peers = "unicast_src_ip 192.0.2.8\nunicast_peer {\n192.0.2.9\n}";
    let line = "adverts from  anybody, also off this link; `check_unicast_src` refuses strangers";
    let (status, text) = report(&instance(peers));
    assert!(text.contains(line), "{text}");
    assert_eq!(status.code(), 0);
    let (_, text) = report(&instance(&format!("{peers}\ncheck_unicast_src")));
    assert!(!text.contains("anybody"), "{text}");
    let (_, text) = report(&instance(""));
    assert!(!text.contains("anybody"), "{text}");
}

#[test]
fn a_helo_name_with_a_blank_is_sent_as_it_is_written() {
    let text = "virtual_server 192.0.2.1 25 {\nprotocol TCP\nlb_algo rr\nlb_kind NAT\n\
                real_server 192.0.2.11 25 {\nSMTP_CHECK {\nhelo_name \"mail check\"\n}\n}\n}\n";
    let (status, text) = report(&format!("{text}{}", instance("")));
    assert_eq!(status.code(), 0, "{text}");
}

#[test]
fn what_this_host_lacks_is_a_note() {
    let text = instance("").replace("eth0", "no-such-if0");
    let options = Options {
        host: true,
        ..Options::default()
    };
    let load = |text: &str| load_str("test.conf", text, &LoadOptions::default());
    let report = Report::new(load(&text), &options);
    assert_eq!(report.status.code(), 0);
    let text = report.text(false);
    let note = "warning[no-interface]: this host has no interface `no-such-if0`";
    assert!(text.starts_with(note), "{text}");
    assert!(
        text.ends_with("runs: 1 instance, 0 errors, 1 warning\n"),
        "{text}"
    );
    let peers = "unicast_peer {\n127.0.0.1\n192.0.2.9\n}";
    let report = Report::new(load(&instance(peers)), &options);
    let text = report.text(false);
    let note = "127.0.0.1 is an address of this host and one of the peers";
    assert!(text.contains(note), "{text}");
}

#[test]
fn diagnostics_that_say_the_same_are_shown_once() {
    let lines = "smtp_alert\n".repeat(20);
    let (_, text) = report(&instance(&lines));
    assert_eq!(text.matches("warning[").count(), 1, "{text}");
    let more = "19 more of these, in lines 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, …";
    assert!(text.contains(more), "{text}");
    let words: String = (0..100).map(|number| format!("word{number}\n")).collect();
    let (_, text) = report(&instance(&words));
    assert_eq!(text.matches("error[").count(), 31, "{text}");
    assert!(
        text.contains("error[unknown-keyword]: 70 more, in lines 37, 38,"),
        "{text}"
    );
    // Three of a kind are shown each.
    let (_, text) = report(&instance("smtp_alert\nsmtp_alert\nsmtp_alert"));
    assert_eq!(text.matches("warning[").count(), 3, "{text}");
}
