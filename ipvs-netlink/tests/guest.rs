//! The kernel that the other tests are run on.

use std::fs;

#[test]
#[ignore = "needs ip_vs"]
fn the_kernel_lists_its_table() {
    let table = fs::read_to_string("/proc/net/ip_vs").unwrap();
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(
        lines,
        [
            "IP Virtual Server version 1.2.1 (size=4096)",
            "Prot LocalAddress:Port Scheduler Flags",
            "  -> RemoteAddress:Port Forward Weight ActiveConn InActConn",
        ]
    );
}
