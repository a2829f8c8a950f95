//! Tests of the TCP state tables, literally.

use crate::Timeouts;
use crate::connection::{Segment, TcpState, Track};

/// Columns: NO ES SS SR FW TW CL CW LA LI SA.
const TABLES: [(Track, &str); 2] = [
    (
        Track::Input,
        "syn SR ES ES SR SR SR SR SR SR SR SR | fin CL CW SS TW TW TW CL CW LA LI TW | \
         ack ES ES SS ES FW TW CL CW CL LI ES | rst CL CL CL SR CL CL CL CL LA LI SR",
    ),
    (
        Track::Output,
        "syn SS ES SS SR SS SS SS SS SS LI SR | fin TW FW SS TW FW TW CL TW LA LI TW | \
         ack ES ES SS ES FW TW CL CW LA ES ES | rst CL CL SS CL CL TW CL CL CL CL CL",
    ),
];

fn state(name: &str) -> TcpState {
    match name {
        "NO" => TcpState::None,
        "ES" => TcpState::Established,
        "SS" => TcpState::SynSent,
        "SR" => TcpState::SynReceived,
        "FW" => TcpState::FinWait,
        "TW" => TcpState::TimeWait,
        "CL" => TcpState::Close,
        "CW" => TcpState::CloseWait,
        "LA" => TcpState::LastAck,
        "LI" => TcpState::Listen,
        "SA" => TcpState::SynAck,
        other => panic!("{other}"),
    }
}

fn segment(name: &str) -> Segment {
    match name {
        "syn" => Segment::Syn,
        "fin" => Segment::Fin,
        "ack" => Segment::Ack,
        "rst" => Segment::Reset,
        other => panic!("{other}"),
    }
}

#[test]
fn transitions_are_those_of_the_table() {
    for (track, table) in TABLES {
        for row in table.split('|') {
            let mut words = row.split_whitespace();
            let segment = segment(words.next().unwrap());
            for from in TcpState::ALL {
                let to = state(words.next().unwrap());
                assert_eq!(
                    from.after(track, segment),
                    to,
                    "{track:?} {from:?} {segment:?}"
                );
            }
            assert_eq!(words.next(), None);
        }
    }
}

#[test]
fn without_answers_three_transitions_differ() {
    let segments = [Segment::Syn, Segment::Fin, Segment::Ack, Segment::Reset];
    for from in TcpState::ALL {
        for segment in segments {
            let expected = match (from, segment) {
                (TcpState::Established | TcpState::FinWait, Segment::Fin) => TcpState::FinWait,
                (TcpState::SynAck, Segment::Reset) => TcpState::Close,
                _ => from.after(Track::Input, segment),
            };
            assert_eq!(from.after(Track::InputOnly, segment), expected);
        }
    }
}

#[test]
fn a_segment_without_flags_closes() {
    for track in [Track::Input, Track::InputOnly, Track::Output] {
        for from in TcpState::ALL {
            assert_eq!(from.after(track, Segment::Other), TcpState::Close);
        }
    }
}

#[test]
fn states_have_their_timeouts_and_four_are_active() {
    let timeouts = Timeouts {
        tcp: 901,
        tcp_fin: 121,
        udp: 0,
    };
    let seconds = TcpState::ALL.map(|state| state.timeout(&timeouts));
    assert_eq!(seconds, [2, 901, 120, 60, 121, 120, 10, 60, 30, 120, 120]);
    let active = TcpState::ALL.map(TcpState::is_active);
    let expected = [
        false, true, true, true, false, false, false, false, false, false, true,
    ];
    assert_eq!(active, expected);
}
