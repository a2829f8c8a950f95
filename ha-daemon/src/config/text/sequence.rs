//! `~SEQ(…)` and `~LST(…)`: one line repeated with each of several values.

use core::ops::Range;
use std::rc::Rc;

use crate::config::text::blank::{trimmed, trimmed_start};
use crate::config::text::line::Line;

/// The values a template is repeated for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::config) enum Values {
    /// `~SEQ`, or `~SEQx` with `hexadecimal`.
    Numbers {
        next: i64,
        step: i64,
        end: i64,
        hexadecimal: bool,
    },
    /// `~LST`: a tuple per repetition, in reverse.
    Tuples(Vec<Vec<String>>),
}

/// A sequence and the line it repeats.
#[derive(Clone, Debug)]
pub(in crate::config) struct Sequence {
    pub(in crate::config) names: Vec<String>,
    pub(in crate::config) values: Values,
    pub(in crate::config) template: Rc<Line>,
}

impl Sequence {
    /// The next value for each of the names.
    pub(in crate::config) fn next(&mut self) -> Option<Vec<String>> {
        match &mut self.values {
            Values::Numbers {
                next,
                step,
                end,
                hexadecimal,
            } => {
                let value = *next;
                let done = if *step < 0 {
                    value < *end
                } else {
                    value > *end
                };
                if done || *step == 0 {
                    return None;
                }
                match next.checked_add(*step) {
                    Some(following) => *next = following,
                    None => *step = 0,
                }
                Some(vec![if *hexadecimal {
                    format!("{value:x}")
                } else {
                    value.to_string()
                }])
            }
            Values::Tuples(tuples) => tuples.pop(),
        }
    }
}

/// The head of a sequence: where its parts are in the line.
#[derive(Debug)]
pub(in crate::config) struct Head {
    pub(in crate::config) kind: Kind,
    /// What is between the parentheses.
    pub(in crate::config) parameters: Range<usize>,
    /// What is behind them.
    pub(in crate::config) template: Range<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum Kind {
    Decimal,
    Hexadecimal,
    List,
}

/// Why a line is no sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::config) enum SequenceError {
    #[error("`)` is missing")]
    Unclosed,
    #[error("a sequence needs a variable and 1 to 3 numbers: (name, start, step, end)")]
    Parameters,
    #[error("a sequence counts in whole numbers")]
    Number,
    #[error("a step of zero never ends")]
    ZeroStep,
    #[error("a list needs as many values as variables in each of its tuples")]
    Tuple,
    #[error("a variable is made of letters, digits and `_`, and starts with no digit")]
    Name,
}

impl Head {
    /// The head of a line that starts with `~SEQ(`, `~SEQx(` or `~LST(`; `None` if it does not.
    pub(in crate::config) fn find(text: &str) -> Option<Result<Self, SequenceError>> {
        let kinds = [
            ("~SEQ(", Kind::Decimal),
            ("~SEQx(", Kind::Hexadecimal),
            ("~LST(", Kind::List),
        ];
        let (prefix, kind) = kinds.into_iter().find(|(name, _)| text.starts_with(name))?;
        let Some(len) = text[prefix.len()..].find(')') else {
            return Some(Err(SequenceError::Unclosed));
        };
        let close = prefix.len() + len;
        Some(Ok(Self {
            kind,
            parameters: prefix.len()..close,
            template: close + 1..text.len(),
        }))
    }

    /// The names and values of the sequence whose parameters, with variables replaced, are
    /// `parameters`.
    pub(in crate::config) fn parse(
        &self,
        parameters: &str,
    ) -> Result<(Vec<String>, Values), SequenceError> {
        let parts = split(parameters)?;
        let (names, values) = parts.split_first().ok_or(SequenceError::Parameters)?;
        let valid = |name: &String| {
            !name.is_empty() && crate::config::text::macros::name_len(name) == name.len()
        };
        if !names.iter().all(valid) {
            return Err(SequenceError::Name);
        }
        let values = match self.kind {
            Kind::List => tuples(names.len(), values)?,
            Kind::Decimal => numbers(values, false)?,
            Kind::Hexadecimal => numbers(values, true)?,
        };
        Ok((names.clone(), values))
    }
}

fn tuples(width: usize, values: &[Vec<String>]) -> Result<Values, SequenceError> {
    if values.iter().any(|tuple| tuple.len() != width) {
        return Err(SequenceError::Tuple);
    }
    Ok(Values::Tuples(values.iter().rev().cloned().collect()))
}

fn numbers(values: &[Vec<String>], hexadecimal: bool) -> Result<Values, SequenceError> {
    let mut all = Vec::new();
    for value in values {
        let [value] = value.as_slice() else {
            return Err(SequenceError::Parameters);
        };
        let number = value.parse::<i64>().map_err(|_| SequenceError::Number)?;
        all.push(number);
    }
    let toward = |start: i64, end: i64| if end < start { -1 } else { 1 };
    let (next, step, end) = match *all.as_slice() {
        [end] => (1, toward(1, end), end),
        [start, end] => (start, toward(start, end), end),
        [start, step, end] => (start, step, end),
        _ => return Err(SequenceError::Parameters),
    };
    if step == 0 {
        return Err(SequenceError::ZeroStep);
    }
    Ok(Values::Numbers {
        next,
        step,
        end,
        hexadecimal,
    })
}

/// Splits `a, {b, c}` into `[[a], [b, c]]`.
fn split(text: &str) -> Result<Vec<Vec<String>>, SequenceError> {
    let mut parts = Vec::new();
    let mut rest = trimmed(text);
    loop {
        if let Some(body) = rest.strip_prefix('{') {
            let (tuple, behind) = body.split_once('}').ok_or(SequenceError::Unclosed)?;
            parts.push(tuple.split(',').map(unquoted).collect());
            rest = trimmed_start(behind);
            match rest.strip_prefix(',') {
                Some(behind) => rest = trimmed_start(behind),
                None if rest.is_empty() => return Ok(parts),
                None => return Err(SequenceError::Parameters),
            }
        } else if let Some((part, behind)) = rest.split_once(',') {
            parts.push(vec![unquoted(part)]);
            rest = trimmed_start(behind);
        } else {
            parts.push(vec![unquoted(rest)]);
            return Ok(parts);
        }
    }
}

fn unquoted(text: &str) -> String {
    let text = trimmed(text);
    let inner = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    inner.unwrap_or(text).to_owned()
}
