//! Tests of the framing.

use proptest::prelude::*;

use super::*;

fn message(kind: u16, flags: u16, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(HEADER + payload.len()).unwrap();
    let mut octets = length.to_ne_bytes().to_vec();
    octets.extend(kind.to_ne_bytes());
    octets.extend(flags.to_ne_bytes());
    octets.extend(7u32.to_ne_bytes());
    octets.extend(9u32.to_ne_bytes());
    octets.extend(payload);
    octets.resize(align(octets.len()), 0);
    octets
}

fn verdict(kind: u16, flags: u16, payload: &[u8]) -> Option<(i32, Option<Box<str>>)> {
    let datagram = message(kind, flags, payload);
    let message = Messages::new(&datagram).next()?.ok()?;
    Acknowledgement::decode(&message).map(|verdict| (verdict.errno, verdict.text))
}

#[test]
fn walks_messages_across_their_padding() {
    let mut datagram = message(20, 2, b"abcde");
    datagram.extend(message(3, 0, b""));
    let messages: Vec<_> = Messages::new(&datagram).map(Result::unwrap).collect();
    let [first, second] = messages[..] else {
        panic!("{messages:?}");
    };
    assert_eq!((first.kind, first.flags, first.sequence), (20, 2, 7));
    assert_eq!(first.payload, b"abcde");
    assert_eq!((second.kind, second.payload), (3, &b""[..]));
}

#[test]
fn a_length_beyond_the_datagram_or_below_the_header_ends_the_walk() {
    for length in [0u32, 15, 21, u32::MAX] {
        let mut datagram = message(20, 0, b"abcd");
        datagram[..4].copy_from_slice(&length.to_ne_bytes());
        let walked: Vec<_> = Messages::new(&datagram).collect();
        assert_eq!(walked, [Err(MalformedMessage)], "length {length}");
    }
}

#[test]
fn an_acknowledgement_is_asked_for_beside_other_flags() {
    let mut octets = message(20, 1, b"");
    acknowledge(&mut octets);
    assert_eq!(octets, message(20, 5, b""));
    acknowledge(&mut []);
}

#[test]
fn an_error_yields_its_number_and_the_kernels_words() {
    let mut echo = (-17i32).to_ne_bytes().to_vec();
    echo.extend(message(20, 0, b"req!"));
    let words = [&8u16.to_ne_bytes()[..], &1u16.to_ne_bytes(), b"no!\0"].concat();
    let mut whole = echo.clone();
    whole.extend(&words);
    assert_eq!(
        verdict(NLMSG_ERROR, 0x200, &whole),
        Some((17, Some("no!".into())))
    );
    // Without the flag, what follows is the rest of the request.
    assert_eq!(verdict(NLMSG_ERROR, 0, &whole), Some((17, None)));
    let mut capped = (-17i32).to_ne_bytes().to_vec();
    capped.extend(&message(20, 0, b"req!")[..HEADER]);
    capped.extend(&words);
    assert_eq!(
        verdict(NLMSG_ERROR, 0x300, &capped),
        Some((17, Some("no!".into())))
    );
}

#[test]
fn a_list_ends_with_or_without_a_number() {
    assert_eq!(verdict(NLMSG_DONE, 2, b""), Some((0, None)));
    assert_eq!(verdict(NLMSG_DONE, 2, &0i32.to_ne_bytes()), Some((0, None)));
    assert_eq!(
        verdict(NLMSG_DONE, 2, &(-12i32).to_ne_bytes()),
        Some((12, None))
    );
    assert_eq!(verdict(NLMSG_ERROR, 0, b""), None);
    assert_eq!(verdict(NLMSG_ERROR, 0, &i32::MIN.to_ne_bytes()), None);
}

proptest! {
    #[test]
    fn arbitrary_verdicts_never_panic(
        flags in any::<u16>(),
        payload in proptest::collection::vec(any::<u8>(), 0..100),
    ) {
        for kind in [NLMSG_ERROR, NLMSG_DONE] {
            verdict(kind, flags, &payload);
        }
    }
}
