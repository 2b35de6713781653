//! A plain question read into typed values: what would be done differently, what is asked about, how far ahead.
//!
//! English and German, by rules: a number (in digits or words) with its unit and direction, and what it belongs to.
//! Nothing is guessed silently: the reading is told in words for the owner to check, and so are words that nothing was
//! made of. A reading without an intervention is a refusal further on, never a default.

mod parts;
mod words;

use crate::request::{ChangeBy, Intervention};
use crate::response::Reading;
use didymos_base::{StreamId, streams as table};
use parts::{Amount, amounts, direction_near};
use words::{Topic, Word, is_filler, language, topics, words};

/// Longest sentence, in characters.
pub(crate) const LONGEST: usize = 300;
/// How much weaker or stronger a connection is taken to be where the words do not say.
const WEAKER: f64 = 0.5;
const STRONGER: f64 = 1.5;

/// Reads a sentence. `known` are the streams that there are, with their units.
pub(crate) fn read(sentence: &str, known: &[(StreamId, String)]) -> Reading {
    let words = words(sentence);
    let german = language(&words) == "de";
    let mut found = Found { used: vec![false; words.len()], words: &words, reading: Reading::default() };
    let amounts = amounts(&words);
    found.horizon(&amounts);
    let topics = topics(&words, known);
    found.connection(sentence);
    found.bedtime(&amounts);
    found.insulin(&amounts);
    found.meal(&amounts);
    found.streams(&amounts, &topics, known);
    found.finish(german)
}

struct Found<'a> {
    words: &'a [Word],
    used: Vec<bool>,
    reading: Reading,
}

