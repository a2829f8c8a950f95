//! The file names and patterns of `include`.

use std::fs;
use std::path::{Path, PathBuf};

use glob::{MatchOptions, Pattern};

/// How many files a single `include` may name.
const MAX_FILES: usize = 10_000;
/// How many alternatives the braces of a single `include` may make.
const MAX_ALTERNATIVES: usize = 1024;

/// As the C library's `glob`: neither `/` nor a leading dot is matched by a wildcard.
const GLOB: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

/// What an `include` insists on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum Strictness {
    /// `include`: on nothing.
    None,
    /// `includer`: what is there can be read.
    Readable,
    /// `includem`: there is something, unless a wildcard has found a directory without.
    Match,
    /// `includew`: there is something.
    WildcardMatch,
    /// `includeb`: there is something for each alternative in braces.
    BraceMatch,
    /// `includea`: all of these.
    All,
}

/// The strictness of `include` and its variants; `None` for any other word.
pub(in crate::config) fn directive(word: &str) -> Option<Strictness> {
    Some(match word {
        "include" => Strictness::None,
        "includer" => Strictness::Readable,
        "includem" => Strictness::Match,
        "includew" => Strictness::WildcardMatch,
        "includeb" => Strictness::BraceMatch,
        "includea" => Strictness::All,
        _ => return None,
    })
}

impl Strictness {
    /// Whether it is a mistake that an alternative of `pattern` matches nothing, as with keepalived
    /// 2.2.7; `looked` if there was a directory in which its wildcards could have matched.
    pub(in crate::config) fn misses(self, pattern: &str, looked: bool) -> bool {
        let has_braces = pattern.contains('{');
        match self {
            Self::None | Self::Readable => false,
            Self::Match => !has_braces && !looked,
            Self::WildcardMatch => !has_braces,
            Self::BraceMatch => has_braces,
            Self::All => true,
        }
    }
}

/// Why a file is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum Skipped {
    Directory,
    Special,
    Executable,
    Dangling,
}

impl Skipped {
    pub(in crate::config) const fn reason(self) -> &'static str {
        match self {
            Self::Directory => "is a directory",
            Self::Special => "is no regular file",
            Self::Executable => "is executable",
            Self::Dangling => "is a link to nothing",
        }
    }
}

/// What a pattern stands for, sorted for each of its brace alternatives.
#[derive(Debug, Default)]
pub(in crate::config) struct Matches {
    pub(in crate::config) files: Vec<PathBuf>,
    pub(in crate::config) skipped: Vec<(PathBuf, Skipped)>,
    /// Whether one of the alternatives matches nothing.
    pub(in crate::config) lacks: bool,
    /// Whether there was a directory in which wildcards could match.
    pub(in crate::config) looked: bool,
    /// Whether there were more than may be.
    pub(in crate::config) truncated: bool,
}

/// The files `pattern`, relative to `directory`, names. Every name that is looked at is taken from
/// `budget`.
pub(in crate::config) fn files(pattern: &str, directory: &Path, budget: &mut usize) -> Matches {
    let mut matches = Matches::default();
    let alternatives = alternatives(pattern);
    matches.truncated = alternatives.len() >= MAX_ALTERNATIVES;
    for alternative in alternatives {
        let found = matches.walk(&alternative, directory, budget);
        matches.lacks |= found.is_empty();
        for path in found {
            if matches.files.len() >= MAX_FILES {
                matches.truncated = true;
                return matches;
            }
            match why_not(&path) {
                None => matches.files.push(path),
                Some(why) => matches.skipped.push((path, why)),
            }
        }
    }
    matches
}

impl Matches {
    /// What there is that a pattern without braces stands for. It costs what is looked at and
    /// nothing else: `**` is no more than `*`.
    fn walk(&mut self, pattern: &str, directory: &Path, budget: &mut usize) -> Vec<PathBuf> {
        let start = match pattern.strip_prefix('/') {
            Some(_) => Path::new("/"),
            None => directory,
        };
        let mut paths = vec![start.to_owned()];
        for part in pattern.split('/').filter(|part| !part.is_empty()) {
            match wildcards(part) {
                None => paths.iter_mut().for_each(|path| path.push(part)),
                Some(wildcards) => {
                    let mut next = Vec::new();
                    for path in &paths {
                        self.entries(path, &wildcards, budget, &mut next);
                    }
                    paths = next;
                }
            }
        }
        let len = paths.len();
        paths.retain(|path| {
            let may_look = spend(budget);
            may_look && fs::symlink_metadata(path).is_ok()
        });
        self.truncated |= len > 0 && *budget == 0;
        paths
    }

    /// The names in a directory that match, in order.
    fn entries(&mut self, path: &Path, part: &Pattern, budget: &mut usize, to: &mut Vec<PathBuf>) {
        let here = if path.as_os_str().is_empty() {
            Path::new(".")
        } else {
            path
        };
        if !spend(budget) {
            self.truncated = true;
            return;
        }
        let Ok(entries) = fs::read_dir(here) else {
            return;
        };
        self.looked = true;
        let first = to.len();
        for entry in entries.filter_map(Result::ok) {
            if !spend(budget) {
                self.truncated = true;
                break;
            }
            let name = entry.file_name();
            if name.to_str().is_some_and(|n| part.matches_with(n, GLOB)) {
                to.push(path.join(name));
            }
        }
        if let Some(new) = to.get_mut(first..) {
            new.sort_unstable();
        }
    }
}

fn spend(budget: &mut usize) -> bool {
    let left = budget.checked_sub(1);
    *budget = left.unwrap_or(0);
    left.is_some()
}

/// The pattern of a part of a path, if there are wildcards in it.
fn wildcards(part: &str) -> Option<Pattern> {
    if !part.contains(['*', '?', '[']) {
        return None;
    }
    let mut part = part.replace("[^", "[!");
    while part.contains("**") {
        part = part.replace("**", "*");
    }
    Pattern::new(&part).ok()
}

fn why_not(path: &Path) -> Option<Skipped> {
    use std::os::unix::fs::PermissionsExt as _;
    let Ok(data) = fs::metadata(path) else {
        return Some(Skipped::Dangling);
    };
    if data.is_dir() {
        Some(Skipped::Directory)
    } else if !data.is_file() {
        Some(Skipped::Special)
    } else if data.permissions().mode() & 0o111 != 0 {
        Some(Skipped::Executable)
    } else {
        None
    }
}

/// The texts that `a{b,c}d` stands for: `abd` and `acd`.
pub(in crate::config) fn alternatives(pattern: &str) -> Vec<String> {
    let mut done = Vec::new();
    let mut open = vec![pattern.to_owned()];
    while let Some(pattern) = open.pop() {
        if done.len() + open.len() >= MAX_ALTERNATIVES {
            done.push(pattern);
            break;
        }
        match innermost(&pattern) {
            None => done.push(pattern),
            Some((before, choices, after)) => open.extend(
                choices
                    .split(',')
                    .rev()
                    .map(|choice| format!("{before}{choice}{after}")),
            ),
        }
    }
    done
}

/// Splits a pattern around its first pair of braces that holds no other.
fn innermost(pattern: &str) -> Option<(&str, &str, &str)> {
    let close = pattern.find('}')?;
    let open = pattern[..close].rfind('{')?;
    Some((
        &pattern[..open],
        &pattern[open + 1..close],
        &pattern[close + 1..],
    ))
}
