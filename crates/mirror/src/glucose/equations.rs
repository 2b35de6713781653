//! The equations and how they are moved: classical Runge–Kutta, one step a minute, two while there is food in the
//! stomach.

use super::patient::Patient;
use crate::body::elementary::tanh;
use crate::body::runge_kutta::runge_kutta;
use crate::body::{Body, Refusal};

/// How fast everyone eats.
pub const EATING_G_PER_MIN: f64 = 5.0;

/// A minute is cut in pieces where the equations bend: below some 25 mg/dL, because they have a corner at 0, and
/// while the stomach holds food, because it empties in bends.
const LOW_MG_PER_KG: f64 = 45.0;
const PIECES_LOW: u32 = 32;
const FED_MG: f64 = 100.0;
const PIECES_FED: u32 = 2;

/// What acts on the body in one minute.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Minute {
    carbs_g: f64,
    insulin_u_per_min: f64,
}

impl Minute {
    /// A meal of `carbs_g` that begins now (it is eaten at 5 g/min), and insulin that flows for this minute.
    pub fn new(carbs_g: f64, insulin_u_per_min: f64) -> Result<Self, Refusal> {
        if !(0.0..=2_000.0).contains(&carbs_g) {
            return Err(Refusal::senseless("the meal", format!("{carbs_g} g is not within 0 and 2,000 g")));
        }
        if !(0.0..=200.0).contains(&insulin_u_per_min) {
            return Err(Refusal::senseless(
                "the insulin",
                format!("{insulin_u_per_min} U/min is not within 0 and 200 U/min"),
            ));
        }
        Ok(Minute { carbs_g, insulin_u_per_min })
    }

    pub(super) fn carbs_g(&self) -> f64 {
        self.carbs_g
    }

    pub(super) fn insulin_u_per_min(&self) -> f64 {
        self.insulin_u_per_min
    }
}

/// All that changes in a person.
#[derive(Clone, Debug, PartialEq)]
pub struct PatientState {
    /// The thirteen amounts, in the order of the papers.
    pub x: [f64; 13],
    /// Served but not eaten yet.
    waiting_g: f64,
    /// Eaten since the last meal began.
    eaten_g: f64,
    /// What was in the stomach when it began.
    before_mg: f64,
    eating: bool,
}

impl PatientState {
    /// A state with these amounts and an idle mouth.
    #[must_use]
    pub fn from_amounts(x: [f64; 13]) -> Self {
        PatientState { x, waiting_g: 0.0, eaten_g: 0.0, before_mg: x[0] + x[1], eating: false }
    }
}

impl Patient {
    /// Pulls the state so that glucose comes nearer to a reading by this share of what is missing.
    pub(crate) fn pull(&self, state: &mut PatientState, reading_mg_dl: f64, share: f64) {
        let now = self.observe(state).max(1.0);
        let factor = (1.0 + share * (reading_mg_dl - now) / now).clamp(0.2, 5.0);
        for i in [3, 4, 12] {
            state.x[i] *= factor;
        }
    }

    /// Moves by two minutes at once: half the work, and some tenths of a mg/dL off. For looking ahead.
    pub(crate) fn stride(&self, state: &mut PatientState, input: &Minute) {
        self.advance(state, input, 2.0, 1);
    }

    /// Moves by `minutes`, in so many pieces.
    fn advance(&self, state: &mut PatientState, input: &Minute, minutes: f64, pieces: u32) {
        state.waiting_g += input.carbs_g;
        let bite_g = state.waiting_g.min(EATING_G_PER_MIN * minutes);
        state.waiting_g -= bite_g;
        if bite_g > 0.0 && !state.eating {
            state.before_mg = state.x[0] + state.x[1];
            state.eaten_g = 0.0;
        }
        state.eating = bite_g > 0.0;
        if state.eating {
            state.eaten_g += bite_g;
        }
        let drive = Drive::new(self, state, bite_g / minutes, input.insulin_u_per_min);
        for _ in 0..pieces {
            state.x = runge_kutta(&state.x, minutes / f64::from(pieces), |x| drive.slope(x));
        }
    }
}

