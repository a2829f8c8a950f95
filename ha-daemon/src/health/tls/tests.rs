//! Tests of TLS.

use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection};

use super::*;
use crate::health::attempt::Passed;

/// Asks `ping`, and passes if that is answered with `pong`.
#[derive(Debug, Default)]
struct Ping {
    heard: Vec<u8>,
}

impl Dialogue for Ping {
    fn start(&mut self, out: &mut Vec<u8>) -> Progress {
        out.extend_from_slice(b"ping");
        Progress::Continue
    }

    fn receive(&mut self, octets: &[u8], _out: &mut Vec<u8>) -> Progress {
        self.heard.extend_from_slice(octets);
        if self.heard == b"pong" {
            Progress::Done(Ok(Passed::default()))
        } else {
            Progress::Continue
        }
    }

    fn closed(&mut self) -> Outcome {
        Err(Failure::Closed)
    }
}

fn certificate() -> CertifiedKey<KeyPair> {
    generate_simple_self_signed(["www.example.org".to_owned()]).unwrap()
}

fn server_config(
    certified: &CertifiedKey<KeyPair>,
    clients: Option<&CertifiedKey<KeyPair>>,
) -> ServerConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let key = PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der());
    let chain = vec![certified.cert.der().clone()];
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(certified) => {
            let mut roots = RootCertStore::empty();
            roots.add(certified.cert.der().clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                .build()
                .unwrap();
            builder.with_client_cert_verifier(verifier)
        }
    };
    builder.with_single_cert(chain, key.into()).unwrap()
}

/// What the server saw, and how the attempt ended.
struct Meeting {
    sni: Option<String>,
    heard: Vec<u8>,
    progress: Progress,
}

/// Lets the two talk, `portion` octets at a time, until nothing more happens.
fn meet(
    client: &Client,
    name: ServerName<'static>,
    server: ServerConfig,
    portion: usize,
) -> Meeting {
    let mut server = ServerConnection::new(Arc::new(server)).unwrap();
    let mut tls = client.wrap(Ping::default(), name).unwrap();
    let mut to_server = Vec::new();
    let mut progress = tls.start(&mut to_server);
    let mut heard = Vec::new();
    while !to_server.is_empty() {
        let mut records = to_server.as_slice();
        while !records.is_empty() {
            server.read_tls(&mut records).unwrap();
            if server.process_new_packets().is_err() {
                break;
            }
        }
        to_server.clear();
        let mut plain = [0; 100];
        while let Ok(length @ 1..) = server.reader().read(&mut plain) {
            heard.extend_from_slice(&plain[..length]);
            server.writer().write_all(b"pong").unwrap();
        }
        let mut to_client = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut to_client).unwrap();
        }
        for portion in to_client.chunks(portion) {
            if progress == Progress::Continue {
                progress = tls.receive(portion, &mut to_server);
            }
        }
    }
    Meeting {
        sni: server.server_name().map(str::to_owned),
        heard,
        progress,
    }
}

fn address() -> ServerName<'static> {
    Client::server_name(None, [192, 0, 2, 10].into()).unwrap()
}

fn named(name: &str) -> ServerName<'static> {
    Client::server_name(Some(name), [192, 0, 2, 10].into()).unwrap()
}

const PASSED: Progress = Progress::Done(Ok(Passed { weight: None }));

#[test]
fn any_certificate_passes_by_default_and_no_name_is_sent() {
    let client = Client::new(&TlsSettings::default()).unwrap();
    for portion in [1, 7, 1000, usize::MAX] {
        let server = server_config(&certificate(), None);
        let meeting = meet(&client, named("other.example.org"), server, portion);
        assert_eq!(meeting.progress, PASSED);
        assert_eq!(meeting.heard, b"ping");
        assert_eq!(meeting.sni, None);
    }
}

#[test]
fn name_is_sent_if_so_set() {
    let settings = TlsSettings {
        sni: true,
        ..TlsSettings::default()
    };
    let client = Client::new(&settings).unwrap();
    let server = || server_config(&certificate(), None);
    let meeting = meet(&client, named("www.example.org:443"), server(), 100);
    assert_eq!(meeting.sni.as_deref(), Some("www.example.org"));
    let meeting = meet(&client, address(), server(), 100);
    assert_eq!(meeting.sni, None, "an address is no name (RFC 6066 §3)");
    assert_eq!(meeting.progress, PASSED);
}

#[test]
fn authorities_are_wanted_if_so_set() {
    let ours = certificate();
    let pem = ours.cert.pem();
    let settings = TlsSettings {
        authorities: Some(pem.as_bytes()),
        ..TlsSettings::default()
    };
    let client = Client::new(&settings).unwrap();
    let outcome = |name: ServerName<'static>, certified| {
        meet(&client, name, server_config(certified, None), 100).progress
    };
    assert_eq!(outcome(named("www.example.org"), &ours), PASSED);
    for progress in [
        outcome(named("other.example.org"), &ours),
        outcome(address(), &ours),
        outcome(named("www.example.org"), &certificate()),
    ] {
        assert!(
            matches!(
                progress,
                Progress::Done(Err(Failure::Tls(TlsFailure::Protocol(
                    Error::InvalidCertificate(_)
                ))))
            ),
            "{progress:?}"
        );
    }
}

