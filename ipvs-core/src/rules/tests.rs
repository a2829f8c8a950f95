//! Tests of the parser and the printer.

use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::*;
use crate::destination::{Tunnel, TunnelChecksum};
use crate::service::{Flags, Granularity, Persistence};
use crate::{
    Destination, DestinationKey, Family, Forwarding, Name, NameError, Protocol, Scheduler, Service,
    ServiceKey, SyncDaemon, SyncRole, Timeouts,
};

mod refusals;
mod saved;
mod strategies;

fn parsed(line: &str) -> Command {
    parse_line(line, &mut Numeric).unwrap().unwrap()
}

fn refused(line: &str) -> Reason {
    parse_line(line, &mut Numeric).unwrap_err().reason
}

/// What ipvsadm 1.31 makes of each of these, as its requests to the kernel show.
#[test]
fn options_are_read_as_ipvsadm_reads_them() {
    for (line, read) in [
        ("-A -t 10.0.0.1:80", "-A -t 10.0.0.1:80 -s wlc"),
        ("-At 10.0.0.1:80 -srr", "-A -t 10.0.0.1:80 -s rr"),
        ("-A -t=10.0.0.1:80", "-A -t 10.0.0.1:80 -s wlc"),
        ("-A --tcp-service=10.0.0.1:80", "-A -t 10.0.0.1:80 -s wlc"),
        ("-A -t 10.1:80", "-A -t 10.0.0.1:80 -s wlc"),
        ("-A -t 0x0a000001:80", "-A -t 10.0.0.1:80 -s wlc"),
        ("-A -t 10.0.0.1:+80", "-A -t 10.0.0.1:80 -s wlc"),
        ("-A -t 10.0.0.1:80 -p", "-A -t 10.0.0.1:80 -s wlc -p 360"),
        ("-A -p -t 10.0.0.1:80", "-A -t 10.0.0.1:80 -s wlc -p 360"),
        ("-A -t 10.0.0.1:80 -p=30", "-A -t 10.0.0.1:80 -s wlc -p 30"),
        ("-A -t 10.0.0.1:80 -p30", "-A -t 10.0.0.1:80 -s wlc -p 30"),
        (
            "-A --persistent=30 -t 10.0.0.1:80",
            "-A -t 10.0.0.1:80 -s wlc -p 30",
        ),
        ("-A -t 10.0.0.1 -p", "-A -t 10.0.0.1:0 -s wlc -p 360"),
        (
            "-A -t 10.0.0.1:80 -s sh -b sh-port,,sh-fallback,flag-3",
            "-A -t 10.0.0.1:80 -s sh -b sh-fallback,sh-port,flag-3",
        ),
        (
            "-A -b sh-port -s sh -t 10.0.0.1:80",
            "-A -t 10.0.0.1:80 -s sh -b sh-port",
        ),
        (
            "-A -u 10.0.0.1:80 -p 20 -M 255.255.255.0 -o --pe sip",
            "-A -u 10.0.0.1:80 -s wlc -p 20 -M 255.255.255.0 --pe sip -o",
        ),
        (
            "-A -u 10.0.0.1:80 -o --pe sip",
            "-A -u 10.0.0.1:80 -s wlc --pe sip -o",
        ),
        ("-A -f +7 -o", "-A -f 7 -s wlc -o"),
        ("-A -f -1", "-A -f 4294967295 -s wlc"),
        ("-A -f 4294967295", "-A -f 4294967295 -s wlc"),
        ("-A -f 5 -6 -p 1 -M 64", "-A -f 5 -6 -s wlc -p 1 -M 64"),
        ("-A -t ::1 -p 1", "-A -t [::1]:0 -s wlc -p 1"),
        (
            "-A --sctp-service 10.0.0.1:80",
            "-A --sctp-service 10.0.0.1:80 -s wlc",
        ),
        ("-D -f 5 -6", "-D -f 5 -6"),
        ("-Z", "-Z"),
        ("-Z -t 10.0.0.1:80", "-Z -t 10.0.0.1:80"),
        ("--set 1 -- 2 3", "--set 1 2 3"),
        (
            "--start-daemon=master",
            "--start-daemon master --mcast-interface eth0 --syncid 0",
        ),
        (
            "--stop-daemon backup --syncid 7",
            "--stop-daemon backup --syncid 7",
        ),
        ("-Ln", "-L -n"),
        ("-l --sort -X", "-L --exact"),
        ("-Sn", "-S -n"),
        ("-h -n", "-h"),
        ("--version foo", "-v"),
    ] {
        assert_eq!(parsed(line).to_string(), read, "{line}");
    }
}

