//! Tests of a configuration that is applied over many turns.

use core::time::Duration;

use vrrp_mio::Clock;

use crate::balancing::tests::{Rig, prepare};
use crate::slab::Handle;

/// No turn may take longer of this thread's time.
const TURN: Duration = Duration::from_millis(2);
const MANY: usize = 10_000;

fn address(number: usize) -> String {
    format!(
        "10.{}.{}.{}",
        64 + number / 65_536,
        number / 256 % 256,
        number % 256
    )
}

/// Virtual servers of these numbers.
fn servers(numbers: impl IntoIterator<Item = usize>, scheduler: &str, weight: u32) -> String {
    let servers = numbers.into_iter().map(|number| {
        let real_server = |last| {
            format!("real_server 10.0.0.{last} 80 {{\nweight {weight}\nTCP_CHECK {{\n}}\n}}\n")
        };
        format!(
            "virtual_server {} 80 {{\nprotocol TCP\nlb_algo {scheduler}\nlb_kind NAT\n{}{}}}\n",
            address(number),
            real_server(1),
            real_server(2)
        )
    });
    servers.collect()
}

/// What the turns of a configuration took.
#[derive(Debug, Default)]
struct Turns {
    count: usize,
    longest: Duration,
    over: usize,
}

impl Turns {
    fn measure(&mut self, clock: &Clock, step: impl FnOnce()) {
        let before = clock.thread_time();
        step();
        let took = clock.thread_time() - before;
        self.count += 1;
        self.longest = self.longest.max(took);
        self.over += usize::from(took >= TURN);
    }
}

impl Rig {
    fn reconfigure(&mut self, text: &str) -> Turns {
        let clock = Clock::new().unwrap();
        let mut turns = Turns::default();
        let prepared = prepare(text).into_servers();
        turns.measure(&clock, || self.balancer.reconfigure(prepared));
        while self.balancer.is_reconfiguring() {
            let turn = || {
                self.balancer
                    .reconfigure_in_turn(clock.now(), &|| clock.now())
            };
            turns.measure(&clock, turn);
        }
        turns
    }

    fn handles(&self) -> Vec<Handle> {
        let servers = self.balancer.servers.iter();
        servers.map(|(handle, _)| handle).collect()
    }

    fn names(&self) -> Vec<String> {
        let servers = self.balancer.servers.iter();
        servers
            .map(|(_, state)| state.config.name.clone())
            .collect()
    }
}

#[test]
fn virtual_servers_are_those_of_the_configuration_in_its_order() {
    let mut rig = Rig::new(&servers([1, 2, 3, 4], "rr", 1));
    let [first, _, third, fourth] = rig.handles()[..] else {
        panic!()
    };
    let text = format!(
        "{}{}",
        servers([5, 4, 1], "rr", 1),
        servers([3, 6], "wlc", 7)
    );
    rig.reconfigure(&text);
    let names = [5, 4, 1, 3, 6].map(|number| format!("[{}]:tcp:80", address(number)));
    assert_eq!(rig.names(), names);
    let handles = rig.handles();
    assert_eq!(handles[1..4], [fourth, first, third]);
    assert_eq!(rig.wanted(&address(2)), None);
    let wanted = rig.wanted(&address(6)).unwrap();
    assert_eq!(wanted, ["10.0.0.1:80", "10.0.0.2:80"]);
    assert_eq!(rig.balancer.checks.len(), 10);
    let status = rig.status();
    assert!(
        status[3].contains("  wlc  quorum (weight 14, needs 1)"),
        "{}",
        status[3]
    );

    // In the same order nothing is moved, and a pausing walk goes on.
    let mut cursor = crate::slab::Cursor::default();
    assert_eq!(rig.balancer.servers.next(&mut cursor), Some(handles[0]));
    rig.reconfigure(&text);
    assert_eq!(rig.handles(), handles);
    assert_eq!(rig.balancer.servers.next(&mut cursor), Some(fourth));
    rig.reconfigure("");
    assert_eq!(rig.names(), [""; 0]);
    assert!(rig.balancer.checks.is_empty());
    assert!(
        !rig.balancer.is_empty(),
        "the services are yet to be deleted"
    );
}

#[test]
fn a_service_moves_from_one_group_to_another() {
    let group = |name: &str, addresses: &str| {
        format!(
            "virtual_server_group {name} {{\n{addresses}\n}}\nvirtual_server group {name} {{\n\
             protocol TCP\nlb_kind NAT\nlb_algo rr\nreal_server 10.0.0.1 80 {{\n}}\n}}\n"
        )
    };
    let (one, two, three) = ("192.0.2.1 80", "192.0.2.2 80", "192.0.2.3 80");
    let mut rig = Rig::new(&format!(
        "{}{}",
        group("a", one),
        group("b", &format!("{two}\n{three}"))
    ));
    let handles = rig.handles();
    rig.reconfigure(&format!(
        "{}{}",
        group("a", &format!("{two}\n{three}")),
        group("b", one)
    ));
    assert_eq!(rig.handles(), handles);
    let services = (rig.balancer.servers.iter()).map(|(_, state)| state.config.keys.len());
    assert_eq!(services.collect::<Vec<_>>(), [2, 1]);
    for address in ["192.0.2.1", "192.0.2.2", "192.0.2.3"] {
        assert_eq!(rig.wanted(address).unwrap(), ["10.0.0.1:80"]);
    }
}

#[test]
#[ignore = "needs an idle machine"]
fn ten_thousand_virtual_servers_are_updated_in_short_turns() {
    let base = servers(0..MANY, "rr", 1);
    let mut rig = Rig::new(&base);
    let handles = rig.handles();
    let cases = [
        ("none differs", base),
        ("all differ", servers(0..MANY, "wlc", 7)),
        ("others", servers(MANY..2 * MANY, "rr", 1)),
        ("none is left", String::new()),
    ];
    for (case, text) in cases {
        let turns = rig.reconfigure(&text);
        println!("{case}: {turns:?}");
        // The C library may give megabytes back in one system call.
        assert!(turns.over <= 1, "{case}: {turns:?}");
        let least = if text.is_empty() { 50 } else { 100 };
        assert!(turns.count >= least, "{case}: {turns:?}");
        if case == "all differ" {
            assert_eq!(rig.handles(), handles);
            let wanted = rig.balancer.servers.iter();
            assert!(
                wanted
                    .map(|(_, state)| state.pool.weight())
                    .all(|it| it == 14)
            );
        }
    }
    assert!(rig.handles().is_empty());
}
