//! Tokens for live sources: programs and devices of the owner's that deliver files by themselves.
//!
//! A token is the seed of a key; whoever shows it is that key's `did:key`. What it may do is a contract of the owner's
//! with that DID, which grants writing and nothing else, and ends. So a delivery passes the same door as everything:
//! decided by contract, and receipted. Only names and DIDs are kept; the token itself is told once, when it is made.

use crate::Twin;
use crate::door::{Failure, FailureCode};
use crate::request::{TokenNew, TokenWhich};
use crate::response::{TokenCreated, TokenShown, TokenState};
use crate::settings;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use didymos_base::{Did, Digest, Timestamp, ZoneOffset};
use didymos_consent::{Act, Contract, Period, Principal, Receipt, Streams, Verdict};
use didymos_identity::{Secret32, SigningKey};
use didymos_vault::ObjectKind;
use serde::{Deserialize, Serialize};
use std::sync::PoisonError;
use zeroize::Zeroizing;

/// What a token begins with, so that a person and a scanner for leaked secrets know one when they see it.
const PREFIX: &str = "twin_source_";
/// Tokens in force at once.
const TOKENS_MAX: usize = 64;
const NAME_MAX: usize = 60;
const DAYS_MAX: u32 = 3_660;
const DAY_MS: i64 = 86_400_000;
/// Receipts looked through for the last delivery of each token.
const LOOKED_AT_MAX: usize = 20_000;

/// A token, as the journal keeps it.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Token {
    did: Did,
    name: String,
    created: Timestamp,
    expires: Timestamp,
    #[serde(default)]
    revoked: Option<Timestamp>,
}

/// The setting that holds every token there ever was. A newer one replaces the older one.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Setting {
    tokens: Vec<Token>,
}

impl Token {
    /// What the owner grants to whoever holds it.
    fn contract(&self, owner: &Did) -> Contract {
        let words = serde_json::to_vec(&(&self.did, &self.name, self.created, self.expires)).unwrap_or_default();
        Contract {
            id: Digest::of(&words),
            assigner: owner.clone(),
            assignee: self.did.clone(),
            acts: vec![Act::Write],
            streams: Streams::All,
            period: Period::ALWAYS,
            resolution_ms: None,
            rate: None,
            space: None,
            purpose: format!("live source: {}", self.name),
            starts: self.created,
            expires: self.expires,
            ended: self.revoked,
        }
    }

    fn state(&self, now: Timestamp) -> TokenState {
        match self.revoked {
            Some(_) => TokenState::Revoked,
            None if now >= self.expires => TokenState::Expired,
            None => TokenState::InForce,
        }
    }

    fn shown(&self, now: Timestamp, last: Option<Timestamp>) -> TokenShown {
        let text = |time: Timestamp| time.rfc3339(ZoneOffset::UTC);
        TokenShown {
            did: self.did.clone(),
            name: self.name.clone(),
            state: self.state(now),
            created: text(self.created),
            expires: text(self.expires),
            last: last.map(text),
        }
    }
}

fn read(twin: &Twin) -> Result<Setting, Failure> {
    Ok(settings::newest(twin)?.unwrap_or_default())
}

/// The tokens, read from the journal once.
fn known(twin: &Twin) -> Result<Setting, Failure> {
    let mut kept = twin.tokens.lock().unwrap_or_else(PoisonError::into_inner);
    match &*kept {
        Some(setting) => Ok(setting.clone()),
        None => Ok(kept.insert(read(twin)?).clone()),
    }
}

/// Changes the tokens. Two changes at the same time follow each other.
fn change<T>(twin: &Twin, how: impl FnOnce(&mut Vec<Token>) -> Result<T, Failure>) -> Result<T, Failure> {
    let mut kept = twin.tokens.lock().unwrap_or_else(PoisonError::into_inner);
    let mut setting = match kept.take() {
        Some(setting) => setting,
        None => read(twin)?,
    };
    let done = how(&mut setting.tokens)?;
    settings::keep(twin, &setting)?;
    *kept = Some(setting);
    Ok(done)
}

