//! What could be done in the coming days for what the owner wishes: planned in a world learnt from the owner's days,
//! beside the policy that learnt from the same days without a world. Nothing that was never done is proposed unsaid, and
//! whether it works is for a trial to show.

use super::mirror_days::{self, Days};
use super::mirror_learn::{Known, Life, Worldly, date_text, learnt, roles, world_of};
use super::mirror_what_if::offer_plainly;
use crate::Twin;
use crate::door::{Failure, FailureCode, Progress, Watch};
use crate::request::{Allowed, ChangeBy, Intervention, Propose, Wish};
use crate::response::{
    ActionLimits, Causal, CausalKind, DayPlanned, InfluenceTold, ModelKind, ModelUsed, OutlookTold, PolicyTold,
    ProposeAnswer, Refused,
};
use didymos_base::StreamId;
use didymos_mirror::body::{Body, Refusal};
use didymos_mirror::world::{Aim, FittedQ, Limits, Proposal, Support, Unsupported, World};
use std::sync::Arc;

const AIMS: usize = 4;
const ACTIONS: usize = 4;
const DAYS: std::ops::RangeInclusive<u32> = 1..=14;
/// Days on which a proposal looks ahead where nothing is said.
const AHEAD: u32 = 3;
/// How much of the spread between particles is taken off what is expected.
const CAUTION: f64 = 0.1;

fn invalid(message: impl Into<String>) -> Failure {
    Failure::new(FailureCode::Invalid, message)
}

fn refused(answer: ProposeAnswer, because: impl Into<String>, missing: Vec<String>) -> ProposeAnswer {
    ProposeAnswer { refused: Some(Refused { because: because.into(), missing }), ..answer }
}

fn check(asked: &Propose) -> Result<u32, Failure> {
    if !(1..=AIMS).contains(&asked.aims.len()) || asked.limits.len() > ACTIONS {
        return Err(invalid(format!(
            "a proposal needs 1 to {AIMS} streams to aim at, and at most {ACTIONS} to act on"
        )));
    }
    if let Some(wish) = asked.aims.iter().find(|wish| !wish.weight.is_finite() || wish.weight == 0.0) {
        return Err(invalid(format!("`{}`: the weight of a wish is a number other than 0", wish.stream)));
    }
    if let Some(both) = asked.aims.iter().find(|wish| asked.limits.iter().any(|limit| limit.stream == wish.stream)) {
        return Err(invalid(format!("`{}` cannot be both what is done and what is aimed at", both.stream)));
    }
    let days = asked.days.unwrap_or(AHEAD);
    if DAYS.contains(&days) { Ok(days) } else { Err(invalid("a proposal looks 1 to 14 days ahead")) }
}

/// The world that a question is about: the one that is kept, or one of its own where other streams are asked about.
enum Asked {
    Kept(Arc<Known>),
    Own(Box<Known>),
}

impl Asked {
    fn known(&self) -> &Known {
        match self {
            Self::Kept(known) => known,
            Self::Own(known) => known,
        }
    }
}

type Lack = (String, Vec<String>);

