//! `ActivitySummary`, a day's rings, and `Me`, who the person is.

use super::present;
use crate::clock::{Moment, Order, parse};
use crate::error::Fault;
use crate::number;
use crate::outlet::{Outlet, Span, fitting};
use crate::text;
use crate::xml::Tag;
use didymos_base::time::DAY_MS;
use didymos_base::unit::Conversion;
use didymos_base::{Source, Timestamp, Value, ZoneOffset};

/// Attribute, stream, and whether the number is an energy, whose unit another attribute tells.
const RINGS: [(&[u8], &str, bool); 8] = [
    (b"activeEnergyBurned", "summary_energy_active", true),
    (b"activeEnergyBurnedGoal", "summary_energy_active_goal", true),
    (b"appleMoveTime", "summary_move_minutes", false),
    (b"appleMoveTimeGoal", "summary_move_minutes_goal", false),
    (b"appleExerciseTime", "summary_exercise_minutes", false),
    (b"appleExerciseTimeGoal", "summary_exercise_minutes_goal", false),
    (b"appleStandHours", "summary_stand_hours", false),
    (b"appleStandHoursGoal", "summary_stand_hours_goal", false),
];

/// Neither element names a source, but only Apple's own app makes them.
fn source() -> Source {
    Source::named("Apple Health")
}

pub(super) fn activity(tag: Tag<'_>, outlet: &mut Outlet<'_>) -> Result<(), Fault> {
    let day = match parse(tag.attribute(b"dateComponents").unwrap_or_default(), Order::DayFirst) {
        Ok(wall) => Moment { at: Timestamp(wall.ms), zone: ZoneOffset::UNKNOWN },
        Err(reason) => {
            outlet.skip(reason);
            return Ok(());
        }
    };
    let unit = text::unescaped(tag.attribute(b"activeEnergyBurnedUnit").unwrap_or(b"kcal")).into_owned();
    let energy = Conversion::new(&unit, "kcal", None);
    for (name, stream, is_energy) in RINGS {
        let Some(raw) = present(tag.attribute(name)) else { continue };
        let Some(number) = number::parse(raw) else {
            outlet.skip("not a number");
            continue;
        };
        let mut made_by = source();
        let number = match energy {
            _ if !is_energy => number,
            Ok(conversion) => {
                if !conversion.is_identity() {
                    made_by.converted_from = Some(conversion.from_ucum().to_owned());
                }
                conversion.apply(number)
            }
            Err(_) => {
                outlet.skip("unknown unit");
                continue;
            }
        };
        let (stream, made_by) = (outlet.known(stream), outlet.source(&made_by));
        outlet.push(stream, made_by, Span::lasting(day, DAY_MS), Value::Number(number), tag.at)?;
    }
    Ok(())
}

/// Who the person is. These facts have no time of their own: they stand at the date of birth, or where that is not told,
/// at the first instant there is. The time of export would make every export say them anew.
pub(super) fn me(tag: Tag<'_>, outlet: &mut Outlet<'_>) -> Result<(), Fault> {
    const PREFIX: &[u8] = b"HKCharacteristicTypeIdentifier";
    let made_by = outlet.source(&source());
    let born = present(tag.attribute(b"HKCharacteristicTypeIdentifierDateOfBirth"));
    let born_at = match born.map(|raw| parse(raw, Order::DayFirst)) {
        Some(Ok(wall)) => Some(Timestamp(wall.ms)),
        Some(Err(reason)) => {
            outlet.skip(reason);
            None
        }
        None => None,
    };
    let span = Span::at(Moment { at: born_at.unwrap_or(Timestamp::MIN), zone: ZoneOffset::UNKNOWN });
    for (name, raw) in tag.attributes() {
        let name = name.strip_prefix(PREFIX).unwrap_or(name);
        let value = text::unescaped(raw);
        let (stream, prefix) = match name {
            b"DateOfBirth" => {
                if born_at.is_some()
                    && let Ok(date) = fitting(&value)
                {
                    let stream = outlet.known("profile_date_of_birth");
                    outlet.push(stream, made_by, span, Value::Text(date), tag.at)?;
                }
                continue;
            }
            b"BiologicalSex" => ("profile_sex", "HKBiologicalSex"),
            b"BloodType" => ("profile_blood_type", "HKBloodType"),
            b"FitzpatrickSkinType" => ("profile_skin_type", "HKFitzpatrickSkinType"),
            other => {
                outlet.note("not read: Me", &text::plain(other));
                continue;
            }
        };
        let label = text::snake(value.strip_prefix(prefix).unwrap_or(&value));
        if label.is_empty() || label == "not_set" {
            continue;
        }
        let stream = outlet.known(stream);
        outlet.push(stream, made_by, span, Value::Category(label.into()), tag.at)?;
    }
    Ok(())
}