impl Found<'_> {
    fn has(&self, any: &[&str]) -> Option<usize> {
        self.words.iter().position(|word| any.contains(&word.text.as_str()))
    }

    fn starts(&self, any: &[&str]) -> Option<usize> {
        self.words.iter().position(|word| any.iter().any(|start| word.text.starts_with(start)))
    }

    fn take(&mut self, at: usize) {
        self.used[at] = true;
    }

    fn take_amount(&mut self, amount: &Amount) {
        for at in amount.from..amount.to {
            self.used[at] = true;
        }
        for at in &amount.direction_at {
            self.used[*at] = true;
        }
    }

    fn free(&self, amount: &Amount) -> bool {
        !(amount.from..amount.to).any(|at| self.used[at])
    }

    /// "for two weeks", "tomorrow", "in den nächsten 3 Tagen".
    fn horizon(&mut self, amounts: &[Amount]) {
        let span = |unit: &str| match unit {
            "h" => Some("h"),
            "d" => Some("d"),
            "w" => Some("w"),
            _ => None,
        };
        for amount in amounts {
            let before =
                (1..=3).filter_map(|back| amount.from.checked_sub(back)).map(|at| self.words[at].text.as_str());
            let said = before.clone().any(|word| {
                ["for", "in", "within", "over", "next", "nächsten", "innerhalb", "während", "lang"].contains(&word)
            });
            let change = !amount.direction_at.is_empty();
            if let Some(unit) = amount.unit.as_deref().and_then(span)
                && said
                && !change
                && amount.number >= 1.0
            {
                self.reading.horizon = Some(format!("{}{unit}", amount.number.round()));
                self.take_amount(amount);
                return;
            }
        }
        for (any, horizon) in [
            (&["tomorrow", "morgen"][..], "1d"),
            (&["tonight", "today", "heute"], "1d"),
            (&["week", "woche"], "7d"),
            (&["month", "monat"], "30d"),
        ] {
            if let Some(at) = self.has(any) {
                self.take(at);
                if self.reading.horizon.is_none() {
                    self.reading.horizon = Some(horizon.to_owned());
                }
            }
        }
    }

    /// "if this connection weakens", "wenn die Verbindung zwischen A und B um 30 Prozent schwächer wird".
    fn connection(&mut self, sentence: &str) {
        let Some(at) = self.starts(&["connection", "verbindung", "connectivity", "konnektivität"]) else {
            if let Some(at) = self.has(&["brain", "gehirn", "hirn"]) {
                self.take(at);
            }
            return;
        };
        self.take(at);
        for at in 0..self.words.len() {
            if ["brain", "gehirn", "hirn", "network", "netzwerk", "netz", "hirnnetzwerk", "hirnnetz"]
                .contains(&self.words[at].text.as_str())
            {
                self.take(at);
            }
        }
        let cut = self.starts(&["cut", "sever", "lesion", "durchtrenn", "gekappt", "fehlt", "lost"]);
        let weak = self.starts(&["weak", "schwäch", "schwach", "less", "weniger", "lower"]);
        let strong = self.starts(&["strong", "stärk", "stark", "more", "mehr"]);
        let amounts = amounts(self.words);
        let share = amounts.iter().find(|amount| amount.unit.as_deref() == Some("%")).cloned();
        for at in [cut, weak, strong].into_iter().flatten() {
            self.take(at);
        }
        if let Some(share) = &share {
            self.take_amount(share);
        }
        let by = share.map(|share| (share.number / 100.0).clamp(0.0, 1.0));
        let factor = match (cut, weak, strong) {
            (Some(_), ..) => 0.0,
            (_, Some(_), _) => by.map_or(WEAKER, |by| 1.0 - by),
            (.., Some(_)) => by.map_or(STRONGER, |by| 1.0 + by),
            _ => {
                self.reading.not_understood.push("whether the connection gets weaker or stronger".to_owned());
                return;
            }
        };
        match parts::pair(sentence) {
            Some((from, to)) => {
                for at in 0..self.words.len() {
                    let text = self.words[at].text.as_str();
                    if from.to_lowercase().contains(text) || to.to_lowercase().contains(text) {
                        self.take(at);
                    }
                }
                self.reading.interventions.push(Intervention::Connection { from, to, factor });
            }
            // The owner's connectome knows which there are.
            None => self.reading.some_connection = Some(factor),
        }
    }

    /// "if I go to bed an hour earlier", "wenn ich eine Stunde früher ins Bett gehe".
    fn bedtime(&mut self, amounts: &[Amount]) {
        let Some(at) = self.has(&["bed", "bett", "bedtime", "schlafengehen"]) else { return };
        self.take(at);
        for at in 0..self.words.len() {
            if ["sleep", "schlafen", "gehe", "ginge", "go", "went"].contains(&self.words[at].text.as_str()) {
                self.take(at);
            }
        }
        let amount =
            amounts.iter().find(|amount| self.free(amount) && matches!(amount.unit.as_deref(), Some("h" | "min")));
        let Some(amount) = amount.cloned() else {
            self.reading.not_understood.push("how much earlier or later".to_owned());
            return;
        };
        let Some(sign) = amount.sign.or_else(|| direction_near(self.words, at)) else {
            self.reading.not_understood.push("earlier or later".to_owned());
            return;
        };
        self.take_amount(&amount);
        let minutes = sign * amount.number * if amount.unit.as_deref() == Some("h") { 60.0 } else { 1.0 };
        self.reading.interventions.push(Intervention::Bedtime { minutes });
    }

    /// "two units less".
    fn insulin(&mut self, amounts: &[Amount]) {
        let said = self.starts(&["insulin", "bolus"]);
        let Some(amount) =
            amounts.iter().find(|amount| self.free(amount) && amount.unit.as_deref() == Some("U")).cloned()
        else {
            return;
        };
        self.take_amount(&amount);
        if let Some(at) = said {
            self.take(at);
        }
        match amount.sign {
            Some(sign) => self.reading.interventions.push(Intervention::Insulin { units: sign * amount.number }),
            None => self.reading.not_understood.push("more or fewer units than usual".to_owned()),
        }
    }

    /// "after this meal", "60 g of carbs".
    fn meal(&mut self, amounts: &[Amount]) {
        let food =
            ["meal", "lunch", "dinner", "breakfast", "snack", "mahlzeit", "mittagessen", "abendessen", "frühstück"];
        let eaten = ["essen", "esse", "eat", "ate", "carbs", "carbohydrate", "carbohydrates", "kohlenhydrate", "kh"];
        let at = self.starts(&food).or_else(|| self.has(&eaten));
        let Some(at) = at else { return };
        for at in 0..self.words.len() {
            let text = self.words[at].text.as_str();
            if food.iter().any(|food| text.starts_with(food)) || eaten.contains(&text) {
                self.take(at);
            }
        }
        self.take(at);
        let amount = amounts.iter().find(|amount| self.free(amount) && amount.unit.as_deref() == Some("g")).cloned();
        if let Some(amount) = &amount {
            self.take_amount(amount);
        }
        // With a change of insulin the meal is what both futures have.
        let in_both = self.reading.interventions.iter().any(|other| matches!(other, Intervention::Insulin { .. }));
        let grams = amount.map(|amount| amount.number * amount.sign.unwrap_or(1.0));
        if grams.is_some_and(|grams| grams < 0.0) {
            self.reading.not_understood.push("a meal of fewer than no grams: say how many grams it has".to_owned());
            return;
        }
        self.reading.interventions.insert(0, Intervention::Meal { grams, in_both });
        if self.reading.outcome.is_none() && in_both {
            self.reading.outcome = "glucose".parse().ok();
        }
    }

    /// Streams: the one nearest to an amount is what changes, another one is what is asked about.
    fn streams(&mut self, amounts: &[Amount], topics: &[Topic], known: &[(StreamId, String)]) {
        let mut asked: Vec<&Topic> = topics.iter().filter(|topic| !self.used[topic.at]).collect();
        let amount = amounts.iter().filter(|amount| self.free(amount) && amount.unit.as_deref() != Some("U"));
        let nearest = amount
            .flat_map(|amount| asked.iter().map(move |topic| (distance(amount, topic), amount, *topic)))
            .min_by_key(|(distance, ..)| *distance);
        if self.reading.interventions.is_empty() {
            match nearest {
                Some((_, amount, topic)) => {
                    if let Some(change) = self.change(amount, topic, known) {
                        self.reading.interventions.push(Intervention::Stream { stream: topic.stream.clone(), change });
                    }
                    self.take_amount(amount);
                    asked.retain(|other| other.stream != topic.stream);
                    for other in topics.iter().filter(|other| other.stream == topic.stream) {
                        self.take(other.at);
                    }
                }
                None => self.without_amount(&mut asked, known),
            }
        }
        for topic in &asked {
            self.take(topic.at);
        }
        if self.reading.outcome.is_none() {
            self.reading.outcome = asked.first().map(|topic| topic.stream.clone());
        }
    }

    /// "no coffee", "twice as many steps", "if I sleep more".
    fn without_amount(&mut self, asked: &mut Vec<&Topic>, known: &[(StreamId, String)]) {
        let fixed = [
            (&["no", "without", "kein", "keine", "keinen", "ohne", "skip", "stop"][..], ChangeBy::Set { value: 0.0 }),
            (&["twice", "double", "doppelt", "verdoppeln", "verdopple"], ChangeBy::Times { value: 2.0 }),
            (&["half", "halb", "halbiere", "halve", "halbe"], ChangeBy::Times { value: 0.5 }),
        ];
        let hit = fixed.iter().find_map(|(words, change)| Some((self.has(words)?, *change)));
        let Some((at, change)) = hit else {
            if !asked.is_empty()
                && let Some(near) =
                    self.starts(&["more", "less", "longer", "shorter", "fewer", "mehr", "weniger", "länger", "kürzer"])
            {
                self.take(near);
                self.reading.not_understood.push("by how much: say a number, for example `an hour more`".to_owned());
            }
            return;
        };
        let nearest = asked.iter().min_by_key(|topic| topic.at.abs_diff(at)).copied();
        self.take(at);
        if let Some(topic) = nearest {
            for other in asked.iter().filter(|other| other.stream == topic.stream) {
                self.used[other.at] = true;
            }
            asked.retain(|other| other.stream != topic.stream);
            if known.iter().any(|(stream, _)| *stream == topic.stream) {
                self.reading.interventions.push(Intervention::Stream { stream: topic.stream.clone(), change });
            } else {
                self.reading.not_understood.push(format!("`{}`: nothing of that is measured here", topic.stream));
            }
        }
    }

    /// The amount in the stream's unit.
    fn change(&mut self, amount: &Amount, topic: &Topic, known: &[(StreamId, String)]) -> Option<ChangeBy> {
        let Some((_, unit)) = known.iter().find(|(stream, _)| *stream == topic.stream) else {
            self.reading.not_understood.push(format!("`{}`: nothing of that is measured here", topic.stream));
            return None;
        };
        let sign = amount.sign.or_else(|| direction_near(self.words, topic.at));
        if amount.unit.as_deref() == Some("%") {
            return Some(ChangeBy::Times { value: 1.0 + sign.unwrap_or(1.0) * amount.number / 100.0 });
        }
        let factor = match (amount.unit.as_deref(), unit.as_str()) {
            (Some("h"), "min") => 60.0,
            (Some("min"), "h") => 1.0 / 60.0,
            (Some("m"), "km") | (Some("mg"), "g") => 0.001,
            (Some("g"), "mg") | (Some("L"), "mL") => 1000.0,
            (None, _) => 1.0,
            (Some(said), unit) if said == unit => 1.0,
            (Some("times"), _) => return Some(ChangeBy::Times { value: amount.number }),
            (Some(said), unit) => {
                self.reading.not_understood.push(format!("{said} on a stream that is measured in {unit}"));
                return None;
            }
        };
        let value = amount.number * factor;
        match sign {
            Some(sign) => Some(ChangeBy::Add { value: sign * value }),
            // "if I walk 10,000 steps", "if I sleep 8 hours".
            None => Some(ChangeBy::Set { value }),
        }
    }

    fn finish(mut self, german: bool) -> Reading {
        for (word, used) in self.words.iter().zip(&self.used) {
            if !used && !is_filler(&word.text) && self.reading.not_understood.len() < 8 {
                self.reading.not_understood.push(word.text.clone());
            }
        }
        self.reading.language = Some(if german { "de" } else { "en" }.to_owned());
        self.reading.says = says(&self.reading);
        self.reading
    }
}

