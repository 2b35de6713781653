//! The network: from what is known of each hour to a state per hour, and from states to values.

use super::diary::Days;
use super::links::{RELATIONS, Relation, relations};
use crate::body::elementary::cos_sin_turns;
use crate::learn::{Chance, Dense, Matrix, Parameters, Tape, Var, Weight};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Numbers in a state.
pub(super) const STATE: usize = 16;
const ROUNDS: usize = 2;
const CALENDAR: usize = 5;
const LEAK: f32 = 0.1;

/// The layers' places among the parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Net {
    encode: Dense,
    rounds: Vec<(Dense, Vec<Weight>)>,
    decode: Dense,
}

/// A span of days ready to be read.
pub(super) struct Span {
    pub(super) days: Range<usize>,
    pub(super) relations: Vec<Relation>,
    calendar: Vec<[f32; CALENDAR]>,
}

impl Span {
    pub(super) fn of(days: &Days, span: Range<usize>) -> Self {
        let calendar = (0..span.len() * days.per_day).map(|t| {
            let turn = (t % days.per_day) as f64 / days.per_day as f64;
            let ((c, s), (cc, ss)) = (cos_sin_turns(turn), cos_sin_turns(2.0 * turn));
            let weekend = f64::from(u8::from(days.weekday(span.start + t / days.per_day) >= 5));
            [c, s, cc, ss, weekend].map(|x| x as f32)
        });
        Self { relations: relations(days, span.clone()), calendar: calendar.collect(), days: span }
    }

    /// The range of its cells among all.
    pub(super) fn cells(&self, days: &Days) -> Range<usize> {
        let width = days.per_day * days.streams;
        self.days.start * width..self.days.end * width
    }
}

impl Net {
    pub(super) fn new(parameters: &mut Parameters, streams: usize, chance: &mut Chance) -> Self {
        let encode = Dense::new(parameters, 2 * streams + CALENDAR, STATE, chance);
        let round = |parameters: &mut Parameters, chance: &mut Chance| {
            let own = Dense::new(parameters, STATE, STATE, chance);
            let heard = (0..RELATIONS).map(|_| {
                let weight = parameters.random(STATE, STATE, chance);
                parameters.get_mut(weight).as_mut_slice().iter_mut().for_each(|x| *x *= 0.5);
                weight
            });
            (own, heard.collect())
        };
        let rounds = (0..ROUNDS).map(|_| round(parameters, chance)).collect();
        let decode = Dense::new(parameters, STATE, streams, chance);
        Self { encode, rounds, decode }
    }

    /// States of a span's buckets and the values told from them, where `shown` says what may be seen.
    pub(super) fn read(
        &self,
        tape: &mut Tape,
        parameters: &Parameters,
        days: &Days,
        span: &Span,
        z: &[f32],
        shown: &[bool],
    ) -> (Var, Var) {
        let streams = days.streams;
        let rows = span.calendar.len();
        let mut input = Matrix::zeros(rows, 2 * streams + CALENDAR);
        for (t, calendar) in span.calendar.iter().enumerate() {
            let row = input.row_mut(t);
            for s in 0..streams {
                if shown[t * streams + s] {
                    row[s] = z[t * streams + s];
                    row[streams + s] = 1.0;
                }
            }
            row[2 * streams..].copy_from_slice(calendar);
        }
        let input = tape.given(&input);
        let encoded = self.encode.apply(tape, parameters, input);
        let mut state = tape.tanh(encoded);
        for (own, weights) in &self.rounds {
            let mut heard = own.apply(tape, parameters, state);
            for (relation, weight) in span.relations.iter().zip(weights) {
                let weight = tape.weight(parameters, *weight);
                let message = match relation {
                    Relation::Straight(links) if links.each.is_empty() => continue,
                    Relation::Hub(gather, _) if gather.each.is_empty() => continue,
                    Relation::Straight(links) => tape.spread(state, links),
                    Relation::Hub(gather, give) => {
                        let hub = tape.spread(state, gather);
                        tape.spread(hub, give)
                    }
                };
                let message = tape.multiply(message, weight);
                heard = tape.add(heard, message);
            }
            let heard = tape.rectify(heard, LEAK);
            state = tape.add(state, heard);
        }
        let told = self.decode.apply(tape, parameters, state);
        (state, told)
    }
}
