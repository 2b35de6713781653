//! Glucose and insulin of a person with type-1 diabetes: the UVA/Padova body of 2008.
//!
//! Thirteen amounts move in time: two of food in the stomach and one in the gut; glucose in plasma and in tissue;
//! insulin under the skin (two), in plasma and in the liver; three delayed actions of insulin; and glucose under the
//! skin, where a sensor sits. Food leaves the stomach at a rate that depends on how full it is; insulin lets tissue
//! take glucose up and stops the liver from making it. The equations are those of Dalla Man, Rizza and Cobelli
//! (IEEE Trans. Biomed. Eng. 54, 2007) with the subcutaneous insulin and type-1 changes of Kovatchev et al. (J.
//! Diabetes Sci. Technol. 3, 2009), as the Python package `simglucose` 0.2.11 writes them, its rate of eating of
//! 5 g/min included, so that trajectories can be laid over each other.
//!
//! ```
//! use didymos_mirror::{body::Body, glucose::{Minute, Patient}};
//! let anna = Patient::named("adult#001")?;
//! let mut state = anna.state();
//! for minute in 0..120 {
//!     let carbs_g = if minute == 0 { 45.0 } else { 0.0 };
//!     anna.step(&mut state, &Minute::new(carbs_g, anna.basal_u_per_min())?);
//! }
//! assert!(anna.observe(&state) > 180.0); // mg/dL: the bolus was forgotten
//! # Ok::<(), didymos_mirror::body::Refusal>(())
//! ```

mod equations;
mod future;
mod meals;
mod mersenne;
mod minimal;
mod patient;
mod personal;
mod pump;
mod sensor;

pub use equations::{EATING_G_PER_MIN, Minute, PatientState};
pub use future::Bolus;
pub use meals::{Meal, random_meals};
pub use mersenne::Mersenne;
pub use minimal::{Minimal, MinimalFit, MinimalState};
pub use patient::{Patient, Therapy};
pub use personal::{Population, Record};
pub use pump::Pump;
pub use sensor::{Sensor, SensorNoise};
