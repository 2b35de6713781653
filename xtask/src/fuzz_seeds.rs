//! What fuzzing begins with: one sound input for each decoder that a blind search would never reach the inside of.

use crate::{Result, root};
use didymos_base::{Did, Digest, Row, Source, Timestamp, Value, ZoneOffset, canonical, streams};
use didymos_consent::{Paper, Rate, Terms};
use didymos_copies::{CopyKeys, Ledger, Manifest, Parcel, Span, code, leaf};
use didymos_guard::checkpoint::{Checkpoint, Cosignature};
use didymos_guard::evidence::Evidence;
use didymos_guard::paper::{Answer, Cancel, Dismissal, Heartbeat, Notice, Word};
use didymos_guard::ring::{Founding, found};
use didymos_guard::{Claim, Kind, Legacy, Release};
use didymos_identity::webauthn::Expected;
use didymos_identity::webvh::Log;
use didymos_identity::{
    DidDocument, KdfCost, KeyFile, RecoveryPhrase, Secret32, SignedDocument, SigningKey, Unlocked, WebPlace,
    resolve_key,
};
use didymos_link::book::site;
use didymos_link::pairing::Joiner;
use didymos_link::peer::{Card, Channel, Side};
use didymos_link::wire::{self, Call, Greeting};
use didymos_link::{Own, Place, Ticket};
use didymos_twin::Request;
use didymos_twin::peers::ask::Ask;
use didymos_twin::request::{Query, Which};
use didymos_twin::response::QueryAnswer;
use didymos_vault::timeline::Edge;
use didymos_vault::{ObjectKind, Opening, Signer, Vault, VaultKey, rollup};

/// Writes them into the targets' corpora.
pub(crate) fn write() -> Result<()> {
    let phrase = RecoveryPhrase::from_entropy([7; 32]);
    let seed = Secret32::from_bytes([9; 32]);
    let device = SigningKey::from_seed(&seed);
    let document = DidDocument::genesis(&phrase.identity_key(), device.did(), Timestamp(0), None);
    put("identity_document", "genesis", &document.encode())?;
    let second = SigningKey::from_seed(&Secret32::from_bytes([11; 32]));
    let next = document.document.certificate(device.did()).ok_or("a genesis certifies its device")?.clone();
    let listed = document.with_device(&phrase.identity_key(), second.did(), Timestamp(1))?;
    put("identity_document", "second", &listed.encode())?;

    let owner = document.document.id.clone();
    let unlocked = Unlocked { vault_key: phrase.vault_key(), device_seed: seed, owner: owner.clone() };
    let keys = KeyFile::seal(&unlocked, "a passphrase", KdfCost::for_tests(), [5; 40])?;
    put("identity_keyfile", "one-slot", keys.to_text().as_bytes())?;

    put("identity_webauthn", "none", &attestation())?;

    let dir = tempfile::tempdir()?;
    let opening = Opening {
        dir: dir.path(),
        key: VaultKey::new(phrase.vault_key()),
        owner,
        signer: Some(Signer { key: device, certificate: next }),
        chance: None,
    };
    link(&document)?;
    circle(&document)?;
    let vault = Vault::create(opening, &[(ObjectKind::Identity, vec![document.encode()])], Timestamp(0))?;
    let known = streams::known("heart_rate").ok_or("heart_rate is known")?;
    import(&vault, &known.stream())?;
    for seq in 0..vault.index().commits.len() as u64 {
        put("vault_commit", &format!("commit-{seq}"), &canonical::encode(&vault.commit_frame(seq)?))?;
    }
    let index = vault.index();
    let chunks = &index.stream(&known.stream().id).ok_or("the import has a stream")?.chunks;
    let chunk = vault.chunk(&VaultKey::new(phrase.vault_key()).stream(&known.stream().id), &chunks[0])?;
    let [front, back] = chunk.encode_plain();
    put("vault_chunk", "heart", &[&u16::try_from(front.len())?.to_le_bytes()[..], &front, &back].concat())?;
    let minutes = rollup::accumulate(&chunk.front, 0..chunk.len(), 60_000, |_| true);
    put("vault_rollup", "minutes", &rollup::encode(&minutes))?;
    drop(index);
    let proof = vault.prove(&known.stream().id, Edge::Exact(600_000))?;
    put("vault_proof", "minute-ten", &proof.encode())?;

    let stream = known.stream().id;
    let query = Query { stream: stream.clone(), from: None, to: None, every: None, source: None, limit: 5 };
    let which = Which { stream, time: "2024-03-05T07:30".parse()? };
    for (name, request) in
        [("query", Request::Query(query)), ("show", Request::Show(which)), ("status", Request::Status)]
    {
        put("twin_request", name, &serde_json::to_vec(&request)?)?;
        let frame = serde_json::json!({ "frame": "ask", "number": 1, "ask": request });
        put("gateway_frame", name, &serde_json::to_vec(&frame)?)?;
    }
    Ok(())
}

