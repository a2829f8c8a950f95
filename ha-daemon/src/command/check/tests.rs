//! Tests of `check`.

use std::os::unix::fs::PermissionsExt;

use super::*;

mod corpus;
mod verdicts;

use crate::config::{Position, load_str};

fn report(text: &str) -> (ExitStatus, String) {
    let loaded = load_str("test.conf", text, &LoadOptions::default());
    let report = Report::new(loaded, &Options::default());
    (report.status, report.text(false))
}

const GOOD: &str = "vrrp_instance VI_1 {\ninterface eth0\nvirtual_router_id 51\nnopreempt\n\
                    virtual_ipaddress {\n192.0.2.100/24\n192.0.2.101 dev eth1\n}\n}\n";

#[test]
fn a_good_configuration_is_summed_up() {
    let (status, text) = report(GOOD);
    assert_eq!(status.code(), 0);
    assert_eq!(
        text,
        "\
instance VI_1: VRID 51 on eth0, IPv4, VRRPv2
  adverts to    224.0.0.18
  state         BACKUP, priority 100
  interval      1 s, skew 0.609375 s, takes over after 3.609375 s
  preemption    never takes over from a lower priority
  addresses     192.0.2.100/24, 192.0.2.101/32 on eth1

this configuration runs: 1 instance, 0 errors, 0 warnings
"
    );
}

#[test]
fn virtual_servers_are_summed_up() {
    let (status, text) = report(
        "global_defs {\nscript_user root\nenable_script_security\n}\n\
         virtual_server 192.0.2.1 80 {\nlb_algo sh\nsh-port\nlb_kind NAT\nprotocol TCP\n\
         persistence_timeout 50\nquorum 2\nhysteresis 1\nsorry_server 10.0.0.9\n\
         real_server 10.0.0.1 8080 {\nweight 3\nHTTP_GET {\nurl {\npath /a\n}\nurl {\n\
         path /b\n}\ndelay_loop 2.5\n}\nMISC_CHECK {\nmisc_path \"/bin/true y\"\n}\n}\n\
         real_server 10.0.0.2 {\ninhibit_on_failure\nlvs_method TUN type gue port 6080\n}\n}\n",
    );
    assert_eq!(
        text,
        "\
virtual server [192.0.2.1]:tcp:80: sh, flag-2, persistent for 50 s
  takes         TCP 192.0.2.1:80
  quorum        2, give or take 1
  real server   10.0.0.1:8080 NAT, weight 3, 2 checks
                  HTTP_GET 10.0.0.1:8080 /a /b every 2.5 s, 1 retry after 3 s
                  MISC_CHECK /bin/true y, for 60 s at most, every 60 s, no retries
  real server   10.0.0.2:80 TUN gue 6080, weight 1, inhibited on failure, not checked
  sorry server  10.0.0.9:80 NAT

this configuration runs: 0 instances, 1 virtual server, 0 errors, 0 warnings
"
    );
    assert_eq!(status.code(), 0);
}

#[test]
fn every_ssl_get_says_what_it_does_not_speak() {
    let page = "SSL_GET {\nconnect_port 8443\nurl {\npath /\n}\n}\n";
    let (status, text) = report(&balanced(page));
    let told = "SSL_GET 10.0.0.1:8443 / every 60 s, 1 retry after 3 s; TLS without RSA and DHE key \
                exchange, CBC, P-521 and X448\n";
    assert!(text.contains(told), "{text}");
    assert_eq!(status.code(), 0);
}

#[test]
fn the_services_of_a_large_group_are_not_all_listed() {
    let (_, text) = report(
        "virtual_server_group G {\n192.0.2.0/28 80\n}\nvirtual_server group G {\nlb_algo rr\n\
         lb_kind DR\nprotocol TCP\nreal_server 10.0.0.1 80 {\n}\n}\n",
    );
    assert!(text.contains("TCP 192.0.2.7:80 and 8 more\n"), "{text}");
}

#[test]
fn the_exit_status_is_that_of_keepalived() {
    for (change, code) in [
        ("nopreempt", 0),
        ("smtp_alert", 0),
        ("notify_stop \"/bin/x\"", 5),
        ("advert_int 1.5", 5),
        (
            "authentication {\nauth_type PASS\nauth_pass 123456789\n}",
            5,
        ),
        ("strict_mode\nunicast_peer {\n10.0.0.1\n}", 4),
        ("priority", 2),
    ] {
        let (status, _) = report(&GOOD.replace("nopreempt", change));
        assert_eq!(status.code(), code, "{change}");
    }
}

#[test]
fn a_missing_file_cannot_run() {
    let report = run(&["/nonexistent/x.conf".as_ref()], &Options::default());
    assert_eq!(report.status.code(), 4);
    let json: serde_json::Value = serde_json::from_str(&report.json().unwrap()).unwrap();
    assert_eq!(json["runs"], false);
    assert_eq!(json["diagnostics"][0]["code"], "unreadable-file");
    assert_eq!(
        report.text(false),
        "error[unreadable-file]: cannot read `/nonexistent/x.conf`: No such file or directory \
         (os error 2)\n\nthis configuration cannot run: 0 instances, 1 error, 0 warnings\n"
    );
}

