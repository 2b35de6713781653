//! Beacons: where friends are, for somebody of whom nothing is left but a recovery phrase.
//!
//! Who keeps shares for others is given a seed by each of them: number *n* of those that grow from that person's vault
//! key. Under the key that grows from the seed the friend says, in each source that it wants, where its endpoint is,
//! sealed. The owner comes back with the phrase, grows the same seeds and looks. To everybody else a beacon is one more
//! name that belongs to nobody; a friend can put out their own and no other's.

use super::site::SITE_BYTES_MAX;
use crate::host::Place;
use crate::peer::{ADDRS_MAX, EndpointKey};
use crate::wire::digest_of;
use didymos_base::canonical;
use didymos_identity::sealed::NONCE_LEN;
use didymos_identity::{SealingKey, Secret32, SigningKey, derive, resolve_key};
use minicbor::{Decode, Encode};
use std::net::SocketAddr;

/// The most beacons that one twin lights for others.
pub const BEACONS_MAX: usize = 64;
/// The beacons of one owner: a number is that of a share, of which there are at most so many.
pub const NUMBERS: u16 = 256;
const LABEL: &[u8] = b"beacon 1";

/// One beacon, for who holds its seed.
pub struct Beacon {
    seed: Secret32,
    key: EndpointKey,
}

/// What it says.
#[derive(Encode, Decode)]
#[cbor(array)]
struct Said {
    #[cbor(n(0), with = "minicbor::bytes")]
    endpoint: EndpointKey,
    #[n(1)]
    addrs: Vec<SocketAddr>,
}

/// The seed of beacon `number` of whoever has this vault key.
#[must_use]
pub fn seed(vault_key: &Secret32, number: u8) -> Secret32 {
    derive(vault_key, "returning-beacon", &[number])
}

impl Beacon {
    /// The beacon that grows from `seed`.
    #[must_use]
    pub fn new(seed: Secret32) -> Self {
        let key = SigningKey::from_seed(&seed);
        // A key that was just made is sound.
        let key = resolve_key(key.did()).map(|key| *key.as_bytes()).unwrap_or_default();
        Self { seed, key }
    }

    /// Every beacon of whoever has this vault key.
    #[must_use]
    pub fn all(vault_key: &Secret32) -> Vec<Self> {
        (0..=u8::MAX).map(|number| Self::new(seed(vault_key, number))).collect()
    }

    /// Its public key, which only the two who hold the seed know to belong to somebody.
    #[must_use]
    pub fn key(&self) -> &EndpointKey {
        &self.key
    }

    /// The seed of the key that signs what it says.
    pub(crate) fn seed(&self) -> &Secret32 {
        &self.seed
    }

    fn sealing(&self) -> SealingKey {
        SealingKey::new(&derive(&self.seed, "beacon", b"seal"))
    }

    /// What it says of `place`. The same place gives the same bytes: the nonce is a digest that nobody else can make.
    #[must_use]
    pub fn say(&self, place: &Place) -> Vec<u8> {
        let addrs = place.addrs[..place.addrs.len().min(ADDRS_MAX)].to_vec();
        let plain = canonical::encode(&Said { endpoint: place.endpoint, addrs });
        let digest = digest_of("didymos 2026 beacon nonce v1", &[self.seed.as_bytes(), &plain]);
        let mut nonce = [0; NONCE_LEN];
        nonce.copy_from_slice(&digest.0[..NONCE_LEN]);
        self.sealing().seal(nonce, LABEL, &plain)
    }

    /// What somebody said by it. From outside, and bounded like everything from there.
    #[must_use]
    pub fn hear(&self, said: &[u8]) -> Option<Place> {
        if said.len() > SITE_BYTES_MAX {
            return None;
        }
        let plain = self.sealing().open(LABEL, said).ok()?;
        let said: Said = canonical::decode(&plain).ok()?;
        (said.addrs.len() <= ADDRS_MAX).then_some(Place { endpoint: said.endpoint, addrs: said.addrs })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beacon_is_heard_by_who_holds_its_seed_and_is_noise_to_others() {
        let vault_key = Secret32::from_bytes([1; 32]);
        let place = Place { endpoint: [7; 32], addrs: vec![([192, 0, 2, 1], 5).into()] };
        let said = Beacon::new(seed(&vault_key, 3)).say(&place);
        let all = Beacon::all(&vault_key);
        assert_eq!(all.len(), usize::from(NUMBERS));
        let heard: Vec<usize> = (0..all.len()).filter(|at| all[*at].hear(&said).as_ref() == Some(&place)).collect();
        assert_eq!(heard, [3], "one friend does not speak in another's place");
        assert!(Beacon::new(seed(&Secret32::from_bytes([2; 32]), 3)).hear(&said).is_none());
        let mut changed = said.clone();
        changed[30] ^= 1;
        assert!(all[3].hear(&changed).is_none() && all[3].hear(&[]).is_none());
        // Sixteen addresses of version 6 fit into an item of the DHT.
        let long = Place { endpoint: [7; 32], addrs: vec![([0xff; 8], 65_535).into(); 99] };
        assert!(all[3].say(&long).len() <= 1_000);
    }
}