impl Body for Patient {
    type State = PatientState;
    type Input = Minute;
    /// Glucose under the skin in mg/dL.
    type Seen = f64;

    fn state(&self) -> PatientState {
        PatientState::from_amounts(self.start)
    }

    fn step(&self, state: &mut PatientState, minute: &Minute) {
        let pieces = if state.x[3] < LOW_MG_PER_KG {
            PIECES_LOW
        } else if state.x[0] + state.x[1] > FED_MG {
            PIECES_FED
        } else {
            1
        };
        self.advance(state, minute, 1.0, pieces);
    }

    fn observe(&self, state: &PatientState) -> f64 {
        state.x[12] / self.vg
    }
}

/// What stays the same within one minute.
struct Drive<'p> {
    patient: &'p Patient,
    food_mg_per_min: f64,
    insulin_pmol_per_kg_min: f64,
    /// Steepness and place of the two bends in how fast the stomach empties; all zero with nothing eaten.
    bends: Option<[f64; 4]>,
}

impl<'p> Drive<'p> {
    fn new(patient: &'p Patient, state: &PatientState, eating_g_per_min: f64, insulin_u_per_min: f64) -> Self {
        let full_mg = state.before_mg + state.eaten_g * 1000.0;
        Drive {
            patient,
            food_mg_per_min: eating_g_per_min * 1000.0,
            insulin_pmol_per_kg_min: insulin_u_per_min * 6000.0 / patient.bw,
            bends: (full_mg > 0.0).then(|| {
                [
                    5.0 / (2.0 * full_mg * (1.0 - patient.b)),
                    patient.b * full_mg,
                    5.0 / (2.0 * full_mg * patient.d),
                    patient.d * full_mg,
                ]
            }),
        }
    }

    /// The thirteen rates of change.
    #[inline]
    fn slope(&self, x: &[f64; 13]) -> [f64; 13] {
        let p = self.patient;
        let emptying = self.bends.map_or(p.kmax, |[aa, bd, cc, dd]| {
            let stomach = x[0] + x[1];
            p.kmin + (p.kmax - p.kmin) / 2.0 * (tanh(aa * (stomach - bd)) - tanh(cc * (stomach - dd)) + 2.0)
        });
        let appearing = p.f * p.kabs * x[2] / p.bw;
        let liver = (p.kp1 - p.kp2 * x[3] - p.kp3 * x[8]).max(0.0);
        let kidney = p.ke1 * (x[3] - p.ke2).max(0.0);
        let uptake = (p.vm0 + p.vmx * x[6]) * x[4] / (p.km0 + x[4]);
        let plasma_insulin = x[5] / p.vi;
        // Amounts that ran out stop; `simglucose` does so, too.
        let held = |i: usize, slope: f64| if x[i] >= 0.0 { slope } else { 0.0 };
        [
            -p.kmax * x[0] + self.food_mg_per_min,
            p.kmax * x[0] - x[1] * emptying,
            emptying * x[1] - p.kabs * x[2],
            held(3, liver + appearing - p.fsnc - kidney - p.k1 * x[3] + p.k2 * x[4]),
            held(4, -uptake + p.k1 * x[3] - p.k2 * x[4]),
            held(5, -(p.m2 + p.m4) * x[5] + p.m1 * x[9] + p.ka1 * x[10] + p.ka2 * x[11]),
            -p.p2u * x[6] + p.p2u * (plasma_insulin - p.ib),
            -p.ki * (x[7] - plasma_insulin),
            -p.ki * (x[8] - x[7]),
            held(9, -(p.m1 + p.m30) * x[9] + p.m2 * x[5]),
            held(10, self.insulin_pmol_per_kg_min - (p.ka1 + p.kd) * x[10]),
            held(11, p.kd * x[10] - p.ka2 * x[11]),
            held(12, p.ksc * (x[3] - x[12])),
        ]
    }
}
