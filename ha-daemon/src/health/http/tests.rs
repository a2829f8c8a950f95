//! Tests of HTTP checks.

use super::*;

const V4: &str = "192.0.2.10:8080";

fn text(text: &str) -> RequestText {
    RequestText::try_from(text).unwrap()
}

fn url() -> Url {
    Url::new(text("/health?deep=1"))
}

fn request(url: &Url, version: HttpVersion, to: &str) -> String {
    let mut get = Get::new(Arc::new(url.clone()), version, to.parse().unwrap());
    let mut out = Vec::new();
    assert_eq!(get.start(&mut out), Progress::Continue);
    String::from_utf8(out).unwrap()
}

/// Lets octets arrive, and all be done that they make necessary.
fn hear(get: &mut Get, octets: &[u8]) -> Progress {
    let mut progress = get.receive(octets, &mut Vec::new());
    while progress == Progress::Busy {
        progress = get.go_on(&mut Vec::new(), &Slice::endless());
    }
    progress
}

/// Lets the server answer `response` in portions, and close if `then_close`.
fn answer(url: &Url, response: &[u8], portion: usize, then_close: bool) -> Progress {
    let to = V4.parse().unwrap();
    let mut get = Get::new(Arc::new(url.clone()), HttpVersion::Http11, to);
    for portion in response.chunks(portion) {
        let progress = hear(&mut get, portion);
        if progress != Progress::Continue {
            return progress;
        }
    }
    if then_close {
        Progress::Done(get.closed())
    } else {
        Progress::Continue
    }
}

/// The same in all portions that matter.
#[track_caller]
fn outcome(url: &Url, response: &[u8], then_close: bool) -> Progress {
    let whole = answer(url, response, usize::MAX, then_close);
    for portion in 1..16 {
        assert_eq!(
            answer(url, response, portion, then_close),
            whole,
            "{portion}"
        );
    }
    whole
}

const PASSED: Progress = Progress::Done(Ok(Passed { weight: None }));

fn failed(failure: HttpFailure) -> Progress {
    Progress::Done(Err(Failure::Http(failure)))
}

#[test]
fn request_has_keepalived_octets() {
    assert_eq!(
        request(&url(), HttpVersion::Http10, V4),
        "GET /health?deep=1 HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nHost: 192.0.2.10:8080\r\n\r\n"
    );
    assert_eq!(
        request(&url(), HttpVersion::Http10Close, "[2001:db8::1]:80"),
        "GET /health?deep=1 HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nConnection: close\r\n\
         Host: [2001:db8::1]:80\r\n\r\n"
    );
    let named = Url {
        virtualhost: Some(text("www.example.org")),
        ..url()
    };
    assert_eq!(
        request(&named, HttpVersion::Http11, V4),
        "GET /health?deep=1 HTTP/1.1\r\nUser-Agent: KeepAliveClient\r\nConnection: close\r\n\
         Host: www.example.org\r\n\r\n"
    );
    assert!(
        request(&url(), HttpVersion::Http10, "[fe80::1%3]:80").contains("Host: [fe80::1]:80\r")
    );
}

#[test]
fn text_that_would_split_a_request_is_refused() {
    for wrong in ["", "/a b", "/\r\nX: y", "/\0", "\t", "/\x7f"] {
        assert_eq!(RequestText::try_from(wrong), Err(RequestTextError));
    }
    assert_eq!(text("/ü").to_string(), "/ü");
}

#[test]
fn status_decides() {
    let codes = |code: &str| {
        let response = format!("HTTP/1.1 {code} Whatever\r\nContent-Length: 0\r\n\r\n");
        outcome(&url(), response.as_bytes(), false)
    };
    assert_eq!(codes("200"), PASSED);
    assert_eq!(codes("299"), PASSED);
    let expected = StatusSet::default();
    for found in [300, 404, 503, 101] {
        assert_eq!(
            codes(&found.to_string()),
            failed(HttpFailure::Status { found, expected })
        );
    }
    let failure = HttpFailure::Status {
        found: 503,
        expected,
    };
    assert_eq!(failure.to_string(), "status 503, expected 200-299");
}

