//! Slabs: tables whose entries are added and removed one by one, each with a handle of its own.
//!
//! A [`Handle`] finds its entry in constant time. Other entries may be added and removed: the handle stays
//! the same. Once its own entry is removed, it finds nothing, even if the place is used again.

mod keyed;

pub use self::keyed::{Cursor, KeyedSlab};

/// The handle of an entry of a [`Slab`]. It is never given to another entry of the same slab.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Handle {
    index: u32,
    generation: u32,
}

impl Handle {
    /// The handle as a number, which is as unique as the handle.
    #[must_use]
    pub const fn to_bits(self) -> u64 {
        ((self.generation as u64) << 32) | self.index as u64
    }

    /// The handle with this number.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "each half has 32 bits")]
    pub const fn from_bits(bits: u64) -> Self {
        Self {
            index: bits as u32,
            generation: (bits >> 32) as u32,
        }
    }

    const fn index(self) -> usize {
        self.index as usize
    }
}

/// A table of entries in no particular order. All operations on one entry take constant time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slab<T> {
    slots: Vec<Slot<T>>,
    /// Slots that the next entries take.
    free: Vec<u32>,
    len: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Slot<T> {
    /// How many entries the slot has had before.
    generation: u32,
    entry: Option<T>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Slab<T> {
    /// An empty slab.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            len: 0,
        }
    }

    /// Makes room for as many more entries.
    pub fn reserve(&mut self, additional: usize) {
        self.slots
            .reserve(additional.saturating_sub(self.free.len()));
    }

    /// How many entries there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no entry.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The handle that the next entry will have.
    #[must_use]
    pub fn next_handle(&self) -> Handle {
        let free = self.free.last().copied();
        // As many slots do not fit into memory.
        let index = free.unwrap_or_else(|| u32::try_from(self.slots.len()).unwrap_or(u32::MAX));
        let slot = usize::try_from(index)
            .ok()
            .and_then(|at| self.slots.get(at));
        let generation = slot.map_or(0, |slot| slot.generation);
        Handle { index, generation }
    }

    /// Adds an entry.
    pub fn insert(&mut self, entry: T) -> Handle {
        let handle = self.next_handle();
        let entry = Some(entry);
        self.len += 1;
        self.free.pop();
        match self.slots.get_mut(handle.index()) {
            Some(slot) => slot.entry = entry,
            None => self.slots.push(Slot {
                generation: 0,
                entry,
            }),
        }
        handle
    }

    /// Removes an entry.
    pub fn remove(&mut self, handle: Handle) -> Option<T> {
        let slot = self.slots.get_mut(handle.index())?;
        if slot.generation != handle.generation {
            return None;
        }
        let entry = slot.entry.take()?;
        self.len -= 1;
        // A slot that has had all generations is not used again.
        if let Some(generation) = slot.generation.checked_add(1) {
            slot.generation = generation;
            self.free.push(handle.index);
        }
        Some(entry)
    }

    /// The entry with this handle, if it was not removed.
    #[must_use]
    pub fn get(&self, handle: Handle) -> Option<&T> {
        let slot = self.slots.get(handle.index())?;
        (slot.entry.as_ref()).filter(|_| slot.generation == handle.generation)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, handle: Handle) -> Option<&mut T> {
        let slot = self.slots.get_mut(handle.index())?;
        (slot.entry.as_mut()).filter(|_| slot.generation == handle.generation)
    }

    /// The next entry of a walk over all, which begins with the cursor's default; `None` at the end. What
    /// is added meanwhile may be met or not.
    pub fn next(&self, cursor: &mut Cursor) -> Option<Handle> {
        loop {
            let index = u32::try_from(cursor.0).ok()?;
            let slot = self.slots.get(usize::try_from(index).ok()?)?;
            cursor.0 += 1;
            if slot.entry.is_some() {
                let generation = slot.generation;
                return Some(Handle { index, generation });
            }
        }
    }

    /// All entries.
    pub fn iter(&self) -> impl Iterator<Item = (Handle, &T)> {
        let slots = (0..).zip(&self.slots);
        slots.filter_map(|(index, slot)| {
            let generation = slot.generation;
            Some((Handle { index, generation }, slot.entry.as_ref()?))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_is_of_one_entry_for_ever() {
        let mut slab = Slab::new();
        let [a, b, c] = ["a", "b", "c"].map(|entry| slab.insert(entry));
        assert_eq!(slab.remove(b), Some("b"));
        assert_eq!(slab.remove(b), None);
        let d = slab.insert("d");
        assert_eq!(d.index, b.index, "the slot is used again");
        assert_ne!(d, b);
        let found = [a, b, c, d].map(|handle| slab.get(handle).copied());
        assert_eq!(found, [Some("a"), None, Some("c"), Some("d")]);
        assert_eq!(slab.get_mut(b), None);
        assert_eq!(slab.remove(b), None);
        assert_eq!(slab.len(), 3);
        let all: Vec<_> = slab.iter().map(|(handle, _)| handle).collect();
        assert_eq!(all, [a, d, c]);
        slab.remove(d);
        let mut cursor = Cursor::default();
        let walk = core::iter::from_fn(|| slab.next(&mut cursor));
        assert_eq!(walk.collect::<Vec<_>>(), [a, c]);
    }

    #[test]
    fn a_slot_that_has_had_all_generations_is_not_used_again() {
        let mut slab = Slab::new();
        let first = slab.insert(1);
        slab.remove(first);
        slab.slots[0].generation = u32::MAX;
        let last = slab.insert(2);
        assert_eq!((last.index, last.generation), (0, u32::MAX));
        slab.remove(last);
        assert_eq!(slab.insert(3).index, 1);
        assert_eq!((slab.get(first), slab.get(last)), (None, None));
    }

    #[test]
    fn handles_are_numbers_and_back() {
        let handle = Handle {
            index: 7,
            generation: 3,
        };
        assert_eq!(handle.to_bits(), 0x3_0000_0007);
        assert_eq!(Handle::from_bits(0x3_0000_0007), handle);
    }
}
