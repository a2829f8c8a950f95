//! Tests of `ha-daemon ipvsadm` beside Debian's ipvsadm 1.31: the same command lines give the same
//! output, exit status and table.
//!
//! Each program gets the lines of a scenario in a network namespace of its own.

use core::fmt;
use core::time::Duration;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::net::{TcpStream, UdpSocket};
use std::process::{Command, Stdio};
use std::sync::Once;

use rig::PATIENCE;
use rig::clock;
use rig::site::with_dummy;

const OURS: &str = env!("CARGO_BIN_EXE_ha-daemon");

/// What a command line gave.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    line: String,
    status: Option<i32>,
    output: String,
    complained: bool,
}

/// A program that takes ipvsadm's command lines.
struct Program(Vec<&'static str>);

impl Program {
    fn reference() -> Self {
        Self(vec!["ipvsadm"])
    }

    fn ours() -> Self {
        Self(vec![OURS, "ipvsadm"])
    }

    /// The outcomes of `lines`: words apart by space, and behind ` < ` what is on standard input,
    /// its lines apart by `|`.
    fn outcomes(&self, lines: &[&str]) -> Vec<Outcome> {
        lines.iter().map(|line| self.outcome(line)).collect()
    }

    fn outcome(&self, line: &str) -> Outcome {
        let (words, input) = line.split_once(" < ").unwrap_or((line, ""));
        let mut child = Command::new(self.0[0])
            .args(&self.0[1..])
            .args(words.split_whitespace())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // Whoever does not read it is not interested.
        drop(stdin.write_all(input.replace('|', "\n").as_bytes()));
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        Outcome {
            line: line.to_owned(),
            status: output.status.code(),
            output: String::from_utf8(output.stdout).unwrap(),
            complained: !output.stderr.is_empty(),
        }
    }
}

/// Gives `lines` to both programs, each with a table of its own.
fn compare(lines: &[&str]) {
    let outcomes = |program: Program| with_dummy().inside(|| program.outcomes(lines));
    assert_same(|| (outcomes(Program::reference()), outcomes(Program::ours())));
}

/// Fails if the programs differ in the same line three times in a row. Up to Linux 6.12, ipvsadm
/// shows an entry twice when another namespace, as other tests have, changes its table meanwhile.
fn assert_same(mut outcomes: impl FnMut() -> (Vec<Outcome>, Vec<Outcome>)) {
    let (reference, ours) = outcomes();
    let mut different = differences(&reference, &ours);
    for _ in 1..3 {
        if different.is_empty() {
            return;
        }
        let (reference, ours) = outcomes();
        let again = differences(&reference, &ours);
        different.retain(|line, _| again.contains_key(line));
    }
    let different: Vec<String> = different.into_values().collect();
    assert!(different.is_empty(), "{}", different.join("\n"));
}

/// What differs, by the number of its line.
fn differences(reference: &[Outcome], ours: &[Outcome]) -> BTreeMap<usize, String> {
    let pairs = reference.iter().zip(ours).enumerate();
    pairs
        .filter(|(_, (reference, ours))| reference != ours)
        .map(|(number, (reference, ours))| {
            (number, format!("-- ipvsadm\n{reference}\n-- ours\n{ours}"))
        })
        .collect()
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            line,
            status,
            output,
            complained,
        } = self;
        write!(f, "$ {line}\n{output}[{status:?}, complains: {complained}]")
    }
}

/// Names that the tests use beside the numbers; written before any program reads them.
fn name_hosts() {
    static WRITTEN: Once = Once::new();
    WRITTEN.call_once(|| fs::write("/etc/hosts", HOSTS).unwrap());
}

const HOSTS: &str = "127.0.0.1 localhost
10.0.0.1 vip1
192.168.1.1 rs1 rs1.example.org
192.168.1.2 a-very-long-host-name.with.domain.example.org
192.168.77.1 an-extremely-long-service-host-name.example.org
2001:db8::1 vip6
2001:db8::a a-very-long-host-name6.with.domain.example.org
";

