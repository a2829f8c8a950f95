//! Tests of the settings of `global_defs` that affect the IPVS table and the checkers.

use rig::Namespace;
use rig::tools;
use rig::{Daemon, Directory, Program};

const SERVER: &str = "
virtual_server 10.9.0.1 80 {
  lb_algo rr
  lb_kind NAT
  protocol TCP
  real_server 10.9.1.1 80 {
  }
}
";
const TABLE: &str = "\
-A -t 10.9.0.1:80 -s rr
-a -t 10.9.0.1:80 -r 10.9.1.1:80 -m -w 1
";
const FOREIGN: &str = "-A -u 10.9.0.9:53 -s sh\n";

/// The table at start and at the end, and the timeouts.
fn flushes_and_sets_timeouts(program: Program) {
    let directory = Directory::new(&format!("global-{program:?}"));
    let namespace = Namespace::new(&format!("global{}", program as u8));
    let foreign = FOREIGN.trim_end();
    let words: Vec<&str> = foreign.split(' ').collect();
    namespace.inside(|| tools::run("ipvsadm", &words));
    let global = "
global_defs {
  lvs_flush
  lvs_flush_on_stop
  lvs_timeouts tcp 901 tcpfin 121 udp 301
}";
    let configuration = format!("{global}{SERVER}");
    let mut balancer = Daemon::start(program, namespace, directory.path(), &configuration);
    balancer.expect_table(TABLE, "after lvs_flush");
    assert_eq!(
        balancer.ipvsadm("-L --timeout"),
        "Timeout (tcp tcpfin udp): 901 121 301\n"
    );
    balancer.ipvsadm(foreign);
    balancer.expect_table(&format!("{TABLE}{FOREIGN}"), "with a foreign service");
    balancer.terminate();
    balancer.expect_table("", "after lvs_flush_on_stop");
}

#[test]
#[ignore = "needs ip_vs"]
fn the_table_is_flushed_and_timeouts_are_set_as_by_keepalived() {
    flushes_and_sets_timeouts(Program::Keepalived);
    flushes_and_sets_timeouts(Program::HaDaemon);
}

#[test]
#[ignore = "needs ip_vs"]
fn checks_rest_while_the_virtual_address_is_elsewhere() {
    const SUSPENDED: &str = "
virtual_server 10.9.0.1 80 {
  delay_loop 1
  warmup 0
  lb_algo rr
  lb_kind NAT
  protocol TCP
  ha_suspend
  real_server 127.0.0.1 9 {
    TCP_CHECK {
      retry 0
    }
  }
}
";
    const FOUND: &str = "\
-A -t 10.9.0.1:80 -s rr
-a -t 10.9.0.1:80 -r 127.0.0.1:9 -m -w 1
";
    let directory = Directory::new("suspend");
    let namespace = Namespace::new("suspend");
    namespace.inside(|| tools::run("ip", &["link", "set", "lo", "up"]));
    let balancer = Daemon::start(Program::HaDaemon, namespace, directory.path(), SUSPENDED);
    balancer.expect_table(FOUND, "at first");
    // Longer than the first attempt would have taken.
    rig::pause(core::time::Duration::from_secs(4));
    balancer.expect_table(FOUND, "while suspended");
    balancer
        .namespace()
        .inside(|| tools::run("ip", &["address", "add", "10.9.0.1/32", "dev", "lo"]));
    balancer.expect_table("-A -t 10.9.0.1:80 -s rr\n", "with the address");
}
