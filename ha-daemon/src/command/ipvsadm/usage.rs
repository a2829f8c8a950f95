//! The output of `-h` and `-v`.

/// Programs look for the version in the second word.
pub(super) const VERSION: &str = concat!(
    "ipvsadm v1.31 (the options of ipvsadm 1.31 in ha-daemon ",
    env!("CARGO_PKG_VERSION"),
    ")\n"
);

const TEXT: &str = "\
ipvsadm -A|-E SERVICE [-s NAME] [-p [SECONDS]] [-M MASK] [--pe NAME] [-b FLAGS] [-o]
ipvsadm -D SERVICE
ipvsadm -a|-e SERVICE -r ADDRESS [-g|-i|-m] [-w WEIGHT] [-x UPPER] [-y LOWER] [TUNNEL]
ipvsadm -d SERVICE -r ADDRESS
ipvsadm -L|-l [SERVICE] [OPTIONS]
ipvsadm -L|-l -c|--timeout|--daemon [OPTIONS]
ipvsadm -Z [SERVICE]
ipvsadm -C | -R | -S [-n] | -h | -v
ipvsadm --set TCP TCPFIN UDP
ipvsadm --start-daemon master|backup [DAEMON]
ipvsadm --stop-daemon master|backup [--syncid ID]

The command comes first; without one the table is listed.
  -A, --add-service       a new service
  -E, --edit-service      another scheduler, persistence or flags
  -D, --delete-service    a service and its real servers go
  -a, --add-server        a new real server
  -e, --edit-server       another weight, forwarding or thresholds
  -d, --delete-server     a real server goes
  -C, --clear             every service goes
  -L, -l, --list          show the table, connections, timeouts or daemons
  -Z, --zero              counters start at zero
  -S, --save              write the table as command lines
  -R, --restore           read command lines from standard input
      --set               timeouts of connections in seconds; 0 leaves one as it is
      --start-daemon      start to synchronise connections
      --stop-daemon       stop it
  -h, --help              this text
  -v, --version           the version

SERVICE is one of
  -t, --tcp-service ADDRESS[:PORT]
  -u, --udp-service ADDRESS[:PORT]
      --sctp-service ADDRESS[:PORT]
  -f, --fwmark-service MARK [-6]    packets with this mark; -6 or --ipv6 for those of IPv6
An IPv6 address before a port is in brackets.

Services:
  -s, --scheduler NAME    rr wrr lc wlc lblc lblcr dh sh sed nq fo ovf mh twos; wlc by default
  -p, --persistent [SECONDS]  clients return to their real server; 360 by default
  -M, --netmask MASK      which clients are one: an IPv4 mask or an IPv6 prefix length
      --pe NAME           persistence engine: sip
  -b, --sched-flags LIST  sh-fallback sh-port mh-fallback mh-port flag-1 flag-2 flag-3
  -o, --ops               every datagram is scheduled by itself

Real servers:
  -r, --real-server ADDRESS[:PORT]
  -g, --gatewaying        direct routing, the default
  -i, --ipip              a tunnel
  -m, --masquerading      address translation
  -w, --weight N          its share, 1 by default; 0 gives it no new connections
  -x, --u-threshold N     from so many connections on it gets no more
  -y, --l-threshold N     below so many it gets some again
      --tun-type TYPE     ipip, gue or gre; ipip by default
      --tun-port PORT     UDP port of gue
      --tun-nocsum, --tun-csum, --tun-remcsum  checksum of gue and gre

Listing:
  -c, --connection        connections
      --timeout           timeouts
      --daemon            synchronisation daemons
      --stats, --rate     counters, or rates per second
      --thresholds        thresholds of real servers
      --persistent-conn   persistent connections; with -c, persistence engines
      --tun-info          tunnels
      --exact             counters in full
      --nosort            in the kernel's order
      --sort              sorted, which is the default
  -n, --numeric           addresses and ports as numbers

Daemons:
      --mcast-interface NAME  eth0 by default
      --syncid ID         0 to 255, 0 by default
      --sync-maxlen N     octets of a datagram
      --mcast-group ADDRESS   224.0.0.81 by default
      --mcast-port PORT   8848 by default
      --mcast-ttl N       1 by default
";

pub(super) fn text() -> String {
    [VERSION, TEXT].concat()
}
