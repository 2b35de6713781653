//! Domains that contacts have: `did.json` of each, asked for over HTTPS.
//!
//! A domain is somebody else's machine, so it is told nothing and trusted with nothing: one request without a name or a
//! cookie, no proxy, no redirect, no address inside this network, an answer of bounded size in bounded time. What it
//! says counts if the contact signed it: see [`site`].

use super::site::{self, SITE_BYTES_MAX};
use super::{NotPublished, Sought, Source};
use crate::host::Place;
use didymos_identity::WebPlace;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, StatusCode, redirect};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Runtime;

const NAME: &str = "domains";
/// An answer is good for so long: a contact has several endpoints, and all of them are asked for in a row.
const KEPT_MS: i64 = 30_000;
const KEPT_MAX: usize = 64;

/// Domains, as one who reads what lies on them.
pub struct Web {
    /// Gone only while it is being dropped.
    runtime: Option<Runtime>,
    client: Client,
    /// A server of this machine that stands for all domains, in tests.
    local: Option<SocketAddr>,
    kept: Mutex<HashMap<WebPlace, (i64, Vec<u8>)>>,
}

/// Resolves names to addresses that everybody can reach, so that nobody's domain leads into this network.
struct Public(Option<SocketAddr>);

impl Resolve for Public {
    fn resolve(&self, name: Name) -> Resolving {
        let local = self.0;
        Box::pin(async move {
            if let Some(local) = local {
                return Ok(Box::new(std::iter::once(local)) as Addrs);
            }
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|addr| is_public(addr.ip())).collect();
            if public.is_empty() {
                return Err("the domain has no address that everybody can reach".into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is one of the open internet (RFC 6890 and its registries).
#[must_use]
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let shared = a == 100 && b & 0xc0 == 64;
    let assigned = (a, b, c) == (192, 0, 0) || (a, b, c) == (192, 88, 99) || (a == 198 && b & 0xfe == 18);
    !(a == 0
        || a >= 224
        || ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_documentation()
        || shared
        || assigned)
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [a, b, c, ..] = ip.segments();
    // Only 2000::/3 is given to anybody; of that, what leads back into version 4 or nowhere is left out.
    let documentation = (a, b) == (0x2001, 0x0db8) || (a == 0x3fff && b < 0x1000);
    let special = a == 0x2001 && b < 0x0200;
    let six_to_four = a == 0x2002 && !is_public_v4(Ipv4Addr::from((u32::from(b) << 16) | u32::from(c)));
    (0x2000..0x4000).contains(&a) && !documentation && !special && !six_to_four
}

impl Web {
    /// Begins to ask. `local` is a server of this machine that is asked in place of every domain, without TLS.
    pub fn start(local: Option<SocketAddr>) -> Result<Self, NotPublished> {
        let failed = |words: String| NotPublished { source_name: NAME, words };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let client = Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .referer(false)
            .https_only(local.is_none())
            .dns_resolver(Public(local))
            .build();
        Ok(Self {
            runtime: Some(runtime.map_err(|error| failed(error.to_string()))?),
            client: client.map_err(|error| failed(error.to_string()))?,
            local,
            kept: Mutex::default(),
        })
    }

    /// The file at `place`, or nothing.
    pub fn fetch(&self, place: &WebPlace, file: &str, patience: Duration) -> Vec<u8> {
        let scheme = if self.local.is_some() { "http" } else { "https" };
        let port = self.local.map(|local| format!(":{}", local.port())).unwrap_or_default();
        let url = format!("{scheme}://{}{port}/{}", place.domain(), place.path_of(file));
        let fetched = async {
            let mut answer = self.client.get(url).send().await.ok()?;
            let too_long = answer.content_length().is_some_and(|length| length > SITE_BYTES_MAX as u64);
            if answer.status() != StatusCode::OK || too_long {
                return None;
            }
            let mut bytes = Vec::new();
            while let Some(more) = answer.chunk().await.ok()? {
                if bytes.len() + more.len() > SITE_BYTES_MAX {
                    return None;
                }
                bytes.extend_from_slice(&more);
            }
            Some(bytes)
        };
        let Some(runtime) = &self.runtime else { return Vec::new() };
        let fetched = runtime.block_on(async { tokio::time::timeout(patience, fetched).await });
        fetched.ok().flatten().unwrap_or_default()
    }

    fn site(&self, place: &WebPlace, now_ms: i64, patience: Duration) -> Vec<u8> {
        let kept = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, bytes)) = kept().get(place)
            && (0..KEPT_MS).contains(&(now_ms - at))
        {
            return bytes.clone();
        }
        let bytes = self.fetch(place, site::FILE, patience);
        let mut kept = kept();
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(place.clone(), (now_ms, bytes.clone()));
        bytes
    }

    /// Every place that the document of `sought` names.
    fn places(&self, sought: &Sought<'_>, now_ms: i64, patience: Duration) -> Vec<Place> {
        let Some(place) = sought.web else { return Vec::new() };
        let Ok(identity) = didymos_identity::verify_chain(sought.versions) else { return Vec::new() };
        site::read(&self.site(place, now_ms, patience), place, &identity)
    }
}

impl Source for Web {
    fn name(&self) -> &'static str {
        NAME
    }

    /// Nobody but the owner writes to a domain: see `twin phonebook export`.
    fn publish(&self, _: &[SocketAddr], _: i64) -> Result<(), NotPublished> {
        Ok(())
    }

    fn find(&self, sought: &Sought<'_>, now_ms: i64, patience: Duration) -> Vec<SocketAddr> {
        let places = self.places(sought, now_ms, patience);
        places.into_iter().find(|place| place.endpoint == *sought.endpoint).map(|place| place.addrs).unwrap_or_default()
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        // Wherever that happens: a thread of another runtime may not wait for this one.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_this_network_are_no_domains() {
        for inside in [
            "127.0.0.1",
            "10.1.2.3",
            "192.168.0.1",
            "172.16.5.5",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.0.8",
            "198.18.0.1",
            "203.0.113.1",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:a00:1::",
            "2001:db8::1",
            "2001:0:1::",
            "fec0::1",
        ] {
            assert!(!is_public(inside.parse().expect("an address")), "{inside}");
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let here = runtime.block_on(Public(None).resolve("localhost".parse().expect("a name")));
        assert!(here.is_err(), "a name that leads to this machine");
        for outside in ["1.1.1.1", "203.0.112.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450::1"] {
            assert!(is_public(outside.parse().expect("an address")), "{outside}");
        }
    }
}
