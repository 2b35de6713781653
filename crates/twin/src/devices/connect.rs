//! A computer that holds no twin and opens the page of one: `twin connect`.
//!
//! It keeps one small file: a key that it made for itself, and who the owner's twin is and where it was last. The key
//! opens the way to the page and nothing behind it: whoever has the file still has to sign in there, and the owner takes
//! the right away at once with `twin device revoke`. There is no passphrase here; the file is readable by its account
//! alone.

use crate::capability::pairing;
use crate::door::{Failure, FailureCode};
use crate::peers::online::Listen;
use crate::response::PairingShown;
use crate::{World, home};
use didymos_base::{Did, Timestamp, canonical};
use didymos_identity::{DidDocument, RecoveryPhrase, Secret32, SignedDocument, SigningKey, derive};
use didymos_link::{
    Call, Code, EndpointKey, Forwarding, Host, Known, Link, Own, Peer, Place, Purpose, Refusal, Reply, Settings, Ticket,
};
use didymos_vault::disk::replace_file;
use minicbor::{Decode, Encode};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The file's name in the home.
const FILE: &str = "connect";

/// What the file holds.
#[derive(Clone, Encode, Decode)]
#[cbor(array)]
struct Kept {
    #[cbor(n(0), with = "minicbor::bytes")]
    seed: [u8; 32],
    /// The identity that the computer made for itself.
    #[n(1)]
    own: SignedDocument,
    #[n(2)]
    twins: Vec<KnownTwin>,
}

impl Drop for Kept {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.seed);
    }
}

/// A twin whose page may be opened.
#[derive(Clone, Encode, Decode)]
#[cbor(array)]
struct KnownTwin {
    #[n(0)]
    versions: Vec<SignedDocument>,
    #[n(1)]
    name: Option<String>,
    #[n(2)]
    places: Vec<KnownPlace>,
}

#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
struct KnownPlace {
    #[cbor(n(0), with = "minicbor::bytes")]
    endpoint: EndpointKey,
    #[n(1)]
    addrs: Vec<SocketAddr>,
}

impl KnownTwin {
    fn did(&self) -> Option<&Did> {
        self.versions.first().map(|first| &first.document.id)
    }
}

struct Viewer {
    world: World,
    path: PathBuf,
    name: String,
    kept: Mutex<Kept>,
}

impl Viewer {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers what a twin showed of itself. What cannot be written now is shown again at the next meeting.
    fn learn(&self, peer: &Peer, is_new: bool) -> Result<(), String> {
        let mut kept = self.kept();
        let at = kept.twins.iter().position(|twin| twin.did() == Some(&peer.did));
        let at = match at {
            Some(at) => at,
            None if is_new => {
                kept.twins.push(KnownTwin { versions: Vec::new(), name: peer.name.clone(), places: Vec::new() });
                kept.twins.len() - 1
            }
            None => return Ok(()),
        };
        let place = KnownPlace { endpoint: peer.endpoint, addrs: peer.addrs.clone() };
        let twin = &mut kept.twins[at];
        if twin.versions.len() == peer.versions.len() && twin.places.first() == Some(&place) {
            return Ok(());
        }
        twin.versions.clone_from(&peer.versions);
        if !place.addrs.is_empty() {
            twin.places.retain(|known| known.endpoint != place.endpoint);
            twin.places.insert(0, place);
            twin.places.truncate(4);
        }
        write(&self.path, &kept).map_err(|failure| failure.message)
    }
}

impl Host for Viewer {
    fn own(&self) -> Option<Own> {
        let kept = self.kept();
        let device = SigningKey::from_seed(&Secret32::from_bytes(kept.seed));
        Some(Own { versions: vec![kept.own.clone()], device, name: Some(self.name.clone()) })
    }

    fn contact(&self, did: &Did) -> Option<Known> {
        let kept = self.kept();
        let twin = kept.twins.iter().find(|twin| twin.did() == Some(did))?;
        let place = |place: &KnownPlace| Place { endpoint: place.endpoint, addrs: place.addrs.clone() };
        Some(Known { versions: twin.versions.clone(), places: twin.places.iter().map(place).collect() })
    }

    fn met(&self, peer: &Peer) {
        let _ = self.learn(peer, false);
    }

    fn paired(&self, _: &Peer) -> Result<(), String> {
        Err("this computer has no contacts".to_owned())
    }

    fn enrolled(&self, purpose: Purpose, peer: &Peer, _: &[u8]) -> Result<(), String> {
        if purpose != Purpose::Viewer {
            return Err("this ticket is for something else".to_owned());
        }
        self.learn(peer, true)
    }

    fn answer(&self, _: &Peer, _: Call) -> Reply {
        Reply::Refused(Refusal::new(Code::UnknownCall, "there is no twin here"))
    }

    fn now(&self) -> Timestamp {
        self.world.now()
    }
}

fn write(path: &Path, kept: &Kept) -> Result<(), Failure> {
    let bytes = zeroize::Zeroizing::new(canonical::encode(kept));
    // The folder is for its owner's eyes only, and so is the file.
    replace_file(path, &bytes).map_err(|error| home::io_failure("write", path, &error))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
            .map_err(|error| home::io_failure("protect", path, &error))?;
    }
    Ok(())
}

