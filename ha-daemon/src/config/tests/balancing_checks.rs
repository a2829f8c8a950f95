use core::time::Duration;
use std::sync::Arc;

use super::balancing::only;
use crate::config::{Check, Checker, HttpCheck, Probe};
use crate::health::dns::DnsType;
use crate::health::http::{HttpVersion, PatternOptions, RequestText, Url};
use crate::health::schedule::Timing;
use crate::health::settings::{Connection, Limits, Source};
use crate::health::udp::{Payload, Reply};

/// The checks of the real server 10.0.0.1:8080, of which `body` is in the virtual server's block.
fn checks_in(body: &str, inner: &str) -> Vec<Checker> {
    let text = format!(
        "virtual_server 192.0.2.1 80 {{\nlb_algo rr\nlb_kind NAT\nprotocol TCP\n{body}\n\
         real_server 10.0.0.1 8080 {{\n{inner}\n}}\n}}\n"
    );
    only(&text).real_servers.swap_remove(0).checkers
}

fn probe(inner: &str) -> (Probe, Timing) {
    probe_in("", inner)
}

fn probe_in(body: &str, inner: &str) -> (Probe, Timing) {
    let [checker] = <[Checker; 1]>::try_from(checks_in(body, inner)).unwrap();
    match checker.check {
        Check::Probe { probe, timing } => (probe, *timing),
        Check::File(_) => panic!("a probe"),
    }
}

fn http(inner: &str) -> HttpCheck {
    let Probe::Http(http) = probe(inner).0 else {
        panic!("HTTP_GET or SSL_GET");
    };
    *http
}

