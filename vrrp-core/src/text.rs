//! Serialisation of values that are texts in formats that people read.

use core::fmt;
use core::marker::PhantomData;
use core::str::FromStr;
use core::time::Duration;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::duration::{self, Seconds};
use crate::{Interval, MacAddr};

/// Reads a `T` from its text.
struct Text<T> {
    expected: &'static str,
    value: PhantomData<T>,
}

impl<T> Text<T> {
    const fn expected(expected: &'static str) -> Self {
        Self {
            expected,
            value: PhantomData,
        }
    }
}

impl<T: FromStr<Err: fmt::Display>> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

impl Serialize for Interval {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_u16(self.centis())
        }
    }
}

impl<'de> Deserialize<'de> for Interval {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_str(Text::expected("an interval, as \"1s\" or \"500ms\""))
        } else {
            u16::deserialize(deserializer)?
                .try_into()
                .map_err(D::Error::custom)
        }
    }
}

impl Serialize for MacAddr {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for MacAddr {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let expected = "an Ethernet address, as \"00:00:5e:00:01:33\"";
            deserializer.deserialize_str(Text::expected(expected))
        } else {
            Deserialize::deserialize(deserializer).map(Self)
        }
    }
}

/// A span of time, for fields of the type [`Duration`].
#[derive(Clone, Copy)]
struct Span(Duration);

impl FromStr for Span {
    type Err = duration::DurationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        duration::parse(text).map(Self)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(&Seconds(self.0))
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let expected = "a span of time, as \"1s\" or \"500ms\"";
            deserializer.deserialize_str(Text::expected(expected))
        } else {
            Deserialize::deserialize(deserializer).map(Self)
        }
    }
}

/// For `#[serde(with)]`: a span of time.
pub(crate) mod span {
    use super::{Deserialize, Deserializer, Duration, Serialize, Serializer, Span};

    pub(crate) fn serialize<S: Serializer>(span: &Duration, to: S) -> Result<S::Ok, S::Error> {
        Span(*span).serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        Span::deserialize(from).map(|span| span.0)
    }
}

/// For `#[serde(with)]`: a span of time that may be absent.
pub(crate) mod optional_span {
    use super::{Deserialize, Deserializer, Duration, Serialize, Serializer, Span};

    #[expect(
        clippy::ref_option,
        reason = "serde hands out a reference to the field"
    )]
    pub(crate) fn serialize<S: Serializer>(
        span: &Option<Duration>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        span.map(Span).serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<Span>::deserialize(from)?.map(|span| span.0))
    }
}
