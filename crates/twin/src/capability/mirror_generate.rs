//! Days of the owner that never were, made by the best maker whose days are not the owner's in disguise.

use super::mirror_learn::{Life, MadeDays, learnt};
use crate::Twin;
use crate::door::{Failure, FailureCode, Watch};
use crate::request::Generate;
use crate::response::{DayMade, DayStream, GenerateAnswer, MakerJudged, Refused};
use didymos_mirror::generate::{Judged, Kind};

const DAYS_MOST: u32 = 366;

fn maker(kind: Kind) -> &'static str {
    match kind {
        Kind::BlockBootstrap => "block_bootstrap",
        Kind::GaussianCopula => "gaussian_copula",
        Kind::Autoencoder => "autoencoder",
        Kind::Adversarial => "adversarial",
    }
}

fn told(judged: &Judged) -> MakerJudged {
    MakerJudged {
        maker: maker(judged.kind).to_owned(),
        discriminative: judged.discriminative,
        predictive: judged.predictive,
        attack: judged.attack.area,
        attack_95: [judged.attack.low, judged.attack.high],
        refused: judged.refused,
    }
}

pub(crate) fn answer(twin: &Twin, asked: &Generate, watch: Watch<'_>) -> Result<GenerateAnswer, Failure> {
    if !(1..=DAYS_MOST).contains(&asked.days) || asked.weekday > 6 {
        let message = format!("1 to {DAYS_MOST} days can be made up, the first on a weekday from 0 (Monday) to 6");
        return Err(Failure::new(FailureCode::Invalid, message));
    }
    let life = Life::of(twin, watch)?;
    let (from, to) = life.dates();
    let mut answer = GenerateAnswer { from, to, ..GenerateAnswer::default() };
    let made = match learnt::<MadeDays>(twin, &life, watch)? {
        Ok(made) => made,
        Err(because) => {
            let missing = vec![
                "14 days of a stream that is measured hour by hour, at least half of the hours of each".to_owned(),
            ];
            answer.refused = Some(Refused { because, missing });
            return Ok(answer);
        }
    };
    answer.streams = made
        .names
        .iter()
        .zip(&made.units)
        .map(|(name, unit)| DayStream { name: name.clone(), unit: unit.clone() })
        .collect();
    answer.makers = made.judged.iter().map(told).collect();
    let generator = match &made.generator {
        Ok(generator) => generator,
        Err(because) => {
            let missing = vec!["more days, so that no single one of them shows through".to_owned()];
            answer.refused = Some(Refused { because: because.clone(), missing });
            return Ok(answer);
        }
    };
    answer.maker = Some(maker(generator.kind()).to_owned());
    answer.own_predictive = Some(generator.real_predictive());
    let days = generator
        .days(asked.days as usize, asked.weekday as usize, u64::from(asked.seed))
        .map_err(|refusal| Failure::new(FailureCode::Invalid, refusal.to_string()))?;
    answer.days = days.into_iter().map(|day| DayMade { weekday: day.weekday as u32, hours: day.streams }).collect();
    answer.notes.push(
        "each day is made by itself: what one day does to the next is not in them (`twin propose` asks that)"
            .to_owned(),
    );
    Ok(answer)
}
