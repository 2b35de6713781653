//! A passkey without a device: keeps P-256 keys, signs as CTAP2 authenticators do, and has a PRF.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{DerSignature, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub(crate) const PRESENT: u8 = 0x01;
pub(crate) const VERIFIED: u8 = 0x04;
const HOLDS_CREDENTIAL: u8 = 0x40;

pub(crate) fn text(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn bytes(value: &Value) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(value.as_str().expect("a text")).expect("base64url")
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// One credential, and how the browser around it behaves.
pub(crate) struct Authenticator {
    key: SigningKey,
    seed: [u8; 32],
    pub(crate) id: Vec<u8>,
    user: Vec<u8>,
    pub(crate) count: u32,
    pub(crate) flags: u8,
    pub(crate) origin: String,
    pub(crate) rp_id: String,
}

impl Authenticator {
    pub(crate) fn new(seed: u8, host: &str) -> Self {
        let seed = sha256(&[seed]);
        Self {
            key: SigningKey::from_slice(&seed).expect("a scalar"),
            seed,
            id: sha256(&seed)[..20].to_vec(),
            user: Vec::new(),
            count: 0,
            flags: PRESENT | VERIFIED,
            origin: format!("http://{host}"),
            rp_id: "localhost".to_owned(),
        }
    }

    /// What the PRF gives for a salt: WebAuthn hashes the salt with a prefix, CTAP's hmac-secret keys it.
    pub(crate) fn prf(&self, salt: &[u8]) -> String {
        let salt = sha256(&[b"WebAuthn PRF\0", salt].concat());
        text(sha256(&[self.seed.as_slice(), &salt].concat()))
    }

    fn client_data(&self, kind: &str, options: &Value) -> Vec<u8> {
        let data = json!({
            "type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": false,
            "other_keys_can_be_added_here": "do not compare clientDataJSON against a template"
        });
        data.to_string().into_bytes()
    }

    fn data(&self, flags: u8) -> Vec<u8> {
        let mut data = sha256(self.rp_id.as_bytes()).to_vec();
        data.push(flags);
        data.extend_from_slice(&self.count.to_be_bytes());
        data
    }

    /// `COSE_Key`: `{1: 2, 3: -7, -1: 1, -2: x, -3: y}`.
    fn public_key(&self) -> Vec<u8> {
        let point = self.key.verifying_key().to_sec1_point(false);
        let (x, y) = (&point.as_bytes()[1..33], &point.as_bytes()[33..65]);
        [&[0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20][..], x, &[0x22, 0x58, 0x20], y].concat()
    }

    /// `navigator.credentials.create(options)`, as `toJSON()` writes it.
    pub(crate) fn create(&mut self, options: &Value) -> Value {
        self.user = bytes(&options["user"]["id"]);
        let mut data = self.data(self.flags | HOLDS_CREDENTIAL);
        data.extend_from_slice(&[0; 16]);
        data.extend_from_slice(&(self.id.len() as u16).to_be_bytes());
        data.extend_from_slice(&self.id);
        data.extend_from_slice(&self.public_key());
        // {"fmt": "none", "attStmt": {}, "authData": data}
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59".to_vec();
        object.extend_from_slice(&(data.len() as u16).to_be_bytes());
        object.extend_from_slice(&data);
        json!({
            "id": text(&self.id), "rawId": text(&self.id), "type": "public-key",
            "authenticatorAttachment": "platform", "clientExtensionResults": { "prf": { "enabled": true } },
            "response": {
                "clientDataJSON": text(self.client_data("webauthn.create", options)),
                "attestationObject": text(object), "transports": ["internal"]
            }
        })
    }

    /// `navigator.credentials.get(options)`, as `toJSON()` writes it.
    pub(crate) fn get(&self, options: &Value) -> Value {
        let data = self.data(self.flags);
        let client_data = self.client_data("webauthn.get", options);
        let signature: DerSignature = self.key.sign(&[data.as_slice(), &sha256(&client_data)].concat());
        json!({
            "id": text(&self.id), "rawId": text(&self.id), "type": "public-key", "clientExtensionResults": {},
            "response": {
                "clientDataJSON": text(client_data), "authenticatorData": text(data),
                "signature": text(signature.as_bytes()), "userHandle": text(&self.user)
            }
        })
    }
}
