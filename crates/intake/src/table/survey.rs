//! A first look through a whole table, for what its rows only tell together.

use super::Header;
use super::records::{Entry, Records};
use crate::clock::Order;
use crate::decode::Decoded;
use crate::error::Fault;
use crate::number;
use crate::options::Options;
use crate::read::Input;
use crate::text;
use std::collections::BTreeSet;

/// Different people counted; more make no difference to the answer.
const PEOPLE_MAX: usize = 10_000;
const PEOPLE_SHOWN: usize = 5;

/// Which columns to look at.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Columns {
    pub(crate) person: Option<usize>,
    pub(crate) time: Option<usize>,
    pub(crate) value: Option<usize>,
}

/// What a look through the whole table showed.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    people: BTreeSet<Vec<u8>>,
    day_first: bool,
    month_first: bool,
    /// Dates are written with slashes or half-day marks, as in the United States.
    american: bool,
    pub(crate) value_max: Option<f64>,
}

impl Survey {
    pub(crate) fn of(header: &Header, columns: Columns, input: &mut dyn Input) -> Result<Self, Fault> {
        let mut survey = Self::default();
        if columns.person.is_none() && columns.time.is_none() && columns.value.is_none() {
            return Ok(survey);
        }
        let mut records = Records::new(Decoded::new(input.open()?), header.delimiter);
        let mut row = 0;
        while let Some(entry) = records.next()? {
            row += 1;
            let Entry::Record(record) = entry else { continue };
            if row <= header.row + 1 {
                continue;
            }
            if let Some(person) = columns.person.and_then(|column| record.get(column))
                && !survey.people.contains(person)
                && survey.people.len() < PEOPLE_MAX
            {
                survey.people.insert(text::cut(&text::plain(person), 256).as_bytes().to_vec());
            }
            if let Some(time) = columns.time.and_then(|column| record.get(column)) {
                survey.look_at_date(time);
            }
            if let Some(value) = columns.value.and_then(|column| record.get(column)).and_then(number::parse) {
                survey.value_max = Some(survey.value_max.map_or(value, |max| max.max(value)));
            }
        }
        Ok(survey)
    }

    fn look_at_date(&mut self, date: &[u8]) {
        let mut numbers = date.split(|b| !b.is_ascii_digit());
        let mut next = || -> Option<u32> { std::str::from_utf8(numbers.next()?).ok()?.parse().ok() };
        let (Some(first), Some(second)) = (next(), next()) else { return };
        if first > 31 {
            return;
        }
        self.day_first |= first > 12;
        self.month_first |= second > 12;
        self.american |= date.contains(&b'/') || date.iter().any(|b| matches!(b, b'M' | b'm'));
    }

    /// In which order the table writes its dates. A date that only one order can have decides; where none does, slashes
    /// and AM/PM mean month first, dots and dashes day first.
    pub(crate) fn order(&self) -> Order {
        match (self.day_first, self.month_first) {
            (true, false) => Order::DayFirst,
            (false, true) => Order::MonthFirst,
            _ if self.american => Order::MonthFirst,
            _ => Order::DayFirst,
        }
    }

    /// Fails where the table is of several people and none was chosen.
    pub(crate) fn one_person(&self, options: &Options) -> Result<(), Fault> {
        if self.people.len() <= 1 || options.person.is_some() {
            return Ok(());
        }
        let ids = self.people.iter().take(PEOPLE_SHOWN).map(|id| text::cut(&text::plain(id), 64).to_owned()).collect();
        Err(Fault::SeveralPeople { count: self.people.len(), ids })
    }
}
