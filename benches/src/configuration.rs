//! Generators of large `keepalived.conf` files.

use core::fmt::Write;

/// `count` virtual servers of three and, of ten, seven times four real servers with a TCP check:
/// 10,000 have 37,000.
///
/// # Panics
/// Never: a string takes all text.
#[must_use]
pub fn virtual_servers(count: u32) -> String {
    let mut text = String::from("global_defs {\n    router_id large\n}\n");
    let mut real = 0;
    for number in 0..count {
        let [_, a, b, c] = number.to_be_bytes();
        let servers = if number % 10 < 7 { 4 } else { 3 };
        write!(
            text,
            "virtual_server 10.{a}.{b}.{c} 80 {{\n    delay_loop 6\n    lb_algo wlc\n    \
             lb_kind NAT\n    protocol TCP\n"
        )
        .expect("a string takes all text");
        for _ in 0..servers {
            let [_, a, b, c] = u32::to_be_bytes(real);
            real += 1;
            write!(
                text,
                "    real_server 172.{}.{b}.{c} 80 {{\n        weight 1\n        TCP_CHECK {{\n            \
                 connect_timeout 3\n        }}\n    }}\n",
                16 + a
            )
            .expect("a string takes all text");
        }
        text.push_str("}\n");
    }
    text
}

/// `count` instances of VRRPv3 with one address each, 250 on an interface, `centis` hundredths of a
/// second between advertisements. Interfaces are `eth0`, `eth1` and so on.
///
/// # Panics
/// Never: a string takes all text.
#[must_use]
pub fn instances(count: u32, centis: u32) -> String {
    let mut text = String::from("global_defs {\n    router_id large\n}\n");
    for number in 0..count {
        let (link, vrid) = (number / 250, number % 250 + 1);
        write!(
            text,
            "vrrp_instance V{number} {{\n    state BACKUP\n    interface eth{link}\n    \
             virtual_router_id {vrid}\n    version 3\n    priority 100\n    \
             advert_int {}.{:02}\n    virtual_ipaddress {{\n        10.{link}.1.{vrid}\n    }}\n}}\n",
            centis / 100,
            centis % 100
        )
        .expect("a string takes all text");
    }
    text
}
