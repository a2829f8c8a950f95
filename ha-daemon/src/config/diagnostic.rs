//! Diagnostics: severity, code, message and place of each mistake in a configuration.

pub(super) mod render;
mod suggestion;

use std::collections::{BTreeSet, HashMap};

pub(super) use self::suggestion::is_like;
use self::suggestion::{Comparisons, closest};
use super::text::invisible;
use super::text::lexer::unquoted;
use super::text::source::{Place, SourceId, Sources, Span};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// What is written has no effect, but nothing else is lost.
    Warning,
    /// The configuration runs, but not as it is written.
    Error,
    /// The configuration does not run.
    Fatal,
}

macro_rules! codes {
    ($($(#[$doc:meta])+ $variant:ident = $id:literal,)+) => {
        /// What kind of mistake it is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[$doc])+ $variant,)+
        }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable name, as it is shown and may be searched for.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self {
                    $(Self::$variant => $id,)+
                }
            }
        }
    };
}

codes! {
    /// A file cannot be read.
    UnreadableFile = "unreadable-file",
    /// An `include` that names nothing.
    IncludeMissing = "include-missing",
    /// A file that `include` does not read: executable, or no regular file.
    IncludeSkipped = "include-skipped",
    /// Files that include each other, or too many of them.
    IncludeLimit = "include-limit",
    /// A line longer than 1023 octets.
    LineTooLong = "line-too-long",
    /// A character that cannot be in a configuration.
    BadCharacter = "bad-character",
    /// A character that nobody sees, in a word.
    InvisibleCharacter = "invisible-character",
    /// A comment that starts within a word.
    CommentInWord = "comment-in-word",
    /// A double quote without its partner.
    UnterminatedQuote = "unterminated-quote",
    /// A variable that is not defined, or not written so that it is replaced.
    UndefinedVariable = "undefined-variable",
    /// A definition that never ends, or macros that use each other.
    BadMacro = "bad-macro",
    /// A `~SEQ` or `~LST` that cannot be understood.
    BadSequence = "bad-sequence",
    /// More lines than a configuration may have.
    ExpansionLimit = "expansion-limit",
    /// A `{` that is never closed.
    UnclosedBrace = "unclosed-brace",
    /// A brace where none belongs.
    UnexpectedBrace = "unexpected-brace",
    /// A keyword nobody knows here.
    UnknownKeyword = "unknown-keyword",
    /// A keyword of keepalived that this daemon does not implement.
    NotSupported = "not-supported",
    /// A keyword that never has an effect.
    NoEffect = "no-effect",
    /// A keyword that needs a block.
    MissingBlock = "missing-block",
    /// A keyword whose parameter is missing.
    MissingArgument = "missing-argument",
    /// More parameters than the keyword takes.
    ExtraArgument = "extra-argument",
    /// A second keyword on one line.
    KeywordAsArgument = "keyword-as-argument",
    /// A keyword given twice, where the last one counts.
    Repeated = "repeated",
    /// Not a number.
    BadNumber = "bad-number",
    /// A number out of range.
    OutOfRange = "out-of-range",
    /// A number that has to be rounded.
    Rounded = "rounded",
    /// Not one of the words that are allowed.
    BadChoice = "bad-choice",
    /// Not an address, or one that cannot be used here.
    BadAddress = "bad-address",
    /// An address of the other family.
    WrongFamily = "wrong-family",
    /// A name that cannot be one.
    BadName = "bad-name",
    /// A password longer than eight octets.
    TruncatedPassword = "truncated-password",
    /// A setting that another setting rules out.
    Conflict = "conflict",
    /// A mandatory setting is missing.
    MissingSetting = "missing-setting",
    /// A name that nothing has.
    UnknownName = "unknown-name",
    /// A virtual router or a group without a virtual address.
    NoAddress = "no-address",
    /// A name that is taken.
    DuplicateName = "duplicate-name",
    /// A VRID that is taken on the interface.
    DuplicateVrid = "duplicate-vrid",
    /// An address, with its port, that is there already.
    DuplicateAddress = "duplicate-address",
    /// A virtual address that another instance has on the same interface.
    SharedAddress = "shared-address",
    /// A protocol where every protocol is meant.
    NoProtocol = "no-protocol",
    /// A port that packets cannot be sent to.
    PortIgnored = "port-ignored",
    /// Another way of writing it is to be preferred.
    Deprecated = "deprecated",
    /// Global defaults that come too late for some instances.
    LateDefaults = "late-defaults",
    /// A regular expression that cannot be compiled.
    BadRegex = "bad-regex",
    /// A user or a group that scripts cannot run as.
    UnknownUser = "unknown-user",
    /// A script that others than root could change.
    InsecureScript = "insecure-script",
    /// Scripts, without `enable_script_security`.
    ScriptSecurity = "script-security",
    /// A program that this host has not.
    MissingProgram = "missing-program",
    /// A file of the `SSL` block that cannot be used.
    BadTlsFile = "bad-tls-file",
    /// Something this process may not look at.
    NotChecked = "not-checked",
    /// An interface that this host lacks.
    NoInterface = "no-interface",
    /// Nothing that could run.
    NothingToRun = "nothing-to-run",
}