const TABLE: &[&str] = &[
    "-A -t 10.0.0.1:80",
    "-A -u 10.0.0.1:53 -s rr -p",
    "-A -u 10.0.0.1:54 -s rr -o",
    "-A --sctp-service 10.0.0.1:5672 -s wrr -p 30 -M 255.255.255.0",
    "-A -f 7 -s sh -b sh-fallback,sh-port",
    "-A -f 8 -6 -s mh -b mh-port",
    "-A -f 2147483648 -b flag-1,flag-2,flag-3",
    "-A -t [2001:db8::1]:443 -s sh -b flag-1,flag-3 -p 360 -M 64",
    "-A -u 10.0.1.1:47 -s sh -b sh-port -o",
    "-A -u 10.0.0.9:5060 -s lc -p 60 --pe sip",
    "-A -u 10.0.0.9:5061 -s lc -o --pe sip",
    "-A -t 192.168.77.1:80 -s dh",
    "-A -t 224.0.0.1:514 -s dh",
    "-A -t [::1.2.3.4]:514",
    "-a -t 10.0.0.1:80 -r 192.168.1.1:80 -m",
    "-a -t 10.0.0.1:80 -r 192.168.1.2 -g -w 5",
    "-a -t 10.0.0.1:80 -r 192.168.1.3:8080 -m -w 100000 -x 10 -y 5",
    "-a -t 10.0.0.1:80 -r 10.7.1.4 -i",
    "-a -t 10.0.0.1:80 -r 130.7.1.4 -i",
    "-a -t 10.0.0.1:80 -r 192.168.1.5 -i --tun-type gue --tun-port 6080",
    "-a -t 10.0.0.1:80 -r 192.168.1.6 -i --tun-type gue --tun-port 6080 --tun-csum",
    "-a -t 10.0.0.1:80 -r 192.168.1.7 -i --tun-type gue --tun-port 6080 --tun-remcsum",
    "-a -t 10.0.0.1:80 -r 192.168.1.8 -i --tun-type gre --tun-csum",
    "-a -t 10.0.0.1:80 -r 192.168.1.9 -i --tun-type gre",
    "-a -t 10.0.0.1:80 -r [2001:db8::a]:0 -i",
    "-a -f 7 -r 192.168.1.1 -g",
    "-a -f 7 -r 192.168.1.1:80 -m",
    "-a -f 8 -6 -r [2001:db8::b]:0 -m -w 2000000000",
    "-a -t [2001:db8::1]:443 -r [2001:db8::a]:8443 -m",
    "-a -t [2001:db8::1]:443 -r [2001:db8:1111:2222:3333:4444:5555:6666]:443 -m -w 0",
    "-a -u 10.0.0.1:53 -r 127.0.0.1 -g",
    "-Sn",
];

const LISTINGS: &[&str] = &[
    "",
    "-L",
    "-l -n",
    "-Ln --nosort",
    "-Ln --sort --exact",
    "-L --stats",
    "-Ln --stats --exact",
    "-L --rate",
    "-Ln --rate --tun-info",
    "-Ln --stats --rate --thresholds",
    "-L --thresholds",
    "-Ln --thresholds --persistent-conn",
    "-L --persistent-conn",
    "-Ln --persistent-conn --tun-info",
    "-L --tun-info",
    "-L -t 10.0.0.1:80",
    "-Ln -t vip1:http",
    "-Ln -t 10.0.0.1:80 --nosort",
    "-L -f 8 -6",
    "-L -f 8",
    "-Ln -f 7 --stats",
    "-Ln -u 10.0.0.1:99",
    "-S",
    "-Sn",
    "--save --numeric",
    "-Lc",
    "-Lcn --persistent-conn",
    "-L --timeout",
    "-L --daemon",
];

#[test]
#[ignore = "needs ip_vs"]
fn a_table_is_listed_and_saved_as_by_ipvsadm() {
    name_hosts();
    // The kernel's own order differs between network namespaces.
    with_dummy().inside(|| {
        for outcome in Program::ours().outcomes(TABLE) {
            assert_eq!(outcome.status, Some(0), "{outcome:?}");
        }
        let outcomes = |program: Program| program.outcomes(LISTINGS);
        assert_same(|| (outcomes(Program::reference()), outcomes(Program::ours())));
    });
}

#[test]
#[ignore = "needs ip_vs"]
// `-S` is left out: ipvsadm saves `-b` without a value then, which it cannot restore.
fn unsaved_flags_are_listed_as_by_ipvsadm() {
    compare(&[
        "-A -t 10.0.1.1:46 -s sh -b flag-3",
        "-Ln",
        "-Ln --thresholds",
    ]);
}