/// The virtual server of the next tests, whose only real server has `checks` from line 6 on.
fn balanced(checks: &str) -> String {
    format!(
        "virtual_server 192.0.2.1 80 {{\nlb_algo rr\nlb_kind NAT\nprotocol TCP\n\
         real_server 10.0.0.1 80 {{\n{checks}\n}}\n}}\n"
    )
}

#[test]
fn what_run_refuses_is_shown_where_it_is_written() {
    let (status, text) = report(&balanced(
        "HTTP_GET {\nurl {\npath /\nregex (?=x)y\n}\n}\nMISC_CHECK {\nmisc_path /bin/true\n\
         user nobody-here\n}\nnotify_up /bin/true root no-group-here\nnotify_down /bin/true\n",
    ));
    assert_eq!(
        text,
        "\
error[bad-regex]: the regex \"(?=x)y\" cannot be used: look-around, including look-ahead and look-behind, is not supported
 --> test.conf:9:7
  |
9 | regex (?=x)y
  |       ^^^^^^
  |
  = help: of what PCRE has, look-around and back-references are not available

error[unknown-user]: there is no user \"nobody-here\"
  --> test.conf:14:6
   |
14 | user nobody-here
   |      ^^^^^^^^^^^ what depends on it is left out

error[unknown-user]: there is no group \"no-group-here\"
  --> test.conf:16:21
   |
16 | notify_up /bin/true root no-group-here
   |                     ^^^^ what depends on it is left out

warning[script-security]: scripts run without `enable_script_security`
  --> test.conf:17:13
   |
17 | notify_down /bin/true
   |             ^^^^^^^^^ the first of them
   |
   = help: with it in `global_defs`, scripts that others than root could change are refused

this configuration cannot run: 0 instances, 1 virtual server, 3 errors, 1 warning
"
    );
    assert_eq!(status.code(), 4);
}

#[test]
fn who_runs_all_scripts_and_what_all_tls_needs_is_checked_too() {
    let server = balanced("SSL_GET {\nurl {\npath /\n}\n}");
    let top = "global_defs {\nscript_user nobody-here\n}\nSSL {\nca /nonexistent/ca\nkey /x\n}\n";
    let loaded = load_str(
        "test.conf",
        &format!("{top}{server}"),
        &LoadOptions::default(),
    );
    let report = Report::new(loaded, &Options::default());
    let each = report.loaded.diagnostics.iter();
    let told: Vec<_> = each
        .map(|told| {
            let position = Position::of(told.primary.place, &report.loaded.sources).unwrap();
            (told.code.id(), position.line, told.severity)
        })
        .collect();
    assert_eq!(
        told,
        [
            ("unknown-user", 2, Severity::Error),
            ("bad-tls-file", 4, Severity::Fatal),
            ("no-effect", 4, Severity::Warning),
        ]
    );
}

/// One mistake in a macro is one diagnostic, and there is an end to them.
#[test]
fn mistakes_that_run_refuses_are_told_once_and_not_without_end() {
    let checks = "$C= \\\nHTTP_GET { \\\nurl { \\\npath / \\\nregex (?=x) \\\n} \\\n}\n";
    let text = balanced("$C\n$C");
    let (_, text) = report(&format!("{checks}{text}"));
    assert!(text.ends_with(" 1 error, 0 warnings\n"), "{text}");
    let user = |number| format!("MISC_CHECK {{\nmisc_path /x\nuser nobody-{number}\n}}\n");
    let checks: String = (0..1100).map(user).collect();
    let (status, text) = report(&balanced(&checks));
    assert!(text.ends_with(" 1000 errors, 0 warnings, 100 more not shown\n"));
    assert_eq!(status.code(), 5, "as with keepalived");
}

