//! A group's state in memory: what openmls would keep in a database, as one map that can be copied, written and restored.
//!
//! An image belongs to one epoch. Going over to the next epoch starts from a copy, so that the one before is there for
//! messages that come late and for commits that lose. Values are wiped when they are dropped.

use minicbor::{Decoder, Encoder};
use openmls_traits::storage::{CURRENT_VERSION, Entity, StorageProvider, traits};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use zeroize::Zeroizing;

/// A group's state.
#[derive(Default)]
pub(crate) struct Image(Mutex<Values>);

type Values = BTreeMap<Vec<u8>, Zeroizing<Vec<u8>>>;

/// State that cannot be kept or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ImageError {
    /// It has no form in bytes, or the bytes are none of it.
    #[error("a group's state cannot be read")]
    Form,
    /// Circles use no proposals outside of commits, no pre-shared keys and no keys of openmls' own keeping.
    #[error("circles do not keep this")]
    Unused,
}

impl Clone for Image {
    fn clone(&self) -> Self {
        Self(Mutex::new(self.values().clone()))
    }
}

impl std::fmt::Debug for Image {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Image")
    }
}

fn place(slot: &str, key: &impl Serialize) -> Result<Vec<u8>, ImageError> {
    let mut place = slot.as_bytes().to_vec();
    place.push(0);
    serde_json::to_writer(&mut place, key).map_err(|_| ImageError::Form)?;
    Ok(place)
}

impl Image {
    fn values(&self) -> MutexGuard<'_, Values> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, slot: &str, key: &impl Serialize, value: &impl Serialize) -> Result<(), ImageError> {
        let bytes = serde_json::to_vec(value).map_err(|_| ImageError::Form)?;
        self.values().insert(place(slot, key)?, Zeroizing::new(bytes));
        Ok(())
    }

    fn read<V: Entity<CURRENT_VERSION>>(&self, slot: &str, key: &impl Serialize) -> Result<Option<V>, ImageError> {
        let values = self.values();
        let Some(bytes) = values.get(&place(slot, key)?) else { return Ok(None) };
        serde_json::from_slice(bytes).map(Some).map_err(|_| ImageError::Form)
    }

    fn delete(&self, slot: &str, key: &impl Serialize) -> Result<(), ImageError> {
        self.values().remove(&place(slot, key)?);
        Ok(())
    }

    /// The image in bytes: CBOR pairs in order.
    pub(crate) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let values = self.values();
        let mut bytes = Zeroizing::new(Vec::with_capacity(values.values().map(|value| value.len() + 64).sum()));
        let mut to = Encoder::new(&mut *bytes);
        // Writing into memory does not fail.
        let _ = to.array(values.len() as u64 * 2);
        for (key, value) in &*values {
            let _ = to.bytes(key).and_then(|to| to.bytes(value));
        }
        bytes
    }

    /// Reads [`to_bytes`](Self::to_bytes) back.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut from = Decoder::new(bytes);
        let mut values = Values::new();
        for _ in 0..from.array().ok()?? / 2 {
            let key = from.bytes().ok()?.to_vec();
            values.insert(key, Zeroizing::new(from.bytes().ok()?.to_vec()));
        }
        (from.position() == bytes.len()).then(|| Self(Mutex::new(values)))
    }
}

type Kept<T> = Result<T, ImageError>;

impl StorageProvider<CURRENT_VERSION> for Image {
    type Error = ImageError;

    fn write_mls_join_config<G: traits::GroupId<CURRENT_VERSION>, E: traits::MlsGroupJoinConfig<CURRENT_VERSION>>(
        &self,
        group: &G,
        value: &E,
    ) -> Kept<()> {
        self.write("MlsGroupJoinConfig", group, value)
    }

    fn mls_group_join_config<G: traits::GroupId<CURRENT_VERSION>, E: traits::MlsGroupJoinConfig<CURRENT_VERSION>>(
        &self,
        group: &G,
    ) -> Kept<Option<E>> {
        self.read("MlsGroupJoinConfig", group)
    }

    fn delete_group_config<G: traits::GroupId<CURRENT_VERSION>>(&self, group: &G) -> Kept<()> {
        self.delete("MlsGroupJoinConfig", group)
    }

    fn write_tree<G: traits::GroupId<CURRENT_VERSION>, E: traits::TreeSync<CURRENT_VERSION>>(
        &self,
        group: &G,
        value: &E,
    ) -> Kept<()> {
        self.write("TreeSync", group, value)
    }

