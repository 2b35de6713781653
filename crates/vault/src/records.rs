//! Records: small things that are no observations (receipts, files, settings), several to an object.
//!
//! On disk: `[salt secret, [record…]]`, compressed and sealed under the key of their kind; the root is over salted leaves,
//! as for observations.

use crate::Damaged;
use crate::column::sure;
use crate::leaves::leaf;
use didymos_base::{Digest, merkle};
use minicbor::{Decoder, Encoder};

/// The plaintext of an object of records.
pub(crate) fn encode_records(salt: &[u8; 32], items: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut to = Encoder::new(&mut bytes);
    sure(to.array(2).and_then(|to| to.bytes(salt)).and_then(|to| to.array(items.len() as u64)));
    for item in items {
        sure(to.bytes(item));
    }
    bytes
}

/// Reads records back: the salt secret and the records.
pub(crate) fn decode_records(plain: &[u8]) -> Result<([u8; 32], Vec<Vec<u8>>), Damaged> {
    let malformed = |_| Damaged("records are malformed");
    let mut from = Decoder::new(plain);
    from.array().map_err(malformed)?;
    let salt = from.bytes().map_err(malformed)?.try_into().map_err(|_| Damaged("records are malformed"))?;
    let count = from.array().map_err(malformed)?.ok_or(Damaged("records are malformed"))?;
    let mut items = Vec::new();
    for _ in 0..count {
        items.push(from.bytes().map_err(malformed)?.to_vec());
    }
    Ok((salt, items))
}

/// The root over records: salted leaves, as for observations.
pub(crate) fn records_root(secret: &[u8; 32], items: &[Vec<u8>]) -> Digest {
    let mut salts = blake3::Hasher::new_keyed(secret).update(b"record").finalize_xof();
    let leaves: Vec<_> = items
        .iter()
        .map(|item| {
            let mut salt = [0; 16];
            salts.fill(&mut salt);
            leaf(&salt, item)
        })
        .collect();
    merkle::root(&leaves)
}
