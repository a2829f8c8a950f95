//! Tests of the record.

use super::*;

const A: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const B: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);

fn ms(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

fn advert(at: u64, source: Ipv4Addr, priority: u8) -> Advert {
    Advert {
        at: ms(at),
        source,
        version: Version::V2,
        priority: Priority::from_wire(priority),
        interval: Interval::DEFAULT,
    }
}

/// Pings at 0, 20, 40 … ms, each answered one millisecond later unless `lost` says otherwise.
fn pings(count: u16, lost: impl Fn(u16) -> bool) -> PingRecord {
    let mut record = PingRecord::default();
    for sequence in 0..count {
        let at = u64::from(sequence) * 20;
        record.add(Report::Sent {
            sequence,
            at: ms(at),
        });
        if !lost(sequence) {
            record.add(Report::Answered {
                sequence,
                at: ms(at + 1),
            });
        }
    }
    record
}

#[test]
fn a_gap_counts_its_pings_and_lasts_from_answer_to_answer() {
    let record = pings(50, |sequence| (10..15).contains(&sequence));
    assert_eq!(
        record.statistics(ms(0), ms(1000)),
        PingStatistics {
            sent: 50,
            lost: 5,
            // Answers at 181 ms and 301 ms.
            silence: Duration::from_millis(120),
        }
    );
}

#[test]
fn only_pings_of_the_span_count() {
    let record = pings(50, |sequence| sequence < 20);
    assert_eq!(
        record.statistics(ms(200), ms(600)),
        PingStatistics {
            sent: 20,
            lost: 10,
            // From the start of the span to the answer at 401 ms.
            silence: Duration::from_millis(201),
        }
    );
    assert_eq!(
        record.statistics(ms(600), ms(800)),
        PingStatistics {
            sent: 10,
            lost: 0,
            silence: Duration::from_millis(20),
        }
    );
}

#[test]
fn a_span_without_an_answer_is_silent_throughout() {
    assert_eq!(
        pings(50, |_| true).statistics(ms(100), ms(200)),
        PingStatistics {
            sent: 5,
            lost: 5,
            silence: Duration::from_millis(100),
        }
    );
    assert_eq!(
        PingRecord::default().statistics(ms(5), ms(5)),
        PingStatistics::default()
    );
}

#[test]
fn a_late_or_second_answer_counts_once_at_its_first_time() {
    let mut record = pings(3, |_| true);
    for at in [500, 700] {
        record.add(Report::Answered {
            sequence: 1,
            at: ms(at),
        });
    }
    assert_eq!(record.statistics(ms(0), ms(60)).lost, 2);
    assert_eq!(record.first_answer(ms(20)), Some(ms(500)));
    assert_eq!(record.first_answer(ms(21)), None);
}

#[test]
fn reports_out_of_sequence_are_ignored() {
    let mut record = pings(2, |_| false);
    for sequence in [0, 1, 3, u16::MAX] {
        record.add(Report::Sent {
            sequence,
            at: ms(90),
        });
        record.add(Report::Answered {
            sequence,
            at: ms(95),
        });
    }
    assert_eq!(record.statistics(ms(0), ms(100)).sent, 2);
}

#[test]
fn claims_resignations_and_last_adverts_are_told_apart_by_source() {
    let mut record = AdvertRecord::default();
    let (claim, other) = (advert(1000, A, 150), advert(1500, B, 100));
    let (last, resignation) = (advert(2000, A, 150), advert(2500, A, 0));
    for advert in [claim, other, last, resignation] {
        record.push(advert);
    }
    assert_eq!(record.first_claim(A, ms(0)), Some(claim));
    assert_eq!(record.first_claim(A, ms(1001)), Some(last));
    assert_eq!(record.first_claim(A, ms(2001)), None);
    assert_eq!(record.first_resignation(A, ms(0)), Some(resignation));
    assert_eq!(record.first_resignation(B, ms(0)), None);
    assert_eq!(record.last(A, ms(2500)), Some(last));
    assert_eq!(record.last(B, ms(9999)), Some(other));
    assert_eq!(record.last(B, ms(1500)), None);
}

#[test]
fn bounds_are_those_of_the_rfc() {
    let claim = advert(0, B, 100);
    let down = Bound::active_down(&claim, Interval::DEFAULT);
    assert_eq!(down.total(), Duration::from_nanos(3_609_375_000));
    let skew = Bound::skew(&claim, Interval::DEFAULT);
    assert_eq!(skew.total(), Duration::from_nanos(609_375_000));
}