fn host(url: &Url) -> Option<&str> {
    url.virtualhost.as_ref().map(RequestText::as_str)
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// `delay_loop`, `warmup`, `retry` and `delay_before_retry` of each kind of check.
#[test]
fn each_kind_of_check_has_keepaliveds_timing() {
    for (check, retry, delay) in [
        ("TCP_CHECK {\n}", 1, 1),
        ("PING_CHECK {\n}", 1, 1),
        ("UDP_CHECK {\n}", 1, 1),
        ("SMTP_CHECK {\n}", 1, 1),
        ("HTTP_GET {\nurl {\npath /\n}\n}", 1, 3),
        ("SSL_GET {\nurl {\npath /\n}\n}", 1, 3),
        ("MISC_CHECK {\nmisc_path /x\n}", 0, 1),
        ("DNS_CHECK {\n}", 3, 60),
    ] {
        let expected = Timing {
            delay_loop: seconds(60),
            warmup: seconds(60),
            retry,
            delay_before_retry: seconds(delay),
            alpha: false,
            fast_recovery: false,
        };
        assert_eq!(probe(check).1, expected, "{check}");
        let set = "delay_loop 5\nretry 2\n";
        let expected = Timing {
            delay_loop: seconds(5),
            warmup: seconds(5),
            retry: 2,
            delay_before_retry: seconds(if delay == 60 { 5 } else { delay }),
            alpha: false,
            fast_recovery: false,
        };
        assert_eq!(probe_in(set, check).1, expected, "{check}");
    }
}

#[test]
fn checks_inherit_from_the_real_server_and_that_from_the_virtual_server() {
    let outer =
        "delay_loop 10\nwarmup 11\nretry 12\ndelay_before_retry 13\nconnect_timeout 14\nalpha";
    let middle = "delay_loop 20\nwarmup 21\nretry 22\ndelay_before_retry 23\nconnect_timeout 24\n\
                  alpha off\n";
    let inner = "TCP_CHECK {\ndelay_loop 30\nwarmup 0\nretry 0\ndelay_before_retry 0\n\
                 connect_timeout 34\nalpha\n}";
    for (middle, check, delays, timeout, alpha) in [
        ("", "TCP_CHECK {\n}", [10, 11, 12, 13], 14, true),
        (middle, "TCP_CHECK {\n}", [20, 21, 22, 23], 24, false),
        (middle, inner, [30, 0, 0, 0], 34, true),
    ] {
        let [checker] =
            <[Checker; 1]>::try_from(checks_in(outer, &format!("{middle}{check}"))).unwrap();
        assert_eq!(checker.alpha(), alpha);
        let Check::Probe {
            probe: Probe::Tcp(connection),
            timing,
        } = checker.check
        else {
            panic!("TCP_CHECK");
        };
        let [delay_loop, warmup, retry, delay_before_retry] = delays;
        let expected = Timing {
            delay_loop: seconds(delay_loop),
            warmup: seconds(warmup),
            retry: u32::try_from(retry).unwrap(),
            delay_before_retry: seconds(delay_before_retry),
            alpha,
            fast_recovery: false,
        };
        assert_eq!(*timing, expected);
        assert_eq!(connection.limits.step, seconds(timeout));
    }
}

#[test]
fn a_program_may_run_for_the_delay_loop_of_the_virtual_server() {
    let timeout = |body: &str, inner: &str| {
        let inner = format!("delay_loop 20\nMISC_CHECK {{\nmisc_path /x\n{inner}\n}}");
        let Probe::Misc(misc) = probe_in(body, &inner).0 else {
            panic!("MISC_CHECK");
        };
        misc.timeout
    };
    assert_eq!(timeout("", ""), seconds(60));
    assert_eq!(timeout("delay_loop 10", ""), seconds(10));
    assert_eq!(timeout("delay_loop 10", "misc_timeout 0"), seconds(10));
    assert_eq!(timeout("delay_loop 10", "misc_timeout 3"), seconds(3));
}

#[test]
fn connections_go_to_the_real_server_unless_told_otherwise() {
    let plain = Connection::new("10.0.0.1:8080".parse().unwrap());
    assert_eq!(plain.limits.step, seconds(5));
    assert_eq!(probe("TCP_CHECK {\n}").0, Probe::Tcp(plain));
    let ping = Connection::new("10.0.0.1:0".parse().unwrap());
    assert_eq!(probe("PING_CHECK {\n}").0, Probe::Ping(ping));
    let inner = "TCP_CHECK {\nconnect_ip fe80::1\nconnect_port 1\nbindto fe80::2\nbind_port 2\n\
                 bind_if eth0\nfwmark 3\nconnect_timeout 0.25\n}";
    let other = Connection {
        to: "[fe80::1]:1".parse().unwrap(),
        limits: Limits::of_steps(Duration::from_millis(250)),
        source: Some(Box::new(Source {
            address: Some("[fe80::2]:2".parse().unwrap()),
            interface: Some("eth0".parse().unwrap()),
            mark: Some(3),
        })),
    };
    assert_eq!(probe(inner).0, Probe::Tcp(other));
}

#[test]
fn http_checks_have_urls_with_good_answers() {
    let (probe, timing) = probe(
        "HTTP_GET {\nurl {\npath /a\nstatus_code 200-204 404\nstatus_code 503\n\
         digest 9b3a0c85a887a256d6939da88aabd8cd\nvirtualhost own\n}\nurl {\npath /b\n\
         regex \"a b\"\nregex_no_match\nregex_options utf caseless\nregex_options caseless\n\
         regex_min_offset 3\nregex_max_offset 9\n}\nhttp_protocol 1.0c\nfast_recovery\n\
         virtualhost outer\n}",
    );
    let Probe::Http(check) = probe else {
        panic!("HTTP_GET");
    };
    assert_eq!(
        (&check.tls, check.version),
        (&None, HttpVersion::Http10Close)
    );
    assert!(timing.fast_recovery);
    let [a, b] = &check.urls[..] else {
        panic!("two URLs");
    };
    assert_eq!((a.path.as_str(), host(a)), ("/a", Some("own")));
    assert_eq!(a.status.to_string(), "200-204 404 503");
    assert!(a.status.contains(404) && !a.status.contains(205));
    assert_eq!(
        a.digest.unwrap().to_string(),
        "9b3a0c85a887a256d6939da88aabd8cd"
    );
    assert_eq!(host(b), Some("outer"));
    assert_eq!(b.status.to_string(), "200-299");
    let pattern = b.pattern.as_ref().unwrap();
    let options = PatternOptions {
        caseless: true,
        unicode: true,
        negated: true,
        min_offset: 3,
        max_offset: Some(9),
        ..PatternOptions::default()
    };
    assert_eq!((pattern.as_str(), pattern.options()), ("a b", options));
}

#[test]
fn equal_pages_are_one_and_so_are_equal_timings() {
    let page = "HTTP_GET {\nurl {\npath /\nregex a\n}\n}\n";
    let other = "HTTP_GET {\nurl {\npath /\nregex a\nregex_no_match\n}\n}\n";
    let late = "HTTP_GET {\nurl {\npath /\n}\ndelay_loop 7\n}\n";
    let checks = checks_in("", &[page, other, page, late].concat());
    let parts = checks.iter().map(|checker| match &checker.check {
        Check::Probe {
            probe: Probe::Http(http),
            timing,
        } => (&http.urls[0], timing),
        Check::Probe { .. } | Check::File(_) => panic!("HTTP_GET"),
    });
    let [a, b, c, d] = parts.collect::<Vec<_>>().try_into().unwrap();
    assert!(Arc::ptr_eq(a.0, c.0) && !Arc::ptr_eq(a.0, b.0));
    assert!(Arc::ptr_eq(a.1, b.1) && !Arc::ptr_eq(a.1, d.1));
}

#[test]
fn virtual_hosts_are_inherited() {
    let url = "HTTP_GET {\nurl {\npath /\n}\n}";
    for (outer, middle, host) in [
        ("", "", None),
        ("virtualhost a", "", Some("a")),
        ("virtualhost a", "virtualhost b\n", Some("b")),
    ] {
        let Probe::Http(check) = probe_in(outer, &format!("{middle}{url}")).0 else {
            panic!("HTTP_GET");
        };
        assert_eq!(self::host(&check.urls[0]), host);
    }
}

#[test]
fn names_are_sent_in_the_tls_handshake_if_asked_for() {
    for (body, name) in [
        ("", None),
        ("enable_sni", Some("host")),
        ("sni_name other", Some("other")),
    ] {
        let inner = format!("SSL_GET {{\nurl {{\npath /\nvirtualhost host\n}}\n{body}\n}}");
        let check = http(&inner);
        assert_eq!(check.server_name(&check.urls[0]), name, "{body}");
    }
}

#[test]
fn the_other_checks_keep_what_is_special_to_them() {
    let Probe::Smtp(smtp) = probe("SMTP_CHECK {\n}").0 else {
        panic!("SMTP_CHECK");
    };
    assert_eq!(smtp.helo, "smtpchecker.keepalived.org");
    let Probe::Dns(dns) = probe("DNS_CHECK {\n}").0 else {
        panic!("DNS_CHECK");
    };
    assert_eq!((dns.record, &*dns.name), (DnsType::Soa, "."));
    let Probe::Dns(dns) = probe("DNS_CHECK {\ntype aaaa\nname a.example.\n}").0 else {
        panic!("DNS_CHECK");
    };
    assert_eq!((dns.record, &*dns.name), (DnsType::Aaaa, "a.example."));
    let Probe::Udp(udp) = probe("UDP_CHECK {\n}").0 else {
        panic!("UDP_CHECK");
    };
    assert_eq!(udp.settings.payload, None);
    assert_eq!(udp.settings.reply, Reply::Optional);
    let inner = "UDP_CHECK {\npayload Ab12f 3 456\nrequire_reply \"aX 1\"\n}";
    let Probe::Udp(udp) = probe(inner).0 else {
        panic!("UDP_CHECK");
    };
    let payload = Payload::from(vec![0xab, 0x12, 0x0f, 0x03, 0x45, 0x06]);
    assert_eq!(udp.settings.payload, Some(payload));
    let pattern = [(0xa0, 0xf0), (1, 0xff)].into_iter().collect();
    let reply = Reply::Required {
        pattern: Some(pattern),
        length: Some(0..=255),
    };
    assert_eq!(udp.settings.reply, reply);
    let inner = "MISC_CHECK {\nmisc_path \"/x 'a b' c\"\nmisc_dynamic\nuser u g\n}";
    let Probe::Misc(misc) = probe(inner).0 else {
        panic!("MISC_CHECK");
    };
    assert_eq!(misc.script.command, ["/x", "a b", "c"]);
    assert_eq!(misc.script.group.as_deref(), Some("g"));
    assert!(misc.dynamic);
}
