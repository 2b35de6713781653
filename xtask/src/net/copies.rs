//! Copies: everybody gives everybody room, and spreads their journal. In the end machines burn down, and come back bit
//! for bit from the friends who are left, whichever two are gone.

use super::desk::{Desk, finished};
use super::{Net, Town};
use crate::seeded::Seeded;
use crate::{Result, made_up};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Room for each other.
const ROOM: &str = "50MB";
/// Days of data that are there from the beginning.
pub(super) const DAYS: u32 = 5;
/// A restore is killed after so long at most, and begun again.
const KILLED_AFTER_MS: u64 = 4_000;

/// What is known of copies, from outside.
pub(super) struct Copies {
    /// Whose journals lie at friends: everybody's below this number.
    owners: usize,
    /// How many friends may be lost at once.
    lose: usize,
    /// Days of data so far, of each owner.
    days: Vec<u32>,
    dir: PathBuf,
}

impl Copies {
    /// Everybody gives the owners room, and these take it.
    pub(super) fn begin(town: &Town, net: &Net, dir: &Path) -> Result<Self> {
        let owners = usize::from(net.owners).min(town.desks.len());
        let lose = town.desks.len().saturating_sub(1 + 3).min(2);
        let copies = Self { owners, lose, days: vec![DAYS; owners], dir: dir.to_owned() };
        for owner in 0..owners {
            let did = &town.desks[owner].did;
            for friend in town.desks.iter().filter(|desk| desk.host != owner) {
                friend.answer(&town.hosts, &["space", "offer", did, ROOM])?;
            }
            let mut accepted = 0;
            town.until("room that was offered is taken", || {
                for shown in town.desks[owner].list(&town.hosts, &["space"])? {
                    let id = shown["contract"].as_str().unwrap_or_default();
                    let offered = shown["given"] == false && shown["state"] == "offered";
                    if offered && town.desks[owner].try_answer(&town.hosts, &["accept", id])?.is_some() {
                        accepted += 1;
                    }
                }
                let all = town.desks.len() - 1;
                Ok(if accepted == all { Ok(()) } else { Err(format!("host {owner} has room at {accepted} of {all}")) })
            })?;
        }
        copies.spread_all(town)?;
        Ok(copies)
    }

    /// New data comes in, or what is there is spread.
    pub(super) fn act(&mut self, town: &Town, who: usize, net: &Net, lots: &mut Seeded) -> Result<()> {
        let Some(days) = self.days.get_mut(who) else { return Ok(()) };
        if lots.once_in(2) {
            let table = self.dir.join(format!("more-{who}.csv"));
            made_up::glucose(&table, *days..*days + 1, net.seed)?;
            if town.desks[who].try_answer(&town.hosts, &["import", &table.display().to_string()])?.is_some() {
                *days += 1;
            }
            return Ok(());
        }
        // Friends may be out of reach: then it says so, and goes on later.
        town.desks[who].output(&town.hosts, &["copies", "spread"]).map(drop)
    }

    /// Spreads until everything is where it should be.
    fn spread_all(&self, town: &Town) -> Result<()> {
        for owner in 0..self.owners {
            town.until("journals are spread", || self.is_spread(town, owner))?;
        }
        Ok(())
    }

    fn is_spread(&self, town: &Town, owner: usize) -> Result<std::result::Result<(), String>> {
        let output = town.desks[owner].output(&town.hosts, &["copies", "spread"])?;
        let Ok(shown) = serde_json::from_slice::<serde_json::Value>(&output.stdout) else {
            return Ok(Err(format!("host {owner}: {}", crate::program::told(&output))));
        };
        let margin = shown["margin"].as_u64().unwrap_or_default();
        if margin >= self.lose as u64 && shown["covered"]["behind"] == 0 {
            return Ok(Ok(()));
        }
        Ok(Err(format!("host {owner}: {shown}")))
    }

