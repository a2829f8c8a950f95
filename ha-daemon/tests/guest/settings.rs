//! Tests of the settings of virtual and real servers, beside Debian's keepalived 2.2.7.

use std::sync::Barrier;
use std::thread;

use rig::Namespace;
use rig::{Daemon, Directory, Program};

const CONFIGURATION: &str = "
virtual_server_group many {
  10.9.0.20 80
  10.9.0.30-31 81
  fwmark 7
}
virtual_server group many {
  lvs_sched wlc
  lvs_method NAT
  protocol TCP
  real_server 10.9.1.1 8080 {
    weight 3
    uthreshold 9
    lthreshold 4
  }
}
virtual_server 10.9.0.40 53 {
  lvs_sched rr
  lvs_method DR
  ops
  protocol UDP
  real_server 10.9.1.1 53 {
  }
  real_server 10.9.1.2 53 {
    lvs_method NAT
  }
}
virtual_server 10.9.0.50 443 {
  lvs_sched sh
  sh-port
  sh-fallback
  lvs_method TUN type gue port 6080 csum
  persistence_timeout 50
  persistence_granularity 255.255.255.0
  protocol TCP
  real_server 10.9.1.1 443 {
    weight 100
  }
  real_server 10.9.1.2 443 {
    lvs_method TUN type gre csum
    weight 0
  }
  real_server 10.9.1.3 443 {
    lvs_method TUN
  }
}
virtual_server 10.9.0.60 5060 {
  lvs_sched lc
  lvs_method DR
  persistence_timeout
  persistence_engine sip
  protocol UDP
  real_server 10.9.1.1 5060 {
  }
}
virtual_server 2001:db8::1 80 {
  lvs_sched mh
  mh-port
  lvs_method NAT
  persistence_timeout 360
  persistence_granularity 64
  protocol TCP
  real_server 2001:db8::a 80 {
  }
}
virtual_server fwmark 9 {
  lvs_sched dh
  lvs_method DR
  real_server 2001:db8::a 0 {
  }
}
virtual_server 10.9.0.70 5672 {
  lvs_sched sed
  lvs_method NAT
  protocol SCTP
  sorry_server 10.9.2.1 5672
  sorry_server_lvs_method DR
  sorry_server_inhibit
  real_server 10.9.1.1 5672 {
    weight 7
  }
}
";

const TABLE: &str = "\
-A -t 10.9.0.20:80 -s wlc
-a -t 10.9.0.20:80 -r 10.9.1.1:8080 -m -w 3
-A -t 10.9.0.30:81 -s wlc
-a -t 10.9.0.30:81 -r 10.9.1.1:8080 -m -w 3
-A -t 10.9.0.31:81 -s wlc
-a -t 10.9.0.31:81 -r 10.9.1.1:8080 -m -w 3
-A -t 10.9.0.50:443 -s sh -p 50 -M 255.255.255.0 -b sh-fallback,sh-port
-a -t 10.9.0.50:443 -r 10.9.1.1:443 -i -w 100 --tun-type gue --tun-port 6080 --tun-csum
-a -t 10.9.0.50:443 -r 10.9.1.2:443 -i -w 0 --tun-type gre --tun-csum
-a -t 10.9.0.50:443 -r 10.9.1.3:443 -i -w 1 --tun-type ipip
-A -u 10.9.0.40:53 -s rr -o
-a -u 10.9.0.40:53 -r 10.9.1.1:53 -g -w 1
-a -u 10.9.0.40:53 -r 10.9.1.2:53 -m -w 1
-A -u 10.9.0.60:5060 -s lc -p 360 --pe sip
-a -u 10.9.0.60:5060 -r 10.9.1.1:5060 -g -w 1
-A --sctp-service 10.9.0.70:5672 -s sed
-a --sctp-service 10.9.0.70:5672 -r 10.9.1.1:5672 -m -w 7
-a --sctp-service 10.9.0.70:5672 -r 10.9.2.1:5672 -g -w 0
-A -t [2001:db8::1]:80 -s mh -p 360 -M 64 -b mh-port
-a -t [2001:db8::1]:80 -r [2001:db8::a]:80 -m -w 1
-A -f 7 -s wlc
-a -f 7 -r 10.9.1.1:8080 -m -w 3
-A -f 9 -6 -s dh
-a -f 9 -6 -r [2001:db8::a]:0 -g -w 1
";

fn show(program: Program, loaded: &Barrier) {
    let directory = Directory::new(&format!("settings-{program:?}"));
    let namespace = Namespace::new("settings");
    let mut balancer = Daemon::start(program, namespace, directory.path(), CONFIGURATION);
    balancer.expect_table(TABLE, "at first");
    // The kernel loads schedulers under a lock that the other's requests wait for.
    loaded.wait();
    let thresholds = balancer.ipvsadm("-Ln --thresholds -t 10.9.0.20:80");
    let server = thresholds.lines().last().unwrap();
    let columns: Vec<&str> = server.split_whitespace().collect();
    assert_eq!(columns[..4], ["->", "10.9.1.1:8080", "9", "4"]);
    balancer.terminate();
    balancer.expect_table("", "after SIGTERM");
}

#[test]
#[ignore = "needs ip_vs"]
fn settings_reach_the_kernel_as_with_keepalived() {
    let loaded = Barrier::new(2);
    thread::scope(|scope| {
        scope.spawn(|| show(Program::Keepalived, &loaded));
        scope.spawn(|| show(Program::HaDaemon, &loaded));
    });
}