/// What an owner puts on a domain.
fn domain(document: &SignedDocument, device: &SigningKey, addrs: Vec<std::net::SocketAddr>) -> Result<()> {
    let (document, phrase) = (&document.document, RecoveryPhrase::from_entropy([7; 32]));
    let place: WebPlace = "example.org".parse()?;
    let (first, second) = (phrase.web_key(0), phrase.web_key(1));
    let log = Log::begin(&place, &first, &second, |did| document.to_json_as(did, &[]), Timestamp(0))?;
    let state = document.to_json_as(log.did().as_str(), &[]);
    let log = log.followed(&second, &phrase.web_key(2), state, Timestamp(5_000))?;
    put("identity_webvh", "two-lines", log.text().as_bytes())?;
    let endpoint = *resolve_key(device.did())?.as_bytes();
    let site = site::write(document, &place, log.did(), &Place { endpoint, addrs }, device, Timestamp(0));
    put("link_site", "signed", site.as_bytes())
}

/// What two twins say to each other.
/// A circle of one: its messages, records, and what a newcomer would bring and be sent.
fn circle(document: &SignedDocument) -> Result<()> {
    let device = SigningKey::from_seed(&Secret32::from_bytes([9; 32]));
    let chance = std::sync::Arc::new(|bytes: &mut [u8]| {
        bytes.fill(5);
        true
    });
    let owner = document.document.id.clone();
    let me = didymos_circle::Me { owner: owner.clone(), device, chance };
    let now = Timestamp(0);
    let charter = didymos_circle::Charter { name: "seed".into(), creator: owner, admins: Vec::new(), pair: false };
    let versions = vec![document.clone()];
    let (mut circle, begun) = didymos_circle::Circle::begin(me.clone(), Digest([1; 32]), charter, versions, now)?;
    let content = didymos_circle::Content { text: "hello".into(), file: None, answers: None, again: None };
    let (_, said) = circle.say(&content, now)?;
    put("circle_wire", "3-content", &[&[3][..], &content.encode()].concat())?;
    let mut envelopes = Vec::new();
    for (number, record) in begun.records.iter().chain(&said.records).enumerate() {
        put("circle_wire", &format!("4-record-{number}"), &[&[4][..], &record.encode()].concat())?;
        if let didymos_circle::Record::Taken { envelope, .. } = record {
            envelopes.push(envelope.clone());
        }
    }
    let envelope = envelopes.first().ok_or("what was said is an envelope")?;
    put("circle_wire", "0-envelope", &[&[0][..], &envelope.0].concat())?;
    let mut sync = circle.greet(now);
    sync.give = envelopes;
    put("circle_wire", "1-sync", &[&[1][..], &sync.encode()].concat())?;
    let (package, _) = didymos_circle::package(&me)?;
    put("circle_take", "0-package", &[&[0][..], &package].concat())?;
    Ok(())
}

