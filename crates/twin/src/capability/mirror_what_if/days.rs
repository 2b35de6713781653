//! A question about days: a regression on what has been.

use super::{Question, change, effect, fan, number_in_words, offer};
use crate::Twin;
use crate::capability::mirror_days::{Days, days, streams, wall};
use crate::capability::mirror_graph::told_edge;
use crate::door::{Failure, FailureCode, Progress, Watch};
use crate::request::{ChangeBy, Every};
use crate::response::{
    Basis, Causal, CausalKind, DayLike, Futures, GraphEdge, ModelKind, ModelUsed, Support, TrackRecord, WhatIfAnswer,
};
use didymos_base::time::{DAY_MS, wall_text};
use didymos_base::{StreamId, streams as table};
use didymos_mirror::body::Refusal;
use didymos_mirror::features::Column;
use didymos_mirror::graph::{Edge, Graph, Node, Shape};
use didymos_mirror::what_if::{self as mirror, DAYS_MOST};
use std::sync::Arc;

/// Streams that are looked at where none is asked about.
const CANDIDATES: usize = 10;
/// Of those, how many are shown.
const SHOWN: usize = 3;
/// Streams held equal.
const OTHERS: usize = 3;
/// Streams that move together more closely than this measure the same thing.
const SAME: f64 = 0.95;
/// Days shown before the futures part.
const RECENT: usize = 28;

pub(super) fn answer(
    twin: &Twin,
    question: &Question<'_>,
    stream: &StreamId,
    by: ChangeBy,
    watch: Watch<'_>,
) -> Result<WhatIfAnswer, Failure> {
    let horizon = question.horizon("7d").map_or(0, Every::ms);
    let ahead = usize::try_from(horizon / DAY_MS).unwrap_or(0);
    if horizon % DAY_MS != 0 || !(1..=DAYS_MOST).contains(&ahead) {
        let because = format!("a question about days looks 1 to {DAYS_MOST} whole days ahead");
        return Ok(question.refused(because, vec!["a horizon such as 7d or 2w".to_owned()]));
    }
    let source = question.asked.source.as_deref();
    let known = streams(twin);
    if !known.iter().any(|(id, _)| id == stream) {
        let because = format!("nothing is measured on `{stream}`");
        return Ok(question.refused(because, vec![format!("data on `{stream}`: `twin streams` lists what there is")]));
    }
    let changed = days(twin, stream, source)?;
    let outcomes: Vec<StreamId> = match &question.understood.outcome {
        Some(outcome) if outcome == stream => {
            return Ok(question.refused("what is changed and what is asked about are the same", vec![]));
        }
        Some(outcome) => vec![outcome.clone()],
        None => known.iter().map(|(id, _)| id.clone()).filter(|id| !same_family(id, stream)).take(CANDIDATES).collect(),
    };
    if outcomes.is_empty() {
        return Ok(
            question.refused("there is nothing else measured that could follow", vec!["another stream".to_owned()])
        );
    }
    let of = outcomes.len() as u64;
    let (mut found, mut refusals) = (Vec::new(), Vec::new());
    for (done, outcome) in outcomes.iter().enumerate() {
        let doing = Progress { doing: "asking".into(), unit: "streams".into(), done: done as u64, of };
        if watch(doing).is_break() {
            return Err(Failure::new(FailureCode::Stopped, "stopped; nothing was changed"));
        }
        let outcome = match days(twin, outcome, source) {
            Ok(outcome) => outcome,
            Err(failure) if question.understood.outcome.is_none() => {
                refusals.push((outcome.clone(), Refusal::undetermined("it", failure.message)));
                continue;
            }
            Err(failure) => return Ok(question.refused(failure.message, vec![format!("data on `{outcome}`")])),
        };
        let pair = Pair::of(twin, &changed, &outcome, &known, source);
        if question.understood.outcome.is_none() && pair.alike() > SAME {
            continue;
        }
        match pair.ask(by, ahead, question.asked.seed) {
            Ok(answer) => found.push((pair, answer)),
            Err(refusal) => refusals.push((outcome.stream.clone(), refusal)),
        }
    }
    let surety = |answer: &mirror::Answer| {
        let [low, high] = answer.effect.interval_95;
        answer.effect.median.abs() / (high - low).max(f64::MIN_POSITIVE)
    };
    found.sort_by(|a, b| surety(&b.1).total_cmp(&surety(&a.1)));
    if found.is_empty() {
        let Some((outcome, refusal)) = refusals.first() else {
            return Ok(question.refused("everything else that is measured is the same thing by another name", vec![]));
        };
        let what =
            format!("{} about as asked, beside {}", table::label(stream.as_str()), table::label(outcome.as_str()));
        return Ok(question.refused_by(refusal, &what));
    }
    let looked_at = found.len();
    let days_behind = found[0].1.days;
    let mut notes = Vec::new();
    if looked_at > 1 {
        notes.push(format!(
            "{looked_at} streams were looked at and the clearest are shown; by chance alone one in twenty looks clear"
        ));
    }
    let mut warnings = question.warnings();
    let support = found[0].1.support;
    if !support.inside() {
        warnings.push(format!(
            "so much is rare for you: {} was about {} on {} of {days_behind} days, so the answer leans on little",
            table::label(stream.as_str()),
            number_in_words(support.asked),
            support.days_like
        ));
    }
    found.truncate(SHOWN);
    let model = ModelUsed {
        kind: ModelKind::Regression,
        says: found[0].0.with_held(format!(
            "a regression on {days_behind} of your days: own past, weekday, {} of the same and earlier days",
            table::label(stream.as_str())
        )),
        parameters: Vec::new(),
    };
    let trial = offer(&question.understood.interventions, &found[0].0.outcome, &found[0].1, question.asked.seed);
    let causal = Causal {
        kind: CausalKind::Observational,
        says:
            "This is how your days went together by themselves. Something else may have moved both, so it need not be \
               a cause; a trial with lots would tell."
                .to_owned(),
        trial,
    };
    Ok(WhatIfAnswer {
        understood: question.understood.clone(),
        refused: None,
        choices: Vec::new(),
        model: Some(model),
        outcomes: found.iter().map(|(pair, answer)| pair.futures(answer, ahead)).collect(),
        causal: Some(super::super::mirror_experiments::known(twin, question, causal)?),
        warnings,
        notes,
    })
}

