//! The local network: multicast DNS (RFC 6762, RFC 6763), by the crate `mdns-sd`.
//!
//! A twin registers itself under a *tag*: BLAKE3 of its endpoint key and the day, under a purpose of its own. Contacts
//! know the key and can tell whose tag it is; to everybody else in the network it is a name that changes every day, and
//! no DID, name or key is said. A [beacon](Beacon) is registered like an endpoint, with what it says beside it.

use super::beacon::BEACONS_MAX;
use super::{Beacon, NotPublished, Sought, Source};
use crate::host::Place;
use crate::peer::EndpointKey;
use crate::wire::digest_of;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mdns_sd::{IfKind, ResolvedService, ServiceDaemon, ServiceEvent, ServiceInfo};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

const SERVICE: &str = "_twin._udp.local.";
const NAME: &str = "local network";
const DAY_MS: i64 = 86_400_000;
/// Endpoints of the network that are remembered; more than this is somebody's joke.
const HEARD_MAX: usize = 1_024;

/// Where twins of this network say that they are.
pub struct Lan {
    daemon: ServiceDaemon,
    own: EndpointKey,
    registered: Mutex<Option<(String, Vec<SocketAddr>)>>,
    /// Beacons by their tag, with what they say.
    lit: Mutex<HashMap<String, Vec<u8>>>,
    heard: Arc<Heard>,
}

#[derive(Default)]
struct Heard(Mutex<HashMap<String, Registered>>, Condvar);

/// What is known of a tag.
#[derive(Clone, Default)]
struct Registered {
    addrs: Vec<SocketAddr>,
    /// What a beacon says.
    said: Option<Vec<u8>>,
}

