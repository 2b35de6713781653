//! People, the network between them, and the clock that nobody of them reads right.

use crate::Broken;
use crate::hostile::Eve;
use crate::lots::Lots;
use crate::net::{Net, Weather};
use crate::person::Person;
use crate::play::Plays;
use crate::step::{Act, Climate, Step};
use crate::trace::Trace;
use didymos_base::time::MINUTE_MS;
use didymos_base::{Did, Timestamp};
use didymos_twin::peers::ask::Use;
use didymos_twin::request::{Import, PairConfirm, PairJoin};
use didymos_twin::response::{PairingShown, PairingState};
use didymos_twin::{Failure, Request, Response};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use tempfile::TempDir;

/// When every town begins: 2016-04-10T00:00:00Z.
const BEGIN_MS: i64 = 1_460_246_400_000;
/// Numbers of machines that come later begin here.
const MACHINES: usize = 100;
/// Rounds of carrying after which everything has to have arrived, once nothing stands in the way.
const ROUNDS_MAX: usize = 20;

/// A town.
pub struct Town {
    seed: u64,
    /// The people.
    pub people: Vec<Person>,
    /// The one whose program is her own.
    pub eve: Eve,
    net: Net,
    climate: Climate,
    time: Arc<AtomicI64>,
    machines: AtomicUsize,
    dir_held: TempDir,
}

/// A folder that lies in memory where there is such a thing: all that matters is on disks of our own.
fn folder() -> Result<TempDir, Broken> {
    let memory = PathBuf::from("/dev/shm");
    let mut builder = tempfile::Builder::new();
    let builder = builder.prefix("didymos-sim");
    let made = if memory.is_dir() { builder.tempdir_in(&memory) } else { builder.tempdir() };
    made.or_else(|_| builder.tempdir()).map_err(|error| Broken::new("the machine gives a folder", error.to_string()))
}

fn strange(what: &str, failure: &Failure) -> Broken {
    Broken::new("in calm everything succeeds", format!("{what}: {failure}"))
}

impl Town {
    /// A town whose people know each other, in calm.
    pub fn new(seed: u64, trace: &Trace) -> Result<Self, Broken> {
        let climate = Climate::of(seed);
        let dir = folder()?;
        let net = Net::new(trace.clone());
        net.set(Weather::default(), Lots::of(seed, 3));
        let time = Arc::new(AtomicI64::new(BEGIN_MS));
        let people = (0..climate.people).map(|number| Person::new(number, seed, dir.path(), &net, &time));
        let people = people.collect::<Result<Vec<_>, _>>()?;
        let eve = Eve::new(seed, climate.people, &net);
        let town = Self { seed, people, eve, net, climate, time, machines: AtomicUsize::new(0), dir_held: dir };
        let mut text = String::from("Id,Time,Value\n");
        for hour in 0..72 {
            let (day, of_day) = (1 + hour / 24, hour % 24);
            let (twelve, half) = ((of_day + 11) % 12 + 1, if of_day < 12 { "AM" } else { "PM" });
            text.push_str(&format!("7,4/{day}/2016 {twelve}:00:00 {half},{}\n", 60 + hour % 17));
        }
        let table = town.file("heartrate.csv", &text)?;
        for person in &town.people {
            Self::calm(person, Request::Import(Import { paths: vec![table.clone()], ..Import::default() }))?;
        }
        for (who, whom) in town.pairs().into_iter().filter(|(who, whom)| who < whom) {
            Self::pair(&town.people[who], &town.people[whom])?;
        }
        for person in &town.people {
            let ticket = Self::ticket(person)?;
            town.eve.join(&ticket.1).map_err(|words| Broken::new("in calm everything succeeds", words))?;
            Self::calm(person, Request::PairConfirm(PairConfirm { pairing: ticket.0, same: true }))?;
            person.listen()?;
        }
        Ok(town)
    }

    pub(crate) fn calm(person: &Person, request: Request) -> Result<Response, Broken> {
        let what = request.name();
        let none = || Broken::new("in calm everything succeeds", format!("{what}: nobody is there"));
        person.ask(request).ok_or_else(none)?.map_err(|failure| strange(what, &failure))
    }

