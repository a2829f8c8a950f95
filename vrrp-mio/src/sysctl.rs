//! The kernel parameters of interfaces: changed while they are needed, then restored.
//!
//! ```no_run
//! use vrrp_mio::sysctl::{Parameter, Sysctls};
//!
//! let mut sysctls = Sysctls::default();
//! let parameter = Parameter::v4("eth0".parse()?, "arp_ignore");
//! let former = sysctls.value(&parameter)?;
//! sysctls.hold(&parameter, 1)?;
//! // Another user wants the same; the value is put back after the last one.
//! sysctls.hold(&parameter, 1)?;
//! sysctls.release(&parameter)?;
//! sysctls.release(&parameter)?;
//! assert_eq!(sysctls.value(&parameter)?, former);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod macvlan;
mod mark;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;
use vrrp_core::Family;

use crate::interfaces::InterfaceName;

/// Where the kernel shows the parameters of the network namespace of the calling thread.
const ROOT: &str = "/proc/sys/net";

/// A parameter under `net.ipv4.conf` or `net.ipv6.conf`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Parameter {
    /// Which of the two trees it is in.
    pub family: Family,
    /// Whose it is.
    pub target: Target,
    /// What it is called there, as `arp_ignore`.
    pub key: &'static str,
}

/// What a parameter applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// All interfaces, in a way that depends on the parameter.
    All,
    /// Interfaces yet to come.
    Default,
    /// One interface.
    Interface(InterfaceName),
}

impl Parameter {
    /// An IPv4 parameter of one interface.
    #[must_use]
    pub const fn v4(interface: InterfaceName, key: &'static str) -> Self {
        Self {
            family: Family::V4,
            target: Target::Interface(interface),
            key,
        }
    }

    /// An IPv6 parameter of one interface.
    #[must_use]
    pub const fn v6(interface: InterfaceName, key: &'static str) -> Self {
        Self {
            family: Family::V6,
            target: Target::Interface(interface),
            key,
        }
    }

    /// The path under the root. Dots in an interface's name stay dots: only sysctl(8), which uses
    /// them as separators, has to replace them.
    fn path(&self) -> PathBuf {
        let tree = match self.family {
            Family::V4 => "ipv4/conf",
            Family::V6 => "ipv6/conf",
        };
        let target = match &self.target {
            Target::All => "all",
            Target::Default => "default",
            Target::Interface(name) => name.as_str(),
        };
        Path::new(tree).join(target).join(self.key)
    }
}

/// A kernel parameter could not be read or set.
#[derive(Debug, Error)]
#[error("cannot {action} {}", path.display())]
pub struct SysctlError {
    /// What was tried.
    pub action: SysctlAction,
    /// The file.
    pub path: PathBuf,
    /// Why not.
    pub source: io::Error,
}

/// What was tried with a kernel parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SysctlAction {
    /// Reading it.
    Read,
    /// Setting it.
    Set,
}

/// `read` or `set`.
impl core::fmt::Display for SysctlAction {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Set => "set",
        })
    }
}

/// Kernel parameters we have changed.
///
/// Each can be held by several users; when the last releases it, or this is dropped, it gets its
/// former value back, unless somebody else has changed it meanwhile. What a killed process has
/// changed on interfaces, [`restore_left`](Self::restore_left) or the next one that holds it puts
/// back. Reading and writing them does not touch a disk.
#[derive(Debug)]
pub struct Sysctls {
    root: PathBuf,
    overrides: BTreeMap<Parameter, Override>,
}

#[derive(Debug)]
struct Override {
    former: i32,
    ours: i32,
    users: u32,
}

impl Default for Sysctls {
    fn default() -> Self {
        Self::under(ROOT)
    }
}

impl Sysctls {
    /// The parameters under another root than `/proc/sys/net`.
    #[must_use]
    pub fn under(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            overrides: BTreeMap::new(),
        }
    }

    /// The present value of a parameter.
    ///
    /// # Errors
    /// If it cannot be read, or is no number.
    pub fn value(&self, parameter: &Parameter) -> Result<i32, SysctlError> {
        let path = self.root.join(parameter.path());
        let read = fs::read_to_string(&path).and_then(|text| {
            let value = text.trim().parse();
            value.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
        });
        read.map_err(|source| SysctlError {
            action: SysctlAction::Read,
            path,
            source,
        })
    }

    /// Sets a parameter and holds it until released.
    ///
    /// # Errors
    /// If it cannot be read or set; it is then not held.
    pub fn hold(&mut self, parameter: &Parameter, value: i32) -> Result<(), SysctlError> {
        let present = self.value(parameter)?;
        // What a killed process found is what was there before.
        let former = if self.overrides.contains_key(parameter) {
            present
        } else {
            self.marked(parameter).unwrap_or(present)
        };
        if present != value {
            self.mark(parameter, Some(former));
            self.write(parameter, value)?;
        }
        let held = self.overrides.entry(parameter.clone()).or_insert(Override {
            former,
            ours: value,
            users: 0,
        });
        held.ours = value;
        held.users = held.users.saturating_add(1);
        Ok(())
    }

    /// Gives up one hold on a parameter, and puts its former value back if that was the last.
    ///
    /// A parameter that has gone with its interface is no error.
    ///
    /// # Errors
    /// If it cannot be read or set; the hold is given up nevertheless.
    pub fn release(&mut self, parameter: &Parameter) -> Result<(), SysctlError> {
        let Some(held) = self.overrides.get_mut(parameter) else {
            return Ok(());
        };
        held.users = held.users.saturating_sub(1);
        if held.users != 0 {
            return Ok(());
        }
        match self.overrides.remove(parameter) {
            Some(held) => self.restore(parameter, &held),
            None => Ok(()),
        }
    }

    /// Gives up all holds and puts the former values back, going on after an error.
    ///
    /// # Errors
    /// The first that occurred.
    pub fn release_all(&mut self) -> Result<(), SysctlError> {
        let mut first = Ok(());
        for (parameter, held) in core::mem::take(&mut self.overrides) {
            let restored = self.restore(&parameter, &held);
            if first.is_ok() {
                first = restored;
            }
        }
        first
    }

    fn restore(&self, parameter: &Parameter, held: &Override) -> Result<(), SysctlError> {
        let present = match self.value(parameter) {
            Ok(present) => present,
            Err(error) if error.source.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        if present == held.ours && held.ours != held.former {
            self.write(parameter, held.former)?;
        }
        self.mark(parameter, None);
        Ok(())
    }

    fn write(&self, parameter: &Parameter, value: i32) -> Result<(), SysctlError> {
        let path = self.root.join(parameter.path());
        fs::write(&path, format!("{value}\n")).map_err(|source| SysctlError {
            action: SysctlAction::Set,
            path,
            source,
        })
    }
}

impl Drop for Sysctls {
    fn drop(&mut self) {
        // Whoever wants to know calls `release_all` before.
        self.release_all().unwrap_or_default();
    }
}

#[cfg(test)]
mod tests;
