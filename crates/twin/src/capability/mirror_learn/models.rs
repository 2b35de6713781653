//! The three models that are learnt by default.

use super::{Life, MemoryOf, Model, Slot};
use crate::request::Learnable;
use didymos_mirror::body::Refusal;
use didymos_mirror::features::{Column, Grid};
use didymos_mirror::generate::{self, Generator};
use didymos_mirror::gnn::{self, Diary, Portrait};
use didymos_mirror::world::{self, Record, World};
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;

/// Streams that days are made of: more would need more days than people have.
const MADE: usize = 4;
/// States and actions of the world.
const STATES: usize = 8;
const ACTIONS: usize = 4;

/// What of a day somebody decides on, at least in part.
const DECIDED: [&str; 12] = [
    "sleep_stage",
    "sleep_minutes",
    "steps",
    "exercise_minutes",
    "dietary_caffeine",
    "dietary_carbohydrates",
    "dietary_energy",
    "dietary_water",
    "sleep_in_bed_minutes",
    "distance",
    "energy_active",
    "flights_climbed",
];

/// The graph network over hours, beside its baselines.
pub(crate) struct Pictured;

/// Columns of hours from one to another.
fn part(life: &Life, (from, to): (usize, usize), streams: usize) -> (Grid, Vec<Column>) {
    let grid = Grid { start: life.grid.time(from), len: to - from, ..life.grid };
    let column = |column: &Column| Column::from_options((from..to).map(|t| column.get(t)));
    (grid, life.hours.iter().take(streams).map(|stream| column(&stream.column)).collect())
}

