//! The framing of a body: by length, by chunks or by the end of the connection.

use super::HttpFailure;

/// How the end of a body is known (RFC 9112 §6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// So many octets are left.
    Length(u64),
    /// Chunks.
    Chunked(Chunk),
    /// The end of the connection.
    Close,
}

/// Where in the chunked coding the stream is (RFC 9112 §7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chunk {
    /// In the size: the digits so far, and how many.
    Size { size: u64, digits: u8 },
    /// In what follows the size, up to the end of the line.
    Extension { size: u64 },
    /// So many octets of data are left.
    Data { left: u64 },
    /// After the data of a chunk, up to the end of the line.
    DataEnd,
    /// In the trailer section; whether something is on the line already.
    Trailer { empty: bool },
}

impl Chunk {
    pub(super) const FIRST: Self = Self::Size { size: 0, digits: 0 };
}

/// Whether a body goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Reached,
    Ahead,
}

impl Framing {
    /// Whether there is no body at all.
    pub(super) const fn is_over(self) -> bool {
        matches!(self, Self::Length(0))
    }

    /// Gives what of `octets` is of the body to `data`, transfer coding removed.
    pub(super) fn read(
        &mut self,
        octets: &[u8],
        mut data: impl FnMut(&[u8]),
    ) -> Result<End, HttpFailure> {
        match self {
            Self::Close => {
                data(octets);
                Ok(End::Ahead)
            }
            Self::Length(left) => {
                let (of_body, _) = split(octets, *left);
                data(of_body);
                *left -= of_body.len() as u64;
                Ok(if *left == 0 { End::Reached } else { End::Ahead })
            }
            Self::Chunked(chunk) => chunk.read(octets, data),
        }
    }
}

/// The first `limit` octets, and the others.
fn split(octets: &[u8], limit: u64) -> (&[u8], &[u8]) {
    octets.split_at(usize::try_from(limit).map_or(octets.len(), |limit| limit.min(octets.len())))
}

impl Chunk {
    fn read(&mut self, mut octets: &[u8], mut data: impl FnMut(&[u8])) -> Result<End, HttpFailure> {
        while let [first, rest @ ..] = octets {
            if let Self::Data { left } = *self {
                let (of_chunk, after) = split(octets, left);
                data(of_chunk);
                let left = left - of_chunk.len() as u64;
                *self = if left == 0 {
                    Self::DataEnd
                } else {
                    Self::Data { left }
                };
                octets = after;
                continue;
            }
            let Some(next) = self.after(*first)? else {
                return Ok(End::Reached);
            };
            *self = next;
            octets = rest;
        }
        Ok(End::Ahead)
    }

    /// The state after an octet that is no data; `None` at the end of the body.
    fn after(self, octet: u8) -> Result<Option<Self>, HttpFailure> {
        let digit = char::from(octet).to_digit(16);
        Ok(Some(match (self, octet, digit) {
            (Self::Size { size, digits }, _, Some(digit)) => Self::Size {
                size: size
                    .checked_mul(16)
                    .and_then(|size| size.checked_add(u64::from(digit)))
                    .ok_or(HttpFailure::Chunk)?,
                digits: digits.saturating_add(1),
            },
            (Self::Size { digits: 0, .. }, ..) => return Err(HttpFailure::Chunk),
            (Self::Size { size, .. } | Self::Extension { size }, b'\n', None) => match size {
                0 => Self::Trailer { empty: true },
                left => Self::Data { left },
            },
            (Self::Size { size, .. }, b'\r' | b';' | b' ' | b'\t', None) => {
                Self::Extension { size }
            }
            (Self::Size { .. }, ..) => return Err(HttpFailure::Chunk),
            (Self::Extension { size }, ..) => Self::Extension { size },
            (Self::DataEnd, b'\r', _) => Self::DataEnd,
            (Self::DataEnd, b'\n', _) => Self::FIRST,
            (Self::DataEnd, ..) => return Err(HttpFailure::Chunk),
            (Self::Trailer { empty: true }, b'\n', _) => return Ok(None),
            (Self::Trailer { .. }, b'\n', _) => Self::Trailer { empty: true },
            (Self::Trailer { empty }, b'\r', _) => Self::Trailer { empty },
            (Self::Trailer { .. } | Self::Data { .. }, ..) => Self::Trailer { empty: false },
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(mut framing: Framing, octets: &[u8], portion: usize) -> (Vec<u8>, End) {
        let mut body = Vec::new();
        let mut end = End::Ahead;
        for portion in octets.chunks(portion) {
            end = framing
                .read(portion, |data| body.extend_from_slice(data))
                .unwrap();
            if end == End::Reached {
                break;
            }
        }
        (body, end)
    }

    #[test]
    fn chunks_are_joined_whatever_the_portions() {
        let octets = b"4\r\nWiki\r\n5;name=\"a\"\r\npedia\r\nE \r\n in\r\n\r\nchunks.\r\n0\r\nA: b\r\n\r\nrest";
        for portion in 1..octets.len() {
            let (body, end) = body(Framing::Chunked(Chunk::FIRST), octets, portion);
            assert_eq!(body, b"Wikipedia in\r\n\r\nchunks.");
            assert_eq!(end, End::Reached);
        }
    }

    #[test]
    fn last_chunk_needs_its_end() {
        let chunked = Framing::Chunked(Chunk::FIRST);
        let end = |octets: &[u8]| body(chunked, octets, 100).1;
        assert_eq!(end(b"0\r\n"), End::Ahead);
        assert_eq!(end(b"0\r\n\r"), End::Ahead);
        assert_eq!(end(b"0\r\n\r\n"), End::Reached);
        assert_eq!(end(b"0\n\n"), End::Reached);
        assert_eq!(end(b"000\r\nA: b\r\n"), End::Ahead);
    }

    #[test]
    fn malformed_chunks_are_refused() {
        for octets in [
            &b"\r\n"[..],
            b"x\r\n",
            b"-1\r\n",
            b"4x\r\n",
            b"1\r\nab",
            b"10000000000000000\r\n",
        ] {
            let mut framing = Framing::Chunked(Chunk::FIRST);
            assert_eq!(framing.read(octets, |_| ()), Err(HttpFailure::Chunk));
        }
    }

    #[test]
    fn largest_chunk_size_is_borne() {
        let mut framing = Framing::Chunked(Chunk::FIRST);
        assert_eq!(
            framing.read(b"ffffffffffffffff\r\na", |_| ()),
            Ok(End::Ahead)
        );
        assert_eq!(
            framing,
            Framing::Chunked(Chunk::Data { left: u64::MAX - 1 })
        );
    }

    #[test]
    fn length_ends_the_body() {
        for portion in 1..8 {
            let (body, end) = body(Framing::Length(4), b"1234567", portion);
            assert_eq!((body.as_slice(), end), (&b"1234"[..], End::Reached));
        }
        assert_eq!(body(Framing::Length(8), b"1234567", 3).1, End::Ahead);
        assert_eq!(
            body(Framing::Close, b"1234567", 3),
            (b"1234567".to_vec(), End::Ahead)
        );
    }
}
