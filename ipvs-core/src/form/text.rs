//! The texts of keys, flags, protocols and masks in a file.

use alloc::borrow::Cow;
use core::fmt::{self, Write};
use core::str::FromStr;

use serde::de::{Error, SeqAccess, Unexpected, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::service::{Flags, Granularity};
use crate::{DestinationKey, Protocol, ServiceKey};

fn parsed<'de, D: Deserializer<'de>, T: FromStr<Err: fmt::Display>>(
    deserializer: D,
) -> Result<T, D::Error> {
    let text = <Cow<'de, str>>::deserialize(deserializer)?;
    let refused = |error| D::Error::custom(format_args!("`{text}`: {error}"));
    text.parse().map_err(refused)
}

/// `tcp 192.0.2.1:80`, `fwmark 7`, `fwmark 7 ipv6`.
impl Serialize for ServiceKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Address { .. } => serializer.collect_str(&Lower(self)),
            Self::Mark { mark, family } => match family {
                crate::Family::V4 => serializer.collect_str(&format_args!("fwmark {mark}")),
                crate::Family::V6 => serializer.collect_str(&format_args!("fwmark {mark} ipv6")),
            },
        }
    }
}

/// What is displayed, in lower case.
struct Lower<'a, T>(&'a T);

impl<T: fmt::Display> fmt::Display for Lower<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        struct Writer<'a, 'b>(&'a mut fmt::Formatter<'b>);

        impl Write for Writer<'_, '_> {
            fn write_str(&mut self, text: &str) -> fmt::Result {
                text.chars()
                    .try_for_each(|letter| self.0.write_char(letter.to_ascii_lowercase()))
            }
        }

        write!(Writer(f), "{}", self.0)
    }
}

impl<'de> Deserialize<'de> for ServiceKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer)
    }
}

impl Serialize for DestinationKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DestinationKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer)
    }
}

/// `tcp`, `udp`, `sctp`, or the number as text.
impl Serialize for Protocol {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::TCP => serializer.serialize_str("tcp"),
            Self::UDP => serializer.serialize_str("udp"),
            Self::SCTP => serializer.serialize_str("sctp"),
            Self(number) => serializer.collect_str(&number),
        }
    }
}

impl<'de> Deserialize<'de> for Protocol {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        either(
            deserializer,
            Either(
                "a protocol: tcp, udp, sctp or a number of 0 to 255",
                |text| {
                    let known = [("tcp", Self::TCP), ("udp", Self::UDP), ("sctp", Self::SCTP)];
                    let known = known
                        .iter()
                        .find(|(name, _)| text.eq_ignore_ascii_case(name));
                    known
                        .map(|(_, known)| *known)
                        .or_else(|| text.parse().ok().map(Self))
                },
            ),
        )
    }
}

/// `255.255.255.0` or `64`, as behind `-M` of ipvsadm.
impl Serialize for Granularity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::V4(mask) => serializer.collect_str(mask),
            Self::V6(length) => serializer.collect_str(length),
        }
    }
}

impl<'de> Deserialize<'de> for Granularity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        either(
            deserializer,
            Either("an IPv4 mask or the length of an IPv6 prefix", |text| {
                let mask = text.parse().ok().map(Self::V4);
                mask.or_else(|| text.parse().ok().map(Self::V6))
            }),
        )
    }
}

fn either<'de, D: Deserializer<'de>, T>(deserializer: D, either: Either<T>) -> Result<T, D::Error> {
    if deserializer.is_human_readable() {
        deserializer.deserialize_any(either)
    } else {
        deserializer.deserialize_str(either)
    }
}

/// A text or a number.
struct Either<T>(&'static str, fn(&str) -> Option<T>);

impl<T> Visitor<'_> for Either<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
        let text = alloc::string::ToString::to_string(&number);
        self.visit_str(&text)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        let text = alloc::string::ToString::to_string(&number);
        self.visit_str(&text)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.1)(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

/// The names of flags: `ops` and ipvsadm's of the scheduler's flags, the first of which is written.
const FLAGS: [(Flags, &[&str]); 4] = [
    (Flags::ONE_PACKET, &["ops"]),
    (Flags::SCHED_1, &["flag-1", "sh-fallback", "mh-fallback"]),
    (Flags::SCHED_2, &["flag-2", "sh-port", "mh-port"]),
    (Flags::SCHED_3, &["flag-3"]),
];

/// A list of names.
impl Serialize for Flags {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let set = || FLAGS.iter().filter(|(flag, _)| self.contains(*flag));
        let mut list = serializer.serialize_seq(Some(set().count()))?;
        for (_, names) in set() {
            list.serialize_element(names.first().unwrap_or(&""))?;
        }
        list.end()
    }
}

impl<'de> Deserialize<'de> for Flags {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(FlagList)
    }
}

struct FlagList;

impl<'de> Visitor<'de> for FlagList {
    type Value = Flags;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a list of ops, sh-fallback, sh-port, mh-fallback, mh-port, flag-1, flag-2 and flag-3",
        )
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Flags, A::Error> {
        let mut flags = Flags::NONE;
        while let Some(name) = list.next_element::<Cow<'de, str>>()? {
            let known = FLAGS.iter().find(|(_, names)| names.contains(&&*name));
            let Some((flag, _)) = known else {
                return Err(A::Error::invalid_value(Unexpected::Str(&name), &self));
            };
            flags = flags.with(*flag);
        }
        Ok(flags)
    }
}
