//! Tests of the construction of checkers.

use core::time::Duration;
use std::fs;
use std::os::unix::fs::symlink;

use super::*;
use crate::config::{InitFile, LoadOptions, TrackFile, load_str};
use crate::health::dns::DnsType;
use crate::health::http::{HttpVersion, Pattern, PatternOptions, RequestText, StatusSet, Url};
use crate::health::settings::{Connection, Http, Limits, Misc, Protocol, Source};
use crate::health::udp::{Reply, UdpSettings};

const SECOND: Duration = Duration::from_secs(1);

/// A configuration without mistakes whose only real server is 10.0.0.1:8080.
fn config(top: &str, checks: &str) -> Config {
    let text = format!(
        "{top}\nvirtual_server 192.0.2.1 80 {{\nlb_algo rr\nlb_kind NAT\nprotocol TCP\n\
         real_server 10.0.0.1 8080 {{\n{checks}\n}}\n}}\n"
    );
    let loaded = load_str("test.conf", &text, &LoadOptions::default());
    assert_eq!(loaded.diagnostics, [], "{text}");
    loaded.config
}

fn build(config: &Config) -> Result<(Vec<Kind>, Vec<PathBuf>), BuildError> {
    let mut builder = Builder::new(config)?;
    let checkers = &config.virtual_servers[0].real_servers[0].checkers;
    let kinds = checkers.iter().map(|checker| builder.checker(checker));
    Ok((kinds.collect::<Result<_, _>>()?, builder.into_files()))
}

fn settings(checks: &str) -> Vec<Settings> {
    let (kinds, _) = build(&config("", checks)).unwrap();
    let settings = kinds.into_iter().map(|kind| match kind {
        Kind::Probe(settings) => settings,
        Kind::File { .. } => panic!("a probe"),
    });
    settings.collect()
}

fn protocol(check: &str) -> Protocol {
    let [settings] = <[Settings; 1]>::try_from(settings(check)).unwrap();
    settings.protocol
}

fn error(checks: &str) -> BuildError {
    build(&config("", checks)).unwrap_err()
}

fn at(to: &str) -> Connection {
    Connection::new(to.parse().unwrap())
}

#[test]
fn a_connection_is_made_as_configured() {
    assert_eq!(
        protocol("TCP_CHECK {\n}"),
        Protocol::Tcp(at("10.0.0.1:8080"))
    );
    let check = "TCP_CHECK {\nconnect_ip 10.0.0.2\nconnect_port 25\nbindto 10.0.0.9\n\
                 bind_port 20\nbind_if eth7\nfwmark 5\nconnect_timeout 2\n}";
    let expected = Connection {
        source: Some(Box::new(Source {
            address: Some("10.0.0.9:20".parse().unwrap()),
            interface: Some("eth7".parse().unwrap()),
            mark: Some(5),
        })),
        limits: Limits::of_steps(2 * SECOND),
        ..at("10.0.0.2:25")
    };
    assert_eq!(protocol(check), Protocol::Tcp(expected));
}

#[test]
fn a_port_without_an_address_is_of_any_address() {
    let check = "TCP_CHECK {\nbind_port 20\n}";
    let expected = Connection {
        source: Some(Box::new(Source {
            address: Some("0.0.0.0:20".parse().unwrap()),
            ..Source::default()
        })),
        ..at("10.0.0.1:8080")
    };
    assert_eq!(protocol(check), Protocol::Tcp(expected));
}

#[test]
fn attempts_are_made_when_the_configuration_says() {
    let check = "HTTP_GET {\nurl {\npath /\n}\nfast_recovery\ndelay_loop 7\nwarmup 8\nretry 9\n\
                 delay_before_retry 10\nalpha\n}\nTCP_CHECK {\n}";
    let [http, tcp] = <[Settings; 2]>::try_from(settings(check)).unwrap();
    let expected = Timing {
        delay_loop: 7 * SECOND,
        warmup: 8 * SECOND,
        retry: 9,
        delay_before_retry: 10 * SECOND,
        alpha: true,
        fast_recovery: true,
    };
    assert_eq!(http.timing, expected);
    assert_eq!(tcp.timing, Timing::every(60 * SECOND));
}

#[test]
fn pages_are_asked_for_and_judged_as_configured() {
    let check = "HTTP_GET {\nhttp_protocol 1.1\nvirtualhost www.example.org\n\
                 url {\npath /a\nstatus_code 200-204 404\n\
                 digest 00112233445566778899aabbccddeeff\n}\n\
                 url {\npath /b\nvirtualhost b.example.org\nregex \"o+k\"\nregex_no_match\n\
                 regex_options caseless ungreedy\nregex_min_offset 3\nregex_max_offset 9\n}\n}";
    let text = |text| RequestText::try_from(text).unwrap();
    let mut status = StatusSet::EMPTY;
    status.insert(200..=204).unwrap();
    status.insert(404..=404).unwrap();
    let a = Url {
        virtualhost: Some(text("www.example.org")),
        status,
        digest: Some("00112233445566778899aabbccddeeff".parse().unwrap()),
        ..Url::new(text("/a"))
    };
    let options = PatternOptions {
        caseless: true,
        ungreedy: true,
        negated: true,
        min_offset: 3,
        max_offset: Some(9),
        ..PatternOptions::default()
    };
    let b = Url {
        virtualhost: Some(text("b.example.org")),
        pattern: Some(Pattern::new("o+k", options).unwrap()),
        ..Url::new(text("/b"))
    };
    let http = Http {
        version: HttpVersion::Http11,
        urls: vec![Arc::new(a), Arc::new(b)],
        tls: None,
    };
    assert_eq!(protocol(check), Protocol::Http(at("10.0.0.1:8080"), http));
}

