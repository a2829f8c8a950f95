//! Entering namespaces, with advice where the kernel refuses.

use core::fmt;
use std::fs;
use std::io;

use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getegid, geteuid};

/// Moves this process into a network namespace of its own, by way of a user namespace where it may
/// not create one directly.
///
/// The process has to be single-threaded: the kernel lets no other create a user namespace.
///
/// # Errors
/// [`NamespaceError`] with what stands in the way.
pub(super) fn enter() -> Result<(), NamespaceError> {
    match unshare(CloneFlags::CLONE_NEWNET) {
        Ok(()) => return Ok(()),
        Err(Errno::EPERM) => {}
        Err(errno) => return Err(NamespaceError::new(Step::NetworkNamespace, errno)),
    }
    let (user, group) = (geteuid(), getegid());
    unshare(CloneFlags::CLONE_NEWUSER)
        .map_err(|errno| NamespaceError::new(Step::UserNamespace, errno))?;
    // An unprivileged process may map groups only once it has given up setgroups(2).
    write_map("/proc/self/setgroups", "deny")?;
    write_map("/proc/self/uid_map", &format!("0 {user} 1"))?;
    write_map("/proc/self/gid_map", &format!("0 {group} 1"))?;
    unshare(CloneFlags::CLONE_NEWNET)
        .map_err(|errno| NamespaceError::new(Step::NetworkNamespace, errno))
}

/// Moves this process, one host of the laboratory, into network and mount namespaces of its own
/// with an empty `/run`, so that the host shares no file with daemons outside.
pub(super) fn enter_host() -> Result<(), NamespaceError> {
    unshare(CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS)
        .map_err(|errno| NamespaceError::new(Step::HostNamespaces, errno))?;
    let nothing = None::<&str>;
    mount(
        nothing,
        "/",
        nothing,
        MsFlags::MS_REC | MsFlags::MS_PRIVATE,
        nothing,
    )
    .and_then(|()| {
        mount(
            Some("tmpfs"),
            "/run",
            Some("tmpfs"),
            MsFlags::MS_NOSUID | MsFlags::MS_NODEV,
            Some("mode=0755,size=1m"),
        )
    })
    .map_err(|errno| NamespaceError::new(Step::PrivateRun, errno))
}

fn write_map(path: &str, line: &str) -> Result<(), NamespaceError> {
    fs::write(path, line).map_err(|error| NamespaceError {
        step: Step::IdentityMap,
        advice: Advice::of(
            Step::IdentityMap,
            Errno::from_raw(error.raw_os_error().unwrap_or(0)),
            read_switch,
        ),
        cause: error,
    })
}

/// A namespace the kernel would not give: what, why, and what the operator can do about it.
#[derive(Debug, thiserror::Error)]
#[error("cannot {step}: {cause}; {advice}")]
pub struct NamespaceError {
    step: Step,
    cause: io::Error,
    advice: Advice,
}

impl NamespaceError {
    fn new(step: Step, errno: Errno) -> Self {
        Self {
            step,
            advice: Advice::of(step, errno, read_switch),
            cause: errno.into(),
        }
    }
}

/// What was being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    UserNamespace,
    IdentityMap,
    NetworkNamespace,
    HostNamespaces,
    PrivateRun,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UserNamespace => "create a user namespace",
            Self::IdentityMap => "map this user to root in a new user namespace",
            Self::NetworkNamespace => "create a network namespace",
            Self::HostNamespaces => "create a host's network and mount namespaces",
            Self::PrivateRun => "mount a private /run for a host",
        })
    }
}

/// What the operator can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Advice {
    CloneSwitch,
    AppArmor,
    Limit,
    KernelConfig,
    Root,
}

const CLONE_SWITCH: &str = "/proc/sys/kernel/unprivileged_userns_clone";
const APPARMOR_SWITCH: &str = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns";
const LIMIT: &str = "/proc/sys/user/max_user_namespaces";

fn read_switch(path: &str) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

impl Advice {
    fn of(step: Step, errno: Errno, read: impl Fn(&str) -> Option<u64>) -> Self {
        if errno == Errno::EINVAL && step != Step::IdentityMap {
            return Self::KernelConfig;
        }
        if errno == Errno::ENOSPC || read(LIMIT) == Some(0) {
            return Self::Limit;
        }
        if read(CLONE_SWITCH) == Some(0) {
            return Self::CloneSwitch;
        }
        if read(APPARMOR_SWITCH) == Some(1) {
            return Self::AppArmor;
        }
        Self::Root
    }
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CloneSwitch => {
                "unprivileged user namespaces are switched off here: run this as root, or allow \
                 them with `sysctl -w kernel.unprivileged_userns_clone=1`"
            }
            Self::AppArmor => {
                "AppArmor restricts unprivileged user namespaces here: run this as root, or allow \
                 them with `sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`"
            }
            Self::Limit => {
                "the limit of namespaces is reached: raise `sysctl user.max_user_namespaces` and \
                 `user.max_net_namespaces`"
            }
            Self::KernelConfig => {
                "this kernel is built without the namespace (CONFIG_NET_NS, CONFIG_USER_NS)"
            }
            Self::Root => {
                "run this as root; inside a container, give it CAP_SYS_ADMIN or a seccomp profile \
                 that permits unshare(2) and mount(2)"
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_switch_that_refuses() {
        let only = |path: &'static str, value| move |asked: &str| (asked == path).then_some(value);
        let advice = |errno, switches: &dyn Fn(&str) -> Option<u64>| {
            Advice::of(Step::UserNamespace, errno, switches)
        };
        for (errno, switch, value, expected) in [
            (Errno::EPERM, CLONE_SWITCH, 0, Advice::CloneSwitch),
            (Errno::EPERM, CLONE_SWITCH, 1, Advice::Root),
            (Errno::EPERM, APPARMOR_SWITCH, 1, Advice::AppArmor),
            (Errno::EPERM, APPARMOR_SWITCH, 0, Advice::Root),
            (Errno::EPERM, LIMIT, 0, Advice::Limit),
            (Errno::ENOSPC, LIMIT, 100, Advice::Limit),
            (Errno::EINVAL, CLONE_SWITCH, 0, Advice::KernelConfig),
        ] {
            assert_eq!(
                advice(errno, &only(switch, value)),
                expected,
                "{errno} {switch}"
            );
        }
    }
}
