//! Where nodes stand. Places are percentages of the stage, so it needs no measuring.

use lockstep_sim::NodeId;
use lockstep_sim::view::NodeView;

use crate::view::percent;

/// A place on the stage, in percent of its width and height.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Place {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

impl Place {
    /// A part of the way from here to there.
    pub(super) fn between(self, other: Self, t: f64) -> Self {
        Self { x: self.x + (other.x - self.x) * t, y: self.y + (other.y - self.y) * t }
    }

    /// This place, moved; it stays on the stage.
    pub(crate) fn moved(self, x: f64, y: f64) -> Self {
        Self { x: (self.x + x).clamp(8.0, 92.0), y: (self.y + y).clamp(10.0, 90.0) }
    }

    pub(super) fn style(self) -> String {
        format!("left:{};top:{}", percent(self.x), percent(self.y))
    }
}

/// Rows of cards that fit above each other.
const ROWS_MAX: usize = 3;
/// Cards that fit beside each other.
const ACROSS_MAX: usize = 4;
/// More nodes than this have smaller cards.
const LARGE_CARDS_MAX: usize = 5;

/// Where everything stands.
pub(crate) struct Layout {
    pub(crate) places: Vec<Place>,
    /// Cards are small.
    pub(super) compact: bool,
    /// Cards beside each other.
    pub(super) across: usize,
    /// Cards above each other.
    pub(super) down: usize,
}

/// The layout of these nodes; `moved` has the places people chose.
pub(crate) fn layout(nodes: &[NodeView], moved: &[Option<Place>]) -> Layout {
    let depths: Vec<usize> = nodes.iter().map(|node| depth(nodes, node.id)).collect();
    let rows = depths.iter().max().map_or(1, |deepest| deepest + 1);
    let alike = |row: usize| depths.iter().filter(|&&depth| depth == row).count();
    let widest = (0..rows).map(alike).max().unwrap_or(1);
    let lies = rows > ROWS_MAX;
    let around = rows == 2 && alike(0) <= 2 && alike(1) > ACROSS_MAX;
    let place = |(index, &row): (usize, &usize)| {
        if let Some(Some(place)) = moved.get(index) {
            return *place;
        }
        let before = depths[..index].iter().filter(|&&other| other == row).count();
        if around {
            around_one(row, before, alike(row))
        } else if lies {
            lying(row, rows, before, alike(row))
        } else {
            standing(row, rows, before, alike(row))
        }
    };
    let (long, short) = if lies { (rows, widest) } else { (widest, rows) };
    // A long row is staggered, so two cards share the room of one and a half.
    let across = match long > ACROSS_MAX {
        true => long.div_ceil(2) + usize::from(!around),
        false => long,
    };
    Layout {
        places: depths.iter().enumerate().map(place).collect(),
        compact: nodes.len() > LARGE_CARDS_MAX || short >= ROWS_MAX || lies,
        across,
        down: if lies { widest } else { rows + usize::from(around) },
    }
}

/// Many around one: half of them above it, so that no link passes behind a card.
fn around_one(row: usize, before: usize, alike: usize) -> Place {
    let above = alike.div_ceil(2);
    match before.checked_sub(above) {
        _ if row == 0 => Place { x: along(before, alike), y: 50.0 },
        None => Place { x: along(before, above), y: 16.0 },
        Some(place) => Place { x: along(place, alike - above), y: 84.0 },
    }
}

/// A tree that grows downwards.
fn standing(row: usize, rows: usize, before: usize, alike: usize) -> Place {
    let x = along(before, alike);
    // Two in a row stand a little wider apart than halves: the links are less steep.
    let x = if alike == 2 && rows == 2 { 50.0 + (x - 50.0) * 1.08 } else { x };
    let y = match rows {
        1 => 45.0,
        2 => 20.0 + row as f64 * 58.0,
        _ => 16.0 + row as f64 * 68.0 / (rows - 1) as f64,
    };
    Place { x, y: y + stagger(before, alike, 13.0) }
}

/// A long chain, from left to right.
fn lying(row: usize, rows: usize, before: usize, alike: usize) -> Place {
    let y = (before as f64 + 0.5) / alike as f64 * 100.0;
    let x = along(row, rows);
    let y = if alike == 1 { 46.0 + stagger(row, rows.max(ACROSS_MAX + 1), 22.0) } else { y };
    Place { x, y }
}

/// The place in a row, in percent. The cards of a long one begin at the edge.
fn along(index: usize, count: usize) -> f64 {
    if count > ACROSS_MAX {
        10.0 + index as f64 * 80.0 / (count - 1) as f64
    } else {
        (index as f64 + 0.5) / count as f64 * 100.0
    }
}

/// Cards of a long row stand higher and lower in turns.
fn stagger(index: usize, count: usize, by: f64) -> f64 {
    match (count > ACROSS_MAX, index % 2) {
        (false, _) => 0.0,
        (true, 0) => -by,
        (true, _) => by,
    }
}

/// How far a node is from the top of its tree of masters.
fn depth(nodes: &[NodeView], id: NodeId) -> usize {
    let master = |id: NodeId| nodes.get(id.0 as usize)?.live.as_ref()?.master.as_ref()?.node;
    let mut at = id;
    let mut depth = 0;
    while let Some(above) = master(at) {
        depth += 1;
        at = above;
        if depth == nodes.len() {
            break;
        }
    }
    let is_followed = || nodes.iter().any(|node| master(node.id) == Some(id));
    let is_down = nodes.get(id.0 as usize).is_some_and(|node| node.live.is_none());
    // A node that is down follows nobody; it stays among the replicas if nobody follows it.
    if depth == 0 && is_down && id.0 > 0 && !is_followed() { 1 } else { depth }
}

#[cfg(test)]
mod tests {
    use lockstep_core::config::Era;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::worlds::{Shape, build, scenario};

    #[test]
    fn the_master_stands_above_its_replicas() {
        let nodes = lockstep_sim::scenarios::handshake().world().nodes();
        let places = layout(&nodes, &[]).places;
        assert!(places[0].y < places[1].y);
        assert_eq!(places[1].y, places[2].y);
        assert!(places[1].x < 50.0 && places[2].x > 50.0);
    }

    #[test]
    fn no_two_nodes_stand_at_one_place() {
        for shape in Shape::ALL {
            for replicas in 1..=7 {
                let nodes = build(&scenario(shape, replicas, Era::default())).world().nodes();
                let places = layout(&nodes, &[]).places;
                for (index, one) in places.iter().enumerate() {
                    assert!((5.0..=95.0).contains(&one.x) && (5.0..=95.0).contains(&one.y));
                    for other in &places[..index] {
                        let apart =
                            (one.x - other.x).abs() > 12.0 || (one.y - other.y).abs() > 20.0;
                        assert!(apart, "{shape:?} of {replicas}: {places:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn who_was_moved_stays_there() {
        let nodes = lockstep_sim::scenarios::handshake().world().nodes();
        let there = Place { x: 10.0, y: 80.0 };
        assert_eq!(layout(&nodes, &[None, Some(there)]).places[1], there);
        assert_eq!(there.moved(-50.0, 50.0), Place { x: 8.0, y: 90.0 });
    }
}