impl Code {
    /// Whether keepalived runs such a configuration without a complaint in its exit status.
    #[must_use]
    pub const fn is_tolerated(self) -> bool {
        matches!(
            self,
            Self::IncludeMissing
                | Self::IncludeSkipped
                | Self::InvisibleCharacter
                | Self::CommentInWord
                | Self::NotSupported
                | Self::NoEffect
                | Self::ExtraArgument
                | Self::Repeated
                | Self::UndefinedVariable
                | Self::DuplicateAddress
                | Self::SharedAddress
                | Self::LateDefaults
                | Self::Deprecated
                | Self::NotChecked
                | Self::MissingProgram
                | Self::NoInterface
                | Self::NothingToRun
        )
    }
}

/// A place and what there is to say about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub place: Place,
    /// One clause, perhaps empty.
    pub text: String,
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What kind it is.
    pub code: Code,
    /// One clause.
    pub message: String,
    /// The offending text.
    pub primary: Label,
    /// Other places that have to do with it.
    pub secondary: Vec<Label>,
    /// What to do about it.
    pub help: Vec<String>,
}

impl Diagnostic {
    pub(crate) fn new(
        severity: Severity,
        code: Code,
        place: Place,
        message: impl Into<String>,
    ) -> Self {
        Self {
            severity,
            code,
            message: message.into(),
            primary: Label {
                place,
                text: String::new(),
            },
            secondary: Vec::new(),
            help: Vec::new(),
        }
    }

    pub(super) fn fatal(code: Code, place: Place, message: impl Into<String>) -> Self {
        Self::new(Severity::Fatal, code, place, message)
    }

    pub(crate) fn error(code: Code, place: Place, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, place, message)
    }

    pub(super) fn warning(code: Code, place: Place, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, place, message)
    }

    pub(crate) fn label(mut self, text: impl Into<String>) -> Self {
        self.primary.text = text.into();
        self
    }

    pub(crate) fn and(mut self, place: Place, text: impl Into<String>) -> Self {
        self.secondary.push(Label {
            place,
            text: text.into(),
        });
        self
    }

    pub(crate) fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }

    /// Repeats nothing that is hidden: what is quoted is as it was `shown`.
    pub(super) fn hide(&mut self, shown: &Sources, hidden: &Sources) {
        let labels = core::iter::once(&self.primary).chain(&self.secondary);
        let spans: Vec<Span> = labels.map(|label| label.place.span).collect();
        for span in spans {
            let (was, is) = (unquoted(shown.text(span)), unquoted(hidden.text(span)));
            if was == is || was.is_empty() {
                continue;
            }
            let labels = core::iter::once(&mut self.primary).chain(&mut self.secondary);
            let texts = labels.map(|label| &mut label.text);
            let (was, is) = (format!("`{was}`"), format!("`{is}`"));
            for text in texts.chain([&mut self.message]) {
                if text.contains(&was) {
                    *text = text.replace(&was, &is);
                }
            }
        }
    }

    /// Shows what nobody would see in it, and says what that is.
    fn reveal(&mut self) {
        if let Some((_, c)) = invisible::first(&self.message) {
            let named = invisible::named(c);
            if self.code != Code::InvisibleCharacter {
                self.help
                    .push(format!("{named} is a letter to the reader, not a blank"));
            }
            self.message = invisible::revealed(&self.message).into_owned();
        }
        let labels = core::iter::once(&mut self.primary).chain(&mut self.secondary);
        let texts = labels.map(|label| &mut label.text).chain(&mut self.help);
        for text in texts {
            if invisible::first(text).is_some() {
                *text = invisible::revealed(text).into_owned();
            }
        }
    }

    /// Adds the closest of `known` to `word`, if one is close.
    pub(crate) fn suggest<'k>(self, word: &str, known: impl IntoIterator<Item = &'k str>) -> Self {
        match closest(word, known, &mut Comparisons::default()) {
            Some(known) => self.help(format!("did you mean `{known}`?")),
            None => self,
        }
    }
}

/// Which diagnostic of a [`Diagnostics`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Handle(usize);

/// The mistakes found so far: one per kind and place, however often the place is expanded.
#[derive(Debug, Default)]
pub(super) struct Diagnostics {
    list: Vec<Diagnostic>,
    known: HashMap<(Code, Span), Handle>,
    /// Starts of texts that are not what was meant: nothing else is said about their words.
    garbled: BTreeSet<(SourceId, u32, usize)>,
    omitted: usize,
    /// What may still be compared to find suggestions.
    comparisons: Comparisons,
    /// Passwords, which are never shown.
    pub(super) secrets: Vec<Span>,
}

