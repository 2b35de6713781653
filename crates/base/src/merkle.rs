//! The one hash tree of the project: RFC 9162 §2.1 over BLAKE3, for a chunk's observations, a commit's objects and
//! the history of commits alike.
//!
//! Leaves are hashed by whoever owns them, with plain BLAKE3 under the prefix `0x00`; inner nodes here, with BLAKE3 under
//! a key of their own, so that no leaf can pass for a node. (RFC 9162 sets inner nodes apart by a prefix `0x01`; that
//! makes 65 bytes, two BLAKE3 blocks, where the key leaves it at one: half the work of a tree.) A tree of `n` leaves splits at the largest power of two below `n`, which makes an append-only
//! tree's old roots provable from its new ones: [`Frontier`] keeps only the peaks (a Merkle mountain range), and
//! [`consistency`] shows that one history is the beginning of another.

use crate::Digest;

/// The hash of the empty tree.
#[must_use]
pub fn empty_root() -> Digest {
    Digest::of(b"")
}

/// Sets the hashes of inner nodes apart from all others.
const NODE_KEY: &[u8; 32] = b"didymos merkle tree inner node 1";

/// The hash of an inner node.
#[must_use]
pub fn node(left: &Digest, right: &Digest) -> Digest {
    let mut bytes = [0u8; 64];
    bytes[..32].copy_from_slice(&left.0);
    bytes[32..].copy_from_slice(&right.0);
    blake3::keyed_hash(NODE_KEY, &bytes).into()
}

fn split(count: usize) -> usize {
    debug_assert!(count > 1);
    1 << (usize::BITS - 1 - (count - 1).leading_zeros())
}

/// The root over `leaves`, which are leaf hashes already.
#[must_use]
pub fn root(leaves: &[Digest]) -> Digest {
    if leaves.is_empty() {
        return empty_root();
    }
    // Level by level: an odd node at the end moves up unchanged, which is exactly the RFC's recursive split.
    let mut level = leaves.to_vec();
    while level.len() > 1 {
        let mut kept = 0;
        for pair in 0..level.len() / 2 {
            level[kept] = node(&level[2 * pair], &level[2 * pair + 1]);
            kept += 1;
        }
        if level.len() % 2 == 1 {
            level[kept] = level[level.len() - 1];
            kept += 1;
        }
        level.truncate(kept);
    }
    level[0]
}

/// The audit path of the leaf at `index`, nearest sibling first (RFC 9162 §2.1.3.1). `None` past the end.
#[must_use]
pub fn path(leaves: &[Digest], index: usize) -> Option<Vec<Digest>> {
    if index >= leaves.len() {
        return None;
    }
    let (mut leaves, mut index, mut path) = (leaves, index, Vec::new());
    while leaves.len() > 1 {
        let at = split(leaves.len());
        let (left, right) = leaves.split_at(at);
        if index < at {
            path.push(root(right));
            leaves = left;
        } else {
            path.push(root(left));
            leaves = right;
            index -= at;
        }
    }
    path.reverse();
    Some(path)
}

