//! However a text is made, reading it takes time in proportion to its length.

use core::time::Duration;

use nix::time::{ClockId, clock_gettime};

use super::{load_text, options, places};
use crate::config::{LoadOptions, load_str};

/// How much longer a text gets, and how much longer at most the time to read it: of order n², it
/// would be 64 times as long.
const GROWTH: usize = 8;
const MOST: u32 = 3 * 8;

/// The processor time of reading a text, without what else goes on in the machine.
#[expect(
    clippy::disallowed_methods,
    reason = "what is measured is the processor's time"
)]
fn time(text: &str) -> Duration {
    let now = || Duration::from(clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).unwrap());
    let measure = |_| {
        let before = now();
        drop(load_text(text));
        now() - before
    };
    (0..3).map(measure).min().unwrap()
}

/// A text with `line` for each number below `count`.
fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect()
}

fn assert_linear(what: &str, make: impl Fn(usize) -> String) {
    let (short, long) = (make(400), make(400 * GROWTH));
    let (short, long) = (time(&short), time(&long));
    let floor = Duration::from_micros(200);
    assert!(
        long <= short.max(floor) * MOST,
        "{what}: {short:?}, and {long:?} for {GROWTH} times as much"
    );
}

#[test]
fn what_is_right_takes_time_in_proportion() {
    assert_linear("instances", |count| {
        lines(count, |n| {
            format!(
                "vrrp_instance V{n} {{\ninterface e{}\nvirtual_router_id {}\nuse_vmac\n\
                 virtual_ipaddress {{\n10.0.{}.{}/24\n}}\n}}\n",
                n / 250,
                n % 250 + 1,
                n / 250,
                n % 250
            )
        })
    });
    assert_linear("virtual servers", |count| {
        lines(count, |n| {
            format!(
                "virtual_server 10.0.{}.{} 80 {{\nlb_algo rr\nlb_kind NAT\nprotocol TCP\n\
                 real_server 10.1.0.1 80 {{\nTCP_CHECK {{\n}}\n}}\n}}\n",
                n / 250,
                n % 250
            )
        })
    });
    assert_linear("real servers of a group", |count| {
        let entries = lines(count, |n| format!("10.0.{}.{} 80\n", n / 250, n % 250));
        let servers = lines(count, |n| {
            format!("real_server 10.1.{}.{} 80 {{\n}}\n", n / 250, n % 250)
        });
        format!(
            "virtual_server_group G {{\n{entries}}}\nvirtual_server group G {{\nlb_algo rr\n\
             lb_kind DR\nprotocol TCP\n{servers}}}\n"
        )
    });
    assert_linear("macros", |count| {
        let macros = lines(count, |n| format!("$M{n}=interface eth{n}\n"));
        let instances = lines(count, |n| {
            format!("vrrp_instance V{n} {{\n$M{n}\nvirtual_router_id 1\n}}\n")
        });
        macros + &instances
    });
    assert_linear("macros that use one", |count| {
        "$A=1\n".to_owned() + &lines(count, |n| format!("$A{n}=$A\n"))
    });
    assert_linear("a sequence", |count| {
        format!("vrrp_instance V {{\n~SEQ(n, 1, {count}) priority $n\n}}\n")
    });
    assert_linear("addresses", |count| {
        let addresses = lines(count, |n| format!("10.{}.{}.1\n", n / 250, n % 250));
        format!("vrrp_instance V {{\nvirtual_ipaddress {{\n{addresses}}}\n}}\n")
    });
    assert_linear("comments", |count| "# nothing\n".repeat(20 * count));
}

#[test]
fn what_is_wrong_takes_time_in_proportion() {
    for (what, text) in [
        ("unknown keywords", "keywurd 1\n"),
        ("opening braces", "a {\n"),
        ("opening braces on one line", "a { "),
        ("closing braces", "}\n"),
        ("quotes", "a \"b\n"),
        ("undefined variables", "priority ${A}\n"),
        ("one line", "0123456789 "),
        ("bad characters", "\0\u{fffd}"),
        ("blocks without end", "vrrp_instance A {\n"),
        (
            "equal instances",
            "vrrp_instance A {\ninterface eth0\nvirtual_router_id 1\n}\n",
        ),
    ] {
        assert_linear(what, |count| text.repeat(count));
    }
    assert_linear("long words", |count| ("a".repeat(900) + "\n").repeat(count));
    assert_linear("nested blocks", |count| {
        "a {\n".repeat(count) + &"}\n".repeat(count)
    });
    assert_linear("groups that are not there", |count| {
        let groups = lines(count, |n| format!("virtual_server_group A{n} {{\n}}\n"));
        let servers = lines(count, |n| format!("virtual_server group B{n} {{\n}}\n"));
        groups + &servers
    });
    assert_linear("a macro that uses itself", |count| {
        let body = lines(count, |n| format!("priority {} \\\n", n % 255));
        format!("$A= \\\n$A \\\n{body}\n$A\n")
    });
    assert_linear("a name for many interfaces", |count| {
        lines(count, |n| {
            format!(
                "vrrp_instance V{n} {{\ninterface e\nvirtual_router_id 1\nuse_vmac vrrp.1\n\
                 virtual_ipaddress {{\n10.0.0.1\n}}\n}}\n"
            )
        })
    });
}

#[test]
fn macros_that_use_each_other_over_lines_end() {
    let loaded = load_text("$A=priority 1 \\\n$A\n$A\n");
    let expected = [("unknown-keyword", 1, 4), ("bad-macro", 2, 1)];
    assert_eq!(places(&loaded), expected);
}

#[test]
fn more_words_than_there_may_be_are_not_read() {
    let options = LoadOptions {
        max_lines: 10,
        ..options()
    };
    let read = |text: &str| places(&load_str("test.conf", text, &options));
    let line = format!("a {}\n", "1 ".repeat(39));
    let once = ("unknown-keyword", 1, 1);
    assert_eq!(read(&line), [once]);
    assert_eq!(read(&line.repeat(2)), [once, ("expansion-limit", 2, 1)]);
}
