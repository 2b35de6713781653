//! Places where somebody stays, from positions.
//!
//! A stay is time spent within some 150 m for a quarter of an hour and more (stay points, Li et al., ACM GIS 2008);
//! stays near one another are one place, the longest ones first. Between two positions at the same spot nobody is taken
//! to have left, unless half a day lies between them: phones are silent where nothing moves.

/// Within this many metres somebody stays.
const STAY_M: f64 = 150.0;
/// For so long at least.
const STAY_MS: i64 = 15 * 60_000;
/// Silence after which nothing is known.
const SILENT_MS: i64 = 12 * 3_600_000;
/// Stays within this many metres are at one place.
const PLACE_M: f64 = 200.0;
const EARTH_M: f64 = 6_371_000.0;

/// A position at a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fix {
    /// When, in milliseconds of any clock.
    pub at: i64,
    /// Degrees north.
    pub lat: f64,
    /// Degrees east.
    pub lon: f64,
}

/// A place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// Degrees north.
    pub lat: f64,
    /// Degrees east.
    pub lon: f64,
    /// How long somebody stayed there, in milliseconds.
    pub stayed_ms: i64,
}

/// A stay at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stay {
    /// Which place, from the list.
    pub place: usize,
    /// From when.
    pub from: i64,
    /// Until when.
    pub to: i64,
}

/// Metres between two positions, on a sphere, for short ways.
#[must_use]
pub fn metres(a: (f64, f64), b: (f64, f64)) -> f64 {
    let (north, mut east) = ((b.0 - a.0).to_radians(), (b.1 - a.1).to_radians());
    if east.abs() > std::f64::consts::PI {
        east -= std::f64::consts::TAU * east.signum();
    }
    let along = east * f64::midpoint(a.0, b.0).to_radians().cos();
    EARTH_M * (north * north + along * along).sqrt()
}

/// Places and stays of positions in order of time, the place with the longest stays first. Positions that are not on
/// Earth are passed over.
#[must_use]
pub fn places(fixes: &[Fix]) -> (Vec<Place>, Vec<Stay>) {
    let fixes: Vec<Fix> = fixes.iter().filter(|fix| fix.lat.abs() <= 90.0 && fix.lon.abs() <= 180.0).copied().collect();
    let found = stays(&fixes);
    let mut order: Vec<usize> = (0..found.len()).collect();
    order.sort_by_key(|at| (std::cmp::Reverse(found[*at].2 - found[*at].1), *at));
    let mut places: Vec<Place> = Vec::new();
    let mut of = vec![0; found.len()];
    for at in order {
        let ((lat, lon), from, to) = found[at];
        let near = places
            .iter()
            .enumerate()
            .map(|(place, known)| (metres((known.lat, known.lon), (lat, lon)), place))
            .filter(|(away, _)| *away <= PLACE_M)
            .min_by(|a, b| a.0.total_cmp(&b.0));
        let place = near.map_or(places.len(), |(_, place)| place);
        if place == places.len() {
            places.push(Place { lat, lon, stayed_ms: 0 });
        }
        places[place].stayed_ms += to - from;
        of[at] = place;
    }
    let mut ranks: Vec<usize> = (0..places.len()).collect();
    ranks.sort_by_key(|place| (std::cmp::Reverse(places[*place].stayed_ms), *place));
    let rank_of = |place: usize| ranks.iter().position(|ranked| *ranked == place).unwrap_or_default();
    let stays =
        found.iter().zip(&of).map(|((_, from, to), place)| Stay { place: rank_of(*place), from: *from, to: *to });
    (ranks.iter().map(|place| places[*place]).collect(), stays.collect())
}

type Found = ((f64, f64), i64, i64);

fn stays(fixes: &[Fix]) -> Vec<Found> {
    let mut stays = Vec::new();
    let mut first = 0;
    while first < fixes.len() {
        let begun = fixes[first];
        let mut end = first + 1;
        while let Some(next) = fixes.get(end)
            && next.at.saturating_sub(fixes[end - 1].at) <= SILENT_MS
            && metres((begun.lat, begun.lon), (next.lat, next.lon)) <= STAY_M
        {
            end += 1;
        }
        let (from, to) = (begun.at, fixes[end - 1].at);
        if to.saturating_sub(from) >= STAY_MS {
            let n = (end - first) as f64;
            let lat = fixes[first..end].iter().map(|fix| fix.lat).sum::<f64>() / n;
            let lon = fixes[first..end].iter().map(|fix| fix.lon).sum::<f64>() / n;
            stays.push(((lat, lon), from, to));
            first = end;
        } else {
            first += 1;
        }
    }
    stays
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::Seeded;

    const HOUR: i64 = 3_600_000;

    #[test]
    fn home_and_work_are_found_with_their_hours_and_ways_between_are_not_places() {
        let mut random = Seeded::new(3);
        let (home, work) = ((47.0, 8.0), (47.03, 8.05));
        let mut fixes = Vec::new();
        for day in 0..5 {
            let mut stay = |spot: (f64, f64), from: i64, to: i64| {
                for at in (from..to).step_by(10 * 60_000) {
                    let mut off = || (random.below(100) as f64 - 50.0) * 4e-6;
                    fixes.push(Fix { at: day * 24 * HOUR + at, lat: spot.0 + off(), lon: spot.1 + off() });
                }
            };
            stay(home, 0, 8 * HOUR);
            stay(work, 9 * HOUR, 17 * HOUR);
            stay(home, 18 * HOUR, 24 * HOUR);
            for step in 0..12_u8 {
                let share = f64::from(step) / 12.0;
                let (lat, lon) = (home.0 + share * 0.03, home.1 + share * 0.05);
                fixes.push(Fix { at: day * 24 * HOUR + 8 * HOUR + i64::from(step) * 300_000, lat, lon });
            }
        }
        fixes.sort_by_key(|fix| fix.at);
        let (places, stays) = places(&fixes);
        assert_eq!(places.len(), 2, "{places:?}");
        assert!(
            metres((places[0].lat, places[0].lon), home) < 30.0 && metres((places[1].lat, places[1].lon), work) < 30.0
        );
        assert!(stays.iter().filter(|stay| stay.place == 1).count() == 5);
        assert!(places[0].stayed_ms > places[1].stayed_ms && places[1].stayed_ms > 5 * 7 * HOUR);
    }

    #[test]
    fn nothing_and_nonsense_give_no_places() {
        assert_eq!(places(&[]).0.len(), 0);
        let odd = [Fix { at: 0, lat: f64::NAN, lon: 0.0 }, Fix { at: HOUR, lat: 95.0, lon: 0.0 }];
        assert_eq!(places(&odd).0.len(), 0);
        // On both sides of the date line lies one place.
        assert!(metres((0.0, 179.9999), (0.0, -179.9999)) < 30.0);
    }
}
