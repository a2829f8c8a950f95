//! Tests of listings, against the output of ipvsadm 1.31 for the same tables.

use ipvs_core::record::{Activity, Rates, Totals};
use ipvs_core::rules::{Command, Numeric, parse_line};

use super::*;

/// The table that command lines make.
fn table(rules: &[&str]) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for rule in rules {
        let command = parse_line(rule, &mut Numeric).unwrap().unwrap();
        if let Command::AddService(service) = command {
            entries.push(Entry {
                record: ServiceRecord {
                    service,
                    statistics: Statistics::default(),
                },
                destinations: Vec::new(),
            });
        } else if let Command::AddDestination(_, destination) = command {
            let service = entries.last_mut().unwrap();
            service.destinations.push(DestinationRecord {
                destination,
                activity: Activity {
                    active: 3,
                    inactive: 20,
                    persistent: 4,
                },
                statistics: Statistics::default(),
            });
        } else {
            panic!("{command} makes no table");
        }
    }
    entries
}

fn listing(options: &str, entries: &[Entry]) -> String {
    let line = format!("-L -n {options}");
    let Some(Command::List(listing)) = parse_line(&line, &mut Numeric).unwrap() else {
        panic!("{line} lists nothing");
    };
    let mut text = String::new();
    write(&mut text, &listing, entries, &mut Endpoints::Numeric).unwrap();
    text
}

#[test]
fn services_are_listed_with_their_options() {
    let entries = table(&[
        "-A -t 10.0.0.1:80 -s wlc",
        "-A -u 10.0.0.1:53 -s rr -p 360",
        "-A -u 10.0.0.1:54 -s rr -o",
        "-A -u 10.0.0.9:5060 -s lc -p 60 --pe sip -o",
        "-A -u 10.0.0.9:5061 -s lc --pe sip",
        "-A --sctp-service 10.0.0.1:99 -s wrr -p 30 -M 255.255.255.0",
        "-A -t [2001:db8::1]:443 -s sh -b sh-fallback -p 360 -M 64",
        "-A -f 7 -s sh -b sh-fallback,sh-port",
        "-A -f 8 -6 -s mh -b mh-port",
        "-A -f 2147483648 -s wlc -b flag-1,flag-3",
        "-A -t 10.0.1.1:46 -s sh -b flag-3",
    ]);
    assert_eq!(
        listing("", &entries),
        "\
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
TCP  10.0.0.1:80 wlc
UDP  10.0.0.1:53 rr persistent 360
UDP  10.0.0.1:54 rr ops
UDP  10.0.0.9:5060 lc persistent 60 pe sip ops
UDP  10.0.0.9:5061 lc
SCTP 10.0.0.1:99 wrr persistent 30 mask 255.255.255.0
TCP  [2001:db8::1]:443 sh (sh-fallback) persistent 360 mask 64
FWM  7 sh (sh-fallback,sh-port)
FWM  8 IPv6 mh (mh-port)
FWM  -2147483648 wlc (flag-1,flag-3)
TCP  10.0.1.1:46 sh ()
"
    );
}

const DESTINATIONS: [&str; 9] = [
    "-A -t 10.0.0.1:80 -s wlc",
    "-a -t 10.0.0.1:80 -r 192.168.1.1:8080 -m -w 100000 -x 10 -y 5",
    "-a -t 10.0.0.1:80 -r 192.168.1.2 -g -w 2147483647",
    "-a -t 10.0.0.1:80 -r 192.168.1.4 -i",
    "-a -t 10.0.0.1:80 -r 192.168.1.5 -i --tun-type gue --tun-port 6080",
    "-a -t 10.0.0.1:80 -r 192.168.1.6 -i --tun-type gue --tun-port 6080 --tun-csum",
    "-a -t 10.0.0.1:80 -r 192.168.1.7 -i --tun-type gue --tun-port 6080 --tun-remcsum",
    "-a -t 10.0.0.1:80 -r 192.168.1.8 -i --tun-type gre --tun-csum",
    "-a -t 10.0.0.1:80 -r [2001:db8:1111:2222:3333:4444:5555:6666]:80 -i",
];