#[test]
fn the_other_probes_have_their_parameters() {
    assert_eq!(
        protocol("PING_CHECK {\n}"),
        Protocol::Ping(at("10.0.0.1:0"))
    );
    assert_eq!(
        protocol("SMTP_CHECK {\nhelo_name me.example.org\n}"),
        Protocol::Smtp(at("10.0.0.1:8080"), "me.example.org".try_into().unwrap())
    );
    assert_eq!(
        protocol("DNS_CHECK {\ntype AAAA\nname example.org\n}"),
        Protocol::Dns(
            at("10.0.0.1:8080"),
            "example.org".parse().unwrap(),
            DnsType::Aaaa
        )
    );
}

#[test]
fn datagrams_and_their_answers_are_as_configured() {
    let udp = |settings| Protocol::Udp(at("10.0.0.1:8080"), settings);
    let required = |pattern: Option<&str>, length| UdpSettings {
        payload: None,
        reply: Reply::Required {
            pattern: pattern.map(|pattern| pattern.parse().unwrap()),
            length,
        },
    };
    for (check, expected) in [
        ("UDP_CHECK {\n}", UdpSettings::default()),
        (
            "UDP_CHECK {\npayload 0102f\n}",
            UdpSettings {
                payload: Some("01020f".parse().unwrap()),
                reply: Reply::Optional,
            },
        ),
        ("UDP_CHECK {\nrequire_reply\n}", required(None, None)),
        (
            "UDP_CHECK {\nrequire_reply\nmin_reply_length 4\n}",
            required(None, Some(4..=255)),
        ),
        (
            "UDP_CHECK {\nrequire_reply 01xx0x\nmax_reply_length 512\n}",
            required(Some("01xx0x"), Some(0..=512)),
        ),
    ] {
        assert_eq!(protocol(check), udp(expected), "{check}");
    }
}

#[test]
fn checkers_that_use_tls_the_same_way_share_a_client() {
    let page = "url {\npath /\n}";
    let checks = format!(
        "SSL_GET {{\n{page}\n}}\nSSL_GET {{\nconnect_port 443\n{page}\n}}\n\
         SSL_GET {{\nsni_name www.example.org\n{page}\n}}"
    );
    let tls = |settings: Settings| {
        let Protocol::Http(_, http) = settings.protocol else {
            panic!("SSL_GET");
        };
        http.tls.unwrap()
    };
    let tls: Vec<_> = settings(&checks).into_iter().map(tls).collect();
    assert_eq!(tls[0].client, tls[1].client);
    assert_ne!(tls[0].client, tls[2].client);
    assert_eq!(
        (&tls[0].name, tls[2].name.as_deref()),
        (&None, Some("www.example.org"))
    );
}

fn misc(settings: &Settings) -> &Misc {
    let Protocol::Misc(misc) = &settings.protocol else {
        panic!("MISC_CHECK");
    };
    misc
}

#[test]
fn scripts_are_shared_by_checkers_that_share_attempts_and_no_others() {
    let check = |body: &str| format!("MISC_CHECK {{\nmisc_path \"/bin/true x\"\n{body}\n}}\n");
    let checks = ["", "", "misc_timeout 3", "misc_dynamic", "delay_loop 5"].map(check);
    let settings = settings(&checks.concat());
    assert_eq!(settings[0], settings[1]);
    let script = |index: usize| Arc::as_ptr(&misc(&settings[index]).script);
    for other in 2..5 {
        for one in 0..other {
            assert!(script(one) != script(other), "{one} {other}");
        }
    }
    assert_eq!(misc(&settings[2]).limit, 3 * SECOND);
    assert_eq!(misc(&settings[0]).limit, 60 * SECOND);
    assert!(misc(&settings[3]).dynamic);
}

#[test]
fn whoever_is_missing_to_run_a_script_is_named() {
    let check = "MISC_CHECK {\nmisc_path /bin/true\nuser nobody-here\n}";
    assert_eq!(error(check).to_string(), "there is no user \"nobody-here\"");
    let config = config(
        "global_defs {\nscript_user root no-group-here\n}",
        "notify_up /bin/true\nnotify_down \"/bin/true\" root",
    );
    let builder = Builder::new(&config).unwrap();
    let server = &config.virtual_servers[0].real_servers[0];
    let error = builder.script(server.notify_up.as_ref().unwrap());
    let error = error.unwrap_err();
    assert_eq!(error.to_string(), "there is no group \"no-group-here\"");
    assert!(error.is_of_script());
    assert!(builder.script(server.notify_down.as_ref().unwrap()).is_ok());
}

