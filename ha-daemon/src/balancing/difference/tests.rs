//! Tests of the difference between two configurations of a virtual server.

use super::*;
use crate::config::{LoadOptions, load_str};

fn checkers(text: &str) -> Vec<Checker> {
    let text = format!(
        "virtual_server 192.0.2.1 80 {{\nprotocol TCP\nlb_kind NAT\nlb_algo rr\nreal_server 10.0.0.1 80 {{\n\
         {text}\n}}\n}}"
    );
    let mut loaded = load_str("test.conf", &text, &LoadOptions::default());
    assert_eq!(loaded.diagnostics, []);
    let mut server = loaded.config.virtual_servers.remove(0);
    server.real_servers.remove(0).checkers
}

fn pairs(ours: &str, theirs: &str) -> Vec<Option<usize>> {
    let (ours, theirs) = (checkers(ours), checkers(theirs));
    let ours: Vec<_> = ours.iter().collect();
    let theirs: Vec<_> = theirs.iter().collect();
    pair(&ours, &theirs)
}

#[test]
fn equal_checkers_find_each_other_before_similar_ones() {
    let (slow, fast) = ("TCP_CHECK {\n}", "TCP_CHECK {\ndelay_loop 1\n}");
    let medium = "TCP_CHECK {\ndelay_loop 9\n}";
    let ours = format!("{slow}\n{fast}");
    assert_eq!(pairs(&ours, &format!("{fast}\n{slow}")), [Some(1), Some(0)]);
    assert_eq!(
        pairs(&ours, &format!("{medium}\n{slow}")),
        [Some(1), Some(0)]
    );
    let three = format!("{slow}\n{slow}\n{slow}");
    assert_eq!(pairs(&ours, &three), [Some(0), Some(1), None]);
}

#[test]
fn a_checker_is_the_same_if_it_looks_at_the_same() {
    let same = [
        ("TCP_CHECK {\n}", "TCP_CHECK {\nretry 9\nwarmup 3\n}"),
        ("PING_CHECK {\n}", "PING_CHECK {\nconnect_timeout 1\n}"),
        ("SMTP_CHECK {\n}", "SMTP_CHECK {\ndelay_loop 3\n}"),
        (
            "MISC_CHECK {\nmisc_path /bin/true\n}",
            "MISC_CHECK {\nmisc_path /bin/true\nmisc_timeout 3\n}",
        ),
        ("UDP_CHECK {\n}", "UDP_CHECK {\nalpha\n}"),
    ];
    for (ours, theirs) in same {
        assert_eq!(pairs(ours, theirs), [Some(0)], "{theirs}");
    }
    let others = [
        ("TCP_CHECK {\n}", "PING_CHECK {\n}"),
        ("TCP_CHECK {\n}", "TCP_CHECK {\nconnect_port 81\n}"),
        ("TCP_CHECK {\n}", "TCP_CHECK {\nbindto 10.0.0.7\n}"),
        ("SMTP_CHECK {\n}", "SMTP_CHECK {\nhelo_name a.example\n}"),
        (
            "MISC_CHECK {\nmisc_path /bin/true\n}",
            "MISC_CHECK {\nmisc_path /bin/false\n}",
        ),
        (
            "HTTP_GET {\nurl {\npath /a\n}\n}",
            "HTTP_GET {\nurl {\npath /b\n}\n}",
        ),
        (
            "HTTP_GET {\nurl {\npath /a\n}\n}",
            "SSL_GET {\nurl {\npath /a\n}\n}",
        ),
        ("DNS_CHECK {\nname a\n}", "DNS_CHECK {\nname b\n}"),
    ];
    for (ours, theirs) in others {
        assert_eq!(pairs(ours, theirs), [None], "{theirs}");
    }
}
