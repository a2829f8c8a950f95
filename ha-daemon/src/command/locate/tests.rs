//! Tests of `ha-daemon where`.

use core::num::NonZeroU32;
use std::path::Path;

use ipvs_core::connection::{ReuseMode, Settings};
use ipvs_core::record::{Activity, DestinationRecord, Statistics};
use ipvs_core::service::{Flags, Granularity, Persistence};
use ipvs_core::{
    Destination, DestinationKey, Forwarding, Protocol, Scheduler, Service, ServiceKey,
};

use super::answer::{Answer, Decision, Facts};
use super::history::History;
use super::service::matched;
use super::table::{read, restored, settings};
use super::{Question, QuestionError};

const RULES: &str = "\
-A -t 192.0.2.100:80 -s wlc
-a -t 192.0.2.100:80 -r 10.0.0.1:80 -m -w 1
-a -t 192.0.2.100:80 -r 10.0.0.2:80 -m -w 2
-a -t 192.0.2.100:80 -r 10.0.0.3:8080 -m -w 0
-A -t 192.0.2.100:443 -s sh -b sh-port
-a -t 192.0.2.100:443 -r 10.0.0.1:443 -g -w 1
-a -t 192.0.2.100:443 -r 10.0.0.2:443 -g -w 0
-A -u 192.0.2.100:53 -s wrr
-a -u 192.0.2.100:53 -r 10.0.0.1:53 -m -w 1
-a -u 192.0.2.100:53 -r 10.0.0.2:53 -m -w 2
-A -f 7 -s rr -p 300
-a -f 7 -r 10.0.0.1 -g -w 1
-a -f 7 -r 10.0.0.2 -g -w 1
";

fn question(client: &str, target: &str, protocol: Protocol, mark: u32) -> Question {
    Question::new(
        client.parse().unwrap(),
        target.parse().unwrap(),
        protocol,
        NonZeroU32::new(mark),
    )
    .unwrap()
}

fn ask(client: &str, target: &str, protocol: Protocol, mark: u32) -> Answer {
    let table = read(RULES, Path::new("rules")).unwrap();
    restored(&question(client, target, protocol, mark), &table).unwrap()
}

#[test]
fn a_pick_by_counters_is_exact_and_shows_them() {
    let answer = ask("198.51.100.7:40000", "192.0.2.100:80", Protocol::TCP, 0);
    assert_eq!(
        answer.to_string(),
        "\
TCP 198.51.100.7:40000 -> 192.0.2.100:80

service      TCP 192.0.2.100:80, by protocol, address and port
scheduler    wlc
destination  10.0.0.2:80
why          wlc picks the least load for its weight, the first of equals
certainty    exact
assumed      the table was just read by `ipvsadm -R`, in this order, and nothing is connected

   destination    method       weight  active  inactive      load
   10.0.0.3:8080  masquerade        0       0         0         0  weight 0
-> 10.0.0.2:80    masquerade        2       0         0         0
   10.0.0.1:80    masquerade        1       0         0         0
"
    );
}

#[test]
fn what_the_kernel_hides_makes_it_one_of_several() {
    let answer = ask("198.51.100.7", "192.0.2.100:53", Protocol::UDP, 0);
    assert_eq!(
        answer.to_string(),
        "\
UDP 198.51.100.7 -> 192.0.2.100:53

service      UDP 192.0.2.100:53, by protocol, address and port
scheduler    wrr
destination  10.0.0.2:53
why          wrr picks them in turn, each as often as its weight says
certainty    the likeliest of 2
unknown      the kernel does not tell of wrr whose turn it is, and at what weight
assumed      the table was just read by `ipvsadm -R`, in this order, and nothing is connected

   destination  method       weight  active  inactive
-> 10.0.0.2:53  masquerade        2       0         0  2 in 3
   10.0.0.1:53  masquerade        1       0         0  1 in 3
"
    );
    let answer = ask("198.51.100.7", "192.0.2.100:8080", Protocol::TCP, 7);
    assert_eq!(
        answer.to_string(),
        "\
TCP 198.51.100.7 -> 192.0.2.100:8080, mark 7

service      FWM 7, by its mark
scheduler    rr, persistent for 300 s
destination  10.0.0.2:8080
why          rr picks them in turn
certainty    one of 2, each as likely
unknown      the kernel does not tell of rr whose turn it is
assumed      the table was just read by `ipvsadm -R`, in this order, and nothing is connected

   destination    method       weight  active  inactive
-> 10.0.0.2:8080  route             1       0         0  1 in 2
   10.0.0.1:8080  route             1       0         0  1 in 2
"
    );
}

