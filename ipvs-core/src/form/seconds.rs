//! Whole seconds: `30s`, `5m`, `1h`, `1d`, or a number.

use core::fmt;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserializer, Serializer};

pub(crate) fn serialize<S: Serializer>(seconds: &u32, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{seconds}s"))
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    if deserializer.is_human_readable() {
        deserializer.deserialize_any(Seconds)
    } else {
        deserializer.deserialize_str(Seconds)
    }
}

struct Seconds;

impl Visitor<'_> for Seconds {
    type Value = u32;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time such as 30s, 5m, 1h or 1d")
    }

    fn visit_u64<E: Error>(self, seconds: u64) -> Result<u32, E> {
        let unexpected = |_| E::invalid_value(Unexpected::Unsigned(seconds), &self);
        u32::try_from(seconds).map_err(unexpected)
    }

    fn visit_i64<E: Error>(self, seconds: i64) -> Result<u32, E> {
        let unexpected = |_| E::invalid_value(Unexpected::Signed(seconds), &self);
        u32::try_from(seconds).map_err(unexpected)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<u32, E> {
        parse(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

fn parse(text: &str) -> Option<u32> {
    let (number, unit) = match text.char_indices().last()? {
        (at, 's') => (text.get(..at)?, 1),
        (at, 'm') => (text.get(..at)?, 60),
        (at, 'h') => (text.get(..at)?, 3600),
        (at, 'd') => (text.get(..at)?, 86_400),
        _ => (text, 1),
    };
    let number = number.trim_end_matches(' ');
    let digits = number.starts_with(|first: char| first.is_ascii_digit());
    let number: u32 = digits.then(|| number.parse().ok())??;
    number.checked_mul(unit)
}