#[test]
fn destinations_are_read_as_ipvsadm_reads_them() {
    for (line, read) in [
        ("-r 10.0.0.2", "-r 10.0.0.2:80 -g -w 1"),
        ("-r 10.0.0.2:81", "-r 10.0.0.2:80 -g -w 1"),
        ("-r 10.0.0.2:81 -m", "-r 10.0.0.2:81 -m -w 1"),
        ("-m -r 10.0.0.2 -w 0", "-r 10.0.0.2:80 -m -w 0"),
        ("-r ::2 -i", "-r [::2]:80 -i -w 1 --tun-type ipip"),
        (
            "-r 10.0.0.2 -i --tun-type gue --tun-port 6080",
            "-r 10.0.0.2:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-nocsum",
        ),
        (
            "-r 10.0.0.2 -i --tun-type gue --tun-port 5 --tun-remcsum",
            "-r 10.0.0.2:80 -i -w 1 --tun-type gue --tun-port 5 --tun-remcsum",
        ),
        (
            "-r 10.0.0.2 -i --tun-type gre --tun-csum",
            "-r 10.0.0.2:80 -i -w 1 --tun-type gre --tun-csum",
        ),
        (
            "-r 10.0.0.2 -w 2147483647 -x 2147483647 -y 5",
            "-r 10.0.0.2:80 -g -w 2147483647 -x 2147483647 -y 5",
        ),
    ] {
        let service = "-t 10.0.0.1:80";
        let line = ["-a", service, line].join(" ");
        assert_eq!(
            parsed(&line).to_string(),
            ["-a", service, read].join(" "),
            "{line}"
        );
    }
    assert_eq!(
        parsed("-d -t 10.0.0.1:80 -r 10.0.0.2:81").to_string(),
        "-d -t 10.0.0.1:80 -r 10.0.0.2:81"
    );
    assert_eq!(
        parsed("-a -f 1 -r 10.0.0.2:81 -g").to_string(),
        "-a -f 1 -r 10.0.0.2:81 -g -w 1"
    );
    assert_eq!(
        parsed("-a -r 10.0.0.2 -m -t 10.0.0.1:80").to_string(),
        "-a -t 10.0.0.1:80 -r 10.0.0.2:80 -m -w 1"
    );
}

struct Hosts;

impl Names for Hosts {
    fn address(&mut self, host: &str) -> Option<IpAddr> {
        (host == "web").then_some(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 7)))
    }

    fn port(&mut self, service: &str, protocol: Protocol) -> Option<u16> {
        (service == "http" && protocol == Protocol::TCP).then_some(80)
    }
}

#[test]
fn names_are_asked_for() {
    let command = parse(&["-A", "-t", "web:http"], &mut Hosts).unwrap();
    assert_eq!(command.to_string(), "-A -t 10.0.0.7:80 -s wlc");
    let error = parse(&["-A", "-u", "web:http"], &mut Hosts).unwrap_err();
    assert_eq!(
        error,
        CommandError {
            word: Some(2),
            reason: Reason::VirtualServer("web:http".to_owned())
        }
    );
}

#[test]
fn a_file_is_read_line_by_line_and_errors_say_where() {
    let text = "# a table\n\
                \n\
                ipvsadm -A -f 1 -s rr\r\n\
                -a -f 1  -r 10.0.0.2 -w ten\n\
                \t-a -f 1\n\
                -C";
    let read: Vec<_> = read(text, &mut Numeric)
        .map(|outcome| match outcome {
            Ok((line, command)) => [line.to_string(), command.to_string()].join(" "),
            Err(error) => error.to_string(),
        })
        .collect();
    assert_eq!(
        read,
        [
            "3 -A -f 1 -s rr",
            "line 4, column 25: \"ten\" is no weight, allowed are 0 to 2147483647",
            "line 5, column 9: add-server without real-server",
            "6 -C",
        ]
    );
}

#[test]
fn ipvsadm_alone_is_nothing() {
    assert_eq!(parse_line("  ipvsadm ", &mut Numeric), Ok(None));
    assert_eq!(
        parse(&[], &mut Numeric).unwrap_err().reason,
        Reason::NoCommand
    );
}

#[test]
fn ipv4_addresses_have_all_forms_of_inet_aton() {
    for (text, address) in [
        ("10.0.0.1", Some([10, 0, 0, 1])),
        ("10.258", Some([10, 0, 1, 2])),
        ("10.1.258", Some([10, 1, 1, 2])),
        ("0x7f.1", Some([127, 0, 0, 1])),
        ("010.0.0.1", Some([8, 0, 0, 1])),
        ("4294967295", Some([255, 255, 255, 255])),
        ("24", Some([0, 0, 0, 24])),
        ("0", Some([0, 0, 0, 0])),
        ("4294967296", None),
        ("10.0.0.256", None),
        ("10.256.0.1", None),
        ("10.0.65536", None),
        ("1.2.3.4.5", None),
        ("10..1", None),
        ("08.0.0.1", None),
        ("0x.1", None),
        ("+1.0.0.1", None),
        ("", None),
        ("host", None),
    ] {
        assert_eq!(value::ipv4(text), address.map(Ipv4Addr::from), "{text}");
    }
}

proptest! {
    #[test]
    fn what_is_printed_is_read_back(command in strategies::command()) {
        prop_assert_eq!(parse_line(&command.to_string(), &mut Numeric), Ok(Some(command)));
    }

    #[test]
    fn no_order_of_options_is_too_odd(
        words in prop::collection::vec("-{0,2}[A-Zab-y6]{1,3}|--(tun|mcast|sync)-[a-z]{1,7}|[0-9a-f.:\\[\\]]{0,9}", 0..9)
    ) {
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        if let Err(CommandError { word: Some(word), .. }) = parse(&words, &mut Numeric) {
            prop_assert!(word < words.len());
        }
    }
}