#[test]
fn a_port_that_is_hashed_and_unknown_leaves_even_nobody_possible() {
    let answer = ask("198.51.100.7", "192.0.2.100:443", Protocol::TCP, 0);
    let candidates: Vec<_> = answer
        .candidates
        .iter()
        .map(|candidate| candidate.destination.as_deref())
        .collect();
    assert!(!answer.exact);
    assert_eq!(candidates.len(), 2);
    assert!(candidates.contains(&Some("10.0.0.1:443")) && candidates.contains(&None));
    assert_eq!(
        answer.unknown,
        ["the client's port decides too, and is not given"]
    );
}

#[test]
fn a_hash_that_gives_a_closed_destination_serves_nobody() {
    // 10.0.0.2, of weight 0, owns every other bucket all the same.
    let refused = (1024..1100)
        .map(|port| {
            let client = format!("198.51.100.7:{port}");
            ask(&client, "192.0.2.100:443", Protocol::TCP, 0)
        })
        .find(|answer| !answer.is_served())
        .unwrap();
    assert_eq!(refused.decision, Decision::NoDestination);
    assert_eq!(
        refused.why,
        "the hash gives one that takes no new connections, and sh-fallback is not set"
    );
    assert!(refused.exact);
    assert!(
        refused
            .to_string()
            .contains("destination  none: the client is told that the port is unreachable\n")
    );
}

#[test]
fn a_packet_of_no_service_is_nobodys() {
    let answer = ask("198.51.100.7", "192.0.2.100:25", Protocol::TCP, 0);
    assert_eq!(
        answer.to_string(),
        "\
TCP 198.51.100.7 -> 192.0.2.100:25

destination  none: the packet goes on as if there were no IPVS
why          no service is for it
assumed      the table was just read by `ipvsadm -R`, in this order, and nothing is connected
"
    );
    assert!(!answer.is_served());
}

#[test]
fn the_document_has_stable_names() {
    let answer = ask("198.51.100.7", "192.0.2.100:53", Protocol::UDP, 0);
    let document = serde_json::to_value(&answer).unwrap();
    assert_eq!(
        document,
        serde_json::json!({
            "packet": "UDP 198.51.100.7 -> 192.0.2.100:53",
            "service": "UDP 192.0.2.100:53",
            "matched_by": "address",
            "scheduler": "wrr",
            "persistence_s": null,
            "destination": "10.0.0.2:53",
            "decision": "scheduler",
            "why": "wrr picks them in turn, each as often as its weight says",
            "exact": false,
            "candidates": [
                {"destination": "10.0.0.2:53", "odds": {"cases": 2, "of": 3}},
                {"destination": "10.0.0.1:53", "odds": {"cases": 1, "of": 3}},
            ],
            "unknown": ["the kernel does not tell of wrr whose turn it is, and at what weight"],
            "assumed": [
                "the table was just read by `ipvsadm -R`, in this order, and nothing is connected"
            ],
            "destinations": [
                {"destination": "10.0.0.2:53", "method": "masquerade", "weight": 2, "active": 0,
                 "inactive": 0, "persistent": 0, "cost": null, "availability": "available"},
                {"destination": "10.0.0.1:53", "method": "masquerade", "weight": 1, "active": 0,
                 "inactive": 0, "persistent": 0, "cost": null, "availability": "available"},
            ],
        })
    );
}

#[test]
fn a_file_that_is_no_table_is_refused_with_its_line() {
    let chain = |text: &str| {
        let error = read(text, Path::new("rules")).unwrap_err();
        crate::observe::log::chain(&error)
    };
    assert_eq!(
        chain("-A -t 192.0.2.1:80\n-A -t 192.0.2.1:80\n"),
        "rules: line 2: the service TCP 192.0.2.1:80 exists already"
    );
    assert!(chain("-A -t 192.0.2.1:80 -x\n").starts_with("rules: line 1, column 20: "));
}

#[test]
fn a_question_needs_a_port_and_one_family() {
    let ask = |client: &str, target: &str| {
        let (client, target) = (client.parse().unwrap(), target.parse().unwrap());
        Question::new(client, target, Protocol::TCP, None)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        ask("192.0.2.1", "192.0.2.100"),
        "192.0.2.100 needs the port to connect to, as in 192.0.2.100:80"
    );
    assert_eq!(
        ask("192.0.2.1", "[2001:db8::1]:80"),
        "192.0.2.1 and 2001:db8::1 are not of the same address family"
    );
    assert_eq!(
        ask("192.0.2.1", "192.0.2.1:0"),
        QuestionError::PortZero.to_string()
    );
}

