//! The Mainline DHT of `BitTorrent`: a mutable item (BEP 44) under the endpoint key, signed by it, as pkarr publishes
//! keys. Off unless the owner wants it: it tells the addresses of this machine to whoever knows its endpoint key, and
//! to the nodes that happen to keep the item.
//!
//! The crate is `mainline`, which pkarr itself stands on; the value is an announcement of our own and no DNS packet,
//! since nobody but twins reads it.

use super::beacon::BEACONS_MAX;
use super::{Beacon, NotPublished, Sought, Source};
use crate::block;
use crate::host::Place;
use crate::peer::{ADDRS_MAX, EndpointKey};
use didymos_base::canonical;
use didymos_identity::Secret32;
use mainline::async_dht::AsyncDht;
use mainline::{Dht, MutableItem, SigningKey};
use minicbor::{Decode, Encode};
use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

const NAME: &str = "Mainline DHT";
const SALT: &[u8] = b"didymos/1";
const BEACON_SALT: &[u8] = b"didymos/return/1";
/// Beacons that are looked out for, all at the same time: friends have the smallest numbers.
const LOOKED_OUT_FOR: usize = 48;
/// The longest value that BEP 44 lets an item have, in bytes.
const VALUE_BYTES_MAX: usize = 1_000;
/// Nodes forget an item after two hours; before that it is put again.
const AGAIN_MS: i64 = 3_600_000;
const PUT_MAX: Duration = Duration::from_secs(30);

/// What an endpoint says of where it is.
#[derive(Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
struct Announcement {
    #[n(0)]
    version: u8,
    #[n(1)]
    addrs: Vec<SocketAddr>,
}

/// The addresses that a value announces. From outside, and bounded like everything from there.
#[must_use]
pub fn announced(value: &[u8]) -> Vec<SocketAddr> {
    if value.len() > VALUE_BYTES_MAX {
        return Vec::new();
    }
    match canonical::decode::<Announcement>(value) {
        Ok(said) if said.version == 1 && said.addrs.len() <= ADDRS_MAX => said.addrs,
        _ => Vec::new(),
    }
}

/// The DHT, as one of its clients.
pub struct Mainline {
    dht: AsyncDht,
    key: SigningKey,
    put: Mutex<Option<(Vec<SocketAddr>, i64)>>,
    lit: Mutex<HashMap<EndpointKey, (Vec<u8>, i64)>>,
}

impl Mainline {
    /// Joins the network through `bootstrap`, or through the public nodes where that is empty. `seed` grows the
    /// endpoint's key.
    pub fn start(seed: &Secret32, bootstrap: &[String], local: bool) -> Result<Self, NotPublished> {
        let mut builder = Dht::builder();
        if !bootstrap.is_empty() {
            builder.bootstrap(bootstrap);
        }
        if local {
            builder.bind_address(Ipv4Addr::LOCALHOST);
        }
        let dht = builder.build().map_err(|error| NotPublished { source_name: NAME, words: error.to_string() })?;
        Ok(Self {
            dht: dht.as_async(),
            key: SigningKey::from_bytes(seed.as_bytes()),
            put: Mutex::default(),
            lit: Mutex::default(),
        })
    }
}

impl Mainline {
    /// Puts an item, in place of an earlier one of the same key.
    fn put(&self, key: &SigningKey, value: &[u8], salt: &[u8], now_ms: i64) -> Result<(), NotPublished> {
        // A later word replaces an earlier one.
        let item = MutableItem::new(key.clone(), value, now_ms.max(1), Some(salt));
        let failed = |words: String| NotPublished { source_name: NAME, words };
        match block::on(self.dht.put_mutable(item, None), PUT_MAX) {
            Some(Ok(_)) => Ok(()),
            Some(Err(error)) => Err(failed(error.to_string())),
            None => Err(failed("the network does not answer".to_owned())),
        }
    }
}

impl Source for Mainline {
    fn name(&self) -> &'static str {
        NAME
    }

    fn publish(&self, addrs: &[SocketAddr], now_ms: i64) -> Result<(), NotPublished> {
        let mut put = self.put.lock().unwrap_or_else(PoisonError::into_inner);
        let current = put.as_ref().is_some_and(|(known, at)| known == addrs && (0..AGAIN_MS).contains(&(now_ms - at)));
        if current || addrs.is_empty() {
            return Ok(());
        }
        let addrs = &addrs[..addrs.len().min(ADDRS_MAX)];
        let value = canonical::encode(&Announcement { version: 1, addrs: addrs.to_vec() });
        self.put(&self.key, &value, SALT, now_ms)?;
        *put = Some((addrs.to_vec(), now_ms));
        Ok(())
    }

    fn light(&self, beacons: &[Beacon], here: &Place, now_ms: i64) -> Result<(), NotPublished> {
        let mut lit = self.lit.lock().unwrap_or_else(PoisonError::into_inner);
        // What is not put again is forgotten by the network.
        lit.retain(|key, _| beacons.iter().any(|beacon| beacon.key() == key));
        for beacon in beacons.iter().take(BEACONS_MAX) {
            let said = beacon.say(here);
            let is_lit = |(known, at): &(Vec<u8>, i64)| *known == said && (0..AGAIN_MS).contains(&(now_ms - at));
            if lit.get(beacon.key()).is_some_and(is_lit) {
                continue;
            }
            self.put(&SigningKey::from_bytes(beacon.seed().as_bytes()), &said, BEACON_SALT, now_ms)?;
            lit.insert(*beacon.key(), (said, now_ms));
        }
        Ok(())
    }

    fn look_out(&self, beacons: &[Beacon], _: i64, patience: Duration) -> Vec<Place> {
        let heard = |beacon: &Beacon| {
            let newest = self.dht.get_mutable_most_recent(beacon.key(), Some(BEACON_SALT));
            beacon.hear(block::on(newest, patience).flatten()?.value())
        };
        std::thread::scope(|scope| {
            let asking: Vec<_> =
                beacons.iter().take(LOOKED_OUT_FOR).map(|beacon| scope.spawn(|| heard(beacon))).collect();
            asking.into_iter().filter_map(|asked| asked.join().ok().flatten()).collect()
        })
    }

    fn find(&self, sought: &Sought<'_>, _: i64, patience: Duration) -> Vec<SocketAddr> {
        let newest = block::on(self.dht.get_mutable_most_recent(sought.endpoint, Some(SALT)), patience).flatten();
        newest.map(|item| announced(item.value())).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_value_panics_and_a_long_one_is_nothing(value: Vec<u8>) {
            prop_assert!(announced(&value).len() <= ADDRS_MAX);
        }
    }
}
