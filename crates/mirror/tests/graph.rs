//! The graph against people whose truth is known, because they are made up here.

use didymos_mirror::graph::{Edge, Graph, Node, Shape};

const PER_DAY: usize = 24;

/// Even and normal-like random numbers (a sum of twelve even ones), from a seed.
struct Random(u64);

impl Random {
    fn even(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.even()).sum::<f64>() - 6.0
    }
}

/// A planted effect: `to` moves by `size` times what `from` was `lag` hours before.
struct Effect {
    from: usize,
    to: usize,
    lag: usize,
    size: f64,
}

/// Hourly streams that share a daily rhythm, remember their own past, and miss a tenth of their hours.
fn person(seed: u64, streams: usize, days: usize, effects: &[Effect]) -> Vec<Vec<Option<f64>>> {
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5555);
    let mut away = vec![vec![0.0; days * PER_DAY]; streams];
    for i in 0..days * PER_DAY {
        for stream in 0..streams {
            let before = if i > 0 { away[stream][i - 1] } else { 0.0 };
            let moved = effects.iter().filter(|effect| effect.to == stream && effect.lag <= i);
            let moved: f64 = moved.map(|effect| effect.size * away[effect.from][i - effect.lag]).sum();
            away[stream][i] = 0.6 * before + moved + random.normal();
        }
    }
    let rhythm = |i: usize| 5.0 * ((i % PER_DAY) as f64 / PER_DAY as f64 * std::f64::consts::TAU).sin();
    let mut missing = |y: f64| (random.even() > 0.1).then_some(y);
    away.iter().map(|away| away.iter().enumerate().map(|(i, y)| missing(60.0 + rhythm(i) + y)).collect()).collect()
}

fn graph(streams: &[Vec<Option<f64>>]) -> Graph {
    let mut graph = Graph::new(streams.len(), Shape::hours());
    for day in 0..streams[0].len() / PER_DAY {
        graph.add_day(&day_of(streams, day), day % 7).expect("a day that fits");
    }
    graph
}

fn day_of(streams: &[Vec<Option<f64>>], day: usize) -> Vec<Vec<Option<f64>>> {
    streams.iter().map(|stream| stream[day * PER_DAY..(day + 1) * PER_DAY].to_vec()).collect()
}

fn between_streams(graph: &Graph) -> Vec<(usize, usize, usize)> {
    let pair = |edge: &Edge| match (edge.from, edge.to) {
        (Node::Stream(from), Node::Stream(to)) => Some((from, to, edge.lag)),
        _ => None,
    };
    graph.edges(0.05, 1).iter().filter_map(pair).collect()
}

#[test]
fn planted_effects_are_found_at_their_lags_and_hardly_anything_else() {
    let effects = [Effect { from: 0, to: 1, lag: 3, size: 0.25 }, Effect { from: 2, to: 0, lag: 8, size: -0.25 }];
    let (mut found, mut wrong, people) = (0, 0, 20);
    for seed in 0..people {
        let edges = between_streams(&graph(&person(seed, 4, 60, &effects)));
        let planted = |edge: &(usize, usize, usize)| effects.iter().any(|e| (e.from, e.to, e.lag) == *edge);
        found += edges.iter().filter(|edge| planted(edge)).count();
        wrong += edges.iter().filter(|edge| !planted(edge)).count();
    }
    assert!(found as f64 >= 0.95 * 2.0 * people as f64, "found {found} of {}", 2 * people);
    // The promised share of false discoveries is 5 %; twice that leaves room for chance in so few people.
    assert!(wrong as f64 <= 0.1 * (found + wrong) as f64, "{wrong} wrong edges beside {found} right ones");
}

#[test]
fn nothing_is_found_between_shuffled_days() {
    let mut people_with_edges = 0;
    let people = 40;
    for seed in 0..people {
        let effects = [Effect { from: 0, to: 1, lag: 2, size: 0.4 }];
        let mut streams = person(1_000 + seed, 4, 40, &effects);
        let mut random = Random(seed + 77);
        for stream in &mut streams {
            let mut days: Vec<Vec<Option<f64>>> = stream.chunks(PER_DAY).map(<[_]>::to_vec).collect();
            for i in (1..days.len()).rev() {
                days.swap(i, (random.even() * (i + 1) as f64) as usize);
            }
            *stream = days.concat();
        }
        people_with_edges += usize::from(!between_streams(&graph(&streams)).is_empty());
    }
    // Without any true edge the false-discovery rate is the chance of any edge at all: 5 % of forty people is two.
    assert!(people_with_edges <= 5, "{people_with_edges} of {people} people");
}

#[test]
fn what_goes_through_another_stream_is_not_drawn_past_it() {
    let effects = [Effect { from: 0, to: 1, lag: 2, size: 0.5 }, Effect { from: 1, to: 2, lag: 3, size: 0.5 }];
    let (mut direct, mut past) = (0, 0);
    for seed in 0..10 {
        let edges = between_streams(&graph(&person(2_000 + seed, 3, 90, &effects)));
        direct += usize::from(edges.contains(&(0, 1, 2)) && edges.contains(&(1, 2, 3)));
        past += usize::from(edges.contains(&(0, 2, 5)));
    }
    assert_eq!(direct, 10);
    assert!(past <= 2, "{past} of 10");
}

#[test]
fn the_daily_rhythm_is_an_edge_and_the_week_only_where_there_is_one() {
    let mut streams = person(5, 2, 70, &[]);
    for (i, y) in streams[1].iter_mut().enumerate() {
        let weekend = (i / PER_DAY) % 7 >= 5;
        *y = y.map(|y| y + if weekend { 6.0 } else { 0.0 });
    }
    let edges = graph(&streams).edges(0.05, 1);
    let has = |from: Node, to: usize| edges.iter().any(|edge| edge.from == from && edge.to == Node::Stream(to));
    assert!(has(Node::TimeOfDay, 0) && has(Node::TimeOfDay, 1));
    assert!(has(Node::Weekday, 1) && !has(Node::Weekday, 0));
}

#[test]
fn growing_day_by_day_and_building_anew_give_the_same_graph() {
    let streams = person(9, 3, 50, &[Effect { from: 0, to: 1, lag: 1, size: 0.5 }]);
    let anew = graph(&streams);
    let cut: Vec<Vec<Option<f64>>> = streams.iter().map(|stream| stream[..49 * PER_DAY].to_vec()).collect();
    let mut grown = graph(&cut);
    grown.add_day(&day_of(&streams, 49), 0).expect("a day that fits");
    assert_eq!(anew.edges(0.05, 3), grown.edges(0.05, 3));
}

#[test]
fn senseless_streams_have_no_edges_and_do_no_harm() {
    let constant = vec![Some(5.0); 40 * PER_DAY];
    let missing = vec![None; 40 * PER_DAY];
    let huge: Vec<Option<f64>> = (0..40 * PER_DAY).map(|i| Some(if i % 2 == 0 { 1e15 } else { -1e15 })).collect();
    let usual = person(3, 1, 40, &[]).remove(0);
    let graph = graph(&[constant, missing, huge, usual]);
    for edge in graph.edges(0.05, 1) {
        assert!(edge.weight.is_finite() && edge.p.is_finite() && edge.stability.is_finite(), "{edge:?}");
        assert!(!matches!(edge.to, Node::Stream(0 | 1)), "{edge:?}");
    }
    assert!(Graph::new(2, Shape::hours()).add_day(&[vec![]], 0).is_err());
    assert_eq!(Graph::new(0, Shape::days()).edges(0.05, 1), []);
}