#[test]
fn hooks_that_are_equal_run_apart() {
    let config = config("", "notify_up /bin/true\nnotify_down /bin/true");
    let builder = Builder::new(&config).unwrap();
    let server = &config.virtual_servers[0].real_servers[0];
    let up = builder.script(server.notify_up.as_ref().unwrap()).unwrap();
    let down = builder.script(server.notify_down.as_ref().unwrap());
    assert!(!Arc::ptr_eq(&up, &down.unwrap()));
    assert_eq!(up.program(), "/bin/true");
}

#[test]
fn files_are_watched_once() {
    let top = "track_file a {\nfile /run/a\n}\ntrack_file b {\nfile /run/b\nweight 3\n}";
    let checks = ["b", "a", "b"].map(|name| format!("FILE_CHECK {{\ntrack_file {name}\n}}\n"));
    let (kinds, files) = build(&config(top, &checks.concat())).unwrap();
    let file = |file, weight| Kind::File {
        file,
        weight: FileWeight::new(weight, false),
    };
    assert_eq!(kinds, [file(0, 3), file(1, 1), file(0, 3)]);
    assert_eq!(files, ["/run/b", "/run/a"].map(PathBuf::from));
}

struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let name = format!("ha-daemon-checkers-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

const SSL_GET: &str = "SSL_GET {\nurl {\npath /\n}\n}";

/// The error with files of these names in the `SSL` block.
fn tls_error(files: &[(&str, &Path)], checks: &str) -> Option<String> {
    let lines = files
        .iter()
        .map(|(keyword, path)| format!("{keyword} {}\n", path.display()));
    let top = format!("SSL {{\n{}}}", lines.collect::<String>());
    let error = build(&config(&top, checks)).err();
    error.map(|error| error.to_string())
}

#[test]
fn a_file_that_cannot_be_used_for_tls_is_named() {
    let directory = Directory::new("tls");
    let certified = rcgen::generate_simple_self_signed(["a.example".to_owned()]).unwrap();
    let other = rcgen::generate_simple_self_signed(["a.example".to_owned()]).unwrap();
    let certificate = directory.write("certificate", &certified.cert.pem());
    let key = directory.write("key", &certified.signing_key.serialize_pem());
    let foreign = directory.write("foreign", &other.signing_key.serialize_pem());
    let encrypted = directory.write(
        "encrypted",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
    );
    let noise = directory.write("noise", "noise");
    let missing = directory.0.join("missing");
    let used = |certificate: &Path, key: &Path| {
        let files = [
            ("ca", certificate),
            ("certificate", certificate),
            ("key", key),
        ];
        tls_error(&files, SSL_GET)
    };
    assert_eq!(used(&certificate, &key), None);
    let text =
        |head: &str, path: &Path, tail: &str| Some(format!("{head}{}{tail}", path.display()));
    assert_eq!(used(&missing, &key), text("cannot read ", &missing, ""));
    assert_eq!(used(&noise, &key), text("cannot use ", &noise, ""));
    assert_eq!(used(&certificate, &noise), text("cannot use ", &noise, ""));
    assert_eq!(
        used(&certificate, &foreign),
        text("cannot use ", &certificate, "")
    );
    assert_eq!(
        used(&certificate, &encrypted),
        text(
            "",
            &encrypted,
            " is encrypted; give the key without a password"
        )
    );
}

#[test]
fn files_for_tls_are_not_read_without_need() {
    let missing = Path::new("/nonexistent/file");
    assert_eq!(tls_error(&[("ca", missing)], "TCP_CHECK {\n}"), None);
}

fn track_file(path: PathBuf, value: i64, overwrite: bool) -> TrackFile {
    let text = "track_file a {\nfile /run/a\n}";
    let mut file = config(text, "").track_files.remove(0);
    file.init = Some(InitFile { value, overwrite });
    file.path = path;
    file
}

#[test]
fn tracked_files_start_with_their_number_unless_they_have_one() {
    let directory = Directory::new("init");
    let path = directory.0.join("file");
    let content = || fs::read_to_string(&path).unwrap();
    initialise(&track_file(path.clone(), -5, false)).unwrap();
    assert_eq!(content(), "-5\n");
    initialise(&track_file(path.clone(), 6, false)).unwrap();
    assert_eq!(content(), "-5\n");
    initialise(&track_file(path.clone(), 7, true)).unwrap();
    assert_eq!(content(), "7\n");
}

#[test]
fn links_are_not_written_through() {
    let directory = Directory::new("link");
    let target = directory.write("target", "kept");
    let link = directory.0.join("link");
    symlink(&target, &link).unwrap();
    initialise(&track_file(link.clone(), 1, true)).unwrap_err();
    initialise(&track_file(link, 1, false)).unwrap();
    assert_eq!(fs::read_to_string(&target).unwrap(), "kept");
}