/// Names that measure parts of one thing: `steps` and `steps_daily`.
fn same_family(a: &StreamId, b: &StreamId) -> bool {
    family(a) == family(b)
}

/// What a stream is a part of. Steps, ways, energy and minutes of activity are one thing: moving.
fn family(id: &StreamId) -> &str {
    const MOVING: [&str; 12] = [
        "steps",
        "distance",
        "activity",
        "energy",
        "exercise",
        "flights",
        "metabolic",
        "stand",
        "workout",
        "speed",
        "cadence",
        "summary",
    ];
    let name = id.as_str();
    if MOVING.iter().any(|moving| name.split(['_', '.']).any(|part| part == *moving)) {
        return "moving";
    }
    name.split(['_', '.']).next().unwrap_or_default()
}

/// What is changed, what is asked about, and what is held equal, on the same days.
struct Pair {
    changed: Arc<Days>,
    outcome: Arc<Days>,
    others: Vec<(StreamId, Column)>,
    first: i64,
    of_changed: Column,
    of_outcome: Column,
}

impl Pair {
    fn of(
        twin: &Twin,
        changed: &Arc<Days>,
        outcome: &Arc<Days>,
        known: &[(StreamId, String)],
        source: Option<&str>,
    ) -> Self {
        let first = changed.first.min(outcome.first);
        let len = usize::try_from(changed.end().max(outcome.end()) - first).unwrap_or(0);
        let (of_changed, of_outcome) = (changed.on(first, len), outcome.on(first, len));
        let both = (0..len).filter(|day| of_changed.get(*day).is_some() && of_outcome.get(*day).is_some()).count();
        let mut others = Vec::new();
        for (id, _) in
            known.iter().filter(|(id, _)| !same_family(id, &changed.stream) && !same_family(id, &outcome.stream))
        {
            let Ok(other) = days(twin, id, source) else { continue };
            let column = other.on(first, len);
            let there = (1..len).filter(|day| of_outcome.get(*day).is_some() && column.get(day - 1).is_some()).count();
            let closest = others.iter().map(|(_, known)| correlation(&column, known)).fold(0.0, f64::max);
            let same = correlation(&column, &of_changed).max(correlation(&column, &of_outcome)).max(closest) > SAME;
            if there * 2 >= both && !same {
                others.push((id.clone(), column));
            }
            if others.len() == OTHERS {
                break;
            }
        }
        Pair { changed: Arc::clone(changed), outcome: Arc::clone(outcome), others, first, of_changed, of_outcome }
    }

    fn alike(&self) -> f64 {
        correlation(&self.of_changed, &self.of_outcome)
    }

    /// What a model says, and what it holds equal.
    fn with_held(&self, says: String) -> String {
        let names: Vec<_> = self.others.iter().map(|(id, _)| table::label(id.as_str()).into_owned()).collect();
        if names.is_empty() { says } else { format!("{says}, and {} of the day before held equal", names.join(", ")) }
    }

    fn ask(&self, by: ChangeBy, ahead: usize, seed: u32) -> Result<mirror::Answer, Refusal> {
        let others: Vec<&Column> = self.others.iter().map(|(_, column)| column).collect();
        // The night before a day comes before it; whatever the day brings does not change it any more.
        let same_day = !self.outcome.stream.as_str().starts_with("sleep");
        mirror::Question {
            outcome: &self.of_outcome,
            changed: &self.of_changed,
            others: &others,
            // 1970-01-01 was a Thursday.
            first_weekday: (self.first + 3).rem_euclid(7) as usize,
            change: change(by),
            same_day,
            days: ahead,
            seed: u64::from(seed),
        }
        .answer()
    }

