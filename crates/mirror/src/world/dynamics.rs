//! The ensemble: lines, and nets for what lines miss where that helps; and the cloud of particles that it moves.

use super::evidence::Influence;
use super::learner::Learner;
use super::transitions::{Record, Support, Transitions};
use crate::body::{Body, Refusal};
use crate::forecast::cholesky_solve;
use crate::learn::{Adam, Chance, Parameters, Perceptron, Tape};
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;

const PARTICLES: usize = 60;
const PULL: f64 = 2.0;
const HIDDEN: usize = 12;
const BATCH: usize = 64;
/// States are held within so many spreads.
const HELD: f64 = 6.0;

/// How long is learnt, and by which chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Where chance comes from.
    pub seed: u64,
    /// Steps of descent of each net; 1 to 100,000.
    pub steps: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { seed: 1, steps: 300 }
    }
}

/// A line per state, and maybe a net for what it misses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Member {
    /// Per state, slopes on the input and a last one for 1.
    lines: Vec<Vec<f64>>,
    net: Option<(Parameters, Perceptron)>,
}

impl Member {
    pub(super) fn learn(all: &Transitions, rows: &[usize], bent: Option<usize>, seed: u64) -> Self {
        let width = all.units.len() + 1;
        let lines: Vec<Vec<f64>> = (0..all.states)
            .map(|state| {
                let mut gram = vec![0.0; width * (width + 1) / 2];
                let mut product = vec![0.0; width];
                for row in rows {
                    let Some(y) = all.next[*row][state] else { continue };
                    let x = |i: usize| all.input[*row].get(i).copied().unwrap_or(1.0);
                    for i in 0..width {
                        product[i] += x(i) * y;
                        for j in 0..=i {
                            gram[i * (i + 1) / 2 + j] += x(i) * x(j);
                        }
                    }
                }
                for i in 0..width {
                    gram[i * (i + 1) / 2 + i] += PULL;
                }
                cholesky_solve(&mut gram, &product).unwrap_or_else(|| vec![0.0; width])
            })
            .collect();
        let mut member = Self { lines, net: None };
        if let Some(steps) = bent {
            member.net = Some(member.bend(all, rows, steps, seed));
        }
        member
    }

    /// Learns a small net on what the lines miss.
    fn bend(&self, all: &Transitions, rows: &[usize], steps: usize, seed: u64) -> (Parameters, Perceptron) {
        let mut chance = Chance::new(seed);
        let mut parameters = Parameters::default();
        let net = Perceptron::new(&mut parameters, &[all.units.len(), HIDDEN, all.states], &mut chance);
        let mut adam = Adam::new(5e-3, 0.1);
        let mut tape = Tape::new();
        for _ in 0..steps {
            let batch: Vec<usize> = (0..BATCH).map(|_| rows[chance.below(rows.len())]).collect();
            let (mut x, mut y, mut known) = (Vec::new(), Vec::new(), Vec::new());
            for row in &batch {
                x.extend(all.input[*row].iter().map(|x| *x as f32));
                for (state, next) in all.next[*row].iter().enumerate() {
                    let line = self.line(state, &all.input[*row]);
                    y.push(next.map_or(0.0, |next| (next - line) as f32));
                    known.push(f32::from(u8::from(next.is_some())));
                }
            }
            tape.clear();
            let x = tape.constant(BATCH, all.units.len(), &x);
            let (y, known) = (tape.constant(BATCH, all.states, &y), tape.constant(BATCH, all.states, &known));
            let said = net.apply(&mut tape, &parameters, x);
            let loss = tape.squares(said, y, known);
            tape.backward(loss);
            adam.step(&mut parameters, &tape);
        }
        (parameters, net)
    }

    fn line(&self, state: usize, input: &[f64]) -> f64 {
        let slopes = &self.lines[state];
        input.iter().zip(slopes).map(|(x, b)| x * b).sum::<f64>() + slopes[input.len()]
    }

    pub(super) fn next(&self, input: &[f64]) -> Vec<f64> {
        let mut next: Vec<f64> = (0..self.lines.len()).map(|state| self.line(state, input)).collect();
        if let Some((parameters, net)) = &self.net {
            let x: Vec<f32> = input.iter().map(|x| *x as f32).collect();
            let mut tape = Tape::new();
            let x = tape.constant(1, x.len(), &x);
            let said = net.apply(&mut tape, parameters, x);
            next.iter_mut().zip(tape.value(said)).for_each(|(next, bend)| *next += f64::from(*bend));
        }
        next
    }
}