/// The root that `leaf` at `index` of `count` leads to along `path` (RFC 9162 §2.1.3.2), or `None` when the path has
/// the wrong length for that place.
#[must_use]
pub fn root_from_path(leaf: Digest, index: u64, count: u64, path: &[Digest]) -> Option<Digest> {
    if index >= count {
        return None;
    }
    let (mut at, mut last, mut hash) = (index, count - 1, leaf);
    for sibling in path {
        if last == 0 {
            return None;
        }
        if at & 1 == 1 || at == last {
            hash = node(sibling, &hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = node(&hash, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(hash)
}

/// Proof that the tree over the first `old` leaves is the beginning of the tree over all of them (RFC 9162 §2.1.4.1).
/// `None` unless `0 < old <= leaves.len()`.
#[must_use]
pub fn consistency(leaves: &[Digest], old: usize) -> Option<Vec<Digest>> {
    if old == 0 || old > leaves.len() {
        return None;
    }
    let (mut leaves, mut old, mut proof, mut whole) = (leaves, old, Vec::new(), true);
    loop {
        if old == leaves.len() {
            if !whole {
                proof.push(root(leaves));
            }
            proof.reverse();
            return Some(proof);
        }
        let at = split(leaves.len());
        let (left, right) = leaves.split_at(at);
        if old <= at {
            proof.push(root(right));
            leaves = left;
        } else {
            proof.push(root(left));
            leaves = right;
            old -= at;
            whole = false;
        }
    }
}

/// Checks a consistency proof between two published roots (RFC 9162 §2.1.4.2).
#[must_use]
pub fn is_consistent(old: u64, old_root: Digest, new: u64, new_root: Digest, proof: &[Digest]) -> bool {
    if old == 0 || old > new {
        return false;
    }
    if old == new {
        return proof.is_empty() && old_root == new_root;
    }
    let mut proof = proof.iter();
    let seed = if old.is_power_of_two() { Some(&old_root) } else { proof.next() };
    let Some(&seed) = seed else { return false };
    let (mut at, mut last) = (old - 1, new - 1);
    while at & 1 == 1 {
        at >>= 1;
        last >>= 1;
    }
    let (mut from_old, mut from_new) = (seed, seed);
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            from_old = node(sibling, &from_old);
            from_new = node(sibling, &from_new);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            from_new = node(&from_new, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && from_old == old_root && from_new == new_root
}

/// The peaks of an append-only tree: all that is needed to add a leaf and to know the root.
#[derive(Clone, Debug, Default)]
pub struct Frontier {
    count: u64,
    /// Roots of perfect subtrees, largest first; one per set bit of `count`.
    peaks: Vec<Digest>,
}

impl Frontier {
    /// Leaves so far.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Adds a leaf hash.
    pub fn push(&mut self, leaf: Digest) {
        let mut hash = leaf;
        for _ in 0..self.count.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                hash = node(&left, &hash);
            }
        }
        self.peaks.push(hash);
        self.count += 1;
    }

    /// The root over everything pushed.
    #[must_use]
    pub fn root(&self) -> Digest {
        let mut peaks = self.peaks.iter().rev();
        match peaks.next() {
            None => empty_root(),
            Some(&last) => peaks.fold(last, |right, left| node(left, &right)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(count: usize) -> Vec<Digest> {
        (0..count).map(|i| Digest::of(&[0, i as u8, (i >> 8) as u8])).collect()
    }

    /// The definition of RFC 9162 §2.1.1, word for word.
    fn root_by_definition(leaves: &[Digest]) -> Digest {
        match leaves {
            [] => empty_root(),
            [one] => *one,
            many => {
                let (left, right) = many.split_at(split(many.len()));
                node(&root_by_definition(left), &root_by_definition(right))
            }
        }
    }

    #[test]
    fn roots_follow_the_definition_and_the_frontier_agrees() {
        let all = leaves(130);
        let mut frontier = Frontier::default();
        for count in 0..=all.len() {
            assert_eq!(root(&all[..count]), root_by_definition(&all[..count]), "{count} leaves");
            assert_eq!(frontier.root(), root(&all[..count]), "{count} leaves");
            if count < all.len() {
                frontier.push(all[count]);
            }
        }
    }

    #[test]
    fn every_leaf_proves_itself_and_nothing_else() {
        for count in [1, 2, 3, 7, 8, 9, 33, 64, 65] {
            let all = leaves(count);
            let root = root(&all);
            for index in 0..count {
                let path = path(&all, index).expect("inside");
                let reached = |leaf, index, path: &[Digest]| root_from_path(leaf, index as u64, count as u64, path);
                assert_eq!(reached(all[index], index, &path), Some(root), "{index} of {count}");
                assert_ne!(reached(Digest::of(b"forged"), index, &path), Some(root));
                if count > 1 {
                    assert_ne!(reached(all[index], (index + 1) % count, &path), Some(root));
                    assert_eq!(reached(all[index], index, &path[1..]), None);
                }
                let longer: Vec<_> = path.iter().copied().chain([root]).collect();
                assert_eq!(reached(all[index], index, &longer), None);
            }
            assert_eq!(path(&all, count), None);
        }
    }

    #[test]
    fn every_beginning_of_a_history_is_provably_its_beginning() {
        let all = leaves(40);
        for new in 1..=all.len() {
            for old in 1..=new {
                let proof = consistency(&all[..new], old).expect("inside");
                let (old_root, new_root) = (root(&all[..old]), root(&all[..new]));
                let holds = |old_root, new_root| is_consistent(old as u64, old_root, new as u64, new_root, &proof);
                assert!(holds(old_root, new_root), "{old} of {new}");
                assert!(!holds(Digest::of(b"rewritten"), new_root), "{old} of {new}");
                assert!(!holds(old_root, Digest::of(b"rewritten")), "{old} of {new}");
            }
        }
        assert_eq!(consistency(&all, 0), None);
        assert_eq!(consistency(&all, 41), None);
    }
}
