//! The mark on an interface by which a later run restores the parameters that a killed one has
//! changed.
//!
//! Former values of an interface's parameters stand in its `tag`, a number that the kernel has for
//! whoever wants one and does nothing with. It lives as long as the interface.

use std::io;

use vrrp_core::Family;

use super::{Parameter, SysctlError, Sysctls, Target};
use crate::InterfaceName;

/// A parameter that is marked.
struct Field {
    key: &'static str,
    /// Where its former value is in the tag; the bit above says that there is one.
    shift: u32,
    bits: u32,
    /// What it is set to. Any other value somebody else has set since.
    ours: &'static [i32],
}

const FIELDS: [Field; 4] = [
    Field {
        key: "accept_local",
        shift: 0,
        bits: 1,
        ours: &[1],
    },
    Field {
        key: "rp_filter",
        shift: 2,
        bits: 2,
        ours: &[0, 2],
    },
    Field {
        key: "arp_filter",
        shift: 5,
        bits: 1,
        ours: &[1],
    },
    Field {
        key: "arp_ignore",
        shift: 7,
        bits: 4,
        ours: &[1],
    },
];

/// "VR": the upper half of a tag of ours.
const SIGNATURE: i32 = 0x5652;

impl Field {
    fn of(parameter: &Parameter) -> Option<(InterfaceName, &'static Self)> {
        let Target::Interface(name) = parameter.target else {
            return None;
        };
        let mut fields = FIELDS.iter().filter(|_| parameter.family == Family::V4);
        Some((name, fields.find(|field| field.key == parameter.key)?))
    }

    const fn mask(&self) -> i32 {
        (1 << (self.bits + 1)) - 1
    }

    const fn former(&self, tag: i32) -> Option<i32> {
        let field = tag >> self.shift & self.mask();
        let value = field & ((1 << self.bits) - 1);
        if field == value { None } else { Some(value) }
    }

    /// `tag` with this former value, or with none.
    fn with(&self, tag: i32, former: Option<i32>) -> Option<i32> {
        let flag = 1 << self.bits;
        let field = match former {
            Some(former) if (0..flag).contains(&former) => flag | former,
            Some(_) => return None,
            None => 0,
        };
        Some(tag & !(self.mask() << self.shift) | field << self.shift)
    }
}

impl Sysctls {
    /// The value an earlier process found, if it was killed before it could put it back.
    pub(super) fn marked(&self, parameter: &Parameter) -> Option<i32> {
        let (name, field) = Field::of(parameter)?;
        field.former(self.tag(name)?)
    }

    /// Notes the value a parameter had, or that it has it again. An interface that somebody else has
    /// tagged is left alone: what is changed on it stays so if this process is killed.
    pub(super) fn mark(&self, parameter: &Parameter, former: Option<i32>) {
        let Some((name, field)) = Field::of(parameter) else {
            return;
        };
        if let Some(tag) = self.tag(name)
            && let Some(marked) = field.with(tag, former)
            && marked != tag
        {
            let value = match marked {
                0 => 0,
                marked => SIGNATURE << 16 | marked,
            };
            // A mark that cannot be made is missed only by whoever comes after a crash.
            self.write(&Parameter::v4(name, "tag"), value)
                .unwrap_or_default();
        }
    }

    /// The lower half of the tag, if it is free or ours.
    fn tag(&self, name: InterfaceName) -> Option<i32> {
        let tag = self.value(&Parameter::v4(name, "tag")).ok()?;
        (tag == 0 || tag >> 16 == SIGNATURE).then_some(tag & 0xffff)
    }

    /// Puts back what a killed process has left changed on an interface, but for what is held.
    ///
    /// # Errors
    /// If a parameter cannot be read or set; the others are put back all the same.
    pub fn restore_left(&self, name: InterfaceName) -> Result<(), SysctlError> {
        let Some(tag) = self.tag(name).filter(|tag| *tag != 0) else {
            return Ok(());
        };
        let mut first = Ok(());
        for field in &FIELDS {
            let parameter = Parameter::v4(name, field.key);
            let Some(former) = field.former(tag) else {
                continue;
            };
            if self.overrides.contains_key(&parameter) {
                continue;
            }
            let restored = match self.value(&parameter) {
                Ok(present) if field.ours.contains(&present) => self.write(&parameter, former),
                Ok(_) => Ok(()),
                Err(error) if error.source.kind() == io::ErrorKind::NotFound => Ok(()),
                Err(error) => Err(error),
            };
            self.mark(&parameter, None);
            if first.is_ok() {
                first = restored;
            }
        }
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_holds_every_former_value_apart_from_the_others() {
        let mut tag = 0;
        for (field, former) in FIELDS.iter().zip([0, 1, 0, 8]) {
            tag = field.with(tag, Some(former)).unwrap();
        }
        assert_eq!(tag, 0b1100_0101_0110);
        let former: Vec<_> = FIELDS.iter().map(|field| field.former(tag)).collect();
        assert_eq!(former, [Some(0), Some(1), Some(0), Some(8)]);
        let [accept_local, rp_filter, ..] = &FIELDS;
        tag = rp_filter.with(tag, None).unwrap();
        assert_eq!(rp_filter.former(tag), None);
        assert_eq!(accept_local.former(tag), Some(0));
        assert_eq!(rp_filter.with(tag, Some(4)), None, "no kernel has it");
    }
}