/// A learnt world: plain data, to be stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct World {
    pub(super) all: Transitions,
    pub(super) members: Vec<Member>,
    /// Errors really made on transitions that were not learnt from, in units.
    pub(super) errors: Vec<Vec<f64>>,
    pub(super) influences: Vec<Influence>,
    /// Per state: error on transitions not learnt from, over that of saying the mean.
    pub(super) skill: Vec<f64>,
    pub(super) seed: u64,
}

/// Particles, each moved by one member and by its own errors.
#[derive(Clone, Debug)]
pub struct Cloud {
    particles: Vec<Vec<f64>>,
    chance: Chance,
}

/// What is expected of each state, in its own unit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outlook {
    /// Means.
    pub mean: Vec<f64>,
    /// Lower ends of the 90 % bands.
    pub low: Vec<f64>,
    /// Upper ends.
    pub high: Vec<f64>,
}

/// Two futures of one state.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// Step by step under the one course of action.
    pub one: Vec<Outlook>,
    /// And under the other.
    pub other: Vec<Outlook>,
    /// The other less the one: both meet the same errors, so that only what the action changes differs.
    pub difference: Vec<Outlook>,
    /// How near the other course lies to what was seen, step by step.
    pub support: Vec<Support>,
}

impl World {
    /// Learns in one go; [`super::Learner`] says from what. `watch` hears the parts done and in all and may break; then there
    /// is no world.
    pub fn learn(
        record: &Record<'_>,
        settings: Settings,
        watch: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
    ) -> Result<Option<Self>, Refusal> {
        let mut learner = Learner::begin(record, settings)?;
        if learner.advance(watch)? { learner.finish().map(Some) } else { Ok(None) }
    }

    /// Number of states, and of actions.
    #[must_use]
    pub fn shape(&self) -> (usize, usize) {
        (self.all.states, self.all.units.len() - self.all.states)
    }

    /// What each action goes along with one step later.
    #[must_use]
    pub fn evidence(&self) -> &[Influence] {
        &self.influences
    }

    /// Per state, the error on steps not learnt from over the error of saying the mean: 1 and above is no skill.
    #[must_use]
    pub fn errors(&self) -> &[f64] {
        &self.skill
    }

    /// Whether nets helped on steps not learnt from; if not, the members are lines.
    #[must_use]
    pub fn is_bent(&self) -> bool {
        self.members.iter().any(|member| member.net.is_some())
    }

    /// The person's mean action.
    #[must_use]
    pub fn usual_action(&self) -> Vec<f64> {
        self.all.units[self.all.states..].iter().map(|unit| unit.mean).collect()
    }

    /// A cloud that starts at this state, each value in its own unit; what is not known starts anywhere it has been.
    pub fn start(&self, state: &[Option<f64>], seed: u64) -> Result<Cloud, Refusal> {
        self.check_state(state)?;
        let mut chance = Chance::new(seed);
        let particles = (0..PARTICLES)
            .map(|_| {
                let past = &self.all.input[chance.below(self.all.input.len())];
                let known = state.iter().zip(&self.all.units).zip(past);
                known.map(|((x, unit), past)| x.map_or(*past, |x| unit.z(x).clamp(-1e6, 1e6))).collect()
            })
            .collect();
        Ok(Cloud { particles, chance })
    }

    /// How near a state and an action lie to what was seen; what is not known of the state counts as usual.
    pub fn support(&self, state: &[Option<f64>], action: &[f64]) -> Result<Support, Refusal> {
        self.check_state(state)?;
        self.check(action)?;
        let known = state.iter().zip(&self.all.units).map(|(x, unit)| x.map_or(0.0, |x| unit.z(x)));
        Ok(self.all.support(&known.chain(self.action_z(action)).collect::<Vec<f64>>()))
    }

    pub(super) fn check_state(&self, state: &[Option<f64>]) -> Result<(), Refusal> {
        if state.len() != self.all.states || state.iter().flatten().any(|x| !x.is_finite()) {
            return Err(Refusal::senseless("the state", format!("{} finite values are needed", self.all.states)));
        }
        Ok(())
    }

    pub(super) fn check(&self, action: &[f64]) -> Result<(), Refusal> {
        if action.len() != self.shape().1 || action.iter().any(|x| !x.is_finite()) {
            return Err(Refusal::senseless("the action", format!("{} finite values are needed", self.shape().1)));
        }
        Ok(())
    }