/// The contracts with live sources, for the decision. A journal that cannot be read grants nothing.
pub(crate) fn contracts(twin: &Twin) -> Vec<Contract> {
    let owner = twin.did();
    known(twin).map(|setting| setting.tokens.iter().map(|token| token.contract(owner)).collect()).unwrap_or_default()
}

/// Who brings this token, and what the owner calls them. A token that was never made, or is in force no more, is told
/// the same: nothing.
pub(crate) fn holder(twin: &Twin, token: &str) -> Option<(Did, String)> {
    let seed = URL_SAFE_NO_PAD.decode(token.trim().strip_prefix(PREFIX)?).map(Zeroizing::new).ok()?;
    let seed: [u8; 32] = seed.as_slice().try_into().ok()?;
    let did = SigningKey::from_seed(&Secret32::from_bytes(seed)).did().clone();
    let setting = known(twin).ok()?;
    let token =
        setting.tokens.into_iter().find(|token| token.did == did && token.state(twin.now()) == TokenState::InForce)?;
    Some((token.did, token.name))
}

pub(crate) fn list(twin: &Twin) -> Result<Vec<TokenShown>, Failure> {
    twin.vault.ensure_whole()?;
    let (setting, now) = (known(twin)?, twin.now());
    let mut last: Vec<Option<Timestamp>> = vec![None; setting.tokens.len()];
    if !last.is_empty() {
        twin.flush_receipts()?;
        let mut looked_at = 0;
        twin.vault.records_of(ObjectKind::Receipts, |_, records| {
            for receipt in records.iter().rev().filter_map(|bytes| Receipt::decode(bytes).ok()) {
                looked_at += 1;
                let (Principal::Twin(did), Verdict::Allowed { .. }) = (&receipt.principal, &receipt.decision) else {
                    continue;
                };
                if let Some(at) = setting.tokens.iter().position(|token| token.did == *did) {
                    last[at].get_or_insert(receipt.time);
                }
            }
            looked_at < LOOKED_AT_MAX && last.iter().any(Option::is_none)
        })?;
    }
    Ok(setting.tokens.iter().zip(last).rev().map(|(token, last)| token.shown(now, last)).collect())
}

pub(crate) fn create(twin: &Twin, asked: &TokenNew) -> Result<TokenCreated, Failure> {
    twin.vault.ensure_whole()?;
    let invalid = |words: String| Err(Failure::new(FailureCode::Invalid, words));
    let name = asked.name.trim();
    if !(1..=NAME_MAX).contains(&name.chars().count()) || name.chars().any(char::is_control) {
        return invalid(format!("a token needs a name of 1 to {NAME_MAX} characters: what will deliver with it?"));
    }
    if !(1..=DAYS_MAX).contains(&asked.days) {
        return invalid(format!("a token can be in force for 1 to {DAYS_MAX} days"));
    }
    let seed = Zeroizing::new(twin.random::<32>()?);
    let time = twin.now();
    let token = Token {
        did: SigningKey::from_seed(&Secret32::from_bytes(*seed)).did().clone(),
        name: name.to_owned(),
        created: time,
        expires: Timestamp(time.0 + i64::from(asked.days) * DAY_MS),
        revoked: None,
    };
    let shown = token.shown(time, None);
    change(twin, |tokens| {
        if tokens.iter().filter(|token| token.state(time) == TokenState::InForce).count() >= TOKENS_MAX {
            let words = format!("{TOKENS_MAX} tokens are in force, and there cannot be more: revoke one first");
            return Err(Failure::new(FailureCode::Invalid, words));
        }
        tokens.push(token);
        Ok(())
    })?;
    Ok(TokenCreated { secret: format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(*seed)), token: shown })
}

pub(crate) fn revoke(twin: &Twin, asked: &TokenWhich) -> Result<Vec<TokenShown>, Failure> {
    twin.vault.ensure_whole()?;
    let time = twin.now();
    change(twin, |tokens| {
        let Some(token) = tokens.iter_mut().find(|token| token.did == asked.did) else {
            return Err(Failure::new(FailureCode::NotFound, "there is no such token; `twin token list` lists them"));
        };
        token.revoked.get_or_insert(time);
        Ok(())
    })?;
    list(twin)
}