fn link(document: &SignedDocument) -> Result<()> {
    let device = SigningKey::from_seed(&Secret32::from_bytes([9; 32]));
    let own = Own { versions: vec![document.clone()], device: device.clone(), name: Some("Ann".to_owned()) };
    let channel = Channel { exporter: [1; 32], dialler: [2; 32], dialled: [3; 32] };
    let addrs = ["127.0.0.1:7438".parse()?];
    let card = Card::new(&own, 0, &addrs, true, &channel, Side::Dialler).ok_or("a card")?;
    let greeting = canonical::encode(&Greeting::Contact(Box::new(card)));
    put("link_card", "greeting", &greeting)?;
    let (joiner, knock) = Joiner::knock(&own, &addrs, [4; 16], channel, [5; 32])?;
    drop(joiner);
    let call = Call::new("ask@1", b"body".to_vec());
    let opening = wire::Opening { low: 1, high: 1, body: greeting.clone() };
    let messages = [
        (0u8, canonical::encode(&opening)),
        (1, canonical::encode(&wire::Reception::Speaks { low: 1, high: 2 })),
        (2, canonical::encode(&Greeting::Pair(knock))),
        (3, canonical::encode(&call)),
        (4, canonical::encode(&wire::Reply::Refused(wire::Refusal::new(wire::Code::TooMuch, "wait")))),
        (3, canonical::encode(&wire::Call { payload: Some(65_536), ..wire::Call::new("ask@1", vec![1]) })),
        (4, canonical::encode(&wire::Reply::Sends(b"body".to_vec(), 65_536))),
    ];
    for (number, (which, bytes)) in messages.into_iter().enumerate() {
        put("link_wire", &number.to_string(), &[&[which][..], &bytes].concat())?;
    }
    let ticket = Ticket {
        version: 1,
        endpoint: [7; 32],
        addrs: addrs.to_vec(),
        secret: [9; 16],
        expires: Timestamp(1_700_000_000_000),
        purpose: None,
    };
    put("link_ticket", "ticket", ticket.to_string().as_bytes())?;
    let place = Place { endpoint: [7; 32], addrs: addrs.to_vec() };
    put("link_ticket", "place", place.to_string().as_bytes())?;
    copies(&document.document.id, &device)?;
    let of_device = Ticket { purpose: Some(didymos_link::Purpose::Device), ..ticket };
    put("link_ticket", "device", of_device.to_string().as_bytes())?;
    put("link_announcement", "announcement", &canonical::encode(&(1u8, &addrs[..])))?;
    domain(document, &device, addrs.to_vec())?;
    let given = (vec![document.clone()], Digest([7; 32]));
    put("twin_given", "one-version", &canonical::encode(&given))?;

    let owner = document.document.id.clone();
    let other = RecoveryPhrase::from_entropy([8; 32]).identity_key().did().clone();
    let terms = Terms {
        version: 1,
        assigner: owner.clone(),
        assignee: other,
        streams: vec!["heart_rate".parse()?],
        from: None,
        to: Some(Timestamp(5)),
        resolution_ms: Some(3_600_000),
        rate: Some(Rate { uses: 5, per_ms: 86_400_000 }),
        purpose: "training".to_owned(),
        starts: Timestamp(0),
        expires: Timestamp(10),
        nonce: [1; 16],
        space: None,
    };
    let offer = terms.offer(&device);
    let papers = [
        Paper::Acceptance(offer.accept(&device, Timestamp(1))),
        Paper::Ending(offer.end(&owner, &device, Timestamp(2))),
        Paper::Offer(Box::new(offer)),
    ];
    for (number, paper) in papers.iter().enumerate() {
        put("consent_paper", &number.to_string(), &paper.encode())?;
    }
    guards(document, &device)?;
    let ask = Ask::new(br#"{"request":"twin.status@1"}"#.to_vec(), owner, Timestamp(3), [2; 16], &device);
    put("twin_ask", "ask", &canonical::encode(&ask))?;
    let paper = br#"{"request":"contracts.paper@1","paper":"AA"}"#;
    put("twin_answer", "paper", &[&paper[..], b"\n{}"].concat())?;
    let stream = streams::known("heart_rate").ok_or("heart_rate is known")?.stream();
    let query = format!(r#"{{"request":"timeline.query@1","stream":"{}"}}"#, stream.id);
    let answer = QueryAnswer {
        stream: stream.id,
        unit: stream.unit,
        kind: stream.kind,
        every: Some("1h".to_owned()),
        buckets: Some(Vec::new()),
        points: None,
        sources: None,
        more: false,
        notes: Vec::new(),
    };
    put("twin_answer", "query", &[query.as_bytes(), b"\n", &serde_json::to_vec(&answer)?].concat())
}

/// What friends keep of a journal, and what they show of it.
fn copies(owner: &Did, device: &SigningKey) -> Result<()> {
    let keys = CopyKeys::new(&Secret32::from_bytes([1; 32]));
    let span = Span { begins: 0, len: 100 };
    let sealed = keys.seal(span, &[5; 100]);
    let shares = code::encode(&sealed, 2, &[0, 1, 2])?;
    let parcel = Parcel {
        span,
        digest: Digest::of(&[5; 100]),
        shares: shares.iter().map(|share| leaf::name_of(share)).collect(),
    };
    let holder = |number: u8| didymos_copies::Holder {
        did: RecoveryPhrase::from_entropy([20 + number; 32]).identity_key().did().clone(),
        numbers: vec![number],
    };
    let manifest = Manifest {
        version: 1,
        owner: owner.clone(),
        number: 1,
        at: Timestamp(5),
        seq: 3,
        commit: Digest::of(b"commit"),
        need: 2,
        numbers: vec![0, 1, 2],
        parcels: vec![parcel],
        holders: vec![holder(0), holder(1), holder(2)],
    };
    let envelope = manifest.seal(&keys, [2; 24], device).encode();
    put("copies_manifest", "envelope", &[&[0][..], &envelope].concat())?;
    put("copies_manifest", "list", &[&[1][..], &canonical::encode(&manifest)].concat())?;
    put("copies_manifest", "ledger", &[&[2][..], &canonical::encode(&Ledger::of(manifest))].concat())?;
    let mut given = vec![2, 90];
    for (number, share) in [(2u8, &shares[2]), (0, &shares[0])] {
        given.push(number);
        given.extend_from_slice(&share[..64]);
    }
    put("copies_share", "two", &given)
}

/// Papers of guardians, a checkpoint, a cosignature, and evidence of two histories.
fn guards(document: &SignedDocument, device: &SigningKey) -> Result<()> {
    let owner = document.document.id.clone();
    let guardians: Vec<_> = (20..22u8)
        .map(|number| {
            let key = SigningKey::from_seed(&Secret32::from_bytes([number; 32]));
            (key.did().clone(), vec![key.did().clone()])
        })
        .collect();
    let founding = Founding {
        ward: &owner,
        round: 1,
        threshold: 2,
        guardians: &guardians,
        wait_ms: 86_400_000,
        silence_ms: None,
        contents: vec![(None, Legacy::phrase(&Secret32::from_bytes([1; 32])).encode())],
        seed: &Secret32::from_bytes([3; 32]),
        at: Timestamp(0),
    };
    let (_, appointments) = found(founding, device)?;
    let first = appointments.into_iter().next().ok_or("there are two guardians")?;
    let (charter, guardian) = (first.charter.charter.id(), first.guardian.clone());
    let shares = first.charter.clone();
    put("guard_paper", "appointment", &didymos_guard::Paper::Appointment(Box::new(first)).encode())?;
    let claim = Claim::new(Kind::Recovery, "ann".to_owned(), owner.clone(), [9; 32], Timestamp(1), device);
    put("guard_paper", "claim", &canonical::encode(&claim))?;
    let share = didymos_guard::share::split(2, 2, &Secret32::from_bytes([3; 32]))?.shares.remove(0);
    let release = Release { charter: shares, versions: vec![document.clone()], place: 0, share };
    put("guard_paper", "release", &canonical::encode(&release))?;
    let papers = [
        didymos_guard::Paper::Answer(Answer::new(charter, guardian.clone(), Word::Accepted, Timestamp(1), device)),
        didymos_guard::Paper::Dismissal(Dismissal::new(owner.clone(), guardian.clone(), 1, Timestamp(1), device)),
        didymos_guard::Paper::Heartbeat(Heartbeat::new(owner.clone(), 1, Timestamp(1), device)),
        didymos_guard::Paper::Cancel(Cancel::new(owner.clone(), claim.id(), guardian.clone(), Timestamp(1), device)),
        didymos_guard::Paper::Notice(Box::new(Notice::new(guardian, owner.clone(), claim, Timestamp(1), device))),
    ];
    for (number, paper) in papers.iter().enumerate() {
        put("guard_paper", &number.to_string(), &paper.encode())?;
    }
    let one = Checkpoint::new(owner.clone(), 1, Digest::of(b"one"), Timestamp(1), device);
    let other = Checkpoint::new(owner.clone(), 1, Digest::of(b"other"), Timestamp(2), device);
    put("guard_checkpoint", "checkpoint", &one.encode())?;
    let certificate = document.document.certificate(device.did()).ok_or("a genesis certifies its device")?.clone();
    let cosignature = Cosignature::new(&one, owner, Timestamp(3), certificate, device);
    put("guard_checkpoint", "cosignature", &cosignature.encode())?;
    let old_root = other.root;
    let evidence = Evidence::new(vec![document.clone()], one, other, old_root, Vec::new());
    put("guard_checkpoint", "evidence", &evidence.encode())
}

/// A new passkey without attestation, for `localhost`. Its key is the base point of P-256 (SEC 2 §2.4.2).
fn attestation() -> Vec<u8> {
    const X: [u64; 4] = [0x6b17_d1f2_e12c_4247, 0xf8bc_e6e5_63a4_40f2, 0x7703_7d81_2deb_33a0, 0xf4a1_3945_d898_c296];
    const Y: [u64; 4] = [0x4fe3_42e2_fe1a_7f9b, 0x8ee7_eb4a_7c0f_9e16, 0x2bce_3357_6b31_5ece, 0xcbb6_4068_37bf_51f5];
    let expected = Expected { challenge: &[7; 32], origin: "http://localhost:7437", rp_id: "localhost" };
    let mut data = expected.rp_id_hash().to_vec();
    data.extend_from_slice(&[0x45, 0, 0, 0, 3]);
    data.extend_from_slice(&[0; 16]);
    data.extend_from_slice(b"\0\x02id\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20");
    data.extend(X.iter().flat_map(|word| word.to_be_bytes()));
    data.extend_from_slice(b"\x22\x58\x20");
    data.extend(Y.iter().flat_map(|word| word.to_be_bytes()));
    let head = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58";
    [head.as_slice(), &[data.len() as u8], &data].concat()
}

fn import(vault: &Vault, stream: &didymos_base::Stream) -> Result<()> {
    let now = || Timestamp(0);
    let mut import = vault.import(&now)?;
    let part = import.begin_part("heart.csv", "csv");
    let (stream, source) = (import.stream(stream), import.source(&Source::named("Watch")));
    let row = |minute: i64| Row {
        stream,
        source,
        start: Timestamp(minute * 60_000),
        end: Timestamp(minute * 60_000),
        zone: ZoneOffset::UTC,
        value: Value::Number(60.0 + (minute % 7) as f64),
        at: minute as u64 * 40,
    };
    import.rows(part, (0..64).map(row))?;
    import.end_part(part, 64 * 40, Digest::of(b"file"));
    import.finish()?;
    Ok(())
}

fn put(target: &str, name: &str, bytes: &[u8]) -> Result<()> {
    let folder = root().join("fuzz/corpus").join(target);
    std::fs::create_dir_all(&folder)?;
    Ok(std::fs::write(folder.join(format!("seed-{name}")), bytes)?)
}
