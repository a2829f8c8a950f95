//! `SMTP_CHECK`: a mail server greets, accepts `HELO` and answers `QUIT` (RFC 5321 §3.1, §3.8).
//!
//! As keepalived judges it: 220 to the connection, 250 to `HELO`, and any reply to `QUIT`. Replies
//! of several lines (RFC 5321 §4.2.1) are read to their end.

use core::fmt;

use super::attempt::{Dialogue, Failure, Outcome, Passed, Progress};

/// Octets of a reply line, its end included. RFC 5321 §4.5.3.1.5 grants 512; a server with a long
/// greeting is not unfit for that.
const LINE_LEN: usize = 2048;
/// Lines of one reply.
const REPLY_LINES: u32 = 128;

/// What `HELO` says who is asking: visible ASCII characters, with blanks only between them. A domain
/// has none, but keepalived sends what is configured, and servers take it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HelloName(String);

/// A name that would not fit into a `HELO` line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HelloNameError {
    /// RFC 5321 §4.5.3.1.2 limits a domain to 255 octets; none is too few.
    #[error("a HELO name has 1 to 255 characters, not {0}")]
    Length(usize),
    /// Control characters end the line; blanks around a name are no part of it.
    #[error("a HELO name has no {0:?}")]
    Character(char),
}

impl HelloName {
    /// The name in text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<&str> for HelloName {
    type Error = HelloNameError;

    fn try_from(name: &str) -> Result<Self, HelloNameError> {
        if !(1..=255).contains(&name.len()) {
            return Err(HelloNameError::Length(name.len()));
        }
        let is_outside = name.starts_with(' ') || name.ends_with(' ');
        let is_good = |c: char| c.is_ascii_graphic() || (c == ' ' && !is_outside);
        match name.chars().find(|&c| !is_good(c)) {
            Some(c) => Err(HelloNameError::Character(c)),
            None => Ok(Self(name.to_owned())),
        }
    }
}

/// `smtpchecker.keepalived.org`, which mail servers' logs know.
impl Default for HelloName {
    fn default() -> Self {
        Self("smtpchecker.keepalived.org".to_owned())
    }
}

/// What the server was to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The connection: 220.
    Greeting,
    /// `HELO`: 250.
    Hello,
    /// `QUIT`: 221, though any code will do.
    Quit,
}

impl Stage {
    const fn expected(self) -> Option<u16> {
        match self {
            Self::Greeting => Some(220),
            Self::Hello => Some(250),
            Self::Quit => None,
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Greeting => "greeting",
            Self::Hello => "answer to HELO",
            Self::Quit => "answer to QUIT",
        })
    }
}

/// Why a mail server is not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SmtpFailure {
    /// A reply with another code.
    #[error("{stage} {code}{}", Expected(.stage.expected()))]
    Code {
        /// What it answered to.
        stage: Stage,
        /// The reply code, 0 to 999.
        code: u16,
    },
    /// A line that does not start with three digits and a blank or a hyphen.
    #[error("{0} without a reply code")]
    Malformed(Stage),
    /// More than 2048 octets without a line end.
    #[error("{0} with an endless line")]
    LongLine(Stage),
    /// More than 128 lines.
    #[error("{0} without an end")]
    ManyLines(Stage),
}

struct Expected(Option<u16>);

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |code| write!(f, ", expected {code}"))
    }
}

/// The dialogue with a mail server.
#[derive(Clone, Debug)]
pub struct SmtpCheck {
    name: HelloName,
    stage: Stage,
    line: ReplyLine,
    lines: u32,
}

impl SmtpCheck {
    /// A dialogue that introduces itself as `name`.
    #[must_use]
    pub const fn new(name: HelloName) -> Self {
        Self {
            name,
            stage: Stage::Greeting,
            line: ReplyLine::EMPTY,
            lines: 0,
        }
    }

