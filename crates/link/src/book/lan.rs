//! The local network: multicast DNS (RFC 6762, RFC 6763), by the crate `mdns-sd`.
//!
//! A twin registers itself under a *tag*: BLAKE3 of its endpoint key and the day, under a purpose of its own. Contacts
//! know the key and can tell whose tag it is; to everybody else in the network it is a name that changes every day, and
//! no DID, name or key is said.

use super::{NotPublished, Source};
use crate::peer::EndpointKey;
use crate::wire::digest_of;
use mdns_sd::{IfKind, ResolvedService, ServiceDaemon, ServiceEvent, ServiceInfo};
use std::collections::HashMap;
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
    heard: Arc<Heard>,
}

#[derive(Default)]
struct Heard(Mutex<HashMap<String, Vec<SocketAddr>>>, Condvar);

impl Heard {
    fn all(&self) -> MutexGuard<'_, HashMap<String, Vec<SocketAddr>>> {
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

impl Lan {
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
                            all.insert(tag.to_owned(), addrs_of(&service));
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
        Ok(Self { daemon, own, registered: Mutex::default(), heard })
    }
}

impl Source for Lan {
    fn name(&self) -> &'static str {
        NAME
    }

    fn publish(&self, addrs: &[SocketAddr], now_ms: i64) -> Result<(), NotPublished> {
        let failed = |error: mdns_sd::Error| NotPublished { source_name: NAME, words: error.to_string() };
        let tag = tag(&self.own, now_ms, 0);
        let mut registered = self.registered.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = Some((tag.clone(), addrs.to_vec()));
        let Some(port) = addrs.iter().find(|addr| addr.is_ipv4()).or(addrs.first()).map(SocketAddr::port) else {
            return Ok(());
        };
        if *registered == wanted {
            return Ok(());
        }
        if let Some((old, _)) = registered.take() {
            let _ = self.daemon.unregister(&format!("{old}.{SERVICE}"));
        }
        let ips: Vec<IpAddr> = addrs.iter().filter(|addr| addr.port() == port).map(SocketAddr::ip).collect();
        let none: &[(&str, &str)] = &[];
        let service =
            ServiceInfo::new(SERVICE, &tag, &format!("{tag}.local."), &ips[..], port, none).map_err(failed)?;
        self.daemon.register(service).map_err(failed)?;
        *registered = wanted;
        Ok(())
    }

    fn find(&self, endpoint: &EndpointKey, now_ms: i64, patience: Duration) -> Vec<SocketAddr> {
        // The other side's clock may be on another day.
        let tags = [0, -1, 1].map(|days| tag(endpoint, now_ms, days));
        let found = |all: &HashMap<String, Vec<SocketAddr>>| tags.iter().find_map(|tag| all.get(tag).cloned());
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