impl Diagnostics {
    /// More of them help nobody.
    const LIMIT: usize = 1000;

    /// Those found before, to be added to.
    pub(super) fn resume(list: Vec<Diagnostic>, omitted: usize) -> Self {
        let known = list.iter().enumerate().map(|(index, diagnostic)| {
            let key = (diagnostic.code, diagnostic.primary.place.span);
            (key, Handle(index))
        });
        Self {
            known: known.collect(),
            list,
            omitted,
            ..Self::default()
        }
    }

    /// How many letters were compared to find suggestions.
    #[cfg(test)]
    pub(super) const fn comparisons(&self) -> usize {
        self.comparisons.made()
    }

    /// The diagnostic of a kind and a place, if there is one.
    pub(super) fn find(&self, code: Code, span: Span) -> Option<Handle> {
        self.known.get(&(code, span)).copied()
    }

    /// The word of `known` that `word` is most likely a misspelling of; none once too much has been
    /// compared.
    pub(super) fn closest<'k>(
        &mut self,
        word: &str,
        known: impl IntoIterator<Item = &'k str>,
    ) -> Option<&'k str> {
        closest(word, known, &mut self.comparisons)
    }

    /// Whether too much has been compared to look for another suggestion.
    pub(super) const fn suggests_no_more(&self) -> bool {
        self.comparisons.are_used_up()
    }

    /// Adds a diagnostic about `word` and the closest of `known` to it, if one is close.
    pub(super) fn push_suggesting<'k>(
        &mut self,
        diagnostic: Diagnostic,
        word: &str,
        known: impl IntoIterator<Item = &'k str>,
    ) -> Handle {
        let span = diagnostic.primary.place.span;
        let known = match self.find(diagnostic.code, span) {
            Some(_) => None,
            None => self.closest(word, known),
        };
        self.push(match known {
            Some(known) => diagnostic.help(format!("did you mean `{known}`?")),
            None => diagnostic,
        })
    }

    pub(super) fn push(&mut self, mut diagnostic: Diagnostic) -> Handle {
        diagnostic.reveal();
        let span = diagnostic.primary.place.span;
        let words = (span.source, span.start, 0)..(span.source, span.end, 0);
        if let Some(&(_, _, index)) = self.garbled.range(words).next() {
            return self.escalate(Handle(index), diagnostic.severity);
        }
        let key = (diagnostic.code, span);
        if let Some(&handle) = self.known.get(&key) {
            return self.escalate(handle, diagnostic.severity);
        }
        if self.list.len() >= Self::LIMIT {
            self.omitted += 1;
            let last = Handle(self.list.len() - 1);
            return self.escalate(last, diagnostic.severity);
        }
        let handle = Handle(self.list.len());
        if matches!(
            diagnostic.code,
            Code::UndefinedVariable | Code::UnterminatedQuote
        ) {
            self.garbled.insert((span.source, span.start, handle.0));
        }
        self.known.insert(key, handle);
        self.list.push(diagnostic);
        handle
    }

    /// Leaves out that there is an invisible character where the whole word has been reported.
    fn drop_what_is_said_of_the_word(&mut self) {
        let is_minor = |d: &Diagnostic| d.code == Code::InvisibleCharacter;
        if !self.list.iter().any(is_minor) {
            return;
        }
        let others = self.list.iter().filter(|d| !is_minor(d));
        let words: Vec<Span> = others.map(|d| d.primary.place.span).collect();
        self.list.retain(|diagnostic| {
            let at = diagnostic.primary.place.span;
            let covers = |word: &Span| {
                word.source == at.source && word.start <= at.start && at.end <= word.end
            };
            !is_minor(diagnostic) || !words.iter().any(covers)
        });
    }

    /// Adds to what is to be done about it.
    pub(super) fn add_help(&mut self, handle: Handle, text: &str) {
        if let Some(diagnostic) = self.list.get_mut(handle.0)
            && !diagnostic.help.iter().any(|help| help == text)
        {
            diagnostic.help.push(text.to_owned());
        }
    }

    /// Makes a diagnostic at least as severe as `severity`.
    pub(super) fn escalate(&mut self, handle: Handle, severity: Severity) -> Handle {
        if let Some(diagnostic) = self.list.get_mut(handle.0) {
            diagnostic.severity = diagnostic.severity.max(severity);
        }
        handle
    }

    /// The diagnostics in the order of the text, and how many were left out.
    pub(super) fn finish(mut self) -> (Vec<Diagnostic>, usize) {
        self.drop_what_is_said_of_the_word();
        self.list.sort_by_key(|diagnostic| diagnostic.primary.place);
        (self.list, self.omitted)
    }
}