#[test]
#[ignore = "needs ip_vs"]
fn connections_and_counters_are_listed_as_by_ipvsadm() {
    name_hosts();
    let namespace = with_dummy();
    namespace.ip("address add 10.0.0.1/32 dev dummy0
route add 192.168.1.0/24 dev dummy0
");
    namespace.inside(|| {
        for outcome in Program::ours().outcomes(&[
            "-A -t 10.0.0.1:80 -s rr",
            "-a -t 10.0.0.1:80 -r 192.168.1.1 -m",
            "-a -t 10.0.0.1:80 -r 192.168.1.2 -m",
            "-A -u 10.0.0.1:53 -s rr -p 600 -M 255.255.255.0",
            "-a -u 10.0.0.1:53 -r 192.168.1.2 -m",
        ]) {
            assert_eq!(outcome.status, Some(0), "{outcome}");
        }
        for _ in 0..3 {
            // Nobody answers.
            let service = ([10, 0, 0, 1], 80).into();
            TcpStream::connect_timeout(&service, Duration::from_millis(100)).unwrap_err();
        }
        let client = UdpSocket::bind("10.0.0.1:0").unwrap();
        client.send_to(b"?", "10.0.0.1:53").unwrap();
        // The kernel counts up every two seconds.
        clock::until("the connections to be counted", PATIENCE, || {
            let statistics = Program::reference().outcome("-Ln --stats").output;
            let counted = |protocol| {
                let service = |line: &&str| line.starts_with(protocol);
                let line = statistics.lines().find(service).unwrap();
                line.split_whitespace().nth(2) != Some("0")
            };
            counted("TCP") && counted("UDP")
        });
        let lines = [
            "-Lc",
            "-Lcn",
            "-Lcn --persistent-conn",
            "-Ln",
            "-Ln --stats",
            "-Ln --persistent-conn",
        ];
        let outcomes = |program: Program| {
            let mut outcomes = program.outcomes(&lines);
            outcomes[..3].iter_mut().for_each(hide_time);
            outcomes
        };
        let connections = |outcome: &Outcome| outcome.output.lines().count() - 2;
        assert_same(|| {
            let reference = outcomes(Program::reference());
            assert_eq!(connections(&reference[1]), 5, "{}", reference[1]);
            (reference, outcomes(Program::ours()))
        });
    });
}

/// Takes away what passes between two listings: the time to expiry.
fn hide_time(outcome: &mut Outcome) {
    let lines = outcome.output.lines().map(|line| {
        if line.starts_with("TCP") || line.starts_with("UDP") {
            format!("{}{}\n", &line[..4], &line[10..])
        } else {
            format!("{line}\n")
        }
    });
    outcome.output = lines.collect();
}

const CHANGES: &[&str] = &[
    "-A -t 10.0.0.1:80 -s rr -p 30",
    "-A -t 10.0.0.1:80",
    "-A -t 10.0.0.1:81 -s nosuch",
    "-A -u 10.0.0.1:82 -p --pe nosuch",
    "-E -t 10.0.0.1:80",
    "-Sn",
    "-E -t 10.0.0.1:99",
    "-D -t 10.0.0.1:99",
    "-Z -t 10.0.0.1:99",
    "-Z -t 10.0.0.1:80",
    "-Z",
    "-a -t 10.0.0.1:80 -r 10.0.0.2",
    "-a -r 10.0.0.3:8080 -t 10.0.0.1:80 -m",
    "-a -t 10.0.0.1:80 -r 10.0.0.2",
    "-a -t 10.0.0.1:81 -r 10.0.0.2",
    "-a -t 10.0.0.1:80 -r 224.0.0.1 -m",
    "-a -t 10.0.0.1:80 -r 0.0.0.0 -m",
    "-a -t 10.0.0.1:80 -r 10.0.0.4 -x 1 -y 2",
    "-a -t 10.0.0.1:80 -r 10.0.0.4 -w 2147483647 -x 2147483647",
    "-a -t 10.0.0.1:80 -r [2001:db8::1]:80 -m",
    "-a -t 10.0.0.1:80 -r 2001:db8::1 -i",
    "-e -t 10.0.0.1:80 -r 10.0.0.2 -w 9",
    "-e -t 10.0.0.1:80 -r 10.0.0.9",
    "-e -t 10.0.0.9:80 -r 10.0.0.9",
    "-d -t 10.0.0.1:80 -r 10.0.0.9",
    "-d -t 10.0.0.9:80 -r 10.0.0.9",
    "-Sn",
    "-d -t 10.0.0.1:80 -r 10.0.0.4",
    "-Ln --thresholds",
    "-D -t 10.0.0.1:80",
    "-Sn",
    "-A -f 9",
    "-C",
    "-Sn",
    "--set 7 8 9",
    "-L --timeout",
    "--set 0 0 2678400",
    "-Ln --timeout",
    "--start-daemon master",
    "--start-daemon master --mcast-interface nosuch0",
    "--start-daemon master --mcast-interface dummy0",
    "--start-daemon master --mcast-interface dummy0",
    "--start-daemon backup --mcast-interface dummy0 --syncid 7",
    "-L --daemon",
    "--stop-daemon master",
    "--stop-daemon master",
    "--stop-daemon backup --syncid 3",
    "--start-daemon master --mcast-interface dummy0 --syncid 255 --sync-maxlen 1000 --mcast-group 224.0.0.82 --mcast-port 9000 --mcast-ttl 5",
    "--start-daemon backup --mcast-interface dummy0 --mcast-group ff05::51 --mcast-port 9001 --mcast-ttl 6 --sync-maxlen 65507",
    "-Ln --daemon",
    "--stop-daemon master",
    "--stop-daemon backup",
    "-L --daemon",
];

#[test]
#[ignore = "needs ip_vs"]
fn changes_are_made_and_refused_as_by_ipvsadm() {
    name_hosts();
    compare(CHANGES);
}

const RESTORATIONS: &[&str] = &[
    "-R < -A -t 1.1.1.1:1||ipvsadm -A -t 1.1.1.1:2 -s rr|  -A   -t 1.1.1.1:3",
    "-Sn",
    "-R < -A -t 1.1.1.1:1|-A -t 1.1.1.1:4|",
    "-R < -A -t 1.1.1.1:5|-A -t 1.1.1.1:1|",
    "-R < -A -t 1.1.1.1:6 --bogus|-A -t 1.1.1.1:7|",
    "-R < -A -t 1.1.1.1:8 -s|-L -n|",
    "-R < -A -t 1.1.1.1:9|-A -t 1.1.1.1:10 -w 3|-A -t 1.1.1.1:11|",
    "-R < -Z|-L -t 5.5.5.6:6|-A -t 1.1.1.1:12|",
    "-R < -Z|-R|-A -t 1.1.1.1:13|",
    "-R < foo|-A -t 1.1.1.1:14|",
    "-R < -Z|-D -t 1.1.1.1:77|-A -t 1.1.1.1:15|",
    "-R < -a -t 9.9.9.9:1 -r 1.1.1.1|",
    "-R < --set 5 5 5|-L --timeout|",
    "-R < -S -n|",
    "-R < -A -t \"1.1.1.1:16\"|-A -t 1.1.1.1:17|",
    "-R < \t-A\t-t 1.1.1.1:18\r|",
    "-R < /sbin/ipvsadm -A -t 1.1.1.1:19|",
    "-R < ipvsadm|",
    "-R < ",
    "-R -n",
    "-R foo",
    "-Sn",
];

#[test]
#[ignore = "needs ip_vs"]
fn rules_are_restored_as_by_ipvsadm() {
    name_hosts();
    compare(RESTORATIONS);
}

const OPTIONS: &[&str] = &[
    "",
    "foo",
    "-t 10.0.0.1:80",
    "-u 10.0.0.1:80",
    "--sctp-service 10.0.0.1:80",
    "-f 1",
    "-f 0",
    "-6",
    "-s rr",
    "-p",
    "-p 30",
    "-p x",
    "-p 0",
    "-M 255.255.0.0",
    "-M foo",
    "-r 10.0.0.2",
    "-g",
    "-i",
    "-m",
    "--tun-type gue",
    "--tun-port 5",
    "--tun-nocsum",
    "--tun-csum",
    "--tun-remcsum",
    "-w 1",
    "-w -1",
    "-x 1",
    "-y x",
    "--mcast-interface dummy0",
    "--syncid 256",
    "--sync-maxlen 0",
    "--mcast-group 1.2.3.4",
    "--mcast-port 0",
    "--mcast-ttl 0",
    "-c",
    "--timeout",
    "--daemon",
    "--stats",
    "--rate",
    "--exact",
    "--thresholds",
    "--persistent-conn",
    "--tun-info",
    "--nosort",
    "--sort",
    "-o",
    "-n",
    "-b flag-1",
    "-b bogus",
    "--pe sip",
    "-A",
    "--bogus",
    "master",
];

#[test]
#[ignore = "needs ip_vs"]
fn options_go_with_changes_of_the_table_as_in_ipvsadm() {
    compare_options(&["-A", "-E", "-D", "-a", "-e", "-d", "-Z"]);
}

#[test]
#[ignore = "needs ip_vs"]
fn options_go_with_other_commands_as_in_ipvsadm() {
    compare_options(&[
        "-L",
        "-S",
        "-R",
        "-C",
        "--set",
        "--start-daemon",
        "--stop-daemon",
    ]);
}

/// Every option beside what a command needs.
fn compare_options(commands: &[&str]) {
    name_hosts();
    let mut lines: Vec<String> = Vec::new();
    for command in commands {
        let usual = match *command {
            "-A" | "-E" | "-D" | "-Z" => "-t 10.0.0.1:81",
            "-a" | "-e" | "-d" => "-t 10.0.0.1:81 -r 10.0.0.2",
            "--set" => "1 2 3",
            "--start-daemon" | "--stop-daemon" => "backup",
            _ => "",
        };
        lines.extend(
            OPTIONS
                .iter()
                .map(|option| format!("{command} {usual} {option}")),
        );
    }
    lines.push("-Sn".to_owned());
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    compare(&lines);
}
