//! Who is at the keyboard: one-time links that become sessions, all of it in memory and all of it bounded.
//!
//! Only digests of tokens are kept and compared (BLAKE3's `Hash` compares in constant time), so neither the time an
//! answer takes nor a copy of this memory helps to guess one.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Sessions kept at once; the one unused for longest makes room.
pub(crate) const SESSIONS_MAX: usize = 64;
/// Links handed out and not used yet; the oldest makes room.
pub(crate) const LINKS_MAX: usize = 16;
/// A session that nobody used for so long is over.
pub(crate) const IDLE_MAX: Duration = Duration::from_hours(12);
/// No session lives longer than this.
pub(crate) const AGE_MAX: Duration = Duration::from_hours(30 * 24);
/// How many wrong tries are answered at full speed before answers are held back.
const FREE_MISTAKES: u32 = 3;
/// The longest that an answer to a wrong try is held back.
const DELAY_MAX: Duration = Duration::from_secs(8);
/// After so much quiet, old mistakes are forgotten.
const FORGIVEN_AFTER: Duration = Duration::from_mins(1);

/// The system gave no randomness.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no random numbers ({0}); no link can be made without them, try again")]
pub struct NoRandomness(String);

/// 32 random bytes as base64url: what a link or a cookie carries.
pub(crate) fn new_token() -> Result<String, NoRandomness> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes).map_err(|error| NoRandomness(error.to_string()))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

struct Session {
    born: Instant,
    used: Instant,
}

/// Open links and live sessions.
#[derive(Default)]
pub(crate) struct Sessions {
    links: Vec<blake3::Hash>,
    live: HashMap<[u8; 32], Session>,
    wrong_links: Mistakes,
    /// Wrong passphrases and passkeys.
    pub(crate) wrong_keys: Mistakes,
    /// Wrong tokens of live sources.
    pub(crate) wrong_tokens: Mistakes,
}

/// Counts wrong tries: the more there are, the later each is answered.
#[derive(Default)]
pub(crate) struct Mistakes {
    count: u32,
    last: Option<Instant>,
}

impl Sessions {
    /// Remembers that whoever brings `token` may come in, once.
    pub(crate) fn open_link(&mut self, token: &str) {
        if self.links.len() == LINKS_MAX {
            self.links.remove(0);
        }
        self.links.push(blake3::hash(token.as_bytes()));
    }

    /// Uses a link up. On success `cookie` names a new session; otherwise says how long to hold the answer back.
    pub(crate) fn enter(&mut self, token: &str, cookie: &str, now: Instant) -> Result<(), Duration> {
        let brought = blake3::hash(token.as_bytes());
        // No early exit: every open link is compared.
        let found = self
            .links
            .iter()
            .enumerate()
            .fold(None, |found, (at, link)| if *link == brought { Some(at) } else { found });
        let Some(at) = found else {
            return Err(self.wrong_links.count(now));
        };
        self.links.remove(at);
        self.admit(cookie, now);
        Ok(())
    }

    /// Begins the session that `cookie` names, for somebody who has proved to be the owner.
    pub(crate) fn admit(&mut self, cookie: &str, now: Instant) {
        self.forget_ended(now);
        if self.live.len() >= SESSIONS_MAX
            && let Some(stalest) = self.live.iter().min_by_key(|(_, session)| session.used).map(|(id, _)| *id)
        {
            self.live.remove(&stalest);
        }
        self.live.insert(*blake3::hash(cookie.as_bytes()).as_bytes(), Session { born: now, used: now });
    }

    /// Whether `cookie` names a live session; if so, it has been used now.
    pub(crate) fn is_live(&mut self, cookie: &str, now: Instant) -> bool {
        self.forget_ended(now);
        match self.live.get_mut(blake3::hash(cookie.as_bytes()).as_bytes()) {
            Some(session) => {
                session.used = now;
                true
            }
            None => false,
        }
    }