    /// The true time.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp(self.time.load(Ordering::Relaxed))
    }

    /// Time passes.
    pub(crate) fn wait(&self, ms: i64) {
        self.time.fetch_add(ms, Ordering::Relaxed);
    }

    /// Writes a file that people may take in.
    pub(crate) fn file(&self, name: &str, text: &str) -> Result<PathBuf, Broken> {
        let path = self.dir_held.path().join(name);
        std::fs::write(&path, text).map_err(|error| Broken::new("the machine gives a folder", error.to_string()))?;
        Ok(path)
    }

    /// The number and the folder of one more machine.
    pub(crate) fn machine(&self) -> (usize, PathBuf) {
        let number = MACHINES + self.machines.fetch_add(1, Ordering::Relaxed);
        (number, self.dir_held.path().join(number.to_string()))
    }

    /// Somebody who is new here, with a machine of their own and no contacts.
    pub(crate) fn newcomer(&self) -> Result<Person, Broken> {
        let (number, _) = self.machine();
        Person::new(number, self.seed, self.dir_held.path(), &self.net, &self.time)
    }

    fn pairing(person: &Person, request: Request) -> Result<PairingShown, Broken> {
        match Self::calm(person, request)? {
            Response::Pairings(mut all) if !all.is_empty() => Ok(all.remove(0)),
            other => Err(Broken::new("in calm everything succeeds", format!("a pairing: {other:?}"))),
        }
    }

    fn ticket(person: &Person) -> Result<(u64, String), Broken> {
        let shown = Self::pairing(person, Request::PairInvite)?;
        Ok((shown.pairing, shown.ticket.unwrap_or_default()))
    }

    /// Pairs the two; both people say yes.
    pub(crate) fn pair(inviter: &Person, joiner: &Person) -> Result<(), Broken> {
        let (here, ticket) = Self::ticket(inviter)?;
        let there = Self::pairing(joiner, Request::PairJoin(PairJoin { ticket }))?.pairing;
        Self::pairing(inviter, Request::PairConfirm(PairConfirm { pairing: here, same: true }))?;
        let last = Self::pairing(joiner, Request::PairConfirm(PairConfirm { pairing: there, same: true }))?;
        if last.state == PairingState::Done {
            return Ok(());
        }
        Err(Broken::new("in calm everything succeeds", format!("{last:?}")))
    }

    /// Where everything is written.
    #[must_use]
    pub fn trace(&self) -> &Trace {
        &self.net.trace
    }

    /// The network.
    #[must_use]
    pub fn net(&self) -> &Net {
        &self.net
    }

    /// Everybody with everybody else.
    #[must_use]
    pub fn pairs(&self) -> Vec<(usize, usize)> {
        let all = 0..self.people.len();
        all.clone().flat_map(|who| all.clone().filter(move |whom| *whom != who).map(move |whom| (who, whom))).collect()
    }

    /// Whose DID this is.
    #[must_use]
    pub fn number_of(&self, did: &Did) -> Option<usize> {
        self.people.iter().position(|person| person.did() == did)
    }

    /// What both have signed of uses, as one of them keeps it.
    pub fn uses_of(&self, person: &Person) -> Result<Vec<Use>, Broken> {
        let none = || Broken::new("a twin opens and answers its owner", "it does not run");
        person.twin().ok_or_else(none)?.uses().map_err(|failure| strange("uses", &failure))
    }

    /// One step, and what a machine that went down in it has to go through.
    pub fn step(&mut self, step: &Step, plays: &mut Plays) -> Result<(), Broken> {
        let mut lots = Lots::of(step.lots, 7);
        self.trace().note(step.to_string());
        self.net.set(self.climate.weather, Lots::of(step.lots, 8));
        self.time.fetch_add(lots.below(10 * MINUTE_MS as u64) as i64, Ordering::Relaxed);
        // Whoever is away comes back sooner or later.
        for who in 0..self.people.len() {
            if self.people[who].twin().is_none() && (who == step.who || lots.once_in(5)) {
                self.come_back(who, plays)?;
            }
        }
        let Step { who, whom, .. } = *step;
        match step.act {
            Act::Wait { ms } => drop(self.time.fetch_add(ms, Ordering::Relaxed)),
            Act::SetClock { skew_ms } => self.people[who].set_clock(skew_ms),
            Act::PullPlug { after } => self.people[who].pull_plug_after(after),
            Act::Restart => {
                self.people[who].close();
                self.pulled(&mut lots);
                self.come_back(who, plays)?;
            }
            Act::Close => self.people[who].close(),
            Act::Part => self.net.part(who, whom, true),
            Act::Join => self.net.part(who, whom, false),
            Act::Arrive => drop(self.net.arrive_late()),
            Act::Carry => self.carry(who)?,
            Act::Play(act) => {
                plays.act(self, act, who, whom, &mut lots)?;
                // A twin with threads delivers at once what was just signed; mostly.
                if !lots.once_in(4) {
                    self.carry(who)?;
                }
            }
            Act::Hostile(act) => Eve::act(self, act, who, &mut lots)?,
        }
        self.pulled(&mut lots);
        Ok(())
    }

    /// Whose machine went down is down now.
    fn pulled(&mut self, lots: &mut Lots) {
        for person in &mut self.people {
            if person.is_pulled() {
                let kept = if lots.once_in(2) { 0 } else { lots.below(2_000) as usize };
                self.net.trace.note(format!("    {} went down", person.number));
                self.net.trace.count("plugs pulled");
                person.crash(kept);
            }
        }
    }

    fn come_back(&mut self, who: usize, plays: &mut Plays) -> Result<(), Broken> {
        self.people[who].open()?;
        self.trace().note(format!("    {who} is back"));
        plays.came_back(self, who)
    }

    /// Carries everything that waits at `who`, to everybody for whom something does.
    pub(crate) fn carry(&self, who: usize) -> Result<(), Broken> {
        let person = &self.people[who];
        let Some(twin) = person.twin() else { return Ok(()) };
        let waiting = match twin.waiting() {
            Ok(waiting) => waiting,
            Err(_) if person.is_pulled() => return Ok(()),
            Err(failure) => return Err(strange("what waits", &failure)),
        };
        for did in waiting {
            if let Err(failure) = twin.carry_to(&did) {
                self.trace().note(format!("    not carried: {failure}"));
            }
        }
        Ok(())
    }

    /// Everything is made good: whoever is away comes back, ways are there, clocks are right; then everything arrives,
    /// and what has to be so is so, also after one more restart.
    pub fn heal(&mut self, plays: &mut Plays) -> Result<(), Broken> {
        self.trace().note("healing");
        let mut lots = Lots::of(0, 9);
        self.net.set(Weather::default(), Lots::of(0, 10));
        self.net.mend();
        for who in 0..self.people.len() {
            self.people[who].keep_plugged();
            self.pulled(&mut lots);
            self.come_back(who, plays)?;
            self.people[who].set_clock(0);
        }
        plays.reconcile(self)?;
        self.settle()?;
        self.check(plays)?;
        for who in 0..self.people.len() {
            self.people[who].close();
            self.come_back(who, plays)?;
        }
        self.settle()?;
        self.check(plays)?;
        plays.at_last(self)
    }

    /// Carries until nothing waits any more, nor does some minutes later: what was asked for in vain is asked for again.
    pub(crate) fn settle(&self) -> Result<(), Broken> {
        let mut quiet = 0;
        for _ in 0..ROUNDS_MAX {
            self.wait(2 * MINUTE_MS);
            let rests = self.people.iter().all(|person| self.waits_at(person).is_empty());
            quiet = if rests { quiet + 1 } else { 0 };
            if quiet > 1 {
                return Ok(());
            }
            for who in 0..self.people.len() {
                self.carry(who)?;
            }
        }
        let waits: Vec<_> = self.people.iter().map(|person| (person.number, self.waits_at(person))).collect();
        Err(Broken::new("once nothing stands in the way, everything arrives", format!("waiting still: {waits:?}")))
    }

    /// For whom something waits; what waits for Eve does so for ever.
    fn waits_at(&self, person: &Person) -> Vec<Did> {
        let waiting = person.twin().and_then(|twin| twin.waiting().ok()).unwrap_or_default();
        waiting.into_iter().filter(|did| self.number_of(did).is_some()).collect()
    }

    fn check(&self, plays: &Plays) -> Result<(), Broken> {
        for person in &self.people {
            match Self::calm(person, Request::Verify)? {
                Response::Verify(report) if report.damaged.is_empty() => {}
                other => return Err(Broken::new("every vault verifies", format!("{}: {other:?}", person.number))),
            }
        }
        plays.healed(self)
    }
}
