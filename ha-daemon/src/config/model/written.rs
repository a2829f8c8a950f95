//! The place of a setting in the text, kept beside its value and without effect on equality.

use core::hash::{Hash, Hasher};

use crate::config::text::source::Place;

/// Where a setting was written. All are equal: a setting means the same wherever it stands.
#[derive(Clone, Copy, Debug, Default)]
pub struct Written(pub Place);

impl PartialEq for Written {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Written {}

impl Hash for Written {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}
