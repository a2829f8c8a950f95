//! Property tests with random scenarios: counters agree with the connections, and all connections
//! expire.

use core::time::Duration;

use proptest::prelude::*;

use super::{VIP, WEB, at, destination, key, packet, persistent};
use crate::connection::{DirectorError, ReuseMode, Segment, Settings};
use crate::service::Flags;
use crate::{Director, KernelProfile, Protocol, Scheduler, Service, ServiceKey};

#[derive(Clone, Copy, Debug)]
enum Op {
    Wait {
        seconds: u64,
    },
    Service {
        number: usize,
        scheduler: Scheduler,
        persistent: bool,
        flags: u32,
    },
    EditService {
        number: usize,
        scheduler: Scheduler,
        persistent: bool,
    },
    DeleteService {
        number: usize,
    },
    Add {
        service: usize,
        number: u8,
        weight: u32,
        upper: u32,
    },
    Edit {
        service: usize,
        number: u8,
        weight: u32,
        upper: u32,
    },
    Remove {
        service: usize,
        number: u8,
    },
    Packet {
        client: (u8, u8, u16),
        port: u16,
        udp: bool,
        segment: Segment,
        mark: u32,
    },
    Answer {
        client: (u8, u8, u16),
        port: u16,
        segment: Segment,
    },
}

fn services() -> [ServiceKey; 5] {
    [
        WEB,
        ServiceKey::udp(VIP, 80),
        ServiceKey::tcp(VIP, 0),
        ServiceKey::tcp(VIP, 21),
        ServiceKey::Mark {
            mark: core::num::NonZeroU32::MIN,
            family: crate::Family::V4,
        },
    ]
}

fn op() -> impl Strategy<Value = Op> {
    let service = || 0..5_usize;
    let number = || 0..4_u8;
    let scheduler = || proptest::sample::select(Scheduler::ALL.to_vec());
    let segment = || {
        proptest::sample::select(alloc::vec![
            Segment::Syn,
            Segment::Syn,
            Segment::Ack,
            Segment::Fin,
            Segment::Reset,
            Segment::Other
        ])
    };
    let client = || (0..2_u8, 0..2_u8, prop_oneof![Just(20), 1000..1003_u16]);
    let port = || prop_oneof![Just(80), Just(80), Just(21), Just(5000), Just(20)];
    prop_oneof![
        2 => prop_oneof![0..70_u64, 0..2000_u64].prop_map(|seconds| Op::Wait { seconds }),
        2 => (service(), scheduler(), any::<bool>(), any::<u32>())
            .prop_map(|(number, scheduler, persistent, flags)| Op::Service { number, scheduler, persistent, flags }),
        1 => (service(), scheduler(), any::<bool>())
            .prop_map(|(number, scheduler, persistent)| Op::EditService { number, scheduler, persistent }),
        1 => service().prop_map(|number| Op::DeleteService { number }),
        3 => (service(), number(), 0..3_u32, 0..4_u32)
            .prop_map(|(service, number, weight, upper)| Op::Add { service, number, weight, upper }),
        2 => (service(), number(), 0..3_u32, 0..4_u32)
            .prop_map(|(service, number, weight, upper)| Op::Edit { service, number, weight, upper }),
        1 => (service(), number()).prop_map(|(service, number)| Op::Remove { service, number }),
        12 => (client(), port(), any::<bool>(), segment(), 0..3_u32)
            .prop_map(|(client, port, udp, segment, mark)| Op::Packet { client, port, udp, segment, mark }),
        3 => (client(), port(), segment())
            .prop_map(|(client, port, segment)| Op::Answer { client, port, segment }),
    ]
}

fn service(number: usize, scheduler: Scheduler, has_persistence: bool, flags: u32) -> Service {
    Service {
        flags: Flags::from_bits(flags),
        persistence: persistent(90).filter(|_| has_persistence),
        ..Service::new(services()[number], scheduler)
    }
}

fn apply(director: &mut Director, now: &mut Duration, op: Op) -> Result<(), DirectorError> {
    match op {
        Op::Wait { seconds } => {
            *now += at(seconds);
            director.advance(*now);
            Ok(())
        }
        Op::Service {
            number,
            scheduler,
            persistent,
            flags,
        } => director.add_service(&service(number, scheduler, persistent, flags)),
        Op::EditService {
            number,
            scheduler,
            persistent,
        } => director.edit_service(&service(number, scheduler, persistent, 0)),
        Op::DeleteService { number } => director.delete_service(*now, &services()[number]),
        Op::Add {
            service,
            number,
            weight,
            upper,
        } => {
            let mut added = destination(number, weight);
            added.upper = upper;
            director.add(*now, &services()[service], &added)
        }
        Op::Edit {
            service,
            number,
            weight,
            upper,
        } => {
            let mut edited = destination(number, weight);
            edited.upper = upper;
            director.edit(*now, &services()[service], &edited)
        }
        Op::Remove { service, number } => director.remove(*now, &services()[service], &key(number)),
        Op::Packet {
            client,
            port,
            udp,
            segment,
            mark,
        } => {
            let mut packet = packet(client, port, segment);
            packet.mark = mark;
            if udp {
                packet.flow.protocol = Protocol::UDP;
            }
            let verdict = director.receive(*now, &packet, [7, 11]);
            assert_ne!(verdict.destination().map(|key| key.port), Some(0));
            Ok(())
        }
        Op::Answer {
            client,
            port,
            segment,
        } => {
            let packet = packet(client, port, segment);
            director.answer(*now, &packet.flow, segment);
            Ok(())
        }
    }
}

proptest! {
    #[test]
    fn nothing_is_left_once_all_has_expired(
        ops in proptest::collection::vec(op(), 1..100),
        (nodest, quiescent, sloppy) in any::<(bool, bool, bool)>(),
        mode in proptest::sample::select(alloc::vec![
            ReuseMode::Never, ReuseMode::Closed, ReuseMode::Closing
        ]),
        legacy in any::<bool>(),
    ) {
        let settings = Settings {
            expire_nodest_conn: nodest,
            expire_quiescent_template: quiescent,
            conn_reuse_mode: mode,
            sloppy_tcp: sloppy,
            ..Settings::default()
        };
        let profile = if legacy {
            KernelProfile::Legacy
        } else {
            KernelProfile::TotalConnections
        };
        let mut director = Director::new(profile, settings);
        let mut now = Duration::ZERO;
        for op in ops {
            // What the kernel refuses changes nothing.
            let _: Result<(), DirectorError> = apply(&mut director, &mut now, op);
            director.assert_counts();
        }
        director.advance(now + at(100_000));
        director.assert_counts();
        prop_assert_eq!(director.deadline(), None);
        for balancer in director.services() {
            let table = balancer.table();
            for position in 0..table.len() {
                prop_assert_eq!(table.activity(position), crate::record::Activity::default());
            }
        }
    }
}

impl Director {
    /// Each destination carries the connections and templates of the connection table.
    fn assert_counts(&self) {
        for balancer in self.services() {
            let service = balancer.service().key;
            for (position, destination) in balancer.table().destinations().iter().enumerate() {
                let counted = self.count_entries(&service, &destination.key);
                assert_eq!(balancer.table().activity(position), counted);
            }
        }
    }
}