impl Heard {
    fn all(&self) -> MutexGuard<'_, HashMap<String, Registered>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What an endpoint is called on a day.
fn tag(endpoint: &EndpointKey, now_ms: i64, days: i64) -> String {
    let day = now_ms.div_euclid(DAY_MS).saturating_add(days);
    let digest = digest_of("didymos 2026 local network tag v1", &[endpoint, &day.to_be_bytes()]);
    digest.to_string()[..20].to_owned()
}

/// The tag that a service's full name begins with.
fn tag_of(fullname: &str) -> Option<&str> {
    let tag = fullname.strip_suffix(SERVICE)?.strip_suffix('.')?;
    (tag.len() == 20 && tag.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(tag)
}

fn addrs_of(service: &ResolvedService) -> Vec<SocketAddr> {
    let addrs = service.get_addresses().iter().map(|ip| SocketAddr::new(ip.to_ip_addr(), service.get_port()));
    // A link-local address of version 6 means nothing without the interface.
    let usable = |addr: &SocketAddr| !matches!(addr.ip(), IpAddr::V6(ip) if ip.is_unicast_link_local());
    addrs.filter(usable).take(crate::peer::ADDRS_MAX).collect()
}

/// The entry in which a beacon speaks, in base64url.
const SAID: &str = "s";
const SAID_TEXT_MAX: usize = 250;

fn said_by(service: &ResolvedService) -> Option<Vec<u8>> {
    let text = service.get_property_val_str(SAID).filter(|text| text.len() <= SAID_TEXT_MAX)?;
    URL_SAFE_NO_PAD.decode(text).ok()
}

impl Lan {
    fn register(&self, tag: &str, addrs: &[SocketAddr], said: Option<&[u8]>) -> Result<(), NotPublished> {
        let failed = |error: mdns_sd::Error| NotPublished { source_name: NAME, words: error.to_string() };
        let Some(port) = addrs.iter().find(|addr| addr.is_ipv4()).or(addrs.first()).map(SocketAddr::port) else {
            return Ok(());
        };
        let ips: Vec<IpAddr> = addrs.iter().filter(|addr| addr.port() == port).map(SocketAddr::ip).collect();
        let said = said.map(|said| (SAID, URL_SAFE_NO_PAD.encode(said)));
        let said: Vec<(&str, String)> = said.into_iter().collect();
        let service =
            ServiceInfo::new(SERVICE, tag, &format!("{tag}.local."), &ips[..], port, &said[..]).map_err(failed)?;
        self.daemon.register(service).map_err(failed)
    }

    /// Begins to listen. On the `loopback` interface alone, only twins of this machine are heard, as tests want it.
    pub fn start(own: EndpointKey, loopback: bool) -> Result<Self, NotPublished> {
        let failed = |error: mdns_sd::Error| NotPublished { source_name: NAME, words: error.to_string() };
        let daemon = ServiceDaemon::new().map_err(failed)?;
        if loopback {
            daemon.disable_interface(IfKind::All).map_err(failed)?;
            daemon.enable_interface(IfKind::LoopbackV4).map_err(failed)?;
        } else {
            daemon.disable_interface(vec![IfKind::LoopbackV4, IfKind::LoopbackV6]).map_err(failed)?;
        }
        let events = daemon.browse(SERVICE).map_err(failed)?;
        let heard = Arc::new(Heard::default());
        let sink = Arc::clone(&heard);
        // Ends with the daemon, which closes the channel.
        let listening = std::thread::Builder::new().name("twin-lan".into()).spawn(move || {
            while let Ok(event) = events.recv() {
                match event {
                    ServiceEvent::ServiceResolved(service) => {
                        let Some(tag) = tag_of(service.get_fullname()) else { continue };
                        let mut all = sink.all();
                        if all.len() < HEARD_MAX || all.contains_key(tag) {
                            all.insert(
                                tag.to_owned(),
                                Registered { addrs: addrs_of(&service), said: said_by(&service) },
                            );
                            sink.1.notify_all();
                        }
                    }
                    ServiceEvent::ServiceRemoved(_, fullname) => {
                        if let Some(tag) = tag_of(&fullname) {
                            sink.all().remove(tag);
                        }
                    }
                    _ => {}
                }
            }
        });
        listening.map_err(|error| NotPublished { source_name: NAME, words: error.to_string() })?;
        Ok(Self { daemon, own, registered: Mutex::default(), lit: Mutex::default(), heard })
    }
}

impl Source for Lan {
    fn name(&self) -> &'static str {
        NAME
    }

    fn publish(&self, addrs: &[SocketAddr], now_ms: i64) -> Result<(), NotPublished> {
        let tag = tag(&self.own, now_ms, 0);
        let mut registered = self.registered.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = Some((tag.clone(), addrs.to_vec()));
        if *registered == wanted {
            return Ok(());
        }
        if let Some((old, _)) = registered.take() {
            let _ = self.daemon.unregister(&format!("{old}.{SERVICE}"));
        }
        self.register(&tag, addrs, None)?;
        *registered = wanted;
        Ok(())
    }

    fn light(&self, beacons: &[Beacon], here: &Place, now_ms: i64) -> Result<(), NotPublished> {
        let mut lit = self.lit.lock().unwrap_or_else(PoisonError::into_inner);
        let said = |beacon: &Beacon| {
            // The network says the addresses itself, and an entry has no room for many.
            beacon.say(&Place { endpoint: here.endpoint, addrs: here.addrs.iter().take(1).copied().collect() })
        };
        let wanted: HashMap<String, Vec<u8>> =
            beacons.iter().take(BEACONS_MAX).map(|beacon| (tag(beacon.key(), now_ms, 0), said(beacon))).collect();
        lit.retain(|tag, said| {
            let stays = wanted.get(tag) == Some(said);
            if !stays {
                let _ = self.daemon.unregister(&format!("{tag}.{SERVICE}"));
            }
            stays
        });
        for (tag, said) in wanted {
            if let Entry::Vacant(dark) = lit.entry(tag) {
                self.register(dark.key(), &here.addrs, Some(&said))?;
                dark.insert(said);
            }
        }
        Ok(())
    }

    fn look_out(&self, beacons: &[Beacon], now_ms: i64, patience: Duration) -> Vec<Place> {
        let tags: Vec<(String, &Beacon)> = beacons
            .iter()
            .flat_map(|beacon| [0, -1, 1].map(|days| (tag(beacon.key(), now_ms, days), beacon)))
            .collect();
        // Friends answer one by one: all of the time is waited for all of them.
        let all = self.heard.all();
        let all = self.heard.1.wait_timeout_while(all, patience, |_| true).unwrap_or_else(PoisonError::into_inner).0;
        let heard = |(tag, beacon): &(String, &Beacon)| {
            let registered = all.get(tag)?;
            let place = beacon.hear(registered.said.as_deref()?)?;
            Some(Place { endpoint: place.endpoint, addrs: registered.addrs.clone() })
        };
        tags.iter().filter_map(heard).collect()
    }

    fn find(&self, sought: &Sought<'_>, now_ms: i64, patience: Duration) -> Vec<SocketAddr> {
        // The other side's clock may be on another day.
        let tags = [0, -1, 1].map(|days| tag(sought.endpoint, now_ms, days));
        let found = |all: &HashMap<String, Registered>| {
            tags.iter().find_map(|tag| all.get(tag).map(|registered| registered.addrs.clone()))
        };
        let all = self.heard.all();
        let waited = self.heard.1.wait_timeout_while(all, patience, |all| found(all).is_none());
        let (all, _) = waited.unwrap_or_else(PoisonError::into_inner);
        found(&all).unwrap_or_default()
    }
}

impl Drop for Lan {
    fn drop(&mut self) {
        let _ = self.daemon.shutdown();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_changes_every_day_and_tells_nothing_but_to_those_who_know_the_key() {
        let (ann, bob) = ([1; 32], [2; 32]);
        assert_eq!(tag(&ann, 5, 0), tag(&ann, DAY_MS - 1, 0));
        assert_ne!(tag(&ann, 0, 0), tag(&ann, DAY_MS, 0));
        assert_eq!(tag(&ann, 0, 1), tag(&ann, DAY_MS, 0));
        assert_ne!(tag(&ann, 0, 0), tag(&bob, 0, 0));
        let name = format!("{}.{SERVICE}", tag(&ann, 0, 0));
        assert_eq!(tag_of(&name), Some(tag(&ann, 0, 0).as_str()));
        for other in ["printer._twin._udp.local.", "_twin._udp.local.", "", "aa._http._tcp.local."] {
            assert_eq!(tag_of(other), None);
        }
    }
}