fn world(twin: &Twin, life: &mut Life, asked: &Propose, watch: Watch<'_>) -> Result<Result<Asked, Lack>, Failure> {
    let (states, actions) = roles(life);
    let name = |at: &usize| life.days[*at].stream.clone();
    let usual_actions: Vec<StreamId> = actions.iter().map(name).collect();
    let usual_states: Vec<StreamId> = states.iter().map(name).collect();
    let fits = asked.aims.iter().all(|wish| usual_states.contains(&wish.stream))
        && asked.limits.iter().all(|limit| usual_actions.contains(&limit.stream));
    let lack = |because: String| {
        let missing = vec![
            "60 to 100 days on which both what you do and what you wish for are measured (`twin streams`)".to_owned(),
        ];
        Ok(Err((because, missing)))
    };
    if fits {
        return match learnt::<Worldly>(twin, life, watch)? {
            Ok(known) => Ok(Ok(Asked::Kept(known))),
            Err(because) => lack(because),
        };
    }
    // Streams that are not among the usual ones: a world of its own, learnt now.
    for stream in asked.aims.iter().map(|wish| &wish.stream).chain(asked.limits.iter().map(|limit| &limit.stream)) {
        if life.days.iter().all(|days| days.stream != *stream) {
            match mirror_days::days(twin, stream, None) {
                Ok(days) => life.days.push(days),
                Err(failure) => return Ok(Err((failure.message, vec![format!("data on `{stream}`")]))),
            }
        }
    }
    let at = |stream: &StreamId| life.days.iter().position(|days| days.stream == *stream);
    let actions: Vec<usize> = if asked.limits.is_empty() {
        let aims = |at: &usize| asked.aims.iter().any(|wish| wish.stream == life.days[*at].stream);
        actions.into_iter().filter(|at| !aims(at)).collect()
    } else {
        asked.limits.iter().filter_map(|limit| at(&limit.stream)).collect()
    };
    let mut own: Vec<usize> = asked.aims.iter().filter_map(|wish| at(&wish.stream)).collect();
    for state in states {
        if own.len() < 6 && !own.contains(&state) && !actions.contains(&state) {
            own.push(state);
        }
    }
    let mut learner = match world_of(life, &own, &actions) {
        Ok(learner) => learner,
        Err(refusal) => return lack(refusal.to_string()),
    };
    let mut heard = |done: usize, of: usize| {
        watch(Progress {
            doing: "learning what follows".into(),
            unit: "parts".into(),
            done: done as u64,
            of: of as u64,
        })
    };
    let done = match learner.advance(&mut heard) {
        Ok(done) => done,
        Err(refusal) => return lack(refusal.to_string()),
    };
    if !done {
        return Err(Failure::new(FailureCode::Stopped, "stopped; nothing was changed"));
    }
    let names = |of: &[usize]| of.iter().map(|at| life.days[*at].stream.to_string()).collect();
    match learner.finish() {
        Ok(world) => Ok(Ok(Asked::Own(Box::new(Known { states: names(&own), actions: names(&actions), world })))),
        Err(refusal) => lack(refusal.to_string()),
    }
}

/// A stream's days by its name.
fn days<'a>(life: &'a Life, name: &str) -> Option<&'a Arc<Days>> {
    life.days.iter().find(|days| days.stream.as_str() == name)
}

pub(crate) fn answer(twin: &Twin, asked: &Propose, watch: Watch<'_>) -> Result<ProposeAnswer, Failure> {
    let ahead = check(asked)?;
    let mut life = Life::of(twin, watch)?;
    let answer = ProposeAnswer::default();
    let found = match world(twin, &mut life, asked, watch)? {
        Ok(found) => found,
        Err((because, missing)) => return Ok(refused(answer, because, missing)),
    };
    let known = found.known();
    let mut limits = Vec::new();
    for name in &known.actions {
        let Some(days) = days(&life, name) else { continue };
        limits.push(allowed(&life, days, asked.limits.iter().find(|limit| limit.stream == days.stream))?);
    }
    let mut answer = ProposeAnswer { limits, ..answer };
    match planned(&life, known, asked, ahead, &mut answer) {
        Ok(()) => Ok(answer),
        Err(refusal) => {
            let missing = match &refusal {
                Refusal::Undetermined { .. } => {
                    vec!["wider limits, or days on which it was tried: best by lot (`twin experiment`)".to_owned()]
                }
                _ => vec!["limits and wishes that make sense, and more days".to_owned()],
            };
            Ok(refused(answer, refusal.to_string(), missing))
        }
    }
}

/// What is usual of an action, and its limits.
fn allowed(life: &Life, days: &Days, asked: Option<&Allowed>) -> Result<ActionLimits, Failure> {
    let mut done: Vec<f64> = life.learnt_days(days).iter().flatten().collect();
    done.sort_by(f64::total_cmp);
    let at = |share: f64| done.get(((done.len().max(1) - 1) as f64 * share).round() as usize).copied().unwrap_or(0.0);
    let low = asked.and_then(|limit| limit.low).unwrap_or_else(|| at(0.05));
    let high = asked.and_then(|limit| limit.high).unwrap_or_else(|| at(0.95));
    if !(low.is_finite() && high.is_finite() && low <= high) {
        return Err(invalid(format!("`{}`: the limits {low} to {high} leave nothing to do", days.stream)));
    }
    Ok(ActionLimits { stream: days.stream.clone(), unit: days.unit.clone(), usual: at(0.5), low, high })
}