    /// A line has ended. `Some` decides the attempt.
    fn end_of_line(&mut self, out: &mut Vec<u8>) -> Option<Outcome> {
        let line = core::mem::replace(&mut self.line, ReplyLine::EMPTY);
        let stage = self.stage;
        let Some((code, last)) = line.code() else {
            return Some(Err(SmtpFailure::Malformed(stage).into()));
        };
        if stage.expected().is_some_and(|expected| expected != code) {
            return Some(Err(SmtpFailure::Code { stage, code }.into()));
        }
        if !last {
            self.lines += 1;
            let many = self.lines >= REPLY_LINES;
            return many.then(|| Err(SmtpFailure::ManyLines(stage).into()));
        }
        self.lines = 0;
        match stage {
            Stage::Greeting => {
                self.stage = Stage::Hello;
                out.extend_from_slice(b"HELO ");
                out.extend_from_slice(self.name.0.as_bytes());
                out.extend_from_slice(b"\r\n");
                None
            }
            Stage::Hello => {
                self.stage = Stage::Quit;
                out.extend_from_slice(b"QUIT\r\n");
                None
            }
            Stage::Quit => Some(Ok(Passed::default())),
        }
    }
}

impl Dialogue for SmtpCheck {
    fn start(&mut self, _out: &mut Vec<u8>) -> Progress {
        Progress::Continue
    }

    fn receive(&mut self, octets: &[u8], out: &mut Vec<u8>) -> Progress {
        for &octet in octets {
            let outcome = if octet == b'\n' {
                self.end_of_line(out)
            } else if self.line.push(octet) {
                None
            } else {
                Some(Err(SmtpFailure::LongLine(self.stage).into()))
            };
            if let Some(outcome) = outcome {
                return Progress::Done(outcome);
            }
        }
        Progress::Continue
    }

    /// A server that closes before it has answered `QUIT` fails, as it does with keepalived.
    fn closed(&mut self) -> Outcome {
        Err(Failure::Closed)
    }
}

/// The part of a line that has its code; the text is for people.
#[derive(Clone, Copy, Debug)]
struct ReplyLine {
    start: [u8; 4],
    len: usize,
}

impl ReplyLine {
    const EMPTY: Self = Self {
        start: [b' '; 4],
        len: 0,
    };

    /// Takes an octet other than the line end; false if the line is too long.
    fn push(&mut self, octet: u8) -> bool {
        if let Some(place) = self.start.get_mut(self.len) {
            *place = octet;
        }
        self.len += 1;
        self.len < LINE_LEN
    }

