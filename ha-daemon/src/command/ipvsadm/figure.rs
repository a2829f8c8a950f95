//! Counters in the columns of `--stats` and `--rate`.

use core::fmt;

/// Writes ` value`, right-aligned in nine columns.
///
/// From 10⁸ on, in thousands, millions, 10⁹ or 10¹² rounded down, unless it is to be `exact`.
pub(super) fn write(out: &mut dyn fmt::Write, value: u64, exact: bool) -> fmt::Result {
    let (shown, unit) = match value {
        _ if exact => return write!(out, " {value:>8}"),
        0..100_000_000 => return write!(out, " {value:>8}"),
        100_000_000..1_000_000_000 => (value / 1_000, 'K'),
        1_000_000_000..100_000_000_000 => (value / 1_000_000, 'M'),
        100_000_000_000..100_000_000_000_000 => (value / 1_000_000_000, 'G'),
        100_000_000_000_000.. => (value / 1_000_000_000_000, 'T'),
    };
    write!(out, "{shown:>8}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(values: &[u64], exact: bool) -> String {
        let mut text = String::new();
        for &value in values {
            write(&mut text, value, exact).unwrap();
        }
        text
    }

    #[test]
    fn figures_are_shortened_from_nine_digits_on() {
        assert_eq!(
            row(
                &[
                    10_000_000,
                    99_999_999,
                    100_000_000,
                    100_000_001,
                    999_999_999
                ],
                false
            ),
            " 10000000 99999999  100000K  100000K  999999K"
        );
        assert_eq!(
            row(
                &[
                    1_000_000_000,
                    9_999_999_999,
                    10_000_000_000,
                    99_999_999_999,
                    100_000_000_000
                ],
                false
            ),
            "    1000M    9999M   10000M   99999M     100G"
        );
        assert_eq!(
            row(
                &[
                    999_999_999_999,
                    1_000_000_000_000,
                    99_999_999_999_999,
                    100_000_000_000_000,
                    u64::MAX
                ],
                false
            ),
            "     999G    1000G   99999G     100T18446744T"
        );
    }

    #[test]
    fn exact_figures_keep_every_digit() {
        assert_eq!(
            row(&[99_999_999, 100_000_000, 999_999_999_999, u64::MAX], true),
            " 99999999 100000000 999999999999 18446744073709551615"
        );
    }
}
