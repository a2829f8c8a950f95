//! Tests of the kernel parameters.

use super::*;

/// A directory in the shape of `/proc/sys/net`, gone when dropped.
struct Tree(PathBuf);

impl Tree {
    fn new(name: &str, values: &[(&str, i32)]) -> Self {
        let root = std::env::temp_dir().join(format!("sysctl-{name}-{}", std::process::id()));
        for (path, value) in values {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, format!("{value}\n")).unwrap();
        }
        Self(root)
    }

    fn value(&self, path: &str) -> i32 {
        fs::read_to_string(self.0.join(path))
            .unwrap()
            .trim()
            .parse()
            .unwrap()
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

const ARP_IGNORE: &str = "ipv4/conf/bond0.100/arp_ignore";

fn arp_ignore() -> Parameter {
    Parameter::v4("bond0.100".parse().unwrap(), "arp_ignore")
}

#[test]
fn a_former_value_returns_with_the_last_release() {
    let tree = Tree::new("release", &[(ARP_IGNORE, 2)]);
    let mut sysctls = Sysctls::under(&tree.0);
    sysctls.hold(&arp_ignore(), 1).unwrap();
    sysctls.hold(&arp_ignore(), 1).unwrap();
    assert_eq!(tree.value(ARP_IGNORE), 1);
    sysctls.release(&arp_ignore()).unwrap();
    assert_eq!(tree.value(ARP_IGNORE), 1);
    sysctls.release(&arp_ignore()).unwrap();
    assert_eq!(tree.value(ARP_IGNORE), 2);
}

#[test]
fn dropping_restores_and_respects_what_somebody_else_has_set_since() {
    let other = "ipv4/conf/bond0.100/arp_filter";
    let tree = Tree::new("drop", &[(ARP_IGNORE, 0), (other, 0)]);
    let mut sysctls = Sysctls::under(&tree.0);
    sysctls.hold(&arp_ignore(), 1).unwrap();
    let arp_filter = Parameter::v4("bond0.100".parse().unwrap(), "arp_filter");
    sysctls.hold(&arp_filter, 1).unwrap();
    fs::write(tree.0.join(ARP_IGNORE), "8").unwrap();
    drop(sysctls);
    assert_eq!(tree.value(ARP_IGNORE), 8);
    assert_eq!(tree.value(other), 0);
}

#[test]
fn a_parameter_that_went_with_its_interface_is_no_error_and_one_never_there_is() {
    let tree = Tree::new("gone", &[(ARP_IGNORE, 0)]);
    let mut sysctls = Sysctls::under(&tree.0);
    sysctls.hold(&arp_ignore(), 1).unwrap();
    fs::remove_dir_all(tree.0.join("ipv4/conf/bond0.100")).unwrap();
    sysctls.release(&arp_ignore()).unwrap();
    let error = sysctls.hold(&arp_ignore(), 1).unwrap_err();
    assert_eq!(error.action, SysctlAction::Read);
    assert_eq!(error.source.kind(), io::ErrorKind::NotFound);
}

#[test]
fn reverse_path_filtering_moves_from_all_to_each_without_loosening_any() {
    let of = |target: &str| format!("ipv4/conf/{target}/rp_filter");
    let values = [("all", 1), ("default", 0), ("a", 0), ("b", 2)];
    let paths = values.map(|(target, value)| (of(target), value));
    let tree = Tree::new(
        "filter",
        &paths
            .each_ref()
            .map(|(path, value)| (path.as_str(), *value)),
    );
    let mut sysctls = Sysctls::under(&tree.0);
    let now = || ["all", "default", "a", "b"].map(|target| tree.value(&of(target)));
    sysctls.hold_reverse_path_filters().unwrap();
    assert_eq!(now(), [0, 1, 1, 2]);
    sysctls.release_all().unwrap();
    assert_eq!(now(), [1, 0, 0, 2]);
}

#[test]
fn a_macvlan_is_tuned_all_or_nothing() {
    let tree = Tree::new(
        "macvlan",
        &[
            ("ipv4/conf/eth0/arp_ignore", 0),
            ("ipv4/conf/eth0/arp_filter", 0),
            ("ipv4/conf/vrrp.51/arp_ignore", 0),
        ],
    );
    let mut sysctls = Sysctls::under(&tree.0);
    let (macvlan, parent) = ("vrrp.51".parse().unwrap(), "eth0".parse().unwrap());
    sysctls
        .hold_macvlan(&[Family::V4], macvlan, parent)
        .unwrap_err();
    assert_eq!(tree.value("ipv4/conf/eth0/arp_ignore"), 0);
    assert_eq!(tree.value("ipv4/conf/vrrp.51/arp_ignore"), 0);
}

/// What a crash left is put back by whoever comes next: where it is held again when that ends, and
/// at once elsewhere.
#[test]
fn a_killed_process_leaves_word_of_what_it_has_changed() {
    let of = |name: &str, key: &str| format!("ipv4/conf/{name}/{key}");
    let paths: Vec<_> = ["eth0", "eth1"]
        .iter()
        .flat_map(|name| ["accept_local", "rp_filter", "tag"].map(|key| of(name, key)))
        .collect();
    let [local0, rp0, tag0, local1, rp1, tag1] = &paths[..] else {
        unreachable!("two interfaces, three parameters");
    };
    let values = [
        (local0, 0),
        (rp0, 1),
        (tag0, 0),
        (local1, 0),
        (rp1, 0),
        (tag1, 77),
    ];
    let values = values.map(|(path, value)| (path.as_str(), value));
    let tree = Tree::new("mark", &values);
    let name = |text: &str| text.parse::<InterfaceName>().unwrap();
    let [accept_local, rp_filter] =
        ["accept_local", "rp_filter"].map(|key| Parameter::v4(name("eth0"), key));
    let mut killed = Sysctls::under(&tree.0);
    killed.hold(&accept_local, 1).unwrap();
    killed.hold(&rp_filter, 2).unwrap();
    killed
        .hold(&Parameter::v4(name("eth1"), "accept_local"), 1)
        .unwrap();
    // It puts nothing back before the end of the test, as if it had been killed.
    assert_eq!(tree.value(tag1), 77, "it is somebody else's");

    let mut next = Sysctls::under(&tree.0);
    next.hold(&accept_local, 1).unwrap();
    next.restore_left(name("eth0")).unwrap();
    next.restore_left(name("eth1")).unwrap();
    assert_eq!([tree.value(local0), tree.value(rp0)], [1, 1]);
    next.release(&accept_local).unwrap();
    assert_eq!([tree.value(local0), tree.value(tag0)], [0, 0]);
    assert_eq!([tree.value(local1), tree.value(tag1)], [1, 77]);
}
