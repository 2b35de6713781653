//! Words of a sentence, and which streams they mean.

use didymos_base::StreamId;

/// One word, lower-cased.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Word {
    pub(super) text: String,
}

/// A stream that was named.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Topic {
    pub(super) stream: StreamId,
    /// Which word named it.
    pub(super) at: usize,
}

/// Splits into words and numbers: `60g` is `60` and `g`, `10,000` one number.
pub(super) fn words(sentence: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut word = String::new();
    let letters: Vec<char> = sentence.to_lowercase().chars().collect();
    let mut end = |word: &mut String| {
        if !word.is_empty() {
            words.push(Word { text: std::mem::take(word) });
        }
    };
    for (i, letter) in letters.iter().enumerate() {
        let digit = |at: usize| letters.get(at).is_some_and(char::is_ascii_digit);
        let in_number = word.chars().last().is_some_and(|last| last.is_ascii_digit());
        match letter {
            '.' | ',' if in_number && digit(i + 1) => word.push(*letter),
            '-' | '−' | '+' if word.is_empty() && digit(i + 1) => {
                word.push(if *letter == '−' { '-' } else { *letter });
            }
            '%' => {
                end(&mut word);
                word.push('%');
                end(&mut word);
            }
            letter if letter.is_alphanumeric() || *letter == '_' => {
                let number =
                    word.chars().next().is_some_and(|first| first.is_ascii_digit() || first == '-' || first == '+');
                if !word.is_empty() && number != letter.is_ascii_digit() && number {
                    end(&mut word);
                }
                word.push(*letter);
            }
            _ => end(&mut word),
        }
    }
    end(&mut word);
    words
}

/// `de` where German words prevail.
pub(super) fn language(words: &[Word]) -> &'static str {
    const GERMAN: &[&str] = &[
        "was", "wenn", "ich", "mein", "meine", "meinem", "mehr", "weniger", "wie", "macht", "passiert", "stunde",
        "stunden", "und", "eine", "einen", "nach", "schlafe", "mit", "würde", "täglich", "jeden", "nacht",
    ];
    const ENGLISH: &[&str] = &[
        "what", "if", "i", "my", "more", "less", "how", "does", "do", "will", "happens", "hour", "hours", "and", "an",
        "a", "after", "sleep", "with", "would", "every", "night", "to",
    ];
    let count = |list: &[&str]| words.iter().filter(|word| list.contains(&word.text.as_str())).count();
    if count(GERMAN) > count(ENGLISH) { "de" } else { "en" }
}

/// What people call streams, beside the streams' own names: first words, then the streams in order of preference.
const CALLED: &[(&[&str], &[&str])] = &[
    (
        &[
            "sleep",
            "slept",
            "asleep",
            "sleeping",
            "schlafe",
            "schlafen",
            "schlaf",
            "schliefe",
            "geschlafen",
            "schlafdauer",
        ],
        &["sleep_minutes", "sleep_stage"],
    ),
    (&["steps", "step", "walk", "walking", "schritte", "schritt", "gehe", "laufe", "ginge"], &["steps", "steps_daily"]),
    (&["pulse", "puls", "herzfrequenz", "heart", "herz", "herzschlag"], &["heart_rate"]),
    (&["ruhepuls", "resting"], &["heart_rate_resting"]),
    (&["hrv", "variability"], &["heart_rate_variability_rmssd", "heart_rate_variability_sdnn"]),
    (&["coffee", "caffeine", "kaffee", "koffein"], &["dietary_caffeine"]),
    (&["water", "wasser"], &["dietary_water"]),
    (&["weight", "gewicht", "weigh", "wiege"], &["body_mass"]),
    (&["glucose", "sugar", "glukose", "zucker", "blutzucker"], &["glucose"]),
    (
        &["exercise", "exercising", "workout", "sport", "train", "training", "trainiere"],
        &["exercise_minutes", "activity_very_active_minutes"],
    ),
    (&["calories", "kalorien", "energy", "energie", "burned"], &["energy_active", "energy_daily", "energy_total"]),
    (&["eat", "protein", "eiweiß"], &["dietary_protein"]),
    (&["fat", "fett"], &["dietary_fat"]),
    (&["mood", "stimmung", "laune"], &["mood"]),
    (&["daylight", "tageslicht", "outdoors", "draußen"], &["daylight_minutes"]),
    (&["distance", "strecke"], &["distance", "distance_daily"]),
    (&["sitting", "sitze", "sedentary", "sitzen"], &["activity_sedentary_minutes"]),
    (&["pressure", "blutdruck"], &["blood_pressure_systolic"]),
    (&["temperature", "temperatur"], &["body_temperature", "wrist_temperature"]),
];