    fn tree<G: traits::GroupId<CURRENT_VERSION>, E: traits::TreeSync<CURRENT_VERSION>>(
        &self,
        group: &G,
    ) -> Kept<Option<E>> {
        self.read("TreeSync", group)
    }

    fn delete_tree<G: traits::GroupId<CURRENT_VERSION>>(&self, group: &G) -> Kept<()> {
        self.delete("TreeSync", group)
    }

    fn write_interim_transcript_hash<
        G: traits::GroupId<CURRENT_VERSION>,
        E: traits::InterimTranscriptHash<CURRENT_VERSION>,
    >(
        &self,
        group: &G,
        value: &E,
    ) -> Kept<()> {
        self.write("InterimTranscriptHash", group, value)
    }

    fn interim_transcript_hash<
        G: traits::GroupId<CURRENT_VERSION>,
        E: traits::InterimTranscriptHash<CURRENT_VERSION>,
    >(
        &self,
        group: &G,
    ) -> Kept<Option<E>> {
        self.read("InterimTranscriptHash", group)
    }

    fn delete_interim_transcript_hash<G: traits::GroupId<CURRENT_VERSION>>(&self, group: &G) -> Kept<()> {
        self.delete("InterimTranscriptHash", group)
    }

    fn write_context<G: traits::GroupId<CURRENT_VERSION>, E: traits::GroupContext<CURRENT_VERSION>>(
        &self,
        group: &G,
        value: &E,
    ) -> Kept<()> {
        self.write("GroupContext", group, value)
    }

    fn group_context<G: traits::GroupId<CURRENT_VERSION>, E: traits::GroupContext<CURRENT_VERSION>>(
        &self,
        group: &G,
    ) -> Kept<Option<E>> {
        self.read("GroupContext", group)
    }

    fn delete_context<G: traits::GroupId<CURRENT_VERSION>>(&self, group: &G) -> Kept<()> {
        self.delete("GroupContext", group)
    }

    fn write_confirmation_tag<G: traits::GroupId<CURRENT_VERSION>, E: traits::ConfirmationTag<CURRENT_VERSION>>(
        &self,
        group: &G,
        value: &E,
    ) -> Kept<()> {
        self.write("ConfirmationTag", group, value)
    }

    fn confirmation_tag<G: traits::GroupId<CURRENT_VERSION>, E: traits::ConfirmationTag<CURRENT_VERSION>>(
        &self,
        group: &G,
    ) -> Kept<Option<E>> {
        self.read("ConfirmationTag", group)
    }

    fn delete_confirmation_tag<G: traits::GroupId<CURRENT_VERSION>>(&self, group: &G) -> Kept<()> {
        self.delete("ConfirmationTag", group)
    }

    fn write_group_state<E: traits::GroupState<CURRENT_VERSION>, G: traits::GroupId<CURRENT_VERSION>>(
        &self,
        group: &G,
        value: &E,
    ) -> Kept<()> {
        self.write("GroupState", group, value)
    }

    fn group_state<E: traits::GroupState<CURRENT_VERSION>, G: traits::GroupId<CURRENT_VERSION>>(
        &self,
        group: &G,
    ) -> Kept<Option<E>> {
        self.read("GroupState", group)
    }

    fn delete_group_state<G: traits::GroupId<CURRENT_VERSION>>(&self, group: &G) -> Kept<()> {
        self.delete("GroupState", group)
    }

    fn write_message_secrets<G: traits::GroupId<CURRENT_VERSION>, E: traits::MessageSecrets<CURRENT_VERSION>>(
        &self,
        group: &G,
        value: &E,
    ) -> Kept<()> {
        self.write("MessageSecrets", group, value)
    }

    fn message_secrets<G: traits::GroupId<CURRENT_VERSION>, E: traits::MessageSecrets<CURRENT_VERSION>>(
        &self,
        group: &G,
    ) -> Kept<Option<E>> {
        self.read("MessageSecrets", group)
    }

    fn delete_message_secrets<G: traits::GroupId<CURRENT_VERSION>>(&self, group: &G) -> Kept<()> {
        self.delete("MessageSecrets", group)
    }

    fn write_resumption_psk_store<
        G: traits::GroupId<CURRENT_VERSION>,
        E: traits::ResumptionPskStore<CURRENT_VERSION>,
    >(
        &self,
        group: &G,
        value: &E,
    ) -> Kept<()> {
        self.write("ResumptionPskStore", group, value)
    }

