//! Text put together of words, numbers and addresses: several times as fast as `write!`, which counts
//! in a report of 100,000 lines.

use core::fmt::{Display, Write as _};
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use core::time::Duration;

/// Appends what is not a `str` yet.
pub(super) trait PushText {
    /// A number in decimal digits.
    fn push_number(&mut self, number: impl Into<u64>);

    /// An address.
    fn push_address(&mut self, address: IpAddr);

    /// An address and a port, as [`SocketAddr`] shows them.
    fn push_end(&mut self, address: IpAddr, port: u16);

    /// A time in seconds, exactly: `2.5 s`.
    fn push_seconds(&mut self, time: Duration);

    /// How many there are of something: `1 check`, `2 checks`.
    fn push_count(&mut self, count: usize, noun: &str);

    /// Anything else.
    fn push_display(&mut self, item: impl Display);
}

impl PushText for String {
    fn push_number(&mut self, number: impl Into<u64>) {
        let mut digits = Digits::default();
        digits.push_number(number.into());
        self.push_str(digits.as_str());
    }

    fn push_address(&mut self, address: IpAddr) {
        match address {
            IpAddr::V4(address) => {
                let mut digits = Digits::default();
                digits.push_ipv4(address);
                self.push_str(digits.as_str());
            }
            IpAddr::V6(_) => self.push_display(address),
        }
    }

    fn push_end(&mut self, address: IpAddr, port: u16) {
        match address {
            IpAddr::V4(address) => {
                let mut digits = Digits::default();
                digits.push_ipv4(address);
                digits.push(b':');
                digits.push_number(port.into());
                self.push_str(digits.as_str());
            }
            IpAddr::V6(_) => self.push_display(SocketAddr::new(address, port)),
        }
    }

    fn push_seconds(&mut self, time: Duration) {
        self.push_number(time.as_secs());
        if time.subsec_nanos() > 0 {
            let decimals = format!(".{:09}", time.subsec_nanos());
            self.push_str(decimals.trim_end_matches('0'));
        }
        self.push_str(" s");
    }

    fn push_count(&mut self, count: usize, noun: &str) {
        self.push_number(u64::try_from(count).unwrap_or(u64::MAX));
        self.push(' ');
        self.push_str(noun);
        self.push_str(if count == 1 { "" } else { "s" });
    }

    fn push_display(&mut self, item: impl Display) {
        // Writing to a text does not fail.
        let _written = write!(self, "{item}");
    }
}

/// A short text of ASCII; what it has no room for is lost.
struct Digits {
    octets: [u8; Self::ROOM],
    len: usize,
}

impl Default for Digits {
    fn default() -> Self {
        Self {
            octets: [0; Self::ROOM],
            len: 0,
        }
    }
}

impl Digits {
    /// `255.255.255.255:65535` and the largest number fit.
    const ROOM: usize = 24;

    fn push(&mut self, octet: u8) {
        if let Some(place) = self.octets.get_mut(self.len) {
            *place = octet;
            self.len += 1;
        }
    }

    fn push_number(&mut self, number: u64) {
        let mut digits = [0; 20];
        let mut first = digits.len();
        let mut rest = number;
        for place in digits.iter_mut().rev() {
            *place = b'0' + (rest % 10).to_le_bytes()[0];
            first -= 1;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        for &digit in digits.get(first..).unwrap_or_default() {
            self.push(digit);
        }
    }

    fn push_ipv4(&mut self, address: Ipv4Addr) {
        for (index, octet) in address.octets().into_iter().enumerate() {
            if index > 0 {
                self.push(b'.');
            }
            if octet >= 100 {
                self.push(b'0' + octet / 100);
            }
            if octet >= 10 {
                self.push(b'0' + octet / 10 % 10);
            }
            self.push(b'0' + octet % 10);
        }
    }

    fn as_str(&self) -> &str {
        let octets = self.octets.get(..self.len).unwrap_or_default();
        str::from_utf8(octets).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pushed(push: impl Fn(&mut String)) -> String {
        let mut text = String::from("<");
        push(&mut text);
        text + ">"
    }

    #[test]
    fn numbers_are_in_decimal_digits() {
        for number in [0, 1, 9, 10, 99, 100, 65_535, u64::MAX] {
            assert_eq!(
                pushed(|text| text.push_number(number)),
                format!("<{number}>")
            );
        }
    }

    #[test]
    fn addresses_are_as_the_library_shows_them() {
        for octet in 0..=u8::MAX {
            let address = IpAddr::from([255, octet, 0, octet]);
            assert_eq!(
                pushed(|text| text.push_address(address)),
                format!("<{address}>")
            );
        }
        for address in ["255.255.255.255", "::", "2001:db8::1"] {
            let address: IpAddr = address.parse().unwrap();
            assert_eq!(
                pushed(|text| text.push_address(address)),
                format!("<{address}>")
            );
            for port in [0, 80, 65_535] {
                let end = SocketAddr::new(address, port);
                assert_eq!(
                    pushed(|text| text.push_end(address, port)),
                    format!("<{end}>")
                );
            }
        }
    }

    #[test]
    fn times_are_exact() {
        for (nanos, shown) in [
            (0, "<0 s>"),
            (2_500_000_000, "<2.5 s>"),
            (60_000_000_000, "<60 s>"),
            (1, "<0.000000001 s>"),
        ] {
            let time = Duration::from_nanos(nanos);
            assert_eq!(pushed(|text| text.push_seconds(time)), shown);
        }
    }

    #[test]
    fn one_is_not_many() {
        let counts = [0, 1, 2].map(|count| pushed(|text| text.push_count(count, "check")));
        assert_eq!(counts, ["<0 checks>", "<1 check>", "<2 checks>"]);
    }
}
