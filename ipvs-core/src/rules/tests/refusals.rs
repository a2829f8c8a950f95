//! Tests of command lines that ipvsadm 1.31 refuses, each with its message or exit status 255.

use super::*;

fn assert_refused<const N: usize>(lines: [(&str, Reason); N]) {
    for (line, reason) in lines {
        assert_eq!(refused(line), reason, "{line}");
    }
}

fn text(text: &str) -> String {
    text.to_owned()
}

#[test]
fn a_line_is_one_command_and_its_options() {
    assert_refused([
        ("-t 10.0.0.1:80 -A", Reason::NoCommand),
        ("-n", Reason::NoCommand),
        ("--foo", Reason::NoCommand),
        ("-A -Qt 1", Reason::UnknownOption(text("-Qt"))),
        ("-A --tcp 10.0.0.1:80", Reason::UnknownOption(text("--tcp"))),
        ("--set 1 2 -3", Reason::UnknownOption(text("-3"))),
        ("-A --numeric=3", Reason::UnwantedValue(text("--numeric=3"))),
        ("-aw", Reason::MissingValue(text("-aw"))),
        ("-AD -t 10.0.0.1:80", Reason::SecondCommand(text("-AD"))),
        ("-A -t 10.0.0.1:80 extra", Reason::Unexpected(text("extra"))),
        ("-A -- -t 10.0.0.1:80", Reason::Unexpected(text("-t"))),
        ("-A -t 10.0.0.1:80 -", Reason::Unexpected(text("-"))),
        ("--set 1 2 3 4", Reason::Unexpected(text("4"))),
        ("--set 1 2", Reason::SetValues),
    ]);
}

#[test]
fn options_fit_the_command_and_each_other() {
    assert_refused([
        ("-A -f 1 -f 2", Reason::Repeated(Opt::Service)),
        (
            "-a -f 1 -r 10.0.0.2 -g -m",
            Reason::Repeated(Opt::Forwarding),
        ),
        ("-A", Reason::Missing(Opt::Service, CommandKind::AddService)),
        (
            "-a -f 1",
            Reason::Missing(Opt::Server, CommandKind::AddServer),
        ),
        ("-C -n", Reason::Illegal(Opt::Numeric, CommandKind::Clear)),
        (
            "-d -f 1 -r 10.0.0.2 -w 1",
            Reason::Illegal(Opt::Weight, CommandKind::DeleteServer),
        ),
        (
            "-L -c -f 1",
            Reason::Conflict(Opt::Service, Opt::Connection, CommandKind::List),
        ),
        ("-L -c --stats", Reason::ListConflict),
        ("-L -c --rate", Reason::ListConflict),
        ("-L -c --thresholds", Reason::ListConflict),
        ("-L --timeout --stats", Reason::ListConflict),
        ("-L --timeout --rate", Reason::ListConflict),
        ("-L --daemon --persistent-conn", Reason::ListConflict),
    ]);
}

#[test]
fn servers_are_addresses_and_ports_or_marks() {
    assert_refused([
        ("-A -t 80", Reason::VirtualServer(text("80"))),
        ("-A -t [::1]", Reason::VirtualServer(text("[::1]"))),
        ("-A -t [::1]80", Reason::VirtualServer(text("[::1]80"))),
        ("-A -t :80", Reason::VirtualServer(text(":80"))),
        ("-A -t 10.0.0.1:", Reason::VirtualServer(text("10.0.0.1:"))),
        (
            "-A -t 10.0.0.1:99999",
            Reason::VirtualServer(text("10.0.0.1:99999")),
        ),
        (
            "-A -t 256.0.0.1:80",
            Reason::VirtualServer(text("256.0.0.1:80")),
        ),
        (
            "-A -t localhost:80",
            Reason::VirtualServer(text("localhost:80")),
        ),
        ("-a -f 1 -r [::2]", Reason::RealServer(text("[::2]"))),
        ("-A -f 0", Reason::Mark(text("0"))),
        ("-A -f 0x10", Reason::Mark(text("0x10"))),
        ("-A -f 4294967296", Reason::Mark(text("4294967296"))),
        ("-A -6 -f 5", Reason::Ipv6BeforeMark),
        ("-A -t 10.0.0.1:80 -6", Reason::Ipv6BeforeMark),
    ]);
}

