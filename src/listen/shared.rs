//! Tables that all listeners of a process share, because rates and front ends alone decide what stands in them.

use std::sync::{Arc, Mutex, PoisonError, Weak};

/// The tables in use, each made for the first who asks and freed with the last.
pub(super) struct Shared<K, V>(Mutex<Vec<(K, Weak<V>)>>);

impl<K: Clone + PartialEq, V> Shared<K, V> {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// The table for `key`; `make` makes it if nobody has it. Not for the audio thread.
    pub(super) fn get(&self, key: &K, make: impl FnOnce() -> V) -> Arc<V> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|(_, table)| table.strong_count() > 0);
        let found = known.iter().find(|(other, _)| other == key).and_then(|(_, table)| table.upgrade());
        found.unwrap_or_else(|| {
            let table = Arc::new(make());
            known.push((key.clone(), Arc::downgrade(&table)));
            table
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_made_once_and_freed_with_the_last_who_has_it() {
        let tables = Shared::new();
        let first = tables.get(&1, || "one");
        let second = tables.get(&1, || unreachable!("it is there"));
        assert!(Arc::ptr_eq(&first, &second));
        assert_eq!(*tables.get(&2, || "two"), "two");
        let gone = Arc::downgrade(&first);
        drop((first, second));
        assert!(gone.upgrade().is_none());
        assert_eq!(*tables.get(&1, || "anew"), "anew");
        assert_eq!(tables.0.lock().expect("not poisoned").len(), 1, "what is gone is forgotten");
    }
}