fn planned(life: &Life, known: &Known, asked: &Propose, ahead: u32, answer: &mut ProposeAnswer) -> Result<(), Refusal> {
    let world = &known.world;
    let weight = |name: &String| -> f64 {
        let wish = asked.aims.iter().find(|wish: &&Wish| wish.stream.as_str() == name);
        wish.map_or(0.0, |wish| wish.weight)
    };
    let aim = Aim { weight: known.states.iter().map(weight).collect(), caution: CAUTION };
    let limits = Limits {
        low: answer.limits.iter().map(|limit| limit.low).collect(),
        high: answer.limits.iter().map(|limit| limit.high).collect(),
    };
    // The last day of which anything is known is over, and what was done on it too: the first day to plan is the next.
    let last = life.days.iter().map(|days| days.end()).max().unwrap_or(life.learnt.1) - 1;
    let on_last = |name: &String| {
        let days = days(life, name)?;
        usize::try_from(last - days.first).ok().and_then(|day| days.column.get(day))
    };
    let state: Vec<Option<f64>> = known.states.iter().map(on_last).collect();
    let done = known.actions.iter().zip(&answer.limits).map(|(name, limit)| on_last(name).unwrap_or(limit.usual));
    let mut cloud = world.start(&state, u64::from(asked.seed))?;
    world.step(&mut cloud, &done.collect::<Vec<f64>>());
    let state: Vec<Option<f64>> = world.observe(&cloud).mean.into_iter().map(Some).collect();
    let unsupported = if asked.beyond { Unsupported::Warn } else { Unsupported::Refuse };
    let seed = u64::from(asked.seed);
    let plan = world.plan(&state, &aim, &limits, ahead as usize, unsupported, seed)?;
    answer.model = Some(model(life, known));
    answer.gain = plan.gain;
    let support = match plan.support {
        Support::Within => "within",
        Support::Edge => "edge",
        Support::Outside => "outside",
    };
    support.clone_into(&mut answer.support);
    answer.plan = (1..)
        .zip(&plan.actions)
        .map(|(day, actions)| DayPlanned { date: date_text(last + day), actions: actions.clone() })
        .collect();
    outlooks(life, known, &aim, &state, &plan, answer);
    evidence(known, &aim, answer);
    policy(world, &aim, &limits, &state, seed, answer);
    warn(known, &plan, &aim, answer);
    settle(life, known, asked, &plan, answer);
    Ok(())
}

fn model(life: &Life, known: &Known) -> ModelUsed {
    let (from, to) = life.dates();
    let members = if known.world.is_bent() { "lines and small nets" } else { "lines" };
    ModelUsed {
        kind: ModelKind::World,
        says: format!(
            "six worlds of {members}, learnt from your days from {from} to {to}: what is measured tomorrow from what is \
             measured and done today; where they disagree they do not know"
        ),
        parameters: Vec::new(),
    }
}

fn outlooks(life: &Life, known: &Known, aim: &Aim, state: &[Option<f64>], plan: &Proposal, answer: &mut ProposeAnswer) {
    let usual: Vec<f64> = answer.limits.iter().map(|limit| limit.usual).collect();
    let usual = vec![usual; plan.actions.len()];
    let told = match known.world.compare(state, &usual, &plan.actions) {
        Ok(told) => told,
        Err(refusal) => {
            answer.warnings.push(format!("how it would go cannot be told beside the usual: {refusal}"));
            return;
        }
    };
    for (at, name) in known.states.iter().enumerate().filter(|(at, _)| aim.weight[*at] != 0.0) {
        let Some(days) = days(life, name) else { continue };
        let of = |steps: &[didymos_mirror::world::Outlook], which: fn(&didymos_mirror::world::Outlook) -> &Vec<f64>| {
            steps.iter().map(|step| which(step)[at]).collect::<Vec<f64>>()
        };
        answer.outlook.push(OutlookTold {
            stream: days.stream.clone(),
            unit: days.unit.clone(),
            usual: of(&told.one, |step| &step.mean),
            planned: of(&told.other, |step| &step.mean),
            difference_low: of(&told.difference, |step| &step.low),
            difference_high: of(&told.difference, |step| &step.high),
            error: known.world.errors()[at],
        });
    }
}