#[test]
fn certificate_is_shown_to_a_server_that_asks() {
    let ours = certificate();
    let (chain, key) = (ours.cert.pem(), ours.signing_key.serialize_pem());
    let settings = TlsSettings {
        identity: Some((chain.as_bytes(), key.as_bytes())),
        ..TlsSettings::default()
    };
    let with = Client::new(&settings).unwrap();
    let without = Client::new(&TlsSettings::default()).unwrap();
    let outcome = |client| {
        let server = server_config(&certificate(), Some(&ours));
        meet(client, address(), server, 100).progress
    };
    assert_eq!(outcome(&with), PASSED);
    let Progress::Done(Err(Failure::Tls(failure))) = outcome(&without) else {
        panic!("a certificate is wanted");
    };
    assert_eq!(
        failure.to_string(),
        "TLS: received fatal alert: CertificateRequired"
    );
}

#[test]
fn plain_text_answer_is_a_failure() {
    let client = Client::new(&TlsSettings::default()).unwrap();
    let mut tls = client.wrap(Ping::default(), address()).unwrap();
    let mut out = Vec::new();
    assert_eq!(tls.start(&mut out), Progress::Continue);
    assert_eq!(out.first(), Some(&22), "a handshake record");
    let progress = tls.receive(b"HTTP/1.0 400 Bad Request\r\n\r\n", &mut out);
    assert!(
        matches!(
            progress,
            Progress::Done(Err(Failure::Tls(TlsFailure::Protocol(
                Error::InvalidMessage(_)
            ))))
        ),
        "{progress:?}"
    );
}

#[test]
fn connection_closed_in_the_handshake_fails() {
    let client = Client::new(&TlsSettings::default()).unwrap();
    let mut tls = client.wrap(Ping::default(), address()).unwrap();
    assert_eq!(tls.start(&mut Vec::new()), Progress::Continue);
    assert_eq!(tls.closed(), Err(Failure::Closed));
}

#[test]
fn names_lose_their_port_and_have_to_be_names() {
    assert_eq!(named("www.example.org:8443"), named("www.example.org"));
    assert_eq!(named("[2001:db8::1]:443"), named("2001:db8::1"));
    let error = Client::server_name(Some("no_ name"), [192, 0, 2, 10].into()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "\"no_ name\" cannot be a TLS server name"
    );
}

#[test]
fn unusable_files_are_refused() {
    let refused = |settings: TlsSettings<'_>| Client::new(&settings).unwrap_err();
    let ours = certificate();
    let chain = ours.cert.pem();
    let other = KeyPair::generate().unwrap().serialize_pem();
    let with = |chain, key| TlsSettings {
        identity: Some((chain, key)),
        ..TlsSettings::default()
    };
    let chain = chain.as_bytes();
    assert!(matches!(
        refused(with(b"", other.as_bytes())),
        TlsError::NoCertificate
    ));
    assert!(matches!(refused(with(chain, chain)), TlsError::Pem(_)));
    assert!(matches!(
        refused(with(chain, other.as_bytes())),
        TlsError::Certificate(_)
    ));
    let settings = TlsSettings {
        authorities: Some(b"nothing"),
        ..TlsSettings::default()
    };
    assert!(matches!(refused(settings), TlsError::NoCertificate));
}

#[test]
fn a_failed_handshake_names_what_the_server_may_have_wanted() {
    let text = |error: Error| TlsFailure::Protocol(error).to_string();
    assert_eq!(
        text(Error::AlertReceived(AlertDescription::HandshakeFailure)),
        "TLS: received fatal alert: HandshakeFailure; the server may want what is not spoken here: \
         RSA or DHE key exchange, CBC, a curve other than X25519, P-256 and P-384, or a certificate \
         of the client's"
    );
    assert_eq!(
        text(Error::AlertReceived(AlertDescription::ProtocolVersion)),
        "TLS: received fatal alert: ProtocolVersion; the server may want a version before TLS 1.2"
    );
    assert_eq!(
        text(Error::DecryptError),
        "TLS: cannot decrypt peer's message"
    );
}

#[test]
fn signatures_by_keys_of_rsa_pss_alone_are_asked_for() {
    let client = Client::new(&TlsSettings::default()).unwrap();
    let mut tls = client.wrap(Ping::default(), address()).unwrap();
    let mut hello = Vec::new();
    assert_eq!(tls.start(&mut hello), Progress::Continue);
    let schemes = [0x08, 0x09, 0x08, 0x0a, 0x08, 0x0b];
    assert!(hello.windows(6).any(|octets| octets == schemes));
}

#[test]
fn a_client_of_equal_settings_is_the_same() {
    let ours = Client::new(&TlsSettings::default()).unwrap();
    let again = Client::new(&TlsSettings::default()).unwrap();
    assert!(ours.is_same(&again) && ours != again);
    let sni = TlsSettings {
        sni: true,
        ..TlsSettings::default()
    };
    assert!(!ours.is_same(&Client::new(&sni).unwrap()));
}