/// A live table of one service: destinations 10.0.0.1, 10.0.0.2… from the head on, each with its
/// weight, active and inactive connections and upper threshold.
struct Live {
    service: Service,
    destinations: Vec<(u32, u32, u32, u32)>,
    settings: Settings,
    connections: &'static str,
}

impl Live {
    fn new(scheduler: Scheduler, destinations: &[(u32, u32, u32, u32)]) -> Self {
        let key = ServiceKey::tcp([192, 0, 2, 100].into(), 80);
        Self {
            service: Service::new(key, scheduler),
            destinations: destinations.to_vec(),
            settings: Settings::default(),
            connections: "",
        }
    }

    fn ask(&self, client: &str) -> Answer {
        let question = question(client, "192.0.2.100:80", Protocol::TCP, 0);
        let records: Vec<_> = self
            .destinations
            .iter()
            .zip(1..)
            .map(
                |(&(weight, active, inactive, upper), host)| DestinationRecord {
                    destination: Destination {
                        upper,
                        ..Destination::new(
                            DestinationKey::new([10, 0, 0, host].into(), 80),
                            Forwarding::Masquerade,
                            weight,
                        )
                    },
                    activity: Activity {
                        active,
                        inactive,
                        persistent: 0,
                    },
                    statistics: Statistics::default(),
                },
            )
            .collect();
        let services = [self.service];
        let matched = matched(&services, &self.settings, &question);
        let history = History::read(self.connections.as_bytes(), &question, matched.service());
        Answer::of(&Facts {
            question: &question,
            settings: self.settings,
            matched,
            records: &records,
            history: Some(history),
        })
        .unwrap()
    }

    /// What may be picked, the likeliest first, and why it is not certain.
    fn candidates(&self) -> (Vec<String>, Vec<String>) {
        let answer = self.ask("198.51.100.7:40000");
        let names = answer.candidates.into_iter();
        let names = names.map(|it| it.destination.unwrap_or_else(|| "none".to_owned()));
        (names.collect(), answer.unknown)
    }
}

const CONNECTIONS: &str = "\
Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData
TCP C6336407 9C40 C0000264 0050 0A000002 0050 ESTABLISHED     899
TCP C6336407 9C41 C0000264 0050 0A000002 0050 TIME_WAIT       119
TCP C6336407 9C42 C0000264 0050 0A000009 0050 ESTABLISHED     899
TCP C6336400 0000 C0000264 0050 0A000003 0050 NONE            250
";

#[test]
fn a_connection_is_followed_until_it_is_closed_or_its_destination_gone() {
    let mut live = Live::new(Scheduler::Wlc, &[(1, 0, 0, 0); 3]);
    live.connections = CONNECTIONS;
    let answer = live.ask("198.51.100.7:40000");
    assert_eq!(answer.destination.as_deref(), Some("10.0.0.2:80"));
    assert_eq!(answer.decision, Decision::Connection);
    assert_eq!(
        answer.why,
        "its connection is there: ESTABLISHED, for 899 s more"
    );

    let answer = live.ask("198.51.100.7:40001");
    assert_eq!(
        answer.destination.as_deref(),
        Some("10.0.0.1:80"),
        "TIME_WAIT"
    );
    assert_eq!(answer.decision, Decision::Scheduler);
    live.settings.conn_reuse_mode = ReuseMode::Never;
    let answer = live.ask("198.51.100.7:40001");
    assert_eq!(answer.destination.as_deref(), Some("10.0.0.2:80"));

    let answer = live.ask("198.51.100.7:40002");
    assert_eq!(
        (answer.is_served(), answer.decision),
        (false, Decision::Removed)
    );
    assert_eq!(
        answer.why,
        "its connection is there, but 10.0.0.9:80 was removed"
    );
    live.settings.expire_nodest_conn = true;
    assert_eq!(live.ask("198.51.100.7:40002").decision, Decision::Scheduler);
}

#[test]
fn a_template_outlives_the_weight_unless_the_kernel_is_told_otherwise() {
    let mut live = Live::new(Scheduler::Wlc, &[(1, 0, 0, 0), (1, 0, 0, 0), (0, 0, 0, 0)]);
    live.connections = CONNECTIONS;
    live.service.persistence = Some(Persistence {
        timeout: 300,
        granularity: Granularity::V4([255, 255, 255, 0].into()),
    });
    let answer = live.ask("198.51.100.8:1");
    assert_eq!(answer.destination.as_deref(), Some("10.0.0.3:80"));
    assert_eq!(answer.decision, Decision::Template);
    assert_eq!(
        answer.why,
        "the client has been there: a template says so for 250 s more"
    );
    assert_eq!(live.ask("198.51.101.8:1").decision, Decision::Scheduler);
    live.settings.expire_quiescent_template = true;
    assert_eq!(live.ask("198.51.100.8:1").decision, Decision::Scheduler);
}

