//! Tests of the arithmetic at the limits of the kernel's counters.

use proptest::prelude::*;

use super::{destination, flow};
use crate::KernelProfile;
use crate::record::Activity;
use crate::scheduler::scan::lightest;
use crate::scheduler::{Request, Schedule, Sed, Wlc};
use crate::table::Table;

fn activity(active: u32, inactive: u32) -> Activity {
    Activity {
        active,
        inactive,
        persistent: 0,
    }
}

proptest! {
    #[test]
    fn ratios_tell_what_products_tell(
        destinations in proptest::collection::vec(
            (
                prop_oneof![0..5_u32, 65_530..65_540_u32, 1..0x7fff_ffff_u32],
                prop_oneof![0..5_u32, 0x7f_0000..0x80_0001_u32],
                0..3_u32,
            ),
            0..50,
        ),
    ) {
        let mut table = Table::new(KernelProfile::TotalConnections);
        for (number, (weight, active, inactive)) in (0..).zip(destinations) {
            table.add(&destination(number, weight), None).unwrap();
            table.set_activity(0, activity(active, inactive));
        }
        let request = Request::new(flow(0));
        let scanned = lightest(table.shares(), table.loads(), |load| load, 0);
        prop_assert_eq!(Wlc.pick(&table, &request), scanned);
        let delay = |active: u32| (active + 1).cast_signed();
        let scanned = lightest(table.shares(), table.active(), delay, 0);
        prop_assert_eq!(Sed.pick(&table, &request), scanned);
    }
}
