//! Properties of health checks and of the control socket, for any octets received.

use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, LazyLock};

use crate::health::attempt::{Dialogue, Exchange, Progress};
use crate::health::dns::{DnsCheck, DnsType, DomainName};
use crate::health::http::{Get, HttpVersion, Pattern, PatternOptions, RequestText, Url};
use crate::health::slice::Slice;
use crate::health::smtp::{HelloName, SmtpCheck};
use crate::health::tls::{Client, TlsSettings};
use crate::observe::control;
use crate::observe::status::{LossStatus, Status, TurnStatus};

/// The most octets that an attempt sends for each octet it gets, and besides.
const CHATTER: usize = 4096;

/// What is left of `input` behind the size of portions, 1 to 255 octets.
fn portioned(input: &[u8]) -> (usize, &[u8]) {
    let (portion, response) = input.split_first().unwrap_or((&0, &[]));
    (usize::from(*portion).max(1), response)
}

/// How a dialogue ends that hears `response` in portions and then the end, and what it sends.
fn hear(mut dialogue: impl Dialogue, response: &[u8], portion: usize) -> (Progress, Vec<u8>) {
    let mut out = Vec::new();
    let mut progress = dialogue.start(&mut out);
    for octets in response.chunks(portion) {
        if progress != Progress::Continue {
            break;
        }
        progress = dialogue.receive(octets, &mut out);
        while progress == Progress::Busy {
            progress = dialogue.go_on(&mut out, &Slice::endless());
        }
    }
    if progress == Progress::Continue {
        progress = Progress::Done(dialogue.closed());
    }
    assert!(out.len() <= CHATTER + 2 * response.len(), "{}", out.len());
    (progress, out)
}

/// A response to GET: the judgement does not depend on the portions in which it comes, and is given
/// in words, with a status, a digest or a pattern to look for.
///
/// # Panics
/// If that does not hold for `input`.
pub fn http(input: &[u8]) {
    let (portion, response) = portioned(input);
    let page = || Url::new(RequestText::try_from("/health").expect("a path"));
    let pattern = |negated| {
        let options = PatternOptions {
            negated,
            min_offset: 1,
            max_offset: Some(40),
            ..PatternOptions::default()
        };
        Pattern::new("o[kn]$", options).ok()
    };
    let digested = Url {
        digest: "d41d8cd98f00b204e9800998ecf8427e".parse().ok(),
        ..page()
    };
    let searched = |negated| Url {
        pattern: pattern(negated),
        ..page()
    };
    let to = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 80);
    for url in [page(), digested, searched(false), searched(true)].map(Arc::new) {
        let get = || Get::new(Arc::clone(&url), HttpVersion::Http11, to);
        let whole = hear(get(), response, usize::MAX);
        assert_eq!(hear(get(), response, portion), whole);
        is_told(&whole.0);
    }
}

/// What a mail server says: the judgement and what is said to it do not depend on portions.
///
/// # Panics
/// If that does not hold for `input`.
pub fn smtp(input: &[u8]) {
    let (portion, response) = portioned(input);
    let check = || SmtpCheck::new(HelloName::default());
    let whole = hear(check(), response, usize::MAX);
    assert_eq!(hear(check(), response, portion), whole);
    is_told(&whole.0);
    let passed = matches!(whole.0, Progress::Done(Ok(_)));
    assert!(!passed || whole.1.ends_with(b"QUIT\r\n"), "all was said");
}

/// TLS records: the judgement does not depend on portions, though each handshake has keys of its
/// own, and nothing is taken for the answer that was not enciphered for it.
///
/// # Panics
/// If that does not hold for `input`.
pub fn tls(input: &[u8]) {
    static CLIENT: LazyLock<Option<Client>> =
        LazyLock::new(|| Client::new(&TlsSettings::default()).ok());
    let (portion, response) = portioned(input);
    let client = CLIENT.as_ref().expect("the defaults are usable");
    let check = || {
        let name = Client::unnamed(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let wrapped = client.wrap(SmtpCheck::new(HelloName::default()), name);
        wrapped.expect("there is randomness")
    };
    let (whole, _) = hear(check(), response, usize::MAX);
    assert!(!matches!(whole, Progress::Done(Ok(_))), "unheard of");
    assert_eq!(hear(check(), response, portion).0, whole);
    is_told(&whole);
}

fn is_told(progress: &Progress) {
    if let Progress::Done(Err(failure)) = progress {
        let text = failure.to_string();
        assert!(!text.is_empty() && !text.contains('\n'), "{text:?}");
    }
}

/// A datagram from a name server: only what answers the question decides, and a question of any name
/// is understood by the check that asks it.
///
/// # Panics
/// If that does not hold for `datagram`.
pub fn dns(datagram: &[u8]) {
    let id = 0x1234;
    let names = [None, core::str::from_utf8(datagram).ok()];
    for text in names {
        let name = match text.map(str::parse::<DomainName>) {
            None => DomainName::default(),
            Some(Ok(name)) => name,
            Some(Err(_)) => continue,
        };
        let mut check = DnsCheck::new(id, &name, DnsType::default());
        let decided = check.answer(datagram);
        assert!(decided.is_none() || datagram.starts_with(&id.to_be_bytes()));
        let mut question = Vec::new();
        check.request(&mut question);
        assert!((17..=12 + 255 + 4).contains(&question.len()));
        assert_eq!(check.answer(&question), None, "a question is no answer");
        if let Some(flags) = question.get_mut(2) {
            *flags |= 0x80;
        }
        assert!(
            check
                .answer(&question)
                .is_some_and(|outcome| outcome.is_ok())
        );
    }
}

/// A request at the control socket: the reply is one line of JSON, and nothing but a request for the
/// status gets one.
///
/// # Panics
/// If that does not hold for `request`.
pub fn control(request: &[u8]) {
    let status = Status {
        version: "1".to_owned(),
        pid: 2,
        uptime_seconds: 3.0,
        turns: TurnStatus::default(),
        losses: LossStatus::default(),
        instances: Vec::new(),
        virtual_servers: Vec::new(),
    };
    let reply = control::answer(request, &status);
    let line = reply.strip_suffix(b"\n").expect("a whole line");
    assert!(!line.contains(&b'\n'));
    let value: serde_json::Value = serde_json::from_slice(line).expect("JSON");
    let asked = request.split(|octet| *octet == b'\n').next();
    let wanted = asked.is_some_and(|line| line.trim_ascii() == b"status");
    assert_eq!(value.get("error").is_none(), wanted, "{value}");
    assert_eq!(value.get("pid").is_some(), wanted, "{value}");
}
