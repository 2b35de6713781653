//! One epoch of a circle's MLS group (RFC 9420): its keys, and what can be done with them.
//!
//! Nothing here keeps a group open: each step loads it from the epoch's [`Image`], does one thing, and leaves a new
//! image. Going over to another epoch works on a copy, so that the epoch before stays usable for what comes late.
//! Handshakes are framed in the clear, since envelopes pass between members only, over links that seal them; messages
//! are sealed.

use crate::image::Image;
use crate::leaf::Leaf;
use crate::provider::{Chance, LeafKey, Provider, SUITE};
use didymos_base::canonical;
use didymos_base::{Did, Digest, Timestamp};
use didymos_identity::SigningKey;
use minicbor::{Decode, Decoder, Encode, Encoder};
use openmls::group::{
    MlsGroup, MlsGroupCreateConfig, MlsGroupJoinConfig, PURE_PLAINTEXT_WIRE_FORMAT_POLICY, StagedWelcome,
};
use openmls::prelude::{
    BasicCredential, Capabilities, Credential, CredentialType, CredentialWithKey, Extension, ExtensionType, Extensions,
    GroupContext, GroupId, KeyPackage, KeyPackageIn, LeafNode, LeafNodeIndex, LeafNodeParameters, Lifetime,
    MlsMessageBodyIn, MlsMessageIn, NewSignerBundle, ProcessedMessageContent, Proposal, ProtocolVersion,
    RequiredCapabilitiesExtension, Sender, SenderRatchetConfiguration, UnknownExtension,
};
use openmls_traits::OpenMlsProvider as _;
use openmls_traits::random::OpenMlsRand as _;
use tls_codec::{Deserialize as _, Serialize as _};
use zeroize::Zeroizing;

/// Where a circle's charter lies in the group's context: a number of the range for private use.
const CHARTER: u16 = 0xf1d1;
/// Messages are padded to a multiple of so many bytes, so that their length tells little.
const PADDING: usize = 128;
/// The longest name of a circle, in characters.
pub const NAME_CHARACTERS_MAX: usize = 80;

/// What the members have agreed on beside who they are.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Charter {
    /// What the circle is called; empty for a conversation of two.
    #[n(0)]
    pub name: String,
    /// Who made it.
    #[n(1)]
    pub creator: Did,
    /// Who else lets people in and puts them out, in the order in which they were named.
    #[n(2)]
    pub admins: Vec<Did>,
    /// Whether it is a conversation of two: nobody else is let in.
    #[n(3)]
    pub pair: bool,
}

impl Charter {
    fn is_sound(&self) -> bool {
        self.name.chars().count() <= NAME_CHARACTERS_MAX
            && !self.name.chars().any(char::is_control)
            && self.admins.len() <= crate::wire::DEVICES_MAX
    }

    /// A person's rank: the lower, the more their word counts.
    #[must_use]
    pub fn rank(&self, owner: &Did) -> usize {
        if *owner == self.creator {
            return 0;
        }
        self.admins.iter().position(|admin| admin == owner).map_or(usize::MAX, |at| at + 1)
    }

    /// Whether they let people in and put them out.
    #[must_use]
    pub fn leads(&self, owner: &Did) -> bool {
        self.rank(owner) < usize::MAX
    }
}

/// A device in a circle.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Seat {
    /// Its leaf in the tree.
    #[n(0)]
    pub leaf: u32,
    /// Whose.
    #[n(1)]
    pub owner: Did,
    /// Which device.
    #[n(2)]
    pub device: Did,
}

/// Why a step in a group was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GroupError {
    /// The bytes are no MLS message of this suite.
    #[error("not a message of this circle")]
    Malformed,
    /// It does not open, or what is in it does not hold.
    #[error("a message does not hold what it has to")]
    Refused,
    /// What it does is not the author's to do.
    #[error("that is not the author's to do")]
    NotAllowed,
    /// The epoch's keys are gone or cannot be read.
    #[error("the keys of this circle are not here any more")]
    NoKeys,
}

