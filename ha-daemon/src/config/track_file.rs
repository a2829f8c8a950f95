//! The block `track_file`.

use std::path::PathBuf;

use super::block;
use crate::config::diagnostic::{Code, Diagnostic, Diagnostics, Handle};
use crate::config::keyword::{TRACK_FILE, TrackFileKeyword};
use crate::config::model::{InitFile, TrackFile};
use crate::config::text::tape::Token;
use crate::config::text::tree::Block;
use crate::config::value::Words;

/// Reads the block of a tracked file; without a path nothing is left.
pub(super) fn read(
    name: Token<'_>,
    block: &Block<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<TrackFile> {
    let mut path = None;
    let mut factor = 1;
    let mut init = None;
    let seen = block::read(block, &TRACK_FILE, diagnostics, |keyword, _, words| {
        match keyword {
            TrackFileKeyword::File => path = Some(PathBuf::from(words.word("a path")?.text)),
            TrackFileKeyword::Weight => factor = weight(words)?,
            TrackFileKeyword::InitFile => init = Some(init_file(words)?),
        }
        Ok(())
    });
    let Some(path) = path else {
        if !seen.was_tried(TrackFileKeyword::File) {
            let text = format!("`track_file` {} has no file", name.text);
            let diagnostic = Diagnostic::error(Code::MissingSetting, name.place, text);
            diagnostics.push(diagnostic.label("left out").help("add `file` and its path"));
        }
        return None;
    };
    Some(TrackFile {
        name: name.text.to_string(),
        span: name.place.span,
        path,
        weight: factor,
        init,
    })
}

/// `N [reverse]`.
pub(super) fn weight(words: &mut Words<'_, '_>) -> Result<i32, Handle> {
    let highest = i64::from(i32::MAX);
    let number = words.number(-highest..=highest)?;
    let factor = i32::try_from(number.value).unwrap_or_default();
    match words.next() {
        Some(word) => {
            words.choice(word, &[("reverse", ())])?;
            Ok(-factor)
        }
        None => Ok(factor),
    }
}

/// `[VALUE] [overwrite]`.
fn init_file(words: &mut Words<'_, '_>) -> Result<InitFile, Handle> {
    let mut init = InitFile {
        value: 0,
        overwrite: false,
    };
    while let Some(word) = words.next() {
        if word.text == "overwrite" {
            init.overwrite = true;
        } else {
            init.value = words.number_in(word, i64::from(i32::MIN)..=i64::from(i32::MAX))?;
        }
    }
    Ok(init)
}