#[test]
fn options_of_a_service_are_within_their_ranges() {
    assert_refused([
        ("--set 0 0 2678401", Reason::Timeout(text("2678401"))),
        (
            "-A -f 1 -s averyveryverylongname",
            Reason::Scheduler(text("averyveryverylongname"), NameError::Long(21)),
        ),
        ("-A -f 1 -p 0", Reason::Timeout(text("0"))),
        ("-A -f 1 -p abc", Reason::Timeout(text("abc"))),
        ("-A -pt 10.0.0.1:80", Reason::Timeout(text("t"))),
        ("-A -f 1 --persistent=", Reason::Timeout(text(""))),
        ("-A -f 1 -M foo", Reason::Netmask(text("foo"))),
        ("-A -f 1 -6 -M 129", Reason::Prefix(text("129"))),
        (
            "-A -f 1 -b sh-port",
            Reason::IncompatibleFlag(text("sh-port")),
        ),
        (
            "-A -f 1 -s sh -b mh-port",
            Reason::IncompatibleFlag(text("mh-port")),
        ),
        ("-A -f 1 -b foo", Reason::UnknownFlag(text("foo"))),
        ("-A -t 10.0.0.1", Reason::ZeroPort),
        ("-A -t 10.0.0.1:80 -o", Reason::OnePacket),
    ]);
}

#[test]
fn options_of_a_destination_are_within_their_ranges() {
    assert_refused([
        (
            "-a -f 1 -r 10.0.0.2 -w 2147483648",
            Reason::Weight(text("2147483648")),
        ),
        ("-a -f 1 -r 10.0.0.2 -w -1", Reason::Weight(text("-1"))),
        ("-a -f 1 -r 10.0.0.2 -x a", Reason::Upper(text("a"))),
        ("-a -f 1 -r 10.0.0.2 -y a", Reason::Lower(text("a"))),
        ("-a -f 1 -r ::2 -m", Reason::MixedFamilies),
    ]);
}

#[test]
fn options_of_a_daemon_are_within_their_ranges() {
    assert_refused([
        ("--start-daemon both", Reason::StartState(text("both"))),
        ("--stop-daemon both", Reason::StopState(text("both"))),
        (
            "--start-daemon master --syncid 256",
            Reason::SyncId(text("256")),
        ),
        (
            "--start-daemon master --mcast-group 10.0.0.1",
            Reason::Group(text("10.0.0.1")),
        ),
        (
            "--start-daemon master --mcast-port 0",
            Reason::Port(text("0")),
        ),
        (
            "--start-daemon master --mcast-ttl 256",
            Reason::TimeToLive(text("256")),
        ),
        (
            "--start-daemon master --sync-maxlen 65508",
            Reason::MaxLength(text("65508")),
        ),
    ]);
}

#[test]
fn tunnel_options_are_those_of_the_tunnel() {
    for (options, reason) in [
        ("--tun-type gue", Reason::NotTunnel),
        ("-m --tun-csum", Reason::NotTunnel),
        ("-i --tun-type foo", Reason::TunnelType(text("foo"))),
        (
            "-i --tun-type gue",
            Reason::TunnelMissing(Opt::TunnelPort, "gue"),
        ),
        (
            "-i --tun-type gue --tun-port 0",
            Reason::TunnelPort(text("0")),
        ),
        (
            "-i --tun-type gre --tun-port 5",
            Reason::TunnelIllegal(Opt::TunnelPort, "gre"),
        ),
        (
            "-i --tun-type gre --tun-remcsum",
            Reason::TunnelIllegal(Opt::TunnelRemoteChecksum, "gre"),
        ),
        (
            "-i --tun-csum",
            Reason::TunnelIllegal(Opt::TunnelChecksum, "ipip"),
        ),
        (
            "-i --tun-type gue --tun-port 5 --tun-csum --tun-nocsum",
            Reason::TunnelConflict(Opt::TunnelChecksum, Opt::TunnelNoChecksum, "gue"),
        ),
    ] {
        let line = ["-a -f 1 -r 10.0.0.2", options].join(" ");
        assert_eq!(refused(&line), reason, "{line}");
    }
}