/// The keys of one epoch.
pub(crate) struct Keys {
    image: Image,
    /// Seed of the leaf's signature key.
    seed: Zeroizing<[u8; 32]>,
    /// The greatest sequence number of our own that was sealed with these keys.
    pub(crate) sent: u64,
    /// They are older than what was sealed with them: nothing may be sealed any more.
    pub(crate) stale: bool,
    /// Since when another epoch is the current one.
    pub(crate) superseded: Option<Timestamp>,
    /// When this device renewed its leaf last.
    pub(crate) renewed: Timestamp,
}

impl Keys {
    /// All of it in bytes, to be sealed and written.
    pub(crate) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let image = self.image.to_bytes();
        let mut bytes = Zeroizing::new(Vec::with_capacity(image.len() + 128));
        // Writing into memory does not fail.
        let _ = Encoder::new(&mut *bytes)
            .array(5)
            .and_then(|to| to.bytes(&*self.seed))
            .and_then(|to| to.u64(self.sent))
            .and_then(|to| to.encode(self.superseded))
            .and_then(|to| to.encode(self.renewed))
            .and_then(|to| to.bytes(&image));
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut from = Decoder::new(bytes);
        from.array().ok()?.filter(|len| *len == 5)?;
        let seed = Zeroizing::new(from.bytes().ok()?.try_into().ok()?);
        let (sent, superseded, renewed) = (from.u64().ok()?, from.decode().ok()?, from.decode().ok()?);
        let image = Image::from_bytes(from.bytes().ok()?)?;
        Some(Self { image, seed, sent, stale: false, superseded, renewed })
    }
}

/// A new epoch, as a commit, a welcome or the beginning of a circle makes it.
pub(crate) struct Grown {
    /// None where this device is no member any more.
    pub(crate) keys: Option<Keys>,
    pub(crate) number: u64,
    pub(crate) seats: Vec<Seat>,
    pub(crate) charter: Charter,
}

/// What a commit does, for whoever decides on it.
pub(crate) struct Proposed {
    /// Leaf of who commits.
    pub(crate) by: u32,
    pub(crate) adds: Vec<Leaf>,
    pub(crate) removes: Vec<u32>,
    pub(crate) charter: Option<Charter>,
}

/// What to change.
#[derive(Default)]
pub(crate) struct Change {
    pub(crate) adds: Vec<Package>,
    pub(crate) removes: Vec<u32>,
    pub(crate) charter: Option<Charter>,
}

/// A key package that holds.
#[derive(Clone)]
pub(crate) struct Package {
    package: KeyPackage,
    pub(crate) leaf: Leaf,
}

/// Who acts.
pub(crate) struct Actor<'a> {
    pub(crate) chance: &'a Chance,
    pub(crate) owner: &'a Did,
    pub(crate) device: &'a SigningKey,
}

impl Actor<'_> {
    fn credential(&self, key: &LeafKey) -> CredentialWithKey {
        let public = key.public();
        let leaf = Leaf::sign(self.owner, self.device, &public);
        CredentialWithKey {
            credential: Credential::from(BasicCredential::new(leaf.encode())),
            signature_key: public.as_slice().into(),
        }
    }

    fn seed(&self) -> Result<Zeroizing<[u8; 32]>, GroupError> {
        let provider = Provider::new(self.chance, Image::default());
        provider.rand().random_array().map(Zeroizing::new).map_err(|_| GroupError::NoKeys)
    }
}

fn capabilities() -> Capabilities {
    Capabilities::new(
        None,
        Some(&[SUITE]),
        Some(&[ExtensionType::Unknown(CHARTER)]),
        None,
        Some(&[CredentialType::Basic]),
    )
}

/// openmls looks at the machine's clock; whether a device may join is for its owner's identity to say, not for a date.
fn lifetime() -> Lifetime {
    Lifetime::init(0, u64::MAX)
}

fn ratchets() -> SenderRatchetConfiguration {
    SenderRatchetConfiguration::new(64, 4_000)
}

fn context_of(charter: &Charter) -> Result<Extensions<GroupContext>, GroupError> {
    let required =
        RequiredCapabilitiesExtension::new(&[ExtensionType::Unknown(CHARTER)], &[], &[CredentialType::Basic]);
    let extension = Extension::Unknown(CHARTER, UnknownExtension(canonical::encode(charter)));
    Extensions::from_vec(vec![Extension::RequiredCapabilities(required), extension]).map_err(|_| GroupError::Malformed)
}

