//! Tests of changes that others make to the kernel's IPVS table.

use rig::Namespace;
use rig::{Daemon, Directory, Program};

const CONFIGURATION: &str = "
virtual_server 10.9.0.1 80 {
  lb_algo wrr
  lb_kind NAT
  protocol TCP
  real_server 10.9.1.1 80 {
    weight 4
  }
  real_server 10.9.1.2 80 {
    weight 5
  }
}
";
const TABLE: &str = "\
-A -t 10.9.0.1:80 -s wrr
-a -t 10.9.0.1:80 -r 10.9.1.1:80 -m -w 4
-a -t 10.9.0.1:80 -r 10.9.1.2:80 -m -w 5
";
const FOREIGN: &str = "\
-A -u 10.9.0.9:53 -s sh
-a -u 10.9.0.9:53 -r 10.9.1.9:53 -m -w 9
";

#[test]
#[ignore = "needs ip_vs"]
fn what_others_change_is_put_back_and_what_they_own_is_left_alone() {
    let directory = Directory::new("drift");
    let namespace = Namespace::new("drift");
    let mut balancer = Daemon::start(
        Program::HaDaemon,
        namespace,
        directory.path(),
        CONFIGURATION,
    );
    balancer.expect_table(TABLE, "at first");
    for line in FOREIGN.lines() {
        balancer.ipvsadm(line);
    }
    let both = format!("{TABLE}{FOREIGN}");
    for change in [
        "-d -t 10.9.0.1:80 -r 10.9.1.1:80",
        "-e -t 10.9.0.1:80 -r 10.9.1.2:80 -m -w 77",
        "-a -t 10.9.0.1:80 -r 10.9.1.3:80 -m",
        "-E -t 10.9.0.1:80 -s lc -p 60",
        "-D -t 10.9.0.1:80",
    ] {
        balancer.ipvsadm(change);
        balancer.expect_table(&both, change);
    }
    balancer.ipvsadm("-C");
    balancer.expect_table(TABLE, "after -C");
    for line in FOREIGN.lines() {
        balancer.ipvsadm(line);
    }
    balancer.terminate();
    balancer.expect_table(FOREIGN, "after SIGTERM");
}