/// Calls `work` with the diary of these hours.
pub(crate) fn with_diary<T>(life: &Life, hours: (usize, usize), work: impl FnOnce(&Diary<'_>) -> T) -> T {
    let (grid, streams) = part(life, hours, usize::MAX);
    let events: Vec<(usize, u32)> = life
        .events
        .iter()
        .filter(|(t, _)| (hours.0..hours.1).contains(t))
        .map(|(t, kind)| (t - hours.0, *kind))
        .collect();
    work(&Diary { grid, streams: &streams, places: &life.places[hours.0..hours.1], events: &events })
}

fn no_hours() -> Refusal {
    Refusal::TooFew { what: "streams known on 14 days or more, 6 hours a day", have: 0, need: 1 }
}

impl Model for Pictured {
    type Learner = gnn::Learner;
    type Done = Portrait;
    const WHICH: Learnable = Learnable::Portrait;
    const FILE: &'static str = "learnt-portrait";
    const DOING: &'static str = "learning your hours";

    fn material(life: &Life) -> Vec<u8> {
        [life.hours_in_bytes(usize::MAX), life.circumstances_in_bytes()].concat()
    }

    fn begin(life: &Life) -> Result<gnn::Learner, Refusal> {
        if life.hours.is_empty() {
            return Err(no_hours());
        }
        with_diary(life, life.learnt_hours(), |diary| gnn::Learner::begin(diary, gnn::Settings::default()))
    }

    fn advance(
        learner: &mut gnn::Learner,
        life: &Life,
        watch: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
    ) -> Result<bool, Refusal> {
        with_diary(life, life.learnt_hours(), |diary| learner.advance(diary, watch))
    }

    fn progress(learner: &gnn::Learner) -> (usize, usize) {
        learner.progress()
    }

    fn finish(learner: gnn::Learner, life: &Life) -> Result<Portrait, Refusal> {
        with_diary(life, life.learnt_hours(), |diary| learner.finish(diary))
    }

    fn slot(memory: &mut MemoryOf<'_>) -> Slot<Self> {
        memory.0.portrait.clone()
    }

    fn remember(memory: &mut MemoryOf<'_>, slot: Slot<Self>) {
        memory.0.portrait = slot;
    }
}

/// The maker of days.
pub(crate) struct MadeDays;

/// What days are made of, and how the makers were judged; without a maker where all give away what they learnt from.
#[derive(Serialize, Deserialize)]
pub(crate) struct Maker {
    pub(crate) names: Vec<String>,
    pub(crate) units: Vec<String>,
    pub(crate) judged: Vec<generate::Judged>,
    pub(crate) generator: Result<Generator, String>,
}

impl Model for MadeDays {
    type Learner = generate::Learner;
    type Done = Maker;
    const WHICH: Learnable = Learnable::Days;
    const FILE: &'static str = "learnt-days";
    const DOING: &'static str = "learning to make days";

    fn material(life: &Life) -> Vec<u8> {
        [life.hours_in_bytes(MADE), life.lessons.to_le_bytes().to_vec()].concat()
    }

    fn begin(life: &Life) -> Result<generate::Learner, Refusal> {
        if life.hours.is_empty() {
            return Err(no_hours());
        }
        let (grid, streams) = part(life, life.learnt_hours(), MADE);
        let settings = generate::Settings { steps: life.lessons, ..generate::Settings::default() };
        generate::Learner::begin(&grid, &streams, settings)
    }

    fn advance(
        learner: &mut generate::Learner,
        _: &Life,
        watch: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
    ) -> Result<bool, Refusal> {
        learner.advance(watch)
    }

    fn progress(learner: &generate::Learner) -> (usize, usize) {
        learner.progress()
    }

    fn finish(learner: generate::Learner, life: &Life) -> Result<Maker, Refusal> {
        let streams = life.hours.iter().take(MADE);
        let (names, units) = streams.map(|stream| (stream.name.clone(), stream.unit.clone())).unzip();
        let judged = learner.judged().to_vec();
        let generator = learner.finish().map_err(|refusal| refusal.to_string());
        Ok(Maker { names, units, judged, generator })
    }

    fn slot(memory: &mut MemoryOf<'_>) -> Slot<Self> {
        memory.0.days.clone()
    }

    fn remember(memory: &mut MemoryOf<'_>, slot: Slot<Self>) {
        memory.0.days = slot;
    }
}

/// The world of days.
pub(crate) struct Worldly;

/// A world and what its columns are.
#[derive(Serialize, Deserialize)]
pub(crate) struct Known {
    pub(crate) states: Vec<String>,
    pub(crate) actions: Vec<String>,
    pub(crate) world: World,
}

/// Places in the life's days of what is measured, and of what is done.
pub(crate) fn roles(life: &Life) -> (Vec<usize>, Vec<usize>) {
    let decided = |at: &usize| DECIDED.contains(&life.days[*at].stream.as_str());
    let tells = |at: &usize| life.learnt_days(&life.days[*at]).tells();
    let all = || (0..life.days.len()).filter(tells);
    let actions: Vec<usize> = all().filter(decided).take(ACTIONS).collect();
    let states = all().filter(|at| !actions.contains(at)).take(STATES).collect();
    (states, actions)
}

/// Learns a world of these states and actions from the beginning.
pub(crate) fn world_of(life: &Life, states: &[usize], actions: &[usize]) -> Result<world::Learner, Refusal> {
    let columns = |of: &[usize]| of.iter().map(|at| life.learnt_days(&life.days[*at])).collect::<Vec<Column>>();
    let (state, action) = (columns(states), columns(actions));
    if state.is_empty() || action.is_empty() {
        let what = "streams of days, of what is measured and of what you do";
        return Err(Refusal::TooFew { what, have: state.len().min(1) + action.len().min(1), need: 2 });
    }
    world::Learner::begin(&Record { state: &state, action: &action }, world::Settings::default())
}

impl Model for Worldly {
    type Learner = world::Learner;
    type Done = Known;
    const WHICH: Learnable = Learnable::World;
    const FILE: &'static str = "learnt-world";
    const DOING: &'static str = "learning what follows from what you do";

    fn material(life: &Life) -> Vec<u8> {
        life.days_in_bytes()
    }

    fn begin(life: &Life) -> Result<world::Learner, Refusal> {
        let (states, actions) = roles(life);
        world_of(life, &states, &actions)
    }

    fn advance(
        learner: &mut world::Learner,
        _: &Life,
        watch: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
    ) -> Result<bool, Refusal> {
        learner.advance(watch)
    }

    fn progress(learner: &world::Learner) -> (usize, usize) {
        learner.progress()
    }

    fn finish(learner: world::Learner, life: &Life) -> Result<Known, Refusal> {
        let (states, actions) = roles(life);
        let names = |of: Vec<usize>| of.into_iter().map(|at| life.days[at].stream.to_string()).collect();
        Ok(Known { states: names(states), actions: names(actions), world: learner.finish()? })
    }

    fn slot(memory: &mut MemoryOf<'_>) -> Slot<Self> {
        memory.0.world.clone()
    }

    fn remember(memory: &mut MemoryOf<'_>, slot: Slot<Self>) {
        memory.0.world = slot;
    }
}