fn charter_in(extensions: &Extensions<GroupContext>) -> Result<Charter, GroupError> {
    let extension = extensions.unknown(CHARTER).ok_or(GroupError::Refused)?;
    let charter: Charter = canonical::decode(&extension.0).map_err(|_| GroupError::Refused)?;
    // Nothing but the charter, in the one form that we would have written.
    if charter.is_sound() && context_of(&charter)? == *extensions { Ok(charter) } else { Err(GroupError::Refused) }
}

fn leaf_of(node: &LeafNode) -> Result<Leaf, GroupError> {
    Leaf::check(node.credential().serialized_content(), node.signature_key().as_slice()).ok_or(GroupError::Refused)
}

fn seats(group: &MlsGroup) -> Result<Vec<Seat>, GroupError> {
    let mut seats = Vec::new();
    for member in group.members() {
        let leaf = Leaf::check(member.credential.serialized_content(), &member.signature_key);
        let Leaf { owner, device, .. } = leaf.ok_or(GroupError::Refused)?;
        if seats.iter().any(|seat: &Seat| seat.device == device) {
            return Err(GroupError::Refused);
        }
        seats.push(Seat { leaf: member.index.u32(), owner, device });
    }
    if seats.len() > crate::wire::DEVICES_MAX { Err(GroupError::Refused) } else { Ok(seats) }
}

fn load(provider: &Provider, circle: &Digest) -> Result<MlsGroup, GroupError> {
    let id = GroupId::from_slice(circle.as_bytes());
    MlsGroup::load(&provider.image, &id).ok().flatten().ok_or(GroupError::NoKeys)
}

fn grown(
    provider: Provider,
    group: &MlsGroup,
    seed: Zeroizing<[u8; 32]>,
    renewed: Timestamp,
) -> Result<Grown, GroupError> {
    let keys = group.is_active().then(|| Keys {
        image: provider.image,
        seed,
        sent: 0,
        stale: false,
        superseded: None,
        renewed,
    });
    Ok(Grown { keys, number: group.epoch().as_u64(), seats: seats(group)?, charter: charter_in(group.extensions())? })
}

/// Begins a circle with one member.
pub(crate) fn begin(by: &Actor<'_>, circle: &Digest, charter: &Charter, now: Timestamp) -> Result<Grown, GroupError> {
    let seed = by.seed()?;
    let key = LeafKey::from_seed(&seed);
    let provider = Provider::new(by.chance, Image::default());
    let config = MlsGroupCreateConfig::builder()
        .wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
        .padding_size(PADDING)
        .max_past_epochs(0)
        .number_of_resumption_psks(0)
        .use_ratchet_tree_extension(true)
        .sender_ratchet_configuration(ratchets())
        .lifetime(lifetime())
        .ciphersuite(SUITE)
        .capabilities(capabilities())
        .with_group_context_extensions(context_of(charter)?)
        .build();
    let id = GroupId::from_slice(circle.as_bytes());
    let group = MlsGroup::new_with_group_id(&provider, &key, &config, id, by.credential(&key))
        .map_err(|_| GroupError::Refused)?;
    grown(provider, &group, seed, now)
}

/// Makes a key package: its public bytes, and what joins with it.
pub(crate) fn package(by: &Actor<'_>) -> Result<(Vec<u8>, Zeroizing<Vec<u8>>), GroupError> {
    let seed = by.seed()?;
    let key = LeafKey::from_seed(&seed);
    let provider = Provider::new(by.chance, Image::default());
    let bundle = KeyPackage::builder()
        .key_package_lifetime(lifetime())
        .leaf_node_capabilities(capabilities())
        .build(SUITE, &provider, &key, by.credential(&key))
        .map_err(|_| GroupError::Refused)?;
    let public = bundle.key_package().tls_serialize_detached().map_err(|_| GroupError::Malformed)?;
    let keys = Keys { image: provider.image, seed, sent: 0, stale: false, superseded: None, renewed: Timestamp::MIN };
    Ok((public, keys.to_bytes()))
}