    fn futures(&self, answer: &mirror::Answer, ahead: usize) -> Futures {
        let date = |day: usize| wall_text(wall(self.first + day as i64));
        let name = table::label(self.outcome.stream.as_str()).into_owned();
        let what =
            if ahead == 1 { "on the next day".to_owned() } else { format!("mean difference a day over {ahead} days") };
        let from = answer.origin.saturating_sub(RECENT - 1);
        Futures {
            effect: effect(&answer.effect, &what, &name, &self.outcome.unit),
            name,
            stream: Some(self.outcome.stream.clone()),
            unit: self.outcome.unit.clone(),
            every: "1d".to_owned(),
            from: date(answer.origin),
            recent: (from..=answer.origin).map(|day| self.of_outcome.get(day)).collect(),
            times: (1..=ahead).map(|day| date(answer.origin + day)).collect(),
            baseline: fan(&answer.baseline),
            intervention: fan(&answer.intervention),
            difference: fan(&answer.difference),
            basis: Basis {
                days: answer.days as u64,
                days_like_asked: answer.support.days_like as u64,
                alike: answer.alike.iter().map(|day| self.like(day)).collect(),
                edges: self.edges(),
                support: Some(support(&answer.support, &self.changed.unit)),
            },
            record: answer.record.as_ref().map(|record| told(record, &self.outcome.unit)),
        }
    }

    fn like(&self, day: &mirror::Alike) -> DayLike {
        let date = wall_text(wall(self.first + day.day as i64));
        DayLike {
            date: date.get(..10).unwrap_or(&date).to_owned(),
            changed: day.changed,
            outcome: day.outcome,
            distance: day.distance,
        }
    }

    /// Edges of the graph of these two.
    fn edges(&self) -> Vec<GraphEdge> {
        let mut graph = Graph::new(2, Shape::days());
        for day in 0..self.of_outcome.len() {
            let weekday = (self.first + day as i64 + 3).rem_euclid(7) as usize;
            if graph.add_day(&[vec![self.of_changed.get(day)], vec![self.of_outcome.get(day)]], weekday).is_err() {
                return Vec::new();
            }
        }
        let names = [self.changed.stream.to_string(), self.outcome.stream.to_string()];
        let name = |node: Node| match node {
            Node::Stream(at) => names.get(at).cloned(),
            _ => None,
        };
        let edge = |edge: &Edge| Some(told_edge(edge, name(edge.from)?, name(edge.to)?, "d"));
        graph.edges(0.05, 1).iter().filter_map(edge).collect()
    }
}

/// The absolute correlation where both are known; 0 where that is too little.
fn correlation(a: &Column, b: &Column) -> f64 {
    let pairs: Vec<(f64, f64)> = a.iter().zip(b.iter()).filter_map(|(a, b)| Some((a?, b?))).collect();
    if pairs.len() < 14 {
        return 0.0;
    }
    let n = pairs.len() as f64;
    let mean = pairs.iter().fold((0.0, 0.0), |sum, (a, b)| (sum.0 + a / n, sum.1 + b / n));
    let sums = pairs.iter().fold((0.0, 0.0, 0.0), |sum, (a, b)| {
        let (a, b) = (a - mean.0, b - mean.1);
        (sum.0 + a * b, sum.1 + a * a, sum.2 + b * b)
    });
    let alike = sums.0.abs() / (sums.1 * sums.2).sqrt();
    if alike.is_finite() { alike } else { 0.0 }
}

fn support(support: &mirror::Support, unit: &str) -> Support {
    Support {
        unit: unit.to_owned(),
        usual: support.usual,
        asked: support.asked,
        lowest: support.lowest,
        q05: support.q05,
        q95: support.q95,
        highest: support.highest,
        inside: support.inside(),
    }
}

fn told(record: &mirror::Record, unit: &str) -> TrackRecord {
    let unit = if unit.starts_with('{') || unit == "1" { String::new() } else { format!(" {unit}") };
    let skill = record.skill();
    let [coverage_50, coverage_80, coverage_95] = record.coverage;
    let helps = if skill > 0.005 {
        format!("knowing it made the error {:.0} % smaller", skill * 100.0)
    } else {
        "knowing it did not make the error smaller".to_owned()
    };
    let mut says = format!(
        "{} past days told from the days before them: off by {}{unit} on average; {helps}; the 80 % band held {:.0} %",
        record.checked,
        number_in_words(record.error),
        coverage_80 * 100.0
    );
    if record.unusual > 0 {
        says = format!(
            "{says}; on {} unusual days the direction was right {:.0} % of the time",
            record.unusual,
            record.direction_right * 100.0
        );
    }
    TrackRecord {
        checked: record.checked as u64,
        error: record.error,
        error_without: record.error_without,
        skill,
        coverage_50,
        coverage_80,
        coverage_95,
        unusual: record.unusual as u64,
        direction_right: record.direction_right,
        says,
    }
}
