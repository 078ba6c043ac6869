//! Tests of the parent module.

use proptest::prelude::*;

use super::*;
use crate::rng::Rng;

/// Members are compared by a fixed shuffle of their ids, to tell id order from member order.
fn key(item: Item) -> (f64, u32) {
    (item.score, item.id.wrapping_mul(0x9e37_79b1))
}

impl Tree {
    fn add(&mut self, item: Item) {
        self.insert(item, |other| key(other) < key(item));
    }

    fn take(&mut self, item: Item) -> Option<Item> {
        self.remove(|other| key(other) <= key(item))
    }

    /// Walks everything and checks every invariant; returns the items.
    fn verify(&self) -> Vec<Item> {
        let mut items = Vec::new();
        let mut leaves = Vec::new();
        self.verify_node(self.root, 0, &mut items, &mut leaves);
        assert_eq!(items.len(), self.len);
        for (index, &leaf) in leaves.iter().enumerate() {
            let leaf = &self.leaves[leaf as usize];
            assert_eq!(leaf.prev, if index == 0 { NONE } else { leaves[index - 1] });
            assert_eq!(leaf.next, leaves.get(index + 1).copied().unwrap_or(NONE));
        }
        assert_eq!(leaves.len() + self.free_leaves.len(), self.leaves.len());
        items
    }

    fn verify_node(&self, n: u32, depth: usize, out: &mut Vec<Item>, leaves: &mut Vec<u32>) {
        if depth == self.height {
            let leaf = &self.leaves[n as usize];
            assert!(leaf.len() > 0 || self.height == 0);
            leaves.push(n);
            out.extend((0..leaf.len()).map(|at| leaf.item(at)));
            return;
        }
        let inner = &self.inners[n as usize];
        assert!(inner.len() > 0 && (depth > 0 || inner.len() > 1));
        for at in 0..inner.len() {
            let start = out.len();
            self.verify_node(inner.children[at], depth + 1, out, leaves);
            assert_eq!(out.len() - start, inner.counts[at] as usize);
            assert_eq!(out[start], inner.first(at));
        }
    }
}

fn check_against(tree: &Tree, model: &[Item]) {
    assert_eq!(tree.verify(), model);
    for (rank, item) in model.iter().enumerate().step_by(7) {
        assert_eq!(tree.rank(|other| key(other) < key(*item)), rank);
        assert_eq!(tree.range(rank..rank + 1).next(), Some(*item));
    }
    let (a, b) = (model.len() / 3, model.len() - model.len() / 4);
    assert!(tree.range(a..b).eq(model[a..b].iter().copied()));
    assert!(tree.range(a..b).rev().eq(model[a..b].iter().rev().copied()));
}

fn place(model: &[Item], item: Item) -> usize {
    model.partition_point(|other| key(*other) < key(item))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn behaves_like_a_sorted_vector(
        seed: u64,
        scores in 1_u64..2000,
        phases in prop::collection::vec((0..3000_u32, 0..100_u64), 1..5)
    ) {
        let mut rng = Rng::new(seed);
        let (mut tree, mut model) = (Tree::new(), Vec::<Item>::new());
        let mut id = 0;
        for (steps, percent) in phases {
            for _ in 0..steps {
                if rng.below(100) < percent || model.is_empty() {
                    id += 1;
                    let item = Item { score: rng.below(scores) as f64, id };
                    tree.add(item);
                    model.insert(place(&model, item), item);
                } else {
                    let at = rng.below(model.len() as u64) as usize;
                    let item = model.remove(at);
                    prop_assert_eq!(tree.take(item), Some(item));
                }
            }
            check_against(&tree, &model);
        }
        let (a, b) = (model.len() / 5, model.len() / 2);
        let gone: Vec<Item> = model.drain(a..b).collect();
        prop_assert_eq!(tree.remove_ranks(a..b), gone);
        check_against(&tree, &model);
        for item in model.split_off(model.len() / 2).into_iter().rev() {
            prop_assert_eq!(tree.take(item), Some(item));
        }
        check_against(&tree, &model);
        for item in std::mem::take(&mut model) {
            prop_assert_eq!(tree.take(item), Some(item));
        }
        check_against(&tree, &model);
    }

    #[test]
    fn built_at_once_equals_built_one_by_one(len in 0_usize..9000) {
        let items: Vec<Item> =
            (0..len).map(|n| Item { score: n as f64, id: n as u32 }).collect();
        let tree = Tree::from_sorted(&items);
        check_against(&tree, &items);
        let mut grown = Tree::new();
        for item in &items {
            grown.add(*item);
        }
        check_against(&grown, &items);
    }

    #[test]
    fn a_score_is_updated_in_place_only_where_order_allows(seed: u64, len in 1_u64..400) {
        let mut rng = Rng::new(seed);
        let mut model: Vec<Item> =
            (0..len).map(|n| Item { score: (n * 4) as f64, id: n as u32 }).collect();
        let mut tree = Tree::from_sorted(&model);
        for _ in 0..50 {
            let at = rng.below(len) as usize;
            let old = model[at];
            let score = old.score + rng.below(12) as f64 - 6.0;
            let fits = (at == 0 || model[at - 1].score < score)
                && model.get(at + 1).is_none_or(|next| next.score > score);
            prop_assert_eq!(tree.update(score, |i| key(i) <= key(old)), fits);
            if fits {
                model[at].score = score;
            }
        }
        check_against(&tree, &model);
    }
}

#[test]
fn descending_and_interleaved_insertions_keep_the_order() {
    let (mut tree, mut model) = (Tree::new(), Vec::new());
    for n in 0..5000_u32 {
        let score = if n % 2 == 0 { -f64::from(n) } else { f64::from(n) };
        let item = Item { score, id: n };
        tree.add(item);
        model.push(item);
    }
    model.sort_by(|a, b| a.score.total_cmp(&b.score));
    check_against(&tree, &model);
    let mut order: Vec<Item> = model.clone();
    let mut rng = Rng::new(3);
    for at in (1..order.len()).rev() {
        order.swap(at, rng.below(at as u64 + 1) as usize);
    }
    for item in &order[..4900] {
        assert_eq!(tree.take(*item), Some(*item));
        model.remove(place(&model, *item));
    }
    check_against(&tree, &model);
    assert_eq!(Tree::new().remove(|_| true), None);
}