/// Reads somebody's key package.
pub(crate) fn read_package(chance: &Chance, bytes: &[u8]) -> Result<Package, GroupError> {
    let provider = Provider::new(chance, Image::default());
    let read = KeyPackageIn::tls_deserialize_exact(bytes).map_err(|_| GroupError::Malformed)?;
    let package = read.validate(provider.crypto(), ProtocolVersion::Mls10).map_err(|_| GroupError::Refused)?;
    if package.ciphersuite() != SUITE {
        return Err(GroupError::Refused);
    }
    let leaf = leaf_of(package.leaf_node())?;
    Ok(Package { package, leaf })
}

/// What a commit of ours is: for the others, for those it lets in, and for us.
pub(crate) struct Committed {
    pub(crate) commit: Vec<u8>,
    pub(crate) welcome: Option<Vec<u8>>,
    pub(crate) grown: Grown,
}

/// Commits a change, and renews this device's leaf with it.
pub(crate) fn commit(
    by: &Actor<'_>,
    keys: &Keys,
    circle: &Digest,
    aad: Vec<u8>,
    change: Change,
    now: Timestamp,
) -> Result<Committed, GroupError> {
    let provider = Provider::new(by.chance, keys.image.clone());
    let mut group = load(&provider, circle)?;
    group.set_aad(aad);
    let seed = by.seed()?;
    let (old, new) = (LeafKey::from_seed(&keys.seed), LeafKey::from_seed(&seed));
    let refused = |_| GroupError::Refused;
    let mut builder = group
        .commit_builder()
        .consume_proposal_store(false)
        .force_self_update(true)
        .leaf_node_parameters(LeafNodeParameters::builder().with_capabilities(capabilities()).build())
        .propose_adds(change.adds.into_iter().map(|add| add.package))
        .propose_removals(change.removes.into_iter().map(LeafNodeIndex::new));
    if let Some(charter) = &change.charter {
        builder = builder.propose_group_context_extensions(context_of(charter)?).map_err(|_| GroupError::Refused)?;
    }
    let signer = NewSignerBundle { signer: &new, credential_with_key: by.credential(&new) };
    let bundle = builder
        .load_psks(provider.storage())
        .map_err(|_| GroupError::Refused)?
        .build_with_new_signer(provider.rand(), provider.crypto(), &old, signer, |_| true)
        .map_err(|_| GroupError::Refused)?
        .stage_commit(&provider)
        .map_err(|_| GroupError::Refused)?;
    let (commit, welcome, _) = bundle.into_messages();
    let commit = commit.tls_serialize_detached().map_err(refused)?;
    let welcome = welcome.map(|welcome| welcome.tls_serialize_detached()).transpose().map_err(refused)?;
    group.merge_pending_commit(&provider).map_err(|_| GroupError::Refused)?;
    let grown = grown(provider, &group, seed, now)?;
    Ok(Committed { commit, welcome, grown })
}

/// Follows somebody's commit, if `judge` lets it pass.
pub(crate) fn follow(
    chance: &Chance,
    keys: &Keys,
    circle: &Digest,
    aad: &[u8],
    commit: &[u8],
    judge: impl FnOnce(&Proposed) -> Result<(), GroupError>,
) -> Result<Grown, GroupError> {
    let provider = Provider::new(chance, keys.image.clone());
    let mut group = load(&provider, circle)?;
    let message = MlsMessageIn::tls_deserialize_exact(commit).map_err(|_| GroupError::Malformed)?;
    let message = message.try_into_protocol_message().map_err(|_| GroupError::Malformed)?;
    let processed = group.process_message(&provider, message).map_err(|_| GroupError::Refused)?;
    let Sender::Member(by) = *processed.sender() else { return Err(GroupError::Refused) };
    if processed.aad() != aad {
        return Err(GroupError::Refused);
    }
    let ProcessedMessageContent::StagedCommitMessage(staged) = processed.into_content() else {
        return Err(GroupError::Refused);
    };
    let mut proposed = Proposed { by: by.u32(), adds: Vec::new(), removes: Vec::new(), charter: None };
    for queued in staged.queued_proposals() {
        // Whoever commits stands for all of it; and nothing else than this is ever done.
        if *queued.sender() != Sender::Member(by) {
            return Err(GroupError::NotAllowed);
        }
        match queued.proposal() {
            Proposal::Add(add) => proposed.adds.push(leaf_of(add.key_package().leaf_node())?),
            Proposal::Remove(remove) => proposed.removes.push(remove.removed().u32()),
            Proposal::GroupContextExtensions(asked) => {
                proposed.charter = Some(charter_in(asked.extensions())?);
            }
            _ => return Err(GroupError::NotAllowed),
        }
    }
    // The committer's own leaf is renewed, and stays theirs.
    let path = staged.update_path_leaf_node().ok_or(GroupError::NotAllowed)?;
    let renewed = leaf_of(path)?;
    let before = group.member_at(by).ok_or(GroupError::Refused)?;
    let before = Leaf::check(before.credential.serialized_content(), &before.signature_key);
    if before.is_none_or(|leaf| leaf.owner != renewed.owner || leaf.device != renewed.device) {
        return Err(GroupError::NotAllowed);
    }
    judge(&proposed)?;
    group.merge_staged_commit(&provider, *staged).map_err(|_| GroupError::Refused)?;
    grown(provider, &group, keys.seed.clone(), keys.renewed)
}