#[test]
fn body_ends_by_length_chunk_close_or_not_at_all() {
    let page = Url {
        digest: Some("900150983cd24fb0d6963f7d28e17f72".parse().unwrap()),
        ..url()
    };
    for (response, close) in [
        (&b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcd"[..], false),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\ncontent-length: 3\r\n\r\nabc", false),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\nContent-Length: 9\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", false),
        (b"HTTP/1.0 200 OK\r\n\r\nabc", true),
        (b"HTTP/1.0 200 OK\n\nabc", true),
        (b"HTTP/1.0 200\r\n\r\nabc", true),
        (b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nabc", true),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3, 4\r\n\r\nabc", true),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc", true),
        (b"HTTP/1.1 200 OK\r\nContent-Length: +3\r\n\r\nabc", true),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nabc", true),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\nabc", true),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", false),
    ] {
        let name = String::from_utf8_lossy(response);
        assert_eq!(outcome(&page, response, close), PASSED, "{name}");
    }
    for bodiless in ["204", "304"] {
        let mut url = url();
        url.status.insert(304..=304).unwrap();
        let response = format!("HTTP/1.1 {bodiless} \r\nContent-Length: 3\r\n\r\n");
        assert_eq!(outcome(&url, response.as_bytes(), false), PASSED);
    }
}

#[test]
fn response_that_is_not_over_is_waited_for() {
    for response in [
        &b"HTTP/1.1 200 OK\r\n"[..],
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
        b"HTTP/1.0 200 OK\r\n\r\nabc",
        b"HTTP/1.1 100 Continue\r\n\r\n",
    ] {
        assert_eq!(outcome(&url(), response, false), Progress::Continue);
    }
}

#[test]
fn connection_closed_before_the_head_is_over_fails() {
    for response in [
        &b""[..],
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
    ] {
        assert_eq!(
            outcome(&url(), response, true),
            Progress::Done(Err(Failure::Closed))
        );
    }
}

#[test]
fn other_protocols_are_refused() {
    for response in [
        &b"SSH-2.0-OpenSSH_9.2\r\n\r\n"[..],
        b"HTTP/1.1 99999999999999999999 OK\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
    ] {
        let outcome = outcome(&url(), response, false);
        let Progress::Done(Err(Failure::Http(HttpFailure::Head(_)))) = outcome else {
            panic!("{outcome:?}");
        };
    }
}

/// keepalived looks at the three digits alone.
#[test]
fn a_code_behind_any_version_is_one() {
    for response in [
        &b"HTTP/2.0 200 OK\r\n\r\nx"[..],
        b"HTTP/1.1 200 OK\r\n: no name\r\nX\0Y\r\n\r\nx",
        b"HTTP/1 200\n\nx",
        b"HTTP/1.1 200 \xfcber\r\n\r\nx",
        b"HTTP/1.1 200 a\x01b\r\n\r\nx",
    ] {
        let name = String::from_utf8_lossy(response);
        assert_eq!(outcome(&url(), response, true), PASSED, "{name}");
    }
    let expected = StatusSet::default();
    let failure = HttpFailure::Status {
        found: 404,
        expected,
    };
    assert_eq!(
        outcome(&url(), b"HTTP/3 404 \r\n\r\n", true),
        failed(failure)
    );
}

/// CVE-2018-19115 is a status line without an end.
#[test]
fn endless_head_is_refused_at_its_limit() {
    for line in [&b"HTTP/1.1 200 "[..], b"X: y\r\n", b"HTTP/1.1 100 \r\n\r\n"] {
        let to = V4.parse().unwrap();
        let mut get = Get::new(Arc::new(url()), HttpVersion::Http11, to);
        let start = get.receive(b"HTTP/1.1 100 \r\n", &mut Vec::new());
        assert_eq!(start, Progress::Continue);
        let mut fed = 15;
        let progress = loop {
            fed += line.len();
            match hear(&mut get, line) {
                Progress::Busy | Progress::Continue => assert!(fed <= MAX_HEAD, "{fed}"),
                done @ Progress::Done(_) => break done,
            }
        };
        assert!(matches!(
            progress,
            Progress::Done(Err(Failure::Http(
                HttpFailure::LongHead | HttpFailure::Head(_)
            )))
        ));
    }
}