/// Streams that words name, in the order of the sentence, each once.
pub(super) fn topics(words: &[Word], known: &[(StreamId, String)]) -> Vec<Topic> {
    let mut topics: Vec<Topic> = Vec::new();
    let is_known = |name: &str| known.iter().any(|(stream, _)| stream.as_str() == name);
    let mut at = 0;
    while at < words.len() {
        let text = words[at].text.as_str();
        // A stream's own name: `heart_rate`, `heart rate resting`.
        let longest = (1..=5).rev().filter(|len| at + len <= words.len()).find_map(|len| {
            let name: Vec<&str> = words[at..at + len].iter().map(|word| word.text.as_str()).collect();
            let name = name.join("_");
            let found = known.iter().find(|(stream, _)| stream.as_str() == name)?;
            Some((found.0.clone(), len))
        });
        let (stream, len) = if let Some((stream, len)) = longest {
            (Some(stream), len)
        } else {
            {
                let row = CALLED.iter().find(|(called, _)| called.contains(&text));
                let resting = text == "resting" || (text == "heart" && at > 0 && words[at - 1].text == "resting");
                let stream = row.and_then(|(_, streams)| {
                    let streams: &[&str] = if resting { &["heart_rate_resting"] } else { streams };
                    streams.iter().find(|name| is_known(name)).or(streams.first()).and_then(|name| name.parse().ok())
                });
                (stream, 1)
            }
        };
        if let Some(stream) = stream {
            topics.push(Topic { stream, at });
        }
        at += len;
    }
    topics
}

/// Words that say nothing that could be missed.
pub(super) fn is_filler(text: &str) -> bool {
    const FILLERS: &[&str] = &[
        "a",
        "an",
        "the",
        "this",
        "that",
        "these",
        "my",
        "me",
        "i",
        "we",
        "you",
        "it",
        "its",
        "of",
        "on",
        "at",
        "to",
        "by",
        "in",
        "for",
        "per",
        "with",
        "and",
        "or",
        "but",
        "if",
        "when",
        "what",
        "how",
        "would",
        "will",
        "does",
        "do",
        "did",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "happen",
        "happens",
        "happened",
        "after",
        "before",
        "then",
        "than",
        "as",
        "every",
        "each",
        "day",
        "days",
        "daily",
        "night",
        "nights",
        "nightly",
        "from",
        "now",
        "usual",
        "usually",
        "much",
        "many",
        "about",
        "so",
        "have",
        "had",
        "get",
        "gets",
        "go",
        "take",
        "took",
        "taken",
        "change",
        "changes",
        "affect",
        "affects",
        "effect",
        "next",
        "network",
        "level",
        "levels",
        "rate",
        "more",
        "less",
        "drink",
        "drank",
        "eat",
        "minutes",
        "hours",
        "only",
        "just",
        "make",
        "makes",
        "between",
        "could",
        "should",
        "can",
        "percent",
        "become",
        "becomes",
        "time",
        "times",
        "was",
        "wäre",
        "wenn",
        "falls",
        "ich",
        "mein",
        "meine",
        "meinen",
        "meinem",
        "meiner",
        "mir",
        "der",
        "die",
        "das",
        "den",
        "dem",
        "des",
        "dieser",
        "diese",
        "dieses",
        "diesem",
        "ein",
        "eine",
        "einen",
        "einem",
        "einer",
        "und",
        "oder",
        "aber",
        "mit",
        "nach",
        "vor",
        "bei",
        "auf",
        "an",
        "im",
        "am",
        "um",
        "zu",
        "zum",
        "zur",
        "wie",
        "viel",
        "viele",
        "wird",
        "werden",
        "würde",
        "würden",
        "passiert",
        "passieren",
        "geschieht",
        "macht",
        "machen",
        "tut",
        "ist",
        "sind",
        "jeden",
        "jede",
        "jedes",
        "tag",
        "tage",
        "tagen",
        "täglich",
        "nacht",
        "nächte",
        "nächste",
        "nächsten",
        "pro",
        "dann",
        "als",
        "sonst",
        "sich",
        "ändert",
        "verändert",
        "hätte",
        "habe",
        "hat",
        "nur",
        "trinke",
        "tränke",
        "nehme",
        "mehr",
        "weniger",
        "es",
        "wirkt",
        "auswirkung",
        "zwischen",
        "für",
        "über",
        "within",
        "over",
        "later",
        "earlier",
        "früher",
        "später",
        "longer",
        "länger",
        "gehe",
        "ins",
        "dose",
        "units",
        "back",
        "up",
        "down",
    ];
    FILLERS.contains(&text) || text.chars().count() <= 1
}