/// Goes in with a welcome.
pub(crate) fn join(
    chance: &Chance,
    package: &[u8],
    welcome: &[u8],
    now: Timestamp,
) -> Result<(Digest, Grown), GroupError> {
    let keys = Keys::from_bytes(package).ok_or(GroupError::NoKeys)?;
    let provider = Provider::new(chance, keys.image);
    let message = MlsMessageIn::tls_deserialize_exact(welcome).map_err(|_| GroupError::Malformed)?;
    let MlsMessageBodyIn::Welcome(welcome) = message.extract() else { return Err(GroupError::Malformed) };
    let config = MlsGroupJoinConfig::builder()
        .wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
        .padding_size(PADDING)
        .max_past_epochs(0)
        .number_of_resumption_psks(0)
        .use_ratchet_tree_extension(true)
        .sender_ratchet_configuration(ratchets())
        .build();
    let group = StagedWelcome::build_from_welcome(&provider, &config, welcome)
        .and_then(|joining| joining.skip_lifetime_validation().build())
        .and_then(|staged| staged.into_group(&provider))
        .map_err(|_| GroupError::Refused)?;
    let circle = group.group_id().as_slice().try_into().map(Digest).map_err(|_| GroupError::Malformed)?;
    Ok((circle, grown(provider, &group, keys.seed, now)?))
}

/// Seals a message. The keys are another image afterwards, which has to be safe before the message leaves.
pub(crate) fn seal(
    chance: &Chance,
    keys: &mut Keys,
    circle: &Digest,
    aad: Vec<u8>,
    plain: &[u8],
) -> Result<Vec<u8>, GroupError> {
    let provider = Provider::new(chance, keys.image.clone());
    let mut group = load(&provider, circle)?;
    group.set_aad(aad);
    let signer = LeafKey::from_seed(&keys.seed);
    let sealed = group.create_message(&provider, &signer, plain).map_err(|_| GroupError::Refused)?;
    let bytes = sealed.tls_serialize_detached().map_err(|_| GroupError::Malformed)?;
    keys.image = provider.image;
    Ok(bytes)
}

/// Opens a message, once: the key that opened it is gone afterwards. Says from which leaf it comes.
pub(crate) fn open(
    chance: &Chance,
    keys: &mut Keys,
    circle: &Digest,
    aad: &[u8],
    sealed: &[u8],
) -> Result<(u32, Zeroizing<Vec<u8>>), GroupError> {
    let provider = Provider::new(chance, keys.image.clone());
    let mut group = load(&provider, circle)?;
    let message = MlsMessageIn::tls_deserialize_exact(sealed).map_err(|_| GroupError::Malformed)?;
    let message = message.try_into_protocol_message().map_err(|_| GroupError::Malformed)?;
    let processed = group.process_message(&provider, message).map_err(|_| GroupError::Refused)?;
    let Sender::Member(by) = *processed.sender() else { return Err(GroupError::Refused) };
    if processed.aad() != aad {
        return Err(GroupError::Refused);
    }
    let ProcessedMessageContent::ApplicationMessage(message) = processed.into_content() else {
        return Err(GroupError::Refused);
    };
    keys.image = provider.image;
    Ok((by.u32(), Zeroizing::new(message.into_bytes())))
}