    fn resumption_psk_store<G: traits::GroupId<CURRENT_VERSION>, E: traits::ResumptionPskStore<CURRENT_VERSION>>(
        &self,
        group: &G,
    ) -> Kept<Option<E>> {
        self.read("ResumptionPskStore", group)
    }

    fn delete_all_resumption_psk_secrets<G: traits::GroupId<CURRENT_VERSION>>(&self, group: &G) -> Kept<()> {
        self.delete("ResumptionPskStore", group)
    }

    fn write_own_leaf_index<G: traits::GroupId<CURRENT_VERSION>, E: traits::LeafNodeIndex<CURRENT_VERSION>>(
        &self,
        group: &G,
        value: &E,
    ) -> Kept<()> {
        self.write("LeafNodeIndex", group, value)
    }

    fn own_leaf_index<G: traits::GroupId<CURRENT_VERSION>, E: traits::LeafNodeIndex<CURRENT_VERSION>>(
        &self,
        group: &G,
    ) -> Kept<Option<E>> {
        self.read("LeafNodeIndex", group)
    }

    fn delete_own_leaf_index<G: traits::GroupId<CURRENT_VERSION>>(&self, group: &G) -> Kept<()> {
        self.delete("LeafNodeIndex", group)
    }

    fn write_group_epoch_secrets<G: traits::GroupId<CURRENT_VERSION>, E: traits::GroupEpochSecrets<CURRENT_VERSION>>(
        &self,
        group: &G,
        value: &E,
    ) -> Kept<()> {
        self.write("GroupEpochSecrets", group, value)
    }

    fn group_epoch_secrets<G: traits::GroupId<CURRENT_VERSION>, E: traits::GroupEpochSecrets<CURRENT_VERSION>>(
        &self,
        group: &G,
    ) -> Kept<Option<E>> {
        self.read("GroupEpochSecrets", group)
    }

    fn delete_group_epoch_secrets<G: traits::GroupId<CURRENT_VERSION>>(&self, group: &G) -> Kept<()> {
        self.delete("GroupEpochSecrets", group)
    }

    fn write_encryption_key_pair<K: traits::EncryptionKey<CURRENT_VERSION>, E: traits::HpkeKeyPair<CURRENT_VERSION>>(
        &self,
        key: &K,
        value: &E,
    ) -> Kept<()> {
        self.write("HpkeKeyPair", key, value)
    }

    fn encryption_key_pair<E: traits::HpkeKeyPair<CURRENT_VERSION>, K: traits::EncryptionKey<CURRENT_VERSION>>(
        &self,
        key: &K,
    ) -> Kept<Option<E>> {
        self.read("HpkeKeyPair", key)
    }

    fn delete_encryption_key_pair<K: traits::EncryptionKey<CURRENT_VERSION>>(&self, key: &K) -> Kept<()> {
        self.delete("HpkeKeyPair", key)
    }

    fn write_key_package<K: traits::HashReference<CURRENT_VERSION>, E: traits::KeyPackage<CURRENT_VERSION>>(
        &self,
        key: &K,
        value: &E,
    ) -> Kept<()> {
        self.write("KeyPackage", key, value)
    }

    fn key_package<K: traits::HashReference<CURRENT_VERSION>, E: traits::KeyPackage<CURRENT_VERSION>>(
        &self,
        key: &K,
    ) -> Kept<Option<E>> {
        self.read("KeyPackage", key)
    }

    fn delete_key_package<K: traits::HashReference<CURRENT_VERSION>>(&self, key: &K) -> Kept<()> {
        self.delete("KeyPackage", key)
    }

    fn write_encryption_epoch_key_pairs<
        G: traits::GroupId<CURRENT_VERSION>,
        K: traits::EpochKey<CURRENT_VERSION>,
        E: traits::HpkeKeyPair<CURRENT_VERSION>,
    >(
        &self,
        group: &G,
        epoch: &K,
        leaf: u32,
        pairs: &[E],
    ) -> Kept<()> {
        self.write("EpochKeyPairs", &(group, epoch, leaf), &pairs)
    }

