//! The thirty virtual people: parameters of the body and of their therapy, read from the tables that ship with it.

use crate::body::Refusal;

const PARAMETERS: &str = include_str!("../../data/glucose/vpatient_params.csv");
const THERAPIES: &str = include_str!("../../data/glucose/Quest.csv");

/// A virtual person. Names of the parameters are those of the papers (see [`crate::glucose`]).
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Patient {
    pub name: String,
    pub therapy: Therapy,
    /// Where the thirteen amounts start.
    pub start: [f64; 13],
    /// Body weight in kg.
    pub bw: f64,
    pub kabs: f64,
    pub kmax: f64,
    pub kmin: f64,
    pub b: f64,
    pub d: f64,
    pub vg: f64,
    pub vi: f64,
    pub vmx: f64,
    pub vm0: f64,
    pub km0: f64,
    pub k1: f64,
    pub k2: f64,
    pub p2u: f64,
    pub m1: f64,
    pub m2: f64,
    pub m4: f64,
    pub m30: f64,
    pub ki: f64,
    pub kp1: f64,
    pub kp2: f64,
    pub kp3: f64,
    pub f: f64,
    pub ke1: f64,
    pub ke2: f64,
    pub fsnc: f64,
    pub ib: f64,
    pub kd: f64,
    pub ka1: f64,
    pub ka2: f64,
    pub ksc: f64,
    /// Insulin that holds the starting glucose, in pmol/kg/min.
    pub u2ss: f64,
}

/// What a person and their doctor know by heart: what a bolus calculator is set to.
#[derive(Clone, Debug, PartialEq)]
pub struct Therapy {
    /// Grams of carbohydrate that one unit of insulin covers.
    pub carb_ratio_g_per_u: f64,
    /// By how many mg/dL one unit of insulin lowers glucose.
    pub correction_mg_dl_per_u: f64,
    /// Units of insulin in a day.
    pub daily_insulin_u: f64,
    /// Basal rate that holds glucose where it is.
    pub basal_u_per_min: f64,
    /// Body weight.
    pub weight_kg: f64,
    /// Age.
    pub age_years: f64,
}

impl Patient {
    /// The names of all thirty, as in `simglucose`: `adolescent#001` to `child#010`.
    pub fn names() -> impl Iterator<Item = &'static str> {
        PARAMETERS.lines().skip(1).filter_map(|line| line.split(',').next())
    }

    /// Looks a virtual person up.
    pub fn named(name: &str) -> Result<Self, Refusal> {
        let row = Row::find(PARAMETERS, name)?;
        let quest = Row::find(THERAPIES, name)?;
        let mut start = [0.0; 13];
        for (i, x) in start.iter_mut().enumerate() {
            *x = row.get(&format!("x0_{:>2}", i + 1))?;
        }
        let (bw, u2ss) = (row.get("BW")?, row.get("u2ss")?);
        let therapy = Therapy {
            carb_ratio_g_per_u: quest.get("CR")?,
            correction_mg_dl_per_u: quest.get("CF")?,
            daily_insulin_u: quest.get("TDI")?,
            age_years: quest.get("Age")?,
            basal_u_per_min: u2ss * bw / 6000.0,
            weight_kg: bw,
        };
        Ok(Patient {
            name: name.to_owned(),
            therapy,
            start,
            bw,
            u2ss,
            kabs: row.get("kabs")?,
            kmax: row.get("kmax")?,
            kmin: row.get("kmin")?,
            b: row.get("b")?,
            d: row.get("d")?,
            vg: row.get("Vg")?,
            vi: row.get("Vi")?,
            vmx: row.get("Vmx")?,
            vm0: row.get("Vm0")?,
            km0: row.get("Km0")?,
            k1: row.get("k1")?,
            k2: row.get("k2")?,
            p2u: row.get("p2u")?,
            m1: row.get("m1")?,
            m2: row.get("m2")?,
            m4: row.get("m4")?,
            m30: row.get("m30")?,
            ki: row.get("ki")?,
            kp1: row.get("kp1")?,
            kp2: row.get("kp2")?,
            kp3: row.get("kp3")?,
            f: row.get("f")?,
            ke1: row.get("ke1")?,
            ke2: row.get("ke2")?,
            fsnc: row.get("Fsnc")?,
            ib: row.get("Ib")?,
            kd: row.get("kd")?,
            ka1: row.get("ka1")?,
            ka2: row.get("ka2")?,
            ksc: row.get("ksc")?,
        })
    }

    /// The basal rate that holds the starting glucose, in units per minute.
    #[must_use]
    pub fn basal_u_per_min(&self) -> f64 {
        self.therapy.basal_u_per_min
    }
}

/// One row of a table, by the names of its columns.
pub(super) struct Row {
    cells: Vec<(&'static str, &'static str)>,
}

impl Row {
    /// The row whose first cell is `name`.
    pub(super) fn find(table: &'static str, name: &str) -> Result<Self, Refusal> {
        let mut lines = table.lines();
        let head = lines.next().unwrap_or_default();
        let line = lines.find(|line| line.split(',').next() == Some(name)).ok_or_else(|| {
            let known: Vec<_> = table.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
            Refusal::senseless("the name", format!("`{name}` is none of {}", known.join(", ")))
        })?;
        Ok(Row { cells: head.split(',').zip(line.split(',')).collect() })
    }

    /// The number in a column.
    pub(super) fn get(&self, column: &str) -> Result<f64, Refusal> {
        self.cells
            .iter()
            .find(|(name, _)| *name == column)
            .and_then(|(_, cell)| cell.parse().ok())
            .ok_or_else(|| Refusal::senseless("the table", format!("it has no number `{column}`")))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn all_thirty_can_be_read() {
        let people: Vec<_> = Patient::names().map(|name| Patient::named(name).unwrap()).collect();
        assert_eq!(people.len(), 30);
        for person in people {
            assert!(person.bw > 10.0 && person.vg > 1.0 && person.therapy.carb_ratio_g_per_u > 1.0, "{}", person.name);
        }
        assert!(Patient::named("adult#011").is_err());
    }
}