#[test]
fn destinations_are_listed_in_columns() {
    assert_eq!(
        listing("", &table(&DESTINATIONS[..4])),
        "\
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
TCP  10.0.0.1:80 wlc
  -> 192.168.1.1:8080             Masq    100000 3          20        
  -> 192.168.1.2:80               Route   2147483647 3          20        
  -> 192.168.1.4:80               Tunnel  1      3          20        
"
    );
}

#[test]
fn tunnels_are_listed_with_ports_and_checksums() {
    assert_eq!(
        listing("--tun-info", &table(&DESTINATIONS)),
        "\
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward TunnelInfo    Weight ActiveConn InActConn
TCP  10.0.0.1:80 wlc
  -> 192.168.1.1:8080             Masq    n/a           100000 3          20        
  -> 192.168.1.2:80               Route   n/a           2147483647 3          20        
  -> 192.168.1.4:80               Tunnel  ipip          1      3          20        
  -> 192.168.1.5:80               Tunnel  gue:6080:-c   1      3          20        
  -> 192.168.1.6:80               Tunnel  gue:6080:+c   1      3          20        
  -> 192.168.1.7:80               Tunnel  gue:6080:r+c  1      3          20        
  -> 192.168.1.8:80               Tunnel  gre:+c        1      3          20        
  -> [2001:db8:1111:2222:3333:4444:5555:6666]:80 Tunnel  ipip          1      3          20        
"
    );
}

#[test]
fn thresholds_and_persistence_have_columns_of_their_own() {
    let entries = table(&DESTINATIONS[..3]);
    assert_eq!(
        listing("--thresholds --persistent-conn", &entries),
        "Prot LocalAddress:Port            Uthreshold Lthreshold ActiveConn InActConn 
  -> RemoteAddress:Port
TCP  10.0.0.1:80 wlc
  -> 192.168.1.1:8080             10         5          3          20        
  -> 192.168.1.2:80               0          0          3          20        
"
    );
    assert_eq!(
        listing("--persistent-conn --tun-info", &entries),
        "Prot LocalAddress:Port            Weight    PersistConn ActiveConn InActConn 
  -> RemoteAddress:Port
TCP  10.0.0.1:80 wlc
  -> 192.168.1.1:8080             100000    4           3          20        
  -> 192.168.1.2:80               2147483647 4           3          20        
"
    );
}

#[test]
fn statistics_come_before_rates_and_these_before_other_columns() {
    let mut entries = table(&["-A -f 8 -6", "-a -f 8 -6 -r [2001:db8::b]:0 -m"]);
    entries[0].record.statistics = Statistics {
        totals: Totals {
            connections: 10_000_000,
            packets_in: 99_999_999,
            packets_out: 100_000_000,
            octets_in: 100_000_001,
            octets_out: 999_999_999,
        },
        rates: Rates {
            connections: 1,
            packets_in: 2,
            packets_out: 3,
            octets_in: 4,
            octets_out: 5,
        },
    };
    assert_eq!(
        listing("--stats --rate", &entries),
        "\
Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes
  -> RemoteAddress:Port
FWM  8 IPv6                       10000000 99999999  100000K  100000K  999999K
  -> [2001:db8::b]:0                     0        0        0        0        0
"
    );
    assert_eq!(
        listing("--rate --thresholds --exact", &entries),
        "\
Prot LocalAddress:Port                 CPS    InPPS   OutPPS    InBPS   OutBPS
  -> RemoteAddress:Port
FWM  8 IPv6                              1        2        3        4        5
  -> [2001:db8::b]:0                     0        0        0        0        0
"
    );
}

#[test]
fn names_of_ipv4_endpoints_are_cut_to_their_column() {
    let long = "an-extremely-long-service-host-name.example.org:80";
    assert_eq!(column(long.into(), true), "an-extremely-long-service-ho");
    assert_eq!(column(long.into(), false), long);
    assert_eq!(column("a".repeat(27) + "é:80", true), "a".repeat(27));
}