fn distance(amount: &Amount, topic: &Topic) -> usize {
    if topic.at < amount.from { amount.from - topic.at } else { (topic.at + 1).saturating_sub(amount.to) }
}

/// A reading in words.
pub(crate) fn says(reading: &Reading) -> String {
    let Reading { interventions, outcome, horizon, some_connection, .. } = reading;
    let mut each: Vec<String> = interventions.iter().map(intervention_in_words).collect();
    each.extend(some_connection.map(|factor| format!("some connection: {} times as strong", short(factor))));
    let changed = if each.is_empty() { "nothing that is done differently".to_owned() } else { each.join("; ") };
    let asked =
        outcome.as_ref().map_or_else(String::new, |stream| format!("; asked about: {}", table::label(stream.as_str())));
    let ahead = horizon.as_ref().map_or_else(String::new, |horizon| format!("; ahead: {horizon}"));
    format!("{changed}{asked}{ahead}")
}

/// A number without digits that say nothing.
fn short(x: f64) -> String {
    let text = format!("{x:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// One intervention in words.
pub(crate) fn intervention_in_words(intervention: &Intervention) -> String {
    let number = short;
    let than_usual =
        |x: f64, unit: &str| format!("{}{unit} {}", number(x.abs()), if x < 0.0 { "less" } else { "more" });
    match intervention {
        Intervention::Stream { stream, change } => {
            let label = table::label(stream.as_str());
            let unit = table::known(stream.as_str()).map_or("", |known| known.unit);
            let unit = if unit.is_empty() || unit.starts_with('{') || unit == "1" {
                String::new()
            } else {
                format!(" {unit}")
            };
            match change {
                ChangeBy::Add { value } => format!("{label}: {} every day", than_usual(*value, &unit)),
                ChangeBy::Times { value } => format!("{label}: {} times as much every day", number(*value)),
                ChangeBy::Set { value } => format!("{label}: {}{unit} every day", number(*value)),
            }
        }
        Intervention::Meal { grams, in_both } => {
            let meal = grams
                .map_or_else(|| "the last meal recorded".to_owned(), |grams| format!("a meal of {} g", number(grams)));
            if *in_both { format!("{meal}, in both futures") } else { meal }
        }
        Intervention::Insulin { units } => format!("insulin: {} than usual", than_usual(*units, " U")),
        Intervention::Bedtime { minutes } => {
            format!(
                "to bed {} min {} every night",
                number(minutes.abs()),
                if *minutes < 0.0 { "earlier" } else { "later" }
            )
        }
        Intervention::Connection { from, to, factor } => {
            format!("connection {from} – {to}: {} times as strong", number(*factor))
        }
    }
}

#[cfg(test)]
mod tests;