    fn action_z<'a>(&'a self, action: &'a [f64]) -> impl Iterator<Item = f64> + 'a {
        self.all.units[self.all.states..].iter().zip(action).map(|(unit, x)| unit.z(*x))
    }

    /// How near a cloud's middle and an action lie to what was seen.
    pub(super) fn support_of(&self, cloud: &Cloud, action: &[f64]) -> Support {
        let n = cloud.particles.len() as f64;
        let middle = (0..self.all.states).map(|i| cloud.particles.iter().map(|one| one[i]).sum::<f64>() / n);
        self.all.support(&middle.chain(self.action_z(action)).collect::<Vec<f64>>())
    }

    /// Two futures of one state under two courses of action, step by step. Refuses a course that leaves what was seen;
    /// at its edge the answer says so.
    pub fn compare(&self, state: &[Option<f64>], one: &[Vec<f64>], other: &[Vec<f64>]) -> Result<Comparison, Refusal> {
        if one.len() != other.len() || !(1..=60).contains(&one.len()) {
            return Err(Refusal::senseless("the courses", "both need as many steps, 1 to 60"));
        }
        let start = self.start(state, self.seed)?;
        let mut clouds = [start.clone(), start];
        let (mut said, mut difference, mut support) = ([Vec::new(), Vec::new()], Vec::new(), Vec::new());
        for (step, both) in one.iter().zip(other).enumerate() {
            for (which, action) in [both.0, both.1].into_iter().enumerate() {
                self.check(action)?;
                let near = self.support_of(&clouds[which], action);
                if near == Support::Outside {
                    let reason = format!("nothing like the action of step {} was ever seen in such a state", step + 1);
                    return Err(Refusal::undetermined("the course's outcome", reason));
                }
                if which == 1 {
                    support.push(near);
                }
                self.step(&mut clouds[which], action);
                said[which].push(self.observe(&clouds[which]));
            }
            let particles = clouds[0].particles.iter().zip(&clouds[1].particles);
            let apart: Vec<Vec<f64>> = particles.map(|(a, b)| b.iter().zip(a).map(|(b, a)| b - a).collect()).collect();
            difference.push(self.outlook(&apart, true));
        }
        let [one, other] = said;
        Ok(Comparison { one, other, difference, support })
    }

    fn outlook(&self, particles: &[Vec<f64>], apart: bool) -> Outlook {
        let mut all = Outlook { mean: Vec::new(), low: Vec::new(), high: Vec::new() };
        for (i, unit) in self.all.units[..self.all.states].iter().enumerate() {
            let mut values: Vec<f64> =
                particles.iter().map(|one| if apart { one[i] * unit.spread } else { unit.x(one[i]) }).collect();
            values.sort_unstable_by(f64::total_cmp);
            let n = values.len();
            all.mean.push(values.iter().sum::<f64>() / n as f64);
            all.low.push(values[n / 20]);
            all.high.push(values[n - 1 - n / 20]);
        }
        all
    }
}

impl Body for World {
    type State = Cloud;
    type Input = [f64];
    type Seen = Outlook;

    /// Anywhere it has been.
    fn state(&self) -> Cloud {
        let mut chance = Chance::new(self.seed);
        let seen = |_| self.all.input[chance.below(self.all.input.len())][..self.all.states].to_vec();
        Cloud { particles: (0..PARTICLES).map(seen).collect(), chance: Chance::new(self.seed ^ 1) }
    }

    /// One step under an action, in the actions' own units; a value that is missing or not finite counts as usual.
    fn step(&self, cloud: &mut Cloud, action: &[f64]) {
        let action: Vec<f64> = (0..self.shape().1)
            .map(|i| {
                let known = action.get(i).filter(|x| x.is_finite());
                known.map_or(0.0, |x| self.all.units[self.all.states + i].z(*x).clamp(-1e6, 1e6))
            })
            .collect();
        for (i, particle) in cloud.particles.iter_mut().enumerate() {
            let input: Vec<f64> = particle.iter().chain(&action).copied().collect();
            let error = &self.errors[cloud.chance.below(self.errors.len())];
            let next = self.members[i % self.members.len()].next(&input);
            *particle = next.iter().zip(error).map(|(next, error)| (next + error).clamp(-HELD, HELD)).collect();
        }
    }

    fn observe(&self, cloud: &Cloud) -> Outlook {
        self.outlook(&cloud.particles, false)
    }
}
