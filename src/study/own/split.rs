//! What is learned from and what is held out.

use std::collections::{BTreeMap, BTreeSet};

/// Share of each class's songs that is held out, about.
const HELD_OUT: f64 = 0.25;

/// A song, as far as the split is concerned.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    /// Its class.
    pub class: usize,
    /// Its group; see [`super::group::groups`].
    pub group: usize,
}

/// Whether each song is held out. Groups stay whole, about a quarter of each class is held out where its groups allow
/// it, and every class keeps a group to learn from. The same songs are always split the same way.
pub fn hold_out(songs: &[Member]) -> Vec<bool> {
    let mut sizes: BTreeMap<usize, BTreeMap<usize, usize>> = BTreeMap::new();
    let mut classes: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for song in songs {
        *sizes.entry(song.group).or_default().entry(song.class).or_default() += 1;
        classes.entry(song.class).or_default().insert(song.group);
    }
    let mut held = BTreeSet::new();
    let mut order: Vec<usize> = classes.keys().copied().collect();
    // Those with little choice choose first.
    order.sort_by_key(|class| classes[class].len());
    for class in order {
        let count = |group: &usize| sizes[group].get(&class).copied().unwrap_or(0);
        let all: usize = classes[&class].iter().map(count).sum();
        let wanted = ((all as f64 * HELD_OUT).round() as usize).max(1);
        let mut has: usize = classes[&class].iter().filter(|group| held.contains(*group)).map(count).sum();
        let mut groups: Vec<usize> = classes[&class].iter().copied().collect();
        // Neither by name nor by size, but always alike.
        groups.sort_by_key(|group| (crc32fast::hash(&group.to_le_bytes()), *group));
        for round in [true, false] {
            for group in &groups {
                let fits = has + count(group) <= wanted + wanted / 2;
                // In the second round a class that has nothing held out takes what there is.
                let taken = if round { has < wanted && fits } else { has == 0 };
                let leaves = |class: &usize| classes[class].iter().any(|other| other != group && !held.contains(other));
                if taken && !held.contains(group) && sizes[group].keys().all(leaves) {
                    held.insert(*group);
                    has += count(group);
                }
            }
            // The smallest first.
            groups.sort_by_key(count);
        }
    }
    songs.iter().map(|song| held.contains(&song.group)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(groups: &[(usize, usize, usize)]) -> Vec<Member> {
        let songs =
            |&(group, class, songs): &(usize, usize, usize)| std::iter::repeat_n(Member { class, group }, songs);
        groups.iter().flat_map(songs).collect()
    }

    #[test]
    fn no_group_is_on_both_sides_and_no_class_on_one() {
        // (group, class, songs); group 3 plays both.
        let songs = members(&[
            (0, 0, 10),
            (1, 0, 8),
            (2, 0, 3),
            (3, 0, 2),
            (3, 1, 6),
            (4, 1, 9),
            (5, 1, 9),
            (6, 2, 40),
            (7, 2, 41),
        ]);
        let held = hold_out(&songs);
        assert_eq!(held, hold_out(&songs), "always alike");
        for (a, &is_held) in songs.iter().zip(&held) {
            assert!(songs.iter().zip(&held).all(|(b, &other)| a.group != b.group || is_held == other));
        }
        for class in 0..3 {
            let share = |side: bool| songs.iter().zip(&held).filter(|(s, h)| s.class == class && **h == side).count();
            assert!(share(true) > 0 && share(false) > 0, "class {class}: {} and {}", share(true), share(false));
        }
    }

    #[test]
    fn a_class_of_one_group_is_learned_from() {
        let songs = members(&[(0, 0, 5), (1, 1, 5), (2, 1, 5)]);
        let held = hold_out(&songs);
        assert!(held[..5].iter().all(|held| !held));
        assert_eq!(held[5..].iter().filter(|held| **held).count(), 5);
    }

    #[test]
    fn about_a_quarter_is_held_out() {
        let groups: Vec<_> = (0..40).map(|group| (group, group % 2, 3)).collect();
        let held = hold_out(&members(&groups)).into_iter().filter(|held| *held).count();
        assert!((25..=36).contains(&held), "{held} of 120");
    }
}
