//! The Mainline DHT of `BitTorrent`: a mutable item (BEP 44) under the endpoint key, signed by it, as pkarr publishes
//! keys. Off unless the owner wants it: it tells the addresses of this machine to whoever knows its endpoint key, and
//! to the nodes that happen to keep the item.
//!
//! The crate is `mainline`, which pkarr itself stands on; the value is an announcement of our own and no DNS packet,
//! since nobody but twins reads it.

use super::{NotPublished, Source};
use crate::block;
use crate::peer::{ADDRS_MAX, EndpointKey};
use didymos_base::canonical;
use didymos_identity::Secret32;
use mainline::async_dht::AsyncDht;
use mainline::{Dht, MutableItem, SigningKey};
use minicbor::{Decode, Encode};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

const NAME: &str = "Mainline DHT";
const SALT: &[u8] = b"didymos/1";
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
        Ok(Self { dht: dht.as_async(), key: SigningKey::from_bytes(seed.as_bytes()), put: Mutex::default() })
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
        // A later word replaces an earlier one.
        let item = MutableItem::new(self.key.clone(), &value, now_ms.max(1), Some(SALT));
        let failed = |words: String| NotPublished { source_name: NAME, words };
        match block::on(self.dht.put_mutable(item, None), PUT_MAX) {
            Some(Ok(_)) => {
                *put = Some((addrs.to_vec(), now_ms));
                Ok(())
            }
            Some(Err(error)) => Err(failed(error.to_string())),
            None => Err(failed("the network does not answer".to_owned())),
        }
    }

    fn find(&self, endpoint: &EndpointKey, _: i64, patience: Duration) -> Vec<SocketAddr> {
        let newest = block::on(self.dht.get_mutable_most_recent(endpoint, Some(SALT)), patience).flatten();
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
