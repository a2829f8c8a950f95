use std::path::{Path, PathBuf};

use super::script::{Side, Verb, Who, parse};
use super::*;

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../examples")
        .join(name)
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/command/simulate/tests")
        .join(name)
}

fn options(files: &[&str], steps: Option<&str>) -> Options {
    Options {
        files: files.iter().map(|file| example(file)).collect(),
        script: steps.map(script),
        seed: 1,
        ..Options::default()
    }
}

fn play(options: &Options) -> Report {
    prepare(options).unwrap().run()
}

fn directors() -> Vec<String> {
    ["director-a", "director-b"].map(str::to_owned).to_vec()
}

/// What is wrong with a script, as it is shown.
fn mistakes(text: &str) -> Vec<String> {
    let mistakes = parse(Path::new("script"), text, &directors()).unwrap_err();
    let each = mistakes.diagnostics.iter();
    each.map(|mistake| mistake.render(&mistakes.sources, false))
        .collect()
}

#[test]
fn two_directors_go_through_everything_that_can_happen() {
    let options = options(
        &["director-a.conf", "director-b.conf"],
        Some("every-verb.txt"),
    );
    let report = play(&options);
    assert_eq!(report.to_string(), include_str!("tests/every-verb.out"));
    assert!(report.is_sound());
}

#[test]
fn an_uplink_moves_one_of_two_crossing_virtual_routers() {
    let report = play(&options(
        &["crossing-a.conf", "crossing-b.conf"],
        Some("uplink.txt"),
    ));
    assert_eq!(report.to_string(), include_str!("tests/uplink.out"));
    assert!(report.is_sound());
}

#[test]
fn the_standard_round_is_sound_and_the_same_every_time() {
    let options = options(&["director-a.conf", "director-b.conf"], None);
    let report = play(&options);
    assert!(report.is_sound(), "{report}");
    let faults: Vec<_> = report.rows.iter().map(|row| row.fault.as_str()).collect();
    assert_eq!(
        faults,
        [
            "every host starts",
            "director-a crashes",
            "director-a starts again",
            "director-b crashes",
            "director-b starts again",
            "eth0 of director-a loses its carrier",
            "eth0 of director-a regains its carrier",
            "eth0 of director-b loses its carrier",
            "eth0 of director-b regains its carrier",
            "partition director-a | director-b",
            "links heal",
            "nothing gets from director-a to director-b",
            "links heal",
            "nothing gets from director-b to director-a",
            "links heal",
            "director-a is paused for 14s (SIGSTOP)",
            "director-a goes on (SIGCONT)",
        ]
    );
    assert_eq!(play(&options).to_string(), report.to_string());
}

#[test]
fn one_host_and_crossing_hosts_survive_the_standard_round() {
    for files in [
        &["crossing-a.conf", "crossing-b.conf"][..],
        &["director-a.conf"],
    ] {
        let report = play(&options(files, None));
        assert!(report.is_sound(), "{report}");
    }
}

fn temporary(name: &str, text: &str) -> PathBuf {
    let directory = std::env::temp_dir().join(format!("ha-daemon-simulate-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let path = directory.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn instance(rest: &str) -> String {
    format!(
        "vrrp_instance V {{
            interface eth0
            virtual_router_id 7
            {rest}
            virtual_ipaddress {{
                192.0.2.9
            }}
        }}"
    )
}

/// Two hosts with these lines in their instance, left alone for twenty seconds.
fn pair(name: &str, one: &str, other: &str) -> Report {
    let calm = temporary(&format!("{name}.steps"), "20s heal\n");
    let files = [("one", one), ("other", other)]
        .map(|(host, rest)| temporary(&format!("{name}-{host}.conf"), &instance(rest)));
    let report = play(&Options {
        files: files.to_vec(),
        hosts: vec!["one".to_owned(), "other".to_owned()],
        script: Some(calm.clone()),
        ..Options::default()
    });
    for path in files.iter().chain([&calm]) {
        std::fs::remove_file(path).unwrap();
    }
    report
}

#[test]
fn hosts_that_never_hear_each_other_break_the_bound() {
    let password = |word| format!("authentication {{\nauth_type PASS\nauth_pass {word}\n}}");
    let versions = ("version 2", "version 3");
    let peers = (
        "priority 150\nunicast_src_ip 203.0.113.7\nunicast_peer {\n203.0.113.9\n}",
        "unicast_src_ip 203.0.113.8\nunicast_peer {\n203.0.113.7\n}",
    );
    let intervals = ("advert_int 1", "advert_int 2");
    for (name, one, other, reason) in [
        (
            "passwords",
            &*password("a"),
            &*password("b"),
            "the authentication differs",
        ),
        ("versions", versions.0, versions.1, "the versions differ"),
        ("peers", peers.0, peers.1, "it is not a unicast_peer there"),
        ("intervals", intervals.0, intervals.1, ""),
    ] {
        let report = pair(name, one, other);
        let text = report.to_string();
        assert!(!report.is_sound(), "{text}");
        assert!(text.contains(reason), "{text}");
        assert!(text.contains("TOO LONG"), "{text}");
    }
}

