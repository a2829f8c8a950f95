//! `FILE_CHECK`: adds the number in a file, times a weight, to the real server's weight.
//!
//! With weight 0 the number is a verdict instead: 0 is fit, any other is not (`reverse`: the other
//! way round). [`watch::FileWatch`] reads the files.

use core::num::NonZeroI32;

use super::attempt::{DynamicWeight, Outcome, Passed};

pub mod watch;

/// Octets of a file that are read; the number is expected among them.
pub const READ_LEN: usize = 127;

/// A file with a number beyond -2147483648 to 2147483648, which changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("number out of range -2147483648 to 2147483648")]
pub struct ValueError;

/// The number a tracked file starts with, as `strtol(3)` reads it with base 0: blanks, a sign, then
/// decimal, `0x` hexadecimal or `0` octal digits up to whatever is no digit. No number is 0.
///
/// # Errors
/// [`ValueError`] for a number out of range.
pub fn parse(octets: &[u8]) -> Result<i64, ValueError> {
    // The six white-space characters of the C locale.
    let blank = |octet: &u8| matches!(octet, b' ' | b'\t'..=b'\r');
    let start = octets.iter().take_while(|octet| blank(octet)).count();
    let text = octets.get(start..).unwrap_or_default();
    let (negative, text) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let (radix, digits) = match text {
        [b'0', b'x' | b'X', rest @ ..] if rest.first().is_some_and(u8::is_ascii_hexdigit) => {
            (16, rest)
        }
        [b'0', ..] => (8, text),
        _ => (10, text),
    };
    let mut value = 0_i64;
    for digit in digits
        .iter()
        .map_while(|&octet| char::from(octet).to_digit(radix))
    {
        value = value
            .saturating_mul(radix.into())
            .saturating_add(digit.into());
    }
    let value = if negative { -value } else { value };
    if (-0x8000_0000..=0x8000_0000).contains(&value) {
        Ok(value)
    } else {
        Err(ValueError)
    }
}

/// What a number in a file means for a real server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileWeight {
    /// Weight 0: the number is a verdict.
    Verdict {
        /// 0 is unfit and any other number fit.
        reverse: bool,
    },
    /// What the number is multiplied by before it is added to the real server's weight.
    Factor {
        /// -2147483647 to 2147483647.
        weight: NonZeroI32,
        /// Its sign is turned.
        reverse: bool,
    },
}

impl FileWeight {
    /// The meaning of `weight` with or without `reverse`.
    #[must_use]
    pub const fn new(weight: i32, reverse: bool) -> Self {
        match NonZeroI32::new(weight) {
            Some(weight) => Self::Factor { weight, reverse },
            None => Self::Verdict { reverse },
        }
    }

    /// What `value`, as [`parse`] read it, says. A product of -2147483648 or less is a failure, one
    /// above 2147483647 counts as that.
    ///
    /// # Errors
    /// The failure the file reports; there are no others.
    pub fn judge(self, value: i64) -> Outcome {
        match self {
            Self::Verdict { reverse } if (value == 0) == reverse => {
                Err(FileFailure::Verdict(value).into())
            }
            Self::Verdict { .. } => Ok(Passed::default()),
            Self::Factor { weight, reverse } => {
                let weight = i64::from(weight.get());
                let product = value.saturating_mul(if reverse { -weight } else { weight });
                if product <= i64::from(i32::MIN) {
                    return Err(FileFailure::Weight(product).into());
                }
                let adjustment = i32::try_from(product).unwrap_or(i32::MAX);
                Ok(Passed {
                    weight: Some(DynamicWeight::Adjustment(adjustment)),
                })
            }
        }
    }
}

/// Why a file makes a real server unfit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileFailure {
    /// The number is a verdict, and it says no.
    #[error("file says {0}")]
    Verdict(i64),
    /// The number times the weight is below every weight.
    #[error("file says a weight of {0}")]
    Weight(i64),
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::attempt::Failure;
    use super::*;

    #[test]
    fn numbers_are_read_as_strtol_reads_them() {
        for (text, value) in [
            ("0", 0),
            ("42\n", 42),
            (" \t\n-7 rest", -7),
            ("+5", 5),
            ("010", 8),
            ("09", 0),
            ("0x1f", 31),
            ("0Xfg", 15),
            ("0x", 0),
            ("0xg", 0),
            ("12abc", 12),
            ("", 0),
            ("up", 0),
            ("--1", 0),
            ("- 1", 0),
            ("-2147483648", -2_147_483_648),
            ("2147483648", 2_147_483_648),
        ] {
            assert_eq!(parse(text.as_bytes()), Ok(value), "{text:?}");
        }
        for text in ["2147483649", "-2147483649", "99999999999999999999999999"] {
            assert_eq!(parse(text.as_bytes()), Err(ValueError), "{text}");
        }
    }

    fn adjusted(by: i32) -> Outcome {
        Ok(Passed {
            weight: Some(DynamicWeight::Adjustment(by)),
        })
    }

    #[test]
    fn the_number_times_the_weight_is_added() {
        assert_eq!(FileWeight::new(1, false).judge(10), adjusted(10));
        assert_eq!(FileWeight::new(-3, false).judge(10), adjusted(-30));
        assert_eq!(FileWeight::new(-3, true).judge(10), adjusted(30));
        assert_eq!(FileWeight::new(7, false).judge(0), adjusted(0));
    }

    #[test]
    fn products_end_where_weights_end() {
        let judge = |value| FileWeight::new(2, false).judge(value);
        assert_eq!(judge(1_073_741_823), adjusted(2_147_483_646));
        assert_eq!(judge(1_073_741_824), adjusted(i32::MAX));
        assert_eq!(judge(-1_073_741_823), adjusted(-2_147_483_646));
        assert_eq!(
            judge(-1_073_741_824),
            Err(FileFailure::Weight(-2_147_483_648).into())
        );
        assert_eq!(
            FileWeight::new(i32::MAX, false).judge(2_147_483_648),
            adjusted(i32::MAX)
        );
    }

    #[test]
    fn without_a_weight_the_number_is_a_verdict() {
        let says = |value| Err(Failure::from(FileFailure::Verdict(value)));
        let (plain, reverse) = (FileWeight::new(0, false), FileWeight::new(0, true));
        assert_eq!(plain.judge(0), Ok(Passed::default()));
        assert_eq!(plain.judge(-1), says(-1));
        assert_eq!(reverse.judge(0), says(0));
        assert_eq!(reverse.judge(-1), Ok(Passed::default()));
    }

    proptest! {
        #[test]
        fn no_contents_and_no_weight_panic(octets: Vec<u8>, weight: i32, reverse: bool) {
            if let Ok(value) = parse(&octets) {
                let outcome = FileWeight::new(weight, reverse).judge(value);
                prop_assert!(value != 0 || reverse || outcome.is_ok());
            }
        }

        #[test]
        fn decimal_numbers_round_trip(value in -0x8000_0000_i64..=0x8000_0000) {
            prop_assert_eq!(parse(value.to_string().as_bytes()), Ok(value));
        }
    }
}