    /// Machines burn down and come back: from any friends, but for some who are gone.
    pub(super) fn restore(&self, town: &mut Town, net: &Net, lots: &mut Seeded) -> Result<usize> {
        let mut restored = 0;
        for owner in 0..self.owners {
            town.goes_on()?;
            town.until("journals are spread", || self.is_spread(town, owner))?;
            let shown = town.desks[owner].answer(&town.hosts, &["copies"])?;
            let covered = shown["covered"]["bytes"].as_u64().ok_or("no bytes are covered")? as usize;
            town.desks[owner].kill();
            let journal = std::fs::read(town.desks[owner].program.home.join("journal"))?;
            if covered == 0 || journal.len() < covered {
                return Err(format!("host {owner}: {covered} bytes covered of a journal of {}", journal.len()).into());
            }
            let friends: Vec<usize> = (0..town.desks.len()).filter(|desk| *desk != owner).collect();
            let mut gone = choices(&friends, self.lose);
            while gone.len() > usize::from(net.restores) {
                gone.swap_remove(lots.below(gone.len() as u64) as usize);
            }
            for (round, gone) in gone.iter().enumerate() {
                town.goes_on()?;
                for desk in gone {
                    town.desks[*desk].kill();
                }
                let home = self.dir.join(format!("restored-{owner}-{round}"));
                let kill_after = lots.once_in(2).then(|| Duration::from_millis(lots.below(KILLED_AFTER_MS)));
                Self::restore_at(town, owner, gone, &home, kill_after)?;
                let bytes = std::fs::read(home.join("journal"))?;
                if bytes.get(..covered) != journal.get(..covered) {
                    return Err(format!("host {owner} without {gone:?}: not the same bytes").into());
                }
                let mut program = town.desks[owner].program.clone();
                program.home.clone_from(&home);
                program.sound()?;
                std::fs::remove_dir_all(&home)?;
                for desk in gone {
                    let desk = &mut town.desks[*desk];
                    desk.up(&town.hosts)?;
                }
                restored += 1;
            }
            town.desks[owner].up(&town.hosts)?;
        }
        Ok(restored)
    }

    /// `twin restore --from-friends` on the owner's host, in an empty folder; killed once and begun again, maybe.
    fn restore_at(town: &Town, owner: usize, gone: &[usize], home: &Path, kill_after: Option<Duration>) -> Result<()> {
        let mut tickets = Vec::new();
        for friend in town.desks.iter().filter(|desk| desk.host != owner && !gone.contains(&desk.host)) {
            let help = friend.answer(&town.hosts, &["copies", "help"])?;
            tickets.push(help["ticket"].as_str().ok_or("no ticket")?.to_owned());
        }
        let desk = &town.desks[owner];
        let phrase = phrase_file(desk).display().to_string();
        let mut words = vec!["restore", "--phrase-file", &phrase, "--from-friends"];
        words.extend(tickets.iter().map(String::as_str));
        let command = || {
            let mut command = desk.command(&town.hosts, &words);
            command.env("TWIN_HOME", home);
            command
        };
        if let Some(after) = kill_after {
            let mut child =
                command().stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn()?;
            std::thread::sleep(after);
            child.kill()?;
            // It may have been done by then.
            if child.wait()?.success() {
                return Ok(());
            }
        }
        let what = format!("host {owner} restores without {gone:?}");
        town.until("a machine comes back", || {
            let output = finished(command(), &what)?;
            Ok(if output.status.success() { Ok(()) } else { Err(format!("{what}: {}", crate::program::told(&output))) })
        })
    }
}

/// Where a person keeps their 24 words.
pub(super) fn phrase_file(desk: &Desk) -> PathBuf {
    desk.program.home.with_extension("phrase")
}

/// All ways to take so many of them.
fn choices(of: &[usize], count: usize) -> Vec<Vec<usize>> {
    let Some((first, rest)) = of.split_first().filter(|_| count > 0) else {
        return if count == 0 { vec![Vec::new()] } else { Vec::new() };
    };
    let with = choices(rest, count - 1).into_iter().map(|mut chosen| {
        chosen.insert(0, *first);
        chosen
    });
    with.chain(choices(rest, count)).collect()
}

#[cfg(test)]
mod tests {
    use super::choices;

    #[test]
    fn two_of_five_can_be_gone_in_ten_ways() {
        let all = choices(&[1, 2, 3, 4, 5], 2);
        assert_eq!(all.len(), 10);
        assert!(all.contains(&vec![2, 5]) && all.iter().all(|pair| pair[0] < pair[1]));
        assert_eq!(choices(&[1], 0), [Vec::<usize>::new()]);
    }
}