#[test]
fn the_peers_of_the_others_tell_a_unicast_address() {
    let report = pair(
        "unicast",
        "unicast_peer {\n203.0.113.8\n}",
        "priority 90\nunicast_src_ip 203.0.113.8\nunicast_peer {\n203.0.113.7\n}",
    );
    assert!(report.is_sound(), "{report}");
    assert!(
        report
            .to_string()
            .contains("one  203.0.113.7, priority 100")
    );
}

#[test]
fn a_script_says_who_and_when() {
    let text = "1.5s partition director-a | others # a comment\n\n2s loss 2.5%\n2s delay 1ms\n";
    let steps = parse(Path::new("script"), text, &directors()).unwrap();
    let side = |named: &[usize], others| Side {
        named: named.iter().copied().map(Who::Host).collect(),
        others,
    };
    let millis = Duration::from_millis;
    let expected = [
        (
            millis(1500),
            Verb::Partition(vec![side(&[0], false), side(&[], true)]),
        ),
        (millis(2000), Verb::Loss(25)),
        (millis(2000), Verb::Delay(millis(1), millis(1))),
    ];
    assert_eq!(steps, expected.map(|(at, verb)| Step { at, verb }));
}

#[test]
fn a_mistake_in_a_script_is_shown_at_its_place() {
    assert_eq!(
        mistakes("1s heal\n10s crsh director-a\n5s pause dircetor-b 1s\n"),
        [
            "error[unknown-keyword]: nothing is called `crsh`
 --> script:2:5
  |
2 | 10s crsh director-a
  |     ^^^^
  |
  = help: did you mean `crash`?
  = help: there are: crash, restart, stop, pause, link, partition, oneway, heal, loss, duplicate, delay",
            "error[unknown-name]: there is no host `dircetor-b`
 --> script:3:10
  |
3 | 5s pause dircetor-b 1s
  |          ^^^^^^^^^^
  |
  = help: did you mean `director-b`?
  = help: there are: director-a, director-b, master",
        ]
    );
}

#[test]
fn every_kind_of_mistake_has_its_words() {
    for (line, words) in [
        (
            "10 heal",
            "`10` is no span of time: a number and ms, s, m or h, as in 1.5s",
        ),
        (
            "9999h heal",
            "`9999h` is no span of time: at most a year (8760h)",
        ),
        ("1s", "what happens is missing"),
        ("1s crash", "a host is missing"),
        ("1s pause master", "how long is missing"),
        ("1s pause master soon", "`soon` is no span of time"),
        ("1s heal now", "nothing is expected behind this: `now`"),
        ("1s link master eth0", "`down` or `up` is missing"),
        (
            "1s link master eth0 off",
            "`down` or `up` is expected, not `off`",
        ),
        ("1s partition", "a host is missing"),
        ("1s partition | master", "a side has no host"),
        ("1s partition master |", "a host is missing"),
        (
            "1s oneway master",
            "two sides are needed, as in `oneway a -> b`",
        ),
        (
            "1s loss 101%",
            "0% to 100% is expected, with one decimal at most",
        ),
        (
            "1s loss 10",
            "0% to 100% is expected, with one decimal at most",
        ),
        ("2s heal\n1s heal", "this is earlier than the line before"),
    ] {
        let [mistake] = &*mistakes(line) else {
            panic!("{line}: one mistake");
        };
        assert!(mistake.contains(words), "{mistake}");
    }
}

#[test]
fn what_cannot_be_simulated_is_refused() {
    let refusal = |options: &Options| prepare(options).unwrap_err().to_string();
    let twice = options(&["director-a.conf", "director-a.conf"], None);
    assert_eq!(
        refusal(&twice),
        "two hosts are called director-a; --host names them"
    );
    let named = Options {
        hosts: vec!["a b".to_owned()],
        ..options(&["director-a.conf"], None)
    };
    assert_eq!(refusal(&named), "a host cannot be called `a b`");
    let missing = options(&["missing.conf"], None);
    assert!(refusal(&missing).ends_with("missing.conf cannot run"));
    let unread = options(&["director-a.conf"], Some("missing.txt"));
    assert!(refusal(&unread).ends_with("missing.txt"));
}