    fn encryption_epoch_key_pairs<
        G: traits::GroupId<CURRENT_VERSION>,
        K: traits::EpochKey<CURRENT_VERSION>,
        E: traits::HpkeKeyPair<CURRENT_VERSION>,
    >(
        &self,
        group: &G,
        epoch: &K,
        leaf: u32,
    ) -> Kept<Vec<E>> {
        let values = self.values();
        let Some(bytes) = values.get(&place("EpochKeyPairs", &(group, epoch, leaf))?) else { return Ok(Vec::new()) };
        serde_json::from_slice(bytes).map_err(|_| ImageError::Form)
    }

    fn delete_encryption_epoch_key_pairs<G: traits::GroupId<CURRENT_VERSION>, K: traits::EpochKey<CURRENT_VERSION>>(
        &self,
        group: &G,
        epoch: &K,
        leaf: u32,
    ) -> Kept<()> {
        self.delete("EpochKeyPairs", &(group, epoch, leaf))
    }

    // An own leaf waits here between an update proposal and its commit. Circles update by commits only.
    fn append_own_leaf_node<G: traits::GroupId<CURRENT_VERSION>, E: traits::LeafNode<CURRENT_VERSION>>(
        &self,
        _: &G,
        _: &E,
    ) -> Kept<()> {
        Err(ImageError::Unused)
    }

    fn own_leaf_nodes<G: traits::GroupId<CURRENT_VERSION>, E: traits::LeafNode<CURRENT_VERSION>>(
        &self,
        _: &G,
    ) -> Kept<Vec<E>> {
        Ok(Vec::new())
    }

    fn delete_own_leaf_nodes<G: traits::GroupId<CURRENT_VERSION>>(&self, _: &G) -> Kept<()> {
        Ok(())
    }

    fn queue_proposal<
        G: traits::GroupId<CURRENT_VERSION>,
        R: traits::ProposalRef<CURRENT_VERSION>,
        Q: traits::QueuedProposal<CURRENT_VERSION>,
    >(
        &self,
        _: &G,
        _: &R,
        _: &Q,
    ) -> Kept<()> {
        Err(ImageError::Unused)
    }

    fn queued_proposal_refs<G: traits::GroupId<CURRENT_VERSION>, R: traits::ProposalRef<CURRENT_VERSION>>(
        &self,
        _: &G,
    ) -> Kept<Vec<R>> {
        Ok(Vec::new())
    }

    fn queued_proposals<
        G: traits::GroupId<CURRENT_VERSION>,
        R: traits::ProposalRef<CURRENT_VERSION>,
        Q: traits::QueuedProposal<CURRENT_VERSION>,
    >(
        &self,
        _: &G,
    ) -> Kept<Vec<(R, Q)>> {
        Ok(Vec::new())
    }

    fn remove_proposal<G: traits::GroupId<CURRENT_VERSION>, R: traits::ProposalRef<CURRENT_VERSION>>(
        &self,
        _: &G,
        _: &R,
    ) -> Kept<()> {
        Ok(())
    }

    fn clear_proposal_queue<G: traits::GroupId<CURRENT_VERSION>, R: traits::ProposalRef<CURRENT_VERSION>>(
        &self,
        _: &G,
    ) -> Kept<()> {
        Ok(())
    }

    fn write_signature_key_pair<
        K: traits::SignaturePublicKey<CURRENT_VERSION>,
        E: traits::SignatureKeyPair<CURRENT_VERSION>,
    >(
        &self,
        _: &K,
        _: &E,
    ) -> Kept<()> {
        Err(ImageError::Unused)
    }

    fn signature_key_pair<
        K: traits::SignaturePublicKey<CURRENT_VERSION>,
        E: traits::SignatureKeyPair<CURRENT_VERSION>,
    >(
        &self,
        _: &K,
    ) -> Kept<Option<E>> {
        Ok(None)
    }

    fn delete_signature_key_pair<K: traits::SignaturePublicKey<CURRENT_VERSION>>(&self, _: &K) -> Kept<()> {
        Ok(())
    }

    fn write_psk<K: traits::PskId<CURRENT_VERSION>, E: traits::PskBundle<CURRENT_VERSION>>(
        &self,
        _: &K,
        _: &E,
    ) -> Kept<()> {
        Err(ImageError::Unused)
    }

    fn psk<E: traits::PskBundle<CURRENT_VERSION>, K: traits::PskId<CURRENT_VERSION>>(&self, _: &K) -> Kept<Option<E>> {
        Ok(None)
    }

    fn delete_psk<K: traits::PskId<CURRENT_VERSION>>(&self, _: &K) -> Kept<()> {
        Ok(())
    }
}