    /// Ends the session that `cookie` names.
    pub(crate) fn end(&mut self, cookie: &str) {
        self.live.remove(blake3::hash(cookie.as_bytes()).as_bytes());
    }

    /// Ends everything: no cookie and no link is good any more.
    pub(crate) fn end_all(&mut self) {
        self.live.clear();
        self.links.clear();
    }

    fn forget_ended(&mut self, now: Instant) {
        self.live.retain(|_, session| {
            now.saturating_duration_since(session.used) < IDLE_MAX
                && now.saturating_duration_since(session.born) < AGE_MAX
        });
    }
}

impl Mistakes {
    /// Counts one more, and says how long to hold its answer back.
    pub(crate) fn count(&mut self, now: Instant) -> Duration {
        if self.last.is_none_or(|last| now.saturating_duration_since(last) > FORGIVEN_AFTER) {
            self.count = 0;
        }
        self.last = Some(now);
        self.count = self.count.saturating_add(1);
        match self.count.checked_sub(FREE_MISTAKES + 1) {
            None => Duration::ZERO,
            Some(doublings) => Duration::from_millis(250 << doublings.min(5)).min(DELAY_MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_opens_one_session_and_no_second() {
        let (mut sessions, now) = (Sessions::default(), Instant::now());
        sessions.open_link("token");
        assert!(sessions.enter("other", "a", now).is_err());
        assert_eq!(sessions.enter("token", "a", now), Ok(()));
        assert!(sessions.enter("token", "b", now).is_err());
        assert!(sessions.is_live("a", now) && !sessions.is_live("b", now));
        sessions.end("a");
        assert!(!sessions.is_live("a", now));
    }

    #[test]
    fn sessions_end_when_idle_and_when_old() {
        let (mut sessions, start) = (Sessions::default(), Instant::now());
        sessions.open_link("token");
        sessions.enter("token", "a", start).expect("a good link");
        assert!(sessions.is_live("a", start + IDLE_MAX.saturating_sub(Duration::from_secs(1))));
        assert!(!sessions.is_live("a", start + IDLE_MAX * 2));

        sessions.open_link("token");
        sessions.enter("token", "b", start).expect("a good link");
        let mut now = start;
        while now < start + AGE_MAX.saturating_sub(Duration::from_secs(1)) {
            assert!(sessions.is_live("b", now));
            now += IDLE_MAX / 2;
        }
        assert!(!sessions.is_live("b", start + AGE_MAX));
    }

    #[test]
    fn links_and_sessions_stay_bounded_and_the_stalest_goes_first() {
        let (mut sessions, start) = (Sessions::default(), Instant::now());
        for i in 0..=LINKS_MAX {
            sessions.open_link(&format!("link {i}"));
        }
        assert!(sessions.enter("link 0", "x", start).is_err(), "the oldest open link made room");
        assert!(sessions.enter("link 1", "x", start).is_ok());
        sessions.end_all();
        for i in 0..=SESSIONS_MAX {
            sessions.open_link("link");
            let now = start + Duration::from_secs(i as u64);
            sessions.enter("link", &format!("cookie {i}"), now).expect("a good link");
        }
        let now = start + Duration::from_secs(100);
        assert_eq!(sessions.live.len(), SESSIONS_MAX);
        assert!(!sessions.is_live("cookie 0", now) && sessions.is_live("cookie 1", now));
    }

    #[test]
    fn wrong_links_are_answered_ever_later_until_it_is_quiet_again() {
        let (mut sessions, start) = (Sessions::default(), Instant::now());
        let delays: Vec<_> = (0..12).map(|_| sessions.enter("x", "y", start).expect_err("wrong").as_millis()).collect();
        assert_eq!(delays, [0, 0, 0, 250, 500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000, 8_000]);
        assert_eq!(sessions.enter("x", "y", start + FORGIVEN_AFTER * 2), Err(Duration::ZERO));
    }
}