fn evidence(known: &Known, aim: &Aim, answer: &mut ProposeAnswer) {
    for influence in known.world.evidence().iter().filter(|influence| aim.weight[influence.state] != 0.0) {
        let (Ok(action), Ok(state)) = (known.actions[influence.action].parse(), known.states[influence.state].parse())
        else {
            continue;
        };
        answer.evidence.push(InfluenceTold {
            action,
            state,
            slope: influence.slope,
            slope_95: [influence.low, influence.high],
            p: influence.p,
            shown: influence.shown,
            days: influence.transitions as u64,
        });
    }
}

fn policy(world: &World, aim: &Aim, limits: &Limits, state: &[Option<f64>], seed: u64, answer: &mut ProposeAnswer) {
    let acted = FittedQ::learn(world, aim, limits, seed).and_then(|policy| policy.act(world, state));
    match acted {
        Ok((actions, gain)) => answer.policy = Some(PolicyTold { actions, gain }),
        Err(refusal) => answer.notes.push(format!("the policy learnt without a world says nothing: {refusal}")),
    }
}

fn warn(known: &Known, plan: &Proposal, aim: &Aim, answer: &mut ProposeAnswer) {
    match plan.support {
        Support::Within => {}
        Support::Edge => {
            answer.warnings.push("part of this was hardly ever done before: it leans on little".to_owned());
        }
        Support::Outside => {
            answer
                .warnings
                .push("nothing like this was ever done in such a state: nobody knows what it does".to_owned());
        }
    }
    if plan.shown.is_empty() {
        answer.warnings.push(
            "nothing of what can be done stands out in your days as going before what you wish for: the gain may be chance"
                .to_owned(),
        );
    }
    for (name, error) in known
        .states
        .iter()
        .zip(known.world.errors())
        .enumerate()
        .filter(|(at, _)| aim.weight[*at] != 0.0)
        .map(|(_, pair)| pair)
    {
        if *error >= 1.0 {
            answer.warnings.push(format!("of `{name}` the world tells no more than its mean"));
        }
    }
}

/// What may be concluded, and the trial that would settle the action that moves most.
fn settle(life: &Life, known: &Known, asked: &Propose, plan: &Proposal, answer: &mut ProposeAnswer) {
    let mean = |at: usize| plan.actions.iter().map(|day| day[at]).sum::<f64>() / plan.actions.len().max(1) as f64;
    let moved = |at: &usize| {
        let limit = &answer.limits[*at];
        ((mean(*at) - limit.usual) / (limit.high - limit.low).max(f64::MIN_POSITIVE)).abs()
    };
    let candidates: Vec<usize> =
        if plan.shown.is_empty() { (0..answer.limits.len()).collect() } else { plan.shown.clone() };
    let most = candidates.into_iter().max_by(|a, b| moved(a).total_cmp(&moved(b)));
    let outcome = asked.aims.iter().max_by(|a, b| a.weight.abs().total_cmp(&b.weight.abs()));
    let trial = most.zip(outcome).and_then(|(at, wish)| {
        let limit = &answer.limits[at];
        let change = ChangeBy::Set { value: rounded(mean(at)) };
        let outcome = days(life, wish.stream.as_str())?;
        let state = known.states.iter().position(|name| *name == wish.stream.as_str())?;
        let told = answer.outlook.iter().find(|told| told.stream == wish.stream);
        let effect = told.map_or(0.0, |told| {
            told.planned.iter().zip(&told.usual).map(|(a, b)| a - b).sum::<f64>() / told.usual.len().max(1) as f64
        });
        let column = life.learnt_days(outcome);
        let count = column.count().max(1) as f64;
        let average = column.iter().flatten().sum::<f64>() / count;
        let spread = (column.iter().flatten().map(|x| (x - average).powi(2)).sum::<f64>() / count).sqrt();
        let error = spread * known.world.errors()[state].min(1.0);
        let changed = Intervention::Stream { stream: limit.stream.clone(), change };
        offer_plainly(&[changed], outcome, (error, effect), asked.seed)
    });
    answer.causal = Some(Causal {
        kind: CausalKind::Observational,
        says: "This is how your days followed each other by themselves. Something else may have moved both, so it need not \
               be a cause; a trial with lots would tell."
            .to_owned(),
        trial,
    });
}

/// A number that can be said.
fn rounded(x: f64) -> f64 {
    if x == 0.0 || !x.is_finite() {
        return x;
    }
    let unit = 10f64.powi(x.abs().log10().floor() as i32 - 2);
    (x / unit).round() * unit
}
