//! `lvs_method`: how packets reach a real server.

use ipvs_core::Forwarding;
use ipvs_core::destination::{Tunnel, TunnelChecksum};

use crate::config::diagnostic::{Code, Diagnostic, Handle};
use crate::config::text::tape::Token;
use crate::config::value::Words;

#[derive(Clone, Copy)]
enum Method {
    Nat,
    Route,
    Tunnel,
}

#[derive(Clone, Copy)]
enum Kind {
    Ipip,
    Gue,
    Gre,
}

const CHECKSUMS: [(&str, TunnelChecksum); 3] = [
    ("nocsum", TunnelChecksum::None),
    ("csum", TunnelChecksum::Outer),
    ("remcsum", TunnelChecksum::Remote),
];

/// `NAT`, `DR` or `TUN [type ipip|gue port N|gre] [nocsum|csum|remcsum]`.
pub(super) fn parse(words: &mut Words<'_, '_>) -> Result<Forwarding, Handle> {
    let word = words.word("NAT, DR or TUN")?;
    let methods = [
        ("NAT", Method::Nat),
        ("DR", Method::Route),
        ("TUN", Method::Tunnel),
    ];
    match words.choice(word, &methods)? {
        Method::Nat => Ok(Forwarding::Masquerade),
        Method::Route => Ok(Forwarding::Route),
        Method::Tunnel => tunnel(words).map(Forwarding::Tunnel),
    }
}

fn tunnel(words: &mut Words<'_, '_>) -> Result<Tunnel, Handle> {
    let mut kind = Kind::Ipip;
    let mut port: Option<(Token<'_>, u16)> = None;
    let mut checksum: Option<(Token<'_>, TunnelChecksum)> = None;
    while let Some(word) = words.next() {
        match word.text {
            "type" => {
                let name = words.value_after(word, "ipip, gue or gre")?;
                let kinds = [("ipip", Kind::Ipip), ("gue", Kind::Gue), ("gre", Kind::Gre)];
                kind = words.choice(name, &kinds)?;
            }
            "port" => {
                let number = words.value_after(word, "a number from 1 to 65535")?;
                let number = words.number_in(number, 1..=65_535)?;
                port = u16::try_from(number).ok().map(|port| (word, port));
            }
            text => match CHECKSUMS.iter().find(|(name, _)| *name == text) {
                Some(&(_, value)) => checksum = Some((word, value)),
                None => return Err(unknown(word, words)),
            },
        }
    }
    build(kind, port, checksum, words)
}

fn unknown(word: Token<'_>, words: &mut Words<'_, '_>) -> Handle {
    let text = format!("`{}` is no option of a tunnel", word.text);
    let known = ["type", "port", "nocsum", "csum", "remcsum"];
    let diagnostic = Diagnostic::error(Code::BadChoice, word.place, text)
        .label("allowed: type, port, nocsum, csum, remcsum")
        .suggest(word.text, known);
    words.report(diagnostic)
}

fn build(
    kind: Kind,
    port: Option<(Token<'_>, u16)>,
    checksum: Option<(Token<'_>, TunnelChecksum)>,
    words: &mut Words<'_, '_>,
) -> Result<Tunnel, Handle> {
    let value = checksum.map(|(_, value)| value).unwrap_or_default();
    let fits = match kind {
        Kind::Ipip => matches!(value, TunnelChecksum::None),
        Kind::Gre => !matches!(value, TunnelChecksum::Remote),
        Kind::Gue => true,
    };
    let name = match kind {
        Kind::Ipip => "ipip",
        Kind::Gue => "gue",
        Kind::Gre => "gre",
    };
    if let Some((word, _)) = checksum.filter(|_| !fits) {
        let text = format!("a tunnel of type {name} has no `{}`", word.text);
        let diagnostic = Diagnostic::error(Code::Conflict, word.place, text);
        return Err(words.report(diagnostic));
    }
    match (kind, port) {
        (Kind::Gue, Some((_, port))) => Ok(Tunnel::Gue {
            port,
            checksum: value,
        }),
        (Kind::Gue, None) => {
            let text = "a tunnel of type gue needs a port";
            let diagnostic = Diagnostic::error(Code::MissingSetting, words.first.place, text);
            Err(words.report(diagnostic.help("add `port` and a number from 1 to 65535")))
        }
        (Kind::Ipip | Kind::Gre, Some((word, _))) => {
            let text = format!("a tunnel of type {name} has no port");
            Err(words.report(Diagnostic::error(Code::Conflict, word.place, text)))
        }
        (Kind::Ipip, None) => Ok(Tunnel::Ipip),
        (Kind::Gre, None) => Ok(Tunnel::Gre { checksum: value }),
    }
}
