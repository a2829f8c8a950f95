//! A slab whose entries have keys and an order.

use core::borrow::Borrow;
use core::hash::Hash;
use std::collections::{BTreeMap, HashMap};

use super::{Handle, Slab};

/// A slab whose entries are also found by a key that no other has, and are listed in the order in which
/// they were added.
///
/// A walk over all entries may pause, as the loop of the daemon has to: see [`next`](Self::next).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyedSlab<K: Eq + Hash, T> {
    entries: Slab<Entry<K, T>>,
    by_key: HashMap<K, Handle>,
    /// By the number that each was given when it was added.
    order: BTreeMap<u64, Handle>,
    added: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry<K, T> {
    key: K,
    number: u64,
    value: T,
}

/// How far a walk over a [`KeyedSlab`] has come: the number of the entry before which it stopped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor(pub u64);

impl<K: Clone + Eq + Hash, T> Default for KeyedSlab<K, T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Clone + Eq + Hash, T> KeyedSlab<K, T> {
    /// An empty slab.
    #[must_use]
    pub fn new() -> Self {
        Self {
            entries: Slab::new(),
            by_key: HashMap::new(),
            order: BTreeMap::new(),
            added: 0,
        }
    }

    /// Makes room for as many more entries.
    pub fn reserve(&mut self, additional: usize) {
        self.entries.reserve(additional);
        self.by_key.reserve(additional);
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The handle that the next entry will have.
    #[must_use]
    pub fn next_handle(&self) -> Handle {
        self.entries.next_handle()
    }

    /// Adds an entry behind all others; `None` if there is one with this key.
    pub fn insert(&mut self, key: K, value: T) -> Option<Handle> {
        if self.by_key.contains_key(&key) {
            return None;
        }
        let number = self.added;
        self.added += 1;
        let handle = self.entries.insert(Entry {
            key: key.clone(),
            number,
            value,
        });
        self.by_key.insert(key, handle);
        self.order.insert(number, handle);
        Some(handle)
    }

    /// Removes an entry.
    pub fn remove(&mut self, handle: Handle) -> Option<T> {
        let Entry { key, number, value } = self.entries.remove(handle)?;
        self.by_key.remove(&key);
        self.order.remove(&number);
        Some(value)
    }

    /// Moves an entry behind all others. Done for every entry of a list, it has them in its order.
    pub fn move_to_end(&mut self, handle: Handle) {
        if let Some(entry) = self.entries.get_mut(handle) {
            self.order.remove(&entry.number);
            entry.number = self.added;
            self.order.insert(self.added, handle);
            self.added += 1;
        }
    }

    /// The handle of the entry with this key.
    #[must_use]
    pub fn find<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<Handle>
    where
        K: Borrow<Q>,
    {
        self.by_key.get(key).copied()
    }

    /// The entry with this handle, if it was not removed.
    #[must_use]
    pub fn get(&self, handle: Handle) -> Option<&T> {
        self.entries.get(handle).map(|entry| &entry.value)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, handle: Handle) -> Option<&mut T> {
        self.entries.get_mut(handle).map(|entry| &mut entry.value)
    }

    /// The key of an entry.
    #[must_use]
    pub fn key(&self, handle: Handle) -> Option<&K> {
        self.entries.get(handle).map(|entry| &entry.key)
    }

    /// All entries in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (Handle, &T)> {
        let handles = self.order.values();
        handles.filter_map(|handle| Some((*handle, self.get(*handle)?)))
    }

    /// The next entry of a walk, which begins with the cursor's default; `None` at the end.
    ///
    /// What is removed meanwhile is not met, and what is added meanwhile is met at the end.
    pub fn next(&self, cursor: &mut Cursor) -> Option<Handle> {
        let (number, handle) = self.order.range(cursor.0..).next()?;
        *cursor = Cursor(number + 1);
        Some(*handle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slab(keys: &[&'static str]) -> (KeyedSlab<&'static str, usize>, Vec<Handle>) {
        let mut slab = KeyedSlab::new();
        let handles = keys.iter().map(|key| slab.insert(*key, key.len()).unwrap());
        let handles = handles.collect();
        (slab, handles)
    }

    fn keys(slab: &KeyedSlab<&'static str, usize>) -> Vec<&'static str> {
        let entries = slab.iter();
        entries
            .map(|(handle, _)| *slab.key(handle).unwrap())
            .collect()
    }

    #[test]
    fn entries_come_and_go_without_the_others() {
        let (mut slab, handles) = slab(&["a", "bb", "ccc"]);
        let [a, b, c] = handles[..] else { panic!() };
        assert_eq!(slab.insert("bb", 9), None, "the key is taken");
        assert_eq!(slab.remove(b), Some(2));
        assert_eq!(slab.find("bb"), None);
        let d = slab.insert("dddd", 4).unwrap();
        assert_eq!(keys(&slab), ["a", "ccc", "dddd"]);
        assert_eq!((slab.find("a"), slab.get(a)), (Some(a), Some(&1)));
        assert_eq!((slab.find("ccc"), slab.get(c)), (Some(c), Some(&3)));
        assert_eq!((slab.find("dddd"), slab.get(d)), (Some(d), Some(&4)));
        assert_eq!((slab.get(b), slab.key(b)), (None, None));
        assert_eq!(slab.remove(b), None);
        let again = slab.insert("bb", 2).unwrap();
        assert_ne!(again, b);
        assert_eq!(slab.find("bb"), Some(again));
        assert_eq!((slab.len(), slab.is_empty()), (4, false));
    }

    #[test]
    fn a_walk_pauses_whatever_happens_meanwhile() {
        let (mut slab, handles) = slab(&["a", "bb", "ccc", "dddd"]);
        let [a, b, c, d] = handles[..] else { panic!() };
        let mut cursor = Cursor::default();
        assert_eq!(slab.next(&mut cursor), Some(a));
        assert_eq!(slab.next(&mut cursor), Some(b));
        slab.remove(b);
        slab.remove(c);
        let e = slab.insert("eeeee", 5);
        assert_eq!(slab.next(&mut cursor), Some(d));
        assert_eq!(slab.next(&mut cursor), e);
        assert_eq!(slab.next(&mut cursor), None);
        assert_eq!(slab.next(&mut cursor), None);
    }

    #[test]
    fn the_order_can_be_changed() {
        let (mut slab, handles) = slab(&["a", "bb", "ccc"]);
        slab.move_to_end(handles[0]);
        slab.move_to_end(handles[1]);
        assert_eq!(keys(&slab), ["ccc", "a", "bb"]);
        assert_eq!(slab.find("a"), Some(handles[0]));
        let removed = slab.remove(handles[1]);
        assert_eq!((removed, keys(&slab)), (Some(2), vec!["ccc", "a"]));
        slab.move_to_end(handles[1]);
        assert_eq!(keys(&slab), ["ccc", "a"]);
    }
}
