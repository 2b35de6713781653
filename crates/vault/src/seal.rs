//! Keys of the vault, one per use, all derived from the vault key: whoever is handed one stream's key opens that stream
//! and nothing else.

use crate::Damaged;
use crate::commit::ObjectKind;
use didymos_base::StreamId;
use didymos_identity::Secret32;
use didymos_identity::sealed::{SealingKey, derive};
use std::sync::Arc;

/// Fills bytes with randomness; false where there is none.
pub type Chance = Arc<dyn Fn(&mut [u8]) -> bool + Send + Sync>;

/// Where ids, salts and nonces come from.
#[derive(Clone)]
pub(crate) struct Fresh(Chance);

impl Fresh {
    pub(crate) fn of(chance: Option<Chance>) -> Self {
        Self(chance.unwrap_or_else(|| Arc::new(|bytes| getrandom::fill(bytes).is_ok())))
    }

    /// So many random bytes.
    pub(crate) fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        // Without randomness nothing can be sealed, and nothing may be written unsealed.
        assert!((self.0)(&mut bytes), "the system gives no randomness");
        bytes
    }

    /// A nonce: 192 random bits do not repeat.
    pub(crate) fn nonce(&self) -> [u8; 24] {
        self.random()
    }
}

/// The vault key. Everything the vault stores is sealed under keys derived from it.
pub struct VaultKey(Secret32);

impl VaultKey {
    /// The key as the recovery phrase or a key slot gives it.
    #[must_use]
    pub fn new(key: Secret32) -> Self {
        Self(key)
    }

    /// The key of one stream.
    #[must_use]
    pub fn stream(&self, id: &StreamId) -> StreamSeal {
        StreamSeal::new(&self.stream_secret(id))
    }

    /// The key of one stream as it can be left to somebody: it opens that stream and nothing else.
    #[must_use]
    pub fn stream_secret(&self, id: &StreamId) -> Secret32 {
        derive(&self.0, "vault stream", id.as_str().as_bytes())
    }

    /// The keys of everything that is not a stream.
    pub(crate) fn seal(&self) -> Seal {
        self.seal_with(Fresh::of(None))
    }

    /// The same, with nonces from elsewhere.
    pub(crate) fn seal_with(&self, fresh: Fresh) -> Seal {
        let key = |purpose: &str| SealingKey::new(&derive(&self.0, "vault journal", purpose.as_bytes()));
        Seal {
            fresh,
            commit: key("commit"),
            slot: key("head"),
            beside: key("beside"),
            records: KINDS.map(|kind| key(kind.purpose())),
        }
    }

    /// The key of files that wait to be imported.
    pub(crate) fn uploads(&self) -> StreamSeal {
        StreamSeal(SealingKey::new(&derive(&self.0, "vault uploads", b"blocks")))
    }

    /// The key of heads of what is kept for others, and the one that hides whose it is.
    pub(crate) fn held(&self) -> (StreamSeal, Secret32) {
        let key = derive(&self.0, "vault held", b"heads");
        (StreamSeal(SealingKey::new(&key)), derive(&self.0, "vault held", b"names"))
    }

    /// The key of the roll-ups kept beside the journal, and the one that hides which chunk they are of.
    pub(crate) fn rollups(&self) -> (StreamSeal, Secret32) {
        let key = derive(&self.0, "vault derived", b"roll-ups");
        (StreamSeal(SealingKey::new(&key)), derive(&self.0, "vault derived", b"roll-up names"))
    }
}

/// A key that opens the chunks of one stream.
pub struct StreamSeal(SealingKey);

impl StreamSeal {
    /// The seal of a key that was left to somebody.
    #[must_use]
    pub fn new(key: &Secret32) -> Self {
        Self(SealingKey::new(key))
    }

    /// Seals `plain` for one use, named by `label`.
    #[must_use]
    pub fn seal(&self, nonce: [u8; 24], label: &[u8], plain: &[u8]) -> Vec<u8> {
        self.0.seal(nonce, label, plain)
    }

