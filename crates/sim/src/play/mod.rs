//! What people do with their twins, and what must be so whatever happens meanwhile. One module for each capability.

pub mod copies;
pub mod deals;
pub mod guards;
pub mod messages;
pub mod witnesses;

use crate::Broken;
use crate::lots::Lots;
use crate::town::Town;

/// One thing that somebody does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Contracts between people.
    Deals(deals::Act),
    /// Conversations and circles.
    Messages(messages::Act),
    /// Copies at friends.
    Copies(copies::Act),
    /// Guardians.
    Guards(guards::Act),
    /// Witnesses.
    Witnesses(witnesses::Act),
}

/// What a town is about. Others do a little of everything there too, so that one thing meets the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// Contracts.
    Deals,
    /// Messages.
    Messages,
    /// Copies.
    Copies,
    /// Guardians.
    Guards,
    /// Witnesses.
    Witnesses,
}

impl Theme {
    pub(crate) fn drawn(lots: &mut Lots) -> Self {
        match lots.below(16) {
            0..=4 => Self::Deals,
            5..=9 => Self::Messages,
            10..=11 => Self::Copies,
            12..=13 => Self::Guards,
            _ => Self::Witnesses,
        }
    }

    /// How many people a town about this has.
    pub(crate) fn people(self, lots: &mut Lots) -> usize {
        match self {
            Self::Deals | Self::Messages => 3 + lots.place(2),
            Self::Guards | Self::Witnesses => 4,
            Self::Copies => 6,
        }
    }

    pub(crate) fn act(self, lots: &mut Lots) -> Act {
        let other = lots.once_in(12);
        match self {
            // Whoever is set back forgets what they said elsewhere.
            Self::Witnesses => Act::Witnesses(witnesses::Act::drawn(lots)),
            Self::Messages if other => Act::Deals(deals::Act::drawn(lots)),
            _ if other => Act::Messages(messages::Act::drawn(lots)),
            Self::Deals => Act::Deals(deals::Act::drawn(lots)),
            Self::Messages => Act::Messages(messages::Act::drawn(lots)),
            Self::Copies => Act::Copies(copies::Act::drawn(lots)),
            Self::Guards => Act::Guards(guards::Act::drawn(lots)),
        }
    }
}

/// What is known of everything that was done, from outside.
pub struct Plays {
    /// What is drawn in the end.
    last: Lots,
    deals: deals::Deals,
    messages: messages::Messages,
    copies: Option<copies::Copies>,
    guards: Option<guards::Guards>,
    witnesses: Option<witnesses::Witnesses>,
}

impl Plays {
    /// What is made in calm before anything happens.
    pub fn begin(town: &mut Town, theme: Theme, seed: u64) -> Result<Self, Broken> {
        let (deals, messages) = (deals::Deals::default(), messages::Messages::default());
        let mut plays = Self { last: Lots::of(seed, 6), deals, messages, copies: None, guards: None, witnesses: None };
        let mut lots = Lots::of(seed, 5);
        match theme {
            Theme::Deals | Theme::Messages => {}
            Theme::Copies => plays.copies = Some(copies::Copies::begin(town, &mut lots)?),
            Theme::Guards => plays.guards = Some(guards::Guards::begin(town)?),
            Theme::Witnesses => plays.witnesses = Some(witnesses::Witnesses::begin(town, &mut lots)?),
        }
        Ok(plays)
    }

    /// Does one thing, and checks what comes of it.
    pub fn act(&mut self, town: &mut Town, act: Act, who: usize, whom: usize, lots: &mut Lots) -> Result<(), Broken> {
        match act {
            Act::Deals(act) => self.deals.act(town, act, who, whom, lots),
            Act::Messages(act) => self.messages.act(town, act, who, whom, lots),
            Act::Copies(act) => self.copies.as_mut().map_or(Ok(()), |copies| copies.act(town, act, whom, lots)),
            Act::Guards(act) => self.guards.as_mut().map_or(Ok(()), |guards| guards.act(town, act, whom, lots)),
            Act::Witnesses(act) => self.witnesses.as_mut().map_or(Ok(()), |witnesses| witnesses.act(town, act, who)),
        }
    }

    /// Whoever comes back knows everything that they were told before.
    pub fn came_back(&mut self, town: &Town, who: usize) -> Result<(), Broken> {
        self.deals.came_back(town, who)?;
        self.messages.came_back(town, who)?;
        self.guards.as_mut().map_or(Ok(()), |guards| guards.came_back(town, who))
    }

    /// Takes back what keeps people apart.
    pub fn reconcile(&mut self, town: &mut Town) -> Result<(), Broken> {
        self.deals.reconcile(town)?;
        if self.copies.is_some() { copies::Copies::reconcile(town) } else { Ok(()) }
    }

    /// What is left when all that was is proven.
    pub fn at_last(&mut self, town: &mut Town) -> Result<(), Broken> {
        let mut lots = self.last.clone();
        if self.copies.is_some() {
            copies::Copies::healed(town, &mut lots)?;
        }
        self.guards.as_mut().map_or(Ok(()), |guards| guards.healed(town))?;
        self.witnesses.as_ref().map_or(Ok(()), |witnesses| witnesses.healed(town))
    }

    /// Everything has arrived, and is as it has to be.
    pub fn healed(&self, town: &Town) -> Result<(), Broken> {
        self.deals.healed(town)?;
        self.messages.healed(town)
    }
}
