//! Which files an `include` names.

use std::path::{Path, PathBuf};

/// How many files a single `include` may name.
const MAX_FILES: usize = 10_000;
/// How many alternatives the braces of a single `include` may make.
const MAX_ALTERNATIVES: usize = 1024;

/// What an `include` insists on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Strictness {
    /// Every file is readable.
    pub(super) readable: bool,
    /// Something matches.
    pub(super) matches: bool,
}

/// The strictness of `include` and its variants; `None` for any other word.
pub(super) fn directive(word: &str) -> Option<Strictness> {
    let (readable, matches) = match word {
        "include" => (false, false),
        "includer" => (true, false),
        "includem" | "includew" | "includeb" => (false, true),
        "includea" => (true, true),
        _ => return None,
    };
    Some(Strictness { readable, matches })
}

/// What a pattern stands for, sorted for each of its brace alternatives.
#[derive(Debug, Default)]
pub(super) struct Matches {
    pub(super) files: Vec<PathBuf>,
    /// Files that are not read: executable, or no regular files.
    pub(super) skipped: Vec<PathBuf>,
    /// Whether there were more than may be.
    pub(super) truncated: bool,
}

/// The files `pattern`, relative to `directory`, names.
pub(super) fn files(pattern: &str, directory: &Path) -> Matches {
    let mut matches = Matches::default();
    let alternatives = alternatives(pattern);
    matches.truncated = alternatives.len() >= MAX_ALTERNATIVES;
    for alternative in alternatives {
        let path = directory.join(alternative);
        let found: Vec<PathBuf> = match path.to_str().map(glob::glob) {
            Some(Ok(paths)) => paths.filter_map(Result::ok).take(MAX_FILES).collect(),
            _ => vec![path],
        };
        for path in found {
            if matches.files.len() >= MAX_FILES {
                matches.truncated = true;
            } else if is_configuration(&path) {
                matches.files.push(path);
            } else if !path.is_dir() {
                matches.skipped.push(path);
            }
        }
    }
    matches
}

fn is_configuration(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path)
        .is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 == 0)
}

/// The texts that `a{b,c}d` stands for: `abd` and `acd`.
pub(super) fn alternatives(pattern: &str) -> Vec<String> {
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