    /// The reply code, and whether this is the reply's last line.
    fn code(&self) -> Option<(u16, bool)> {
        let [a, b, c, separator] = self.start;
        let last = match separator {
            b' ' | b'\r' => true,
            b'-' => false,
            _ => return None,
        };
        let mut code = 0;
        for digit in [a, b, c] {
            if !digit.is_ascii_digit() {
                return None;
            }
            code = code * 10 + u16::from(digit - b'0');
        }
        Some((code, last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALM: &[&str] = &[
        "220 mail.example ESMTP\r\n",
        "250 mail.example\r\n",
        "221 Bye\r\n",
    ];

    /// Feeds each text as one run of octets; what was sent, and how it ended.
    fn converse(texts: &[&str]) -> (String, Progress) {
        let mut check = SmtpCheck::new(HelloName::default());
        let mut out = Vec::new();
        assert_eq!(check.start(&mut out), Progress::Continue);
        assert!(out.is_empty(), "the server speaks first");
        let mut progress = Progress::Continue;
        for text in texts {
            progress = check.receive(text.as_bytes(), &mut out);
            if progress != Progress::Continue {
                break;
            }
        }
        (String::from_utf8(out).unwrap(), progress)
    }

    fn failure(texts: &[&str]) -> String {
        match converse(texts).1 {
            Progress::Done(Err(failure)) => failure.to_string(),
            other @ (Progress::Continue | Progress::Busy | Progress::Done(Ok(_))) => {
                panic!("{other:?}")
            }
        }
    }

    const PASSED: Progress = Progress::Done(Ok(Passed { weight: None }));

    #[test]
    fn greets_and_quits() {
        let (sent, progress) = converse(CALM);
        assert_eq!(sent, "HELO smtpchecker.keepalived.org\r\nQUIT\r\n");
        assert_eq!(progress, PASSED);
    }

    #[test]
    fn waits_for_each_answer() {
        let mut check = SmtpCheck::new(HelloName::try_from("probe.example").unwrap());
        let mut out = Vec::new();
        assert_eq!(check.receive(b"220 ready", &mut out), Progress::Continue);
        assert_eq!(out, b"");
        assert_eq!(check.receive(b"\r\n", &mut out), Progress::Continue);
        assert_eq!(out, b"HELO probe.example\r\n");
        assert_eq!(check.receive(b"250\r\n", &mut out), Progress::Continue);
        assert_eq!(out, b"HELO probe.example\r\nQUIT\r\n");
    }

    #[test]
    fn reads_replies_of_several_lines_to_their_end() {
        let (sent, progress) = converse(&["220-mail.example\r\n220-no spam\r\n"]);
        assert_eq!((sent.as_str(), progress), ("", Progress::Continue));
        let texts = [
            "220-mail.example\r\n220 no spam\r\n",
            "250-mail.example\r\n250\r\n",
            "221\n",
        ];
        assert_eq!(converse(&texts).1, PASSED);
    }

    #[test]
    fn any_answer_to_quit_passes() {
        assert_eq!(converse(&[CALM[0], CALM[1], "500 what?\r\n"]).1, PASSED);
    }

    #[test]
    fn refuses_other_codes() {
        assert_eq!(
            failure(&["554 no service\r\n"]),
            "greeting 554, expected 220"
        );
        assert_eq!(
            failure(&[CALM[0], "501-who\r\n"]),
            "answer to HELO 501, expected 250"
        );
    }

    #[test]
    fn refuses_what_is_no_reply() {
        for text in [
            "SSH-2.0-x\r\n",
            "\r\n",
            "22\r\n",
            "2200 x\r\n",
            "22x ok\r\n",
        ] {
            assert_eq!(
                failure(&[text]),
                "greeting without a reply code",
                "{text:?}"
            );
        }
        assert_eq!(
            failure(&[CALM[0], CALM[1], "bye\r\n"]),
            "answer to QUIT without a reply code"
        );
    }

    #[test]
    fn bounds_lines_and_replies() {
        let line = |len: usize| format!("220 {}\n", "x".repeat(len - 5));
        assert_eq!(converse(&[&line(LINE_LEN)]).1, Progress::Continue);
        assert_eq!(
            failure(&[&line(LINE_LEN + 1)]),
            "greeting with an endless line"
        );
        assert_eq!(
            converse(&[&"220-\r\n".repeat(127), "220 \r\n"]).1,
            Progress::Continue
        );
        assert_eq!(
            failure(&[&"220-\r\n".repeat(128)]),
            "greeting without an end"
        );
    }

    #[test]
    fn a_close_before_the_end_fails() {
        let mut check = SmtpCheck::new(HelloName::default());
        assert_eq!(check.closed(), Err(Failure::Closed));
    }

    #[test]
    fn hello_names_cannot_break_the_line() {
        let name = |text: &str| HelloName::try_from(text).map(|name| name.as_str().to_owned());
        assert_eq!(name("[192.0.2.1]"), Ok("[192.0.2.1]".to_owned()));
        assert_eq!(name("a\r\nDATA"), Err(HelloNameError::Character('\r')));
        assert_eq!(name("a b"), Ok("a b".to_owned()));
        assert_eq!(name("a "), Err(HelloNameError::Character(' ')));
        assert_eq!(name("é"), Err(HelloNameError::Character('é')));
        assert_eq!(name(""), Err(HelloNameError::Length(0)));
        assert_eq!(name(&"x".repeat(256)), Err(HelloNameError::Length(256)));
    }
}