#[test]
fn another_body_fails_by_digest() {
    let page = Url {
        digest: Some("900150983cd24fb0d6963f7d28e17f72".parse().unwrap()),
        ..url()
    };
    let outcome = outcome(&page, b"HTTP/1.0 200 OK\r\n\r\n", true);
    let expected = page.digest.unwrap();
    let found = "d41d8cd98f00b204e9800998ecf8427e".parse().unwrap();
    assert_eq!(outcome, failed(HttpFailure::Digest { found, expected }));
}

#[test]
fn body_is_matched_and_the_head_is_not() {
    let matching = |pattern: &str, negated| {
        let options = PatternOptions {
            negated,
            ..PatternOptions::default()
        };
        let url = Url {
            pattern: Some(Pattern::new(pattern, options).unwrap()),
            ..url()
        };
        outcome(
            &url,
            b"HTTP/1.0 200 OK\r\nServer: x\r\n\r\nall is well",
            true,
        )
    };
    assert_eq!(matching("^all .* well$", false), PASSED);
    assert_eq!(
        matching("Server", false),
        failed(HttpFailure::Pattern { negated: false })
    );
    assert_eq!(matching("Server", true), PASSED);
    assert_eq!(
        matching("well", true),
        failed(HttpFailure::Pattern { negated: true })
    );
}

#[test]
fn fifty_megabytes_are_not_kept() {
    let url = Url {
        pattern: Some(Pattern::new("never", PatternOptions::default()).unwrap()),
        ..url()
    };
    let mut get = Get::new(Arc::new(url), HttpVersion::Http10, V4.parse().unwrap());
    let head = get.receive(b"HTTP/1.0 200 OK\r\n\r\n", &mut Vec::new());
    assert_eq!(head, Progress::Continue);
    for _ in 0..50 {
        assert_eq!(hear(&mut get, &[b'n'; 1 << 20]), Progress::Continue);
    }
    assert_eq!(
        get.closed(),
        Err(HttpFailure::Pattern { negated: false }.into())
    );
}

#[test]
fn a_body_is_judged_once_it_is_searched_through() {
    let url = Url {
        pattern: Some(Pattern::new("b$", PatternOptions::default()).unwrap()),
        ..url()
    };
    let mut get = Get::new(Arc::new(url), HttpVersion::Http11, V4.parse().unwrap());
    let response = [
        &b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"[..],
        &[b'b'; 5000],
    ];
    assert_eq!(
        get.receive(&response.concat(), &mut Vec::new()),
        Progress::Busy
    );
    let mut slices = 1;
    let progress = loop {
        match get.go_on(&mut Vec::new(), &Slice::of(Duration::ZERO)) {
            Progress::Busy => slices += 1,
            other @ (Progress::Continue | Progress::Done(_)) => break other,
        }
    };
    assert_eq!((progress, slices), (PASSED, 5));
}

/// keepalived passes such responses; 100 fields were a limit here once.
#[test]
fn a_thousand_fields_pass() {
    let fields = "X-Field: value of a field\r\n".repeat(1_000);
    let response = format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: 0\r\n\r\n");
    for portion in [1_000, usize::MAX] {
        assert_eq!(answer(&url(), response.as_bytes(), portion, false), PASSED);
    }
    let smallest = "a:\n".repeat(20_000);
    let response = format!("HTTP/1.1 200\n{smallest}Content-Length: 0\n\n");
    assert_eq!(
        answer(&url(), response.as_bytes(), usize::MAX, false),
        PASSED
    );
}

#[test]
fn a_head_of_64_kib_passes_and_no_larger() {
    let of = |length: usize| {
        let start = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: ";
        let filler = "x".repeat(length - start.len() - 4);
        let response = format!("{start}{filler}\r\n\r\n");
        answer(&url(), response.as_bytes(), 16 * 1024, false)
    };
    assert_eq!(of(65_536), PASSED);
    let failure = HttpFailure::LongHead;
    assert_eq!(
        failure.to_string(),
        "the head of the response is longer than 65536 octets"
    );
    assert_eq!(of(65_537), failed(failure));
}
