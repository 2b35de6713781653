//! Coming back over the network in memory: the messages of [`didymos_link::returning`], handed over one after the other.

use crate::net::{End, addrs};
use didymos_base::canonical;
use didymos_link::peer::{Card, Side};
use didymos_link::returning::Received;
use didymos_link::wire::{self, Greeting, OPENING_BYTES_MAX};
use didymos_link::{CameBack, Claim, Code, LinkError, Place, Refusal};
use std::sync::Arc;

pub(crate) fn come_back(end: &End, place: &Place, claim: &Claim) -> Result<CameBack, LinkError> {
    let (there, host) = end.dial(&place.endpoint).ok_or(LinkError::Unreachable)?;
    let channel = end.channel(&place.endpoint);
    let said = claim.say(&channel).ok_or(LinkError::Nobody)?;
    let greeting = canonical::encode(&Greeting::Returning(said));
    let Ok(Greeting::Returning(said)) = wire::decode(&greeting, OPENING_BYTES_MAX) else {
        return Err(LinkError::Malformed);
    };
    let refusal = |code, words: &str| LinkError::Refused(Refusal::new(code, words));
    let known = said.did().and_then(|did| host.contact(did));
    let known = known.ok_or_else(|| refusal(Code::NotAContact, "no contact of this twin"))?;
    let me = said.check(&known.versions, &channel, end.key, Vec::new());
    let me = me.map_err(|_| refusal(Code::BadProof, "this phrase is not that of the contact's identity"))?;
    let card = host.own().and_then(|own| Card::new(&own, 0, &addrs(there), false, &channel, Side::Dialled));
    let card = card.ok_or_else(|| refusal(Code::Failed, "this twin cannot show who it is"))?;
    host.returned(&me);
    let received = canonical::encode(&Received { card, versions: known.versions });
    let received: Received = wire::decode(&received, OPENING_BYTES_MAX).map_err(|_| LinkError::Malformed)?;
    let (peer, versions) = received.check(claim, &channel).ok_or(LinkError::Malformed)?;
    let did = peer.did.clone();
    end.meet(there, Arc::new(me), Arc::new(peer));
    Ok(CameBack { did, versions })
}