    /// Opens what was sealed under the same label.
    pub fn open(&self, label: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Damaged> {
        open(&self.0, label, sealed, "a seal does not hold")
    }
}

/// The owner's data in memory is not wiped on the way, unlike keys: it is what the program is there to show.
fn open(key: &SealingKey, label: &[u8], sealed: &[u8], otherwise: &'static str) -> Result<Vec<u8>, Damaged> {
    let mut plain = Vec::new();
    key.open_into(label, sealed, &mut plain).map_err(|_| Damaged(otherwise))?;
    Ok(plain)
}

const KINDS: [ObjectKind; 13] = [
    ObjectKind::Receipts,
    ObjectKind::Parts,
    ObjectKind::Identity,
    ObjectKind::Setting,
    ObjectKind::Imports,
    ObjectKind::Retractions,
    ObjectKind::Contacts,
    ObjectKind::Contracts,
    ObjectKind::Uses,
    ObjectKind::Guardians,
    ObjectKind::Messages,
    ObjectKind::Pieces,
    ObjectKind::Witness,
];

/// The keys of the journal itself and of its records.
pub(crate) struct Seal {
    pub(crate) fresh: Fresh,
    commit: SealingKey,
    slot: SealingKey,
    beside: SealingKey,
    records: [SealingKey; KINDS.len()],
}

impl Seal {
    pub(crate) fn seal_commit(&self, plain: &[u8]) -> Vec<u8> {
        self.commit.seal(self.fresh.nonce(), b"commit 1", plain)
    }

    pub(crate) fn open_commit(&self, sealed: &[u8]) -> Result<Vec<u8>, Damaged> {
        open(&self.commit, b"commit 1", sealed, "a commit's seal does not hold")
    }

    pub(crate) fn seal_slot(&self, plain: &[u8]) -> Vec<u8> {
        self.slot.seal(self.fresh.nonce(), b"head 1", plain)
    }

    pub(crate) fn open_slot(&self, sealed: &[u8]) -> Result<Vec<u8>, Damaged> {
        open(&self.slot, b"head 1", sealed, "a slot's seal does not hold")
    }

    pub(crate) fn seal_beside(&self, name: &str, plain: &[u8]) -> Vec<u8> {
        self.beside.seal(self.fresh.nonce(), name.as_bytes(), plain)
    }

    pub(crate) fn open_beside(&self, name: &str, sealed: &[u8]) -> Result<Vec<u8>, Damaged> {
        open(&self.beside, name.as_bytes(), sealed, "a seal does not hold")
    }

    fn record(&self, kind: ObjectKind) -> Option<&SealingKey> {
        KINDS.iter().position(|k| *k == kind).map(|i| &self.records[i])
    }

    /// Seals records of one kind. Chunks have keys of their own.
    pub(crate) fn seal_records(&self, kind: ObjectKind, plain: &[u8]) -> Option<Vec<u8>> {
        self.record(kind).map(|key| key.seal(self.fresh.nonce(), b"records 1", &compress(plain)))
    }

    pub(crate) fn open_records(&self, kind: ObjectKind, sealed: &[u8]) -> Result<Vec<u8>, Damaged> {
        let key = self.record(kind).ok_or(Damaged("an object has a kind that this program does not know"))?;
        let packed = open(key, b"records 1", sealed, "a seal does not hold")?;
        decompress(&packed, crate::chunk::MAX_SEALED)
    }
}

pub(crate) fn compress(plain: &[u8]) -> Vec<u8> {
    match zstd::bulk::compress(plain, 3) {
        Ok(packed) => packed,
        Err(error) => unreachable!("compressing in memory failed: {error}"),
    }
}

/// Decompresses at most `limit` bytes.
pub(crate) fn decompress(packed: &[u8], limit: usize) -> Result<Vec<u8>, Damaged> {
    // The frame's own word on its size, when it is below the limit, saves allocating the limit.
    let size = zstd::bulk::Decompressor::upper_bound(packed).unwrap_or(limit).min(limit);
    zstd::bulk::decompress(packed, size).map_err(|_| Damaged("compressed bytes do not decompress"))
}
