//! Tests of failover: a client, two directors and two web servers, one of which fails.

use core::time::Duration;

use rig::clock;
use rig::site::{Method, Site, VIRTUAL, WebServer};
use rig::{Daemon, PATIENCE};

const TRANSLATED: &str = "\
-A -t 10.80.0.10:80 -s rr
-a -t 10.80.0.10:80 -r 10.81.0.21:80 -m -w 1
-a -t 10.80.0.10:80 -r 10.81.0.22:80 -m -w 1
";
const WITHOUT_SECOND: &str = "\
-A -t 10.80.0.10:80 -s rr
-a -t 10.80.0.10:80 -r 10.81.0.21:80 -m -w 1
";
const ROUTED: &str = "\
-A -t 10.80.0.10:80 -s rr
-a -t 10.80.0.10:80 -r 10.80.0.21:80 -g -w 1
-a -t 10.80.0.10:80 -r 10.80.0.22:80 -g -w 1
";

/// From a check a second for a server, and three adverts a second apart for a director; the guest
/// is many times slower than a machine.
const NOTICE: Duration = Duration::from_secs(15);

/// Waits until `director` is Active and its table is `table`.
fn await_active(director: &Daemon, table: &str) {
    clock::until("the director to be Active", PATIENCE, || {
        director.namespace().has_address(&VIRTUAL.to_string())
    });
    director.expect_table(table, "once Active");
}

fn assert_in_turn(answers: &[String]) {
    let mut first = answers[..2].to_vec();
    first.sort();
    assert_eq!(first, ["web1", "web2"], "{answers:?}");
    for pair in answers.chunks(2) {
        assert_eq!(pair, &answers[..2], "{answers:?}");
    }
}

/// The whole host, not only its daemon.
fn destroy(director: &mut Daemon) {
    director.kill();
    director
        .namespace()
        .ip("link set front down\nlink set back down\n");
}

/// Waits until somebody answers the client again.
fn await_answer(site: &Site) {
    clock::until("another director to take over", NOTICE, || {
        site.client.request().is_ok()
    });
}

#[test]
#[ignore = "needs ip_vs"]
fn requests_are_answered_in_turn_by_those_real_servers_that_live() {
    let site = Site::new(Method::Translation, "turns");
    let _first = site.serve(0);
    let second = site.serve(1);
    let director = site.direct("director1", 1, 150);
    await_active(&director, TRANSLATED);
    assert_in_turn(&site.client.requests(8));

    drop(second);
    let death = clock::now();
    director.expect_table(WITHOUT_SECOND, "after a web server died");
    assert!(clock::now() - death < NOTICE);
    assert_eq!(site.client.requests(8), ["web1"; 8]);

    let _second = site.serve(1);
    director.expect_table(TRANSLATED, "after a web server returned");
    assert_in_turn(&site.client.requests(8));
}

#[test]
#[ignore = "needs ip_vs"]
fn connections_survive_the_director_they_went_through() {
    let site = Site::new(Method::Translation, "connections");
    let _web: [WebServer; 2] = [0, 1].map(|index| site.serve(index));
    let mut director1 = site.direct("director1", 1, 150);
    await_active(&director1, TRANSLATED);
    let director2 = site.direct("director2", 2, 100);
    director2.expect_table(TRANSLATED, "in Backup");
    let synchronises = |director: &Daemon, role: &str| {
        let daemons = director.ipvsadm("-L --daemon");
        daemons.contains(&format!("{role} sync daemon"))
    };
    clock::until("synchronisation", PATIENCE, || {
        synchronises(&director1, "master") && synchronises(&director2, "backup")
    });

    let mut connection = site.client.connect().unwrap();
    let partner = connection.ask().unwrap();
    // The kernel synchronises connections in use every few packets.
    clock::until("the connection to be known", PATIENCE, || {
        assert_eq!(connection.ask().unwrap(), partner);
        director2.ipvsadm("-Lcn").contains("ESTABLISHED")
    });
    destroy(&mut director1);
    await_answer(&site);
    assert_eq!(connection.ask().unwrap(), partner);
    assert_in_turn(&site.client.requests(4));
    clock::until("the other direction of synchronisation", PATIENCE, || {
        synchronises(&director2, "master")
    });
}

/// Connections, and packets to and from the real servers, of the virtual service.
fn counters(director: &Daemon) -> [u64; 3] {
    let statistics = director.ipvsadm("-Ln --stats --exact");
    let service = statistics.lines().find(|line| line.starts_with("TCP"));
    let columns: Vec<&str> = service.unwrap().split_whitespace().collect();
    [2, 3, 4].map(|column| columns[column].parse().unwrap())
}

#[test]
#[ignore = "needs ip_vs"]
fn answers_pass_the_directors_by_with_direct_routing() {
    let site = Site::new(Method::DirectRouting, "direct");
    let _web: [WebServer; 2] = [0, 1].map(|index| site.serve(index));
    let mut director1 = site.direct("director1", 1, 150);
    await_active(&director1, ROUTED);
    let director2 = site.direct("director2", 2, 100);
    director2.expect_table(ROUTED, "in Backup");
    assert_in_turn(&site.client.requests(8));
    // The kernel counts up every two seconds.
    let mut packets = (0, 0);
    clock::until("the requests to be counted", PATIENCE, || {
        let [connections, inward, outward] = counters(&director1);
        packets = (inward, outward);
        connections == 8
    });
    let (inward, outward) = packets;
    assert!(inward >= 8 * 4, "{inward} packets for 8 requests");
    assert_eq!(outward, 0);

    destroy(&mut director1);
    await_answer(&site);
    assert_in_turn(&site.client.requests(4));
}