/// A computer that opens pages of twins elsewhere.
pub struct Connecting {
    viewer: Arc<Viewer>,
    link: Link,
}

impl Connecting {
    /// Opens what is kept in `home`, or begins it. The computer calls itself `name` when it pairs.
    pub fn open(world: World, home: &Path, name: &str, listen: Listen) -> Result<Self, Failure> {
        home::make(home)?;
        let path = home.join(FILE);
        let kept = match std::fs::read(&path) {
            Ok(bytes) => canonical::decode(&bytes).map_err(|_| {
                let words = format!("{} is damaged: delete it and pair this computer again", path.display());
                Failure::new(FailureCode::Damaged, words)
            })?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let seed: [u8; 32] = world.random()?;
                let device = SigningKey::from_seed(&Secret32::from_bytes(seed));
                // Nobody keeps the words of it: a computer that is lost is revoked, not recovered.
                let identity = RecoveryPhrase::from_entropy(world.random()?).identity_key();
                let own = DidDocument::genesis(&identity, device.did(), world.now(), None);
                let kept = Kept { seed, own, twins: Vec::new() };
                write(&path, &kept)?;
                kept
            }
            Err(error) => return Err(home::io_failure("read", &path, &error)),
        };
        let seed = derive(&Secret32::from_bytes(kept.seed), "link-endpoint", b"");
        let name = crate::capability::profile::sound_name(name)?;
        let viewer = Arc::new(Viewer { world, path, name, kept: Mutex::new(kept) });
        let bind = match listen {
            Listen::At(addrs) => addrs,
            Listen::Usual => Vec::new(),
        };
        let settings = Settings { bind, ..Settings::default() };
        let link = Link::start(&seed, settings, Arc::clone(&viewer) as Arc<dyn Host>)?;
        Ok(Self { viewer, link })
    }

    /// Goes to whoever made the ticket (`twin device viewer`). Returns the pairing's number.
    pub fn join(&self, ticket: &str) -> Result<u64, Failure> {
        let ticket: Ticket = ticket.parse().map_err(|error: didymos_link::BadTicket| invalid(error.to_string()))?;
        if ticket.purpose() != Purpose::Viewer {
            return Err(invalid(
                "this ticket opens no page: `twin device viewer` on the twin's machine makes one that does",
            ));
        }
        Ok(self.link.join(ticket)?)
    }

    /// How a pairing stands.
    pub fn stands(&self, pairing: u64) -> Result<PairingShown, Failure> {
        let meeting = self.link.meetings().into_iter().find(|meeting| meeting.id == pairing);
        meeting.map(pairing::shown).ok_or_else(|| Failure::new(FailureCode::NotFound, "the pairing is gone"))
    }

    /// The person's word on the digits.
    pub fn say(&self, pairing: u64, same: bool) -> Result<(), Failure> {
        Ok(self.link.say(pairing, same)?)
    }

    /// The twins whose pages may be opened: who, and what their owners call themselves.
    #[must_use]
    pub fn twins(&self) -> Vec<(Did, Option<String>)> {
        let kept = self.viewer.kept();
        kept.twins.iter().filter_map(|twin| Some((twin.did()?.clone(), twin.name.clone()))).collect()
    }

    /// The twin that `text` means: a DID, a name or the beginning of one; without it, the only one there is.
    pub fn meant(&self, text: Option<&str>) -> Result<Did, Failure> {
        let twins = self.twins();
        let wanted = text.map(|text| text.trim().to_lowercase());
        let is_meant = |(did, name): &&(Did, Option<String>)| {
            wanted.as_ref().is_none_or(|wanted| {
                did.as_str().to_lowercase() == *wanted
                    || name.as_ref().is_some_and(|name| name.to_lowercase().starts_with(wanted.as_str()))
            })
        };
        let meant: Vec<_> = twins.iter().filter(is_meant).collect();
        match meant.as_slice() {
            [(did, _)] => Ok(did.clone()),
            [] => {
                let words = "this computer is paired with no such twin: `twin device viewer` on the twin's machine makes \
                             a ticket, and `twin connect --ticket` takes it";
                Err(Failure::new(FailureCode::NotFound, words))
            }
            _ => Err(invalid("several twins may be meant: say which by its name or DID")),
        }
    }

    /// Makes sure that the twin can be reached.
    pub fn greet(&self, did: &Did) -> Result<(), Failure> {
        Ok(self.link.greet(did)?)
    }

    /// Opens a port of this machine (0 picks one) that leads to the twin's page for as long as the result lives.
    pub fn forward(&self, did: &Did, port: u16) -> Result<(SocketAddr, Forwarding), Failure> {
        let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let bound = TcpListener::bind(addr).and_then(|listener| Ok((listener.local_addr()?, listener)));
        let (addr, listener) = bound.map_err(|error| {
            invalid(format!("cannot listen on {addr}: {error}; choose another port (port 0 picks a free one)"))
        })?;
        Ok((addr, self.link.forward(did, listener)?))
    }
}

fn invalid(words: impl Into<String>) -> Failure {
    Failure::new(FailureCode::Invalid, words)
}