#[test]
fn the_generation_is_told_where_it_decides() {
    // 1 active and 257 inactive: 513 or 514; 2 active: 512 or 514.
    let (names, unknown) = Live::new(Scheduler::Lc, &[(1, 1, 257, 0), (1, 2, 0, 0)]).candidates();
    assert_eq!(names, ["10.0.0.1:80", "10.0.0.2:80"]);
    assert_eq!(
        unknown,
        ["kernels of before 6.1.187 and 6.12.117 count inactive connections for less"]
    );
    let (names, unknown) = Live::new(Scheduler::Lc, &[(1, 1, 9, 0), (1, 2, 1, 0)]).candidates();
    assert_eq!((names, unknown), (vec!["10.0.0.1:80".to_owned()], vec![]));
}

#[test]
fn between_its_thresholds_a_destination_may_be_passed_over() {
    let (names, unknown) =
        Live::new(Scheduler::Wlc, &[(9, 0, 8, 10), (1, 5, 0, 0), (1, 6, 0, 0)]).candidates();
    assert_eq!(names, ["10.0.0.1:80", "10.0.0.2:80"]);
    assert_eq!(
        unknown,
        [
            "the kernel does not tell whether 10.0.0.1:80 is overloaded: it is between its thresholds"
        ]
    );
}

#[test]
fn a_single_open_destination_hides_nothing() {
    for scheduler in [
        Scheduler::Rr,
        Scheduler::Wrr,
        Scheduler::Twos,
        Scheduler::Lblcr,
    ] {
        let (names, unknown) = Live::new(scheduler, &[(0, 0, 0, 0), (3, 1, 1, 0)]).candidates();
        assert_eq!(names, ["10.0.0.2:80"], "{scheduler}");
        assert!(unknown.is_empty(), "{scheduler}: {unknown:?}");
    }
}

#[test]
fn chance_is_weighed_by_pairs_of_draws() {
    // Draws from 0 to 3: 0 and 1 are the first's, 2 and 3 the second's, which has less to do and
    // so is taken unless both draws are the first's.
    let live = Live::new(Scheduler::Twos, &[(1, 9, 0, 0), (2, 0, 0, 0)]);
    let answer = live.ask("198.51.100.7");
    let odds: Vec<_> = answer
        .candidates
        .iter()
        .map(|it| (it.destination.as_deref(), it.odds.unwrap().cases))
        .collect();
    assert_eq!(odds, [(Some("10.0.0.2:80"), 12), (Some("10.0.0.1:80"), 4)]);
}

#[test]
fn mh_is_exact_while_no_weight_is_0() {
    let (names, unknown) = Live::new(Scheduler::Mh, &[(1, 0, 0, 0), (2, 0, 0, 0)]).candidates();
    assert_eq!((names.len(), unknown.len()), (1, 0));
    let mut live = Live::new(Scheduler::Mh, &[(1, 0, 0, 0), (0, 0, 0, 0)]);
    let (names, unknown) = live.candidates();
    assert_eq!(names, ["10.0.0.1:80", "none"]);
    assert_eq!(
        unknown,
        [
            "the kernel does not tell of mh what weights those of weight 0 had before, by which it \
          shares its table"
        ]
    );
    live.service.flags = Flags::SCHED_1;
    assert_eq!(live.candidates(), (vec!["10.0.0.1:80".to_owned()], vec![]));
}

#[test]
fn the_kernels_settings_are_read_where_they_are() {
    assert_eq!(settings(&|_| None), Settings::default());
    let read = |path: &str| {
        Some(match path {
            "/proc/sys/net/ipv4/vs/conn_reuse_mode" => 3,
            "/proc/sys/net/ipv4/ip_unprivileged_port_start" => 80,
            _ => 1,
        })
    };
    let mut expected = Settings::default();
    expected.expire_nodest_conn = true;
    expected.expire_quiescent_template = true;
    expected.conn_reuse_mode = ReuseMode::Closing;
    expected.sloppy_tcp = true;
    expected.first_unprivileged_port = 80;
    assert_eq!(settings(&read), expected);
}

#[test]
fn rules_without_an_end_are_given_up() {
    let error = super::table::bounded(std::io::repeat(b'-')).unwrap_err();
    assert_eq!(error.to_string(), "longer than any table: more than 16 MiB");
    assert_eq!(super::table::bounded(&b"-C\n"[..]).unwrap(), "-C\n");
}
