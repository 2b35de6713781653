//! Random days of meals: three meals and three snacks, each taken with some chance, at a time and of a size that
//! vary. The same days as `simglucose`'s `RandomScenario` draws from the same seed.

use super::mersenne::Mersenne;
use crate::body::elementary::exp;

/// Something eaten.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Meal {
    /// Minutes from the start of the simulation.
    pub minute: u32,
    /// Carbohydrate.
    pub carbs_g: f64,
}

const MIN_PER_DAY: u32 = 24 * 60;

struct Habit {
    chance: f64,
    from_h: f64,
    to_h: f64,
    mean_h: f64,
    sd_min: f64,
    mean_g: f64,
    sd_g: f64,
}

const fn habit(chance: f64, [from_h, to_h, mean_h]: [f64; 3], sd_min: f64, [mean_g, sd_g]: [f64; 2]) -> Habit {
    Habit { chance, from_h, to_h, mean_h, sd_min, mean_g, sd_g }
}

const HABITS: [Habit; 6] = [
    habit(0.95, [5.0, 9.0, 7.0], 60.0, [45.0, 10.0]),
    habit(0.3, [9.0, 10.0, 9.5], 30.0, [10.0, 5.0]),
    habit(0.95, [10.0, 14.0, 12.0], 60.0, [70.0, 10.0]),
    habit(0.3, [14.0, 16.0, 15.0], 30.0, [10.0, 5.0]),
    habit(0.95, [16.0, 20.0, 18.0], 60.0, [80.0, 10.0]),
    habit(0.3, [20.0, 23.0, 21.5], 30.0, [10.0, 5.0]),
];

/// The meals of `minutes` that begin at `start_minute` of a day.
#[must_use]
pub fn random_meals(seed: u32, start_minute: u32, minutes: u32) -> Vec<Meal> {
    let mut random = Mersenne::new(seed);
    let mut meals = Vec::new();
    // `simglucose` draws a first day at once, and a new one at every midnight, the first minute included.
    let mut day = draw(&mut random);
    let mut day_begins = -i64::from(start_minute % MIN_PER_DAY);
    while day_begins < i64::from(minutes) {
        if day_begins >= 0 {
            day = draw(&mut random);
        }
        for (of_day, carbs_g) in &day {
            let minute = day_begins + i64::from(*of_day);
            if (0..i64::from(minutes)).contains(&minute) {
                meals.push(Meal { minute: minute as u32, carbs_g: *carbs_g });
            }
        }
        day_begins += i64::from(MIN_PER_DAY);
    }
    meals
}

fn draw(random: &mut Mersenne) -> Vec<(u32, f64)> {
    let mut day: Vec<(u32, f64)> = Vec::new();
    for habit in &HABITS {
        if random.uniform() < habit.chance {
            let low = (habit.from_h - habit.mean_h) * 60.0 / habit.sd_min;
            let high = (habit.to_h - habit.mean_h) * 60.0 / habit.sd_min;
            let minute = habit.mean_h * 60.0 + habit.sd_min * truncated_normal(random.uniform(), low, high);
            let minute = minute.round_ties_even() as u32;
            let carbs_g = (habit.mean_g + habit.sd_g * random.normal()).round_ties_even().max(0.0);
            // Of two in one minute only the first is eaten.
            if day.iter().all(|(other, _)| *other != minute) {
                day.push((minute, carbs_g));
            }
        }
    }
    day.sort_by_key(|(minute, _)| *minute);
    day
}

/// The quantile `q` of the normal distribution cut off below `low` and above `high`, both within ±6.
fn truncated_normal(q: f64, low: f64, high: f64) -> f64 {
    let aim = normal_cdf(low) + q * (normal_cdf(high) - normal_cdf(low));
    // Newton's method; from 0 it never oversteps, because the curve is flatter on either side.
    let mut x: f64 = 0.0;
    for _ in 0..60 {
        let step = (aim - normal_cdf(x)) / normal_pdf(x);
        x += step;
        if step.abs() < 1e-14 {
            break;
        }
    }
    x.clamp(low, high)
}

fn normal_pdf(x: f64) -> f64 {
    exp(-0.5 * x * x) / std::f64::consts::TAU.sqrt()
}

/// By its series about 0 (Abramowitz and Stegun 26.2.11).
fn normal_cdf(x: f64) -> f64 {
    let (mut term, mut sum) = (x, x);
    for n in 1..200 {
        term *= x * x / f64::from(2 * n + 1);
        sum += term;
        if term.abs() < 1e-18 {
            break;
        }
    }
    0.5 + sum * normal_pdf(x)
}

#[cfg(test)]
#[allow(clippy::unreadable_literal)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_the_cut_off_normal() {
        assert!((normal_cdf(1.0) - 0.841_344_746_068_542_9).abs() < 1e-15);
        assert!((truncated_normal(0.0, -2.0, 2.0) + 2.0).abs() < 1e-12);
        assert!(truncated_normal(0.5, -2.0, 2.0).abs() < 1e-12);
        // scipy.stats.truncnorm.ppf(0.9, -1, 1)
        assert!((truncated_normal(0.9, -1.0, 1.0) - 0.7490145989695699).abs() < 1e-12);
    }

    /// What `RandomScenario(start_time, seed)` served, minute by minute.
    #[test]
    fn the_same_meals_as_simglucose() {
        check(
            7,
            0,
            2880,
            &[(501, 45.0), (575, 14.0), (723, 71.0), (1075, 80.0), (1840, 30.0), (2132, 53.0), (2543, 85.0)],
        );
        check(1, 360, 1440, &[(93, 40.0), (348, 59.0), (785, 95.0)]);
    }

    fn check(seed: u32, start_minute: u32, minutes: u32, served: &[(u32, f64)]) {
        let meals = random_meals(seed, start_minute, minutes);
        let meals: Vec<_> = meals.iter().filter(|meal| meal.carbs_g > 0.0).map(|m| (m.minute, m.carbs_g)).collect();
        assert_eq!(meals, served);
    }
}
