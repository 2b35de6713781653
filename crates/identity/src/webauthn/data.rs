//! Client data (what the browser says) and authenticator data (what the passkey says).

use super::{Expected, WebAuthnError};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use minicbor::Decoder;
use serde::Deserialize;
use subtle::ConstantTimeEq;

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const BACKUP_ELIGIBLE: u8 = 0x08;
const BACKED_UP: u8 = 0x10;
const HOLDS_CREDENTIAL: u8 = 0x40;
const HOLDS_EXTENSIONS: u8 = 0x80;

/// §5.8.1. Browsers may add members at any time.
#[derive(Deserialize)]
struct ClientData {
    r#type: String,
    challenge: String,
    origin: String,
    #[serde(default, rename = "crossOrigin")]
    cross_origin: bool,
    #[serde(default, rename = "topOrigin")]
    top_origin: Option<String>,
}

fn parse(json: &[u8]) -> Option<(ClientData, [u8; 32])> {
    let data: ClientData = serde_json::from_slice(json).ok()?;
    let challenge = URL_SAFE_NO_PAD.decode(&data.challenge).ok()?.try_into().ok()?;
    Some((data, challenge))
}

pub(super) fn challenge_of(json: &[u8]) -> Option<[u8; 32]> {
    parse(json).map(|(_, challenge)| challenge)
}

pub(super) fn check_client_data(json: &[u8], kind: &str, expected: &Expected<'_>) -> Result<(), WebAuthnError> {
    let (data, challenge) = parse(json).ok_or(WebAuthnError::Malformed("its client data"))?;
    if data.r#type != kind {
        return Err(WebAuthnError::Unexpected("it does something else"));
    }
    if !bool::from(challenge.ct_eq(expected.challenge)) {
        return Err(WebAuthnError::Unexpected("the challenge is another one"));
    }
    if data.origin != expected.origin {
        return Err(WebAuthnError::Unexpected("it was used on another page"));
    }
    if data.cross_origin || data.top_origin.is_some() {
        return Err(WebAuthnError::Unexpected("it was used inside another page"));
    }
    Ok(())
}

/// §6.1.
pub(super) struct AuthenticatorData<'a> {
    rp_id_hash: &'a [u8; 32],
    flags: u8,
    pub(super) sign_count: u32,
    pub(super) credential: Option<Credential<'a>>,
}

/// A new credential (§6.5.1).
pub(super) struct Credential<'a> {
    pub(super) id: &'a [u8],
    pub(super) public_key: &'a [u8],
}

impl<'a> AuthenticatorData<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, WebAuthnError> {
        Self::parse(bytes).ok_or(WebAuthnError::Malformed("its authenticator data"))
    }

    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (rp_id_hash, rest) = bytes.split_first_chunk::<32>()?;
        let ([flags], rest) = rest.split_first_chunk::<1>()?;
        let (count, mut rest) = rest.split_first_chunk::<4>()?;
        let mut credential = None;
        if flags & HOLDS_CREDENTIAL != 0 {
            let (_aaguid, after) = rest.split_first_chunk::<16>()?;
            let (length, after) = after.split_first_chunk::<2>()?;
            let length = usize::from(u16::from_be_bytes(*length));
            // Level 3 §7.1 step 26: at most 1,023 bytes.
            let (id, after) = (1..=1_023).contains(&length).then(|| after.split_at_checked(length))??;
            let (public_key, after) = after.split_at_checked(map_len(after)?)?;
            credential = Some(Credential { id, public_key });
            rest = after;
        }
        if flags & HOLDS_EXTENSIONS != 0 {
            rest = rest.get(map_len(rest)?..)?;
        }
        rest.is_empty().then_some(Self {
            rp_id_hash,
            flags: *flags,
            sign_count: u32::from_be_bytes(*count),
            credential,
        })
    }

    /// For this host, by somebody present and verified, with flags that can be.
    pub(super) fn check(&self, rp_id_hash: &[u8; 32]) -> Result<(), WebAuthnError> {
        if !bool::from(self.rp_id_hash.ct_eq(rp_id_hash)) {
            return Err(WebAuthnError::Unexpected("it signed for another host name"));
        }
        if self.flags & USER_PRESENT == 0 || self.flags & USER_VERIFIED == 0 {
            return Err(WebAuthnError::NotVerified);
        }
        if self.flags & BACKED_UP != 0 && !self.is_backup_eligible() {
            return Err(WebAuthnError::Malformed("its flags contradict each other"));
        }
        Ok(())
    }

    pub(super) fn is_backup_eligible(&self) -> bool {
        self.flags & BACKUP_ELIGIBLE != 0
    }
}

/// Length of the CBOR map that `bytes` begin with.
fn map_len(bytes: &[u8]) -> Option<usize> {
    let mut from = Decoder::new(bytes);
    (from.datatype().ok()? == minicbor::data::Type::Map).then_some(())?;
    from.skip().ok()?;
    Some(from.position())
}