/// The exit statuses are those of keepalived 2.2.7, but for `notify_up` with a user that is not there,
/// a program that others can change and that is refused (0 with either).
#[test]
fn scripts_are_judged_by_their_user_and_by_who_can_change_them() {
    let directory = std::env::temp_dir().join(format!("ha-check-{}", std::process::id()));
    std::fs::create_dir(&directory).unwrap();
    let script = directory.join("script");
    std::fs::write(&script, "#!/bin/sh\n").unwrap();
    std::fs::set_permissions(&script, PermissionsExt::from_mode(0o777)).unwrap();
    let open = format!("MISC_CHECK {{\nmisc_path {}\n}}", script.display());
    let safe = "MISC_CHECK {\nmisc_path /bin/true\n}";
    let missing = "MISC_CHECK {\nmisc_path /nonexistent/x\n}";
    let absent = "MISC_CHECK {\nmisc_path /bin/true\nuser nobody-here\n}";
    let guarded = "enable_script_security\nscript_user root";
    let cases: [(&str, &str, u8, &[&str]); 11] = [
        ("", "", 0, &[]),
        ("script_user nobody-here", "", 5, &["unknown-user"]),
        ("", safe, 6, &["script-security"]),
        ("script_user root", safe, 6, &["script-security"]),
        (guarded, safe, 0, &[]),
        ("", &open, 6, &["insecure-script", "script-security"]),
        (guarded, &open, 5, &["insecure-script"]),
        ("", missing, 0, &["missing-program"]),
        ("", absent, 5, &["unknown-user"]),
        ("", "notify_up /bin/true nobody-here", 5, &["unknown-user"]),
        ("", "notify_up /bin/true", 6, &["script-security"]),
    ];
    for (globals, checks, code, codes) in cases {
        let text = format!("global_defs {{\n{globals}\n}}\n{}", balanced(checks));
        let loaded = load_str("test.conf", &text, &LoadOptions::default());
        let report = Report::new(loaded, &Options::default());
        let diagnostics = report.loaded.diagnostics.iter();
        let told: Vec<_> = diagnostics.map(|told| told.code.id()).collect();
        assert_eq!((report.status.code(), &told[..]), (code, codes), "{text}");
        assert!(report.loaded.worst() < Some(Severity::Fatal), "VRRP runs");
    }
    std::fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn what_runs_otherwise_than_written_is_said_to() {
    let (status, text) = report(
        "vrrp_instance V {\ninterface eth0\nvirtual_router_id 5\npriority 300\n\
         virtual_ipaddress {\n10.0.0.1\n}\n}\n",
    );
    let last = text.lines().next_back();
    let expected =
        "this configuration runs, but not as it is written: 1 instance, 1 error, 0 warnings";
    assert_eq!(last, Some(expected));
    assert_eq!(status.code(), 5, "as with keepalived");
}

#[test]
fn a_configuration_that_does_nothing_is_told_to() {
    let (status, text) = report("global_defs {\nrouter_id a\n}\n");
    assert_eq!(
        text,
        "\
warning[nothing-to-run]: there is neither a vrrp_instance nor a virtual_server: nothing would run

this configuration runs nothing: 0 instances, 0 errors, 1 warning
"
    );
    assert_eq!(status.code(), 0, "as with keepalived");
}

#[test]
fn every_diagnostic_counts_when_the_exit_status_is_strict() {
    let text = GOOD.replace("nopreempt", "notify_stop \"/bin/x\"");
    let loaded = load_str("test.conf", &text, &LoadOptions::default());
    assert_eq!(ExitStatus::of(&loaded.diagnostics[0], true).code(), 5);
}

/// Forward references and repeated names must not make it quadratic.
#[test]
fn sixteen_thousand_instances_are_checked() {
    let text = "$I= \\\n vrrp_instance VI_${a}_${b} { \\\n interface eth$a \\\n \
                virtual_router_id $b \\\n virtual_ipaddress { \\\n 10.${a}.${b}.1 \\\n } \\\n }\n\
                ~SEQ(a, 1, 63) ~SEQ(b, 1, 255) $I\n";
    let loaded = load_str("test.conf", text, &LoadOptions::default());
    assert_eq!(loaded.diagnostics, []);
    assert_eq!(loaded.config.instances.len(), 63 * 255);
}

/// Neither may looking for what is there twice.
#[test]
fn ten_thousand_virtual_servers_are_checked() {
    use core::fmt::Write as _;
    let mut text = String::new();
    for server in 0..10_000_u32 {
        let (a, b) = (server / 250, server % 250);
        write!(
            text,
            "virtual_server 10.0.{a}.{b} 80 {{\nlb_algo rr\nlb_kind NAT\nprotocol TCP\n\
             delay_loop 5\n"
        )
        .unwrap();
        for real in 0..4 {
            let check = "TCP_CHECK {\nconnect_timeout 3\n}";
            writeln!(
                text,
                "real_server 10.{}.{a}.{b} 80 {{\n{check}\n}}",
                real + 1
            )
            .unwrap();
        }
        text.push_str("}\n");
    }
    let loaded = load_str("test.conf", &text, &LoadOptions::default());
    assert_eq!(loaded.diagnostics, []);
    let servers = &loaded.config.virtual_servers;
    assert_eq!(servers.len(), 10_000);
    assert!(servers.iter().all(|server| server.real_servers.len() == 4));
}

/// Thousands of real servers in one virtual server, and of addresses in one group.
#[test]
fn large_virtual_servers_and_groups_are_checked() {
    let text = "virtual_server_group G {\n10.1.0.0/16 80\n}\nvirtual_server group G {\n\
                lb_algo rr\nlb_kind NAT\nprotocol TCP\n\
                ~SEQ(a, 0, 149) ~SEQ(b, 1, 250) real_server 10.2.${a}.${b} 80 { }\n}\n";
    let loaded = load_str("test.conf", text, &LoadOptions::default());
    assert_eq!(loaded.diagnostics, []);
    let server = &loaded.config.virtual_servers[0];
    assert_eq!(server.keys.len(), 65_536);
    assert_eq!(server.real_servers.len(), 37_500);
}
