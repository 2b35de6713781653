//! What waits for contacts, and how it gets to them.
//!
//! Papers, messages, pieces of copies, requests to cosign: each kind that is to reach somebody who may be away is an
//! *errand*. It says for whom something waits, and carries it when the way is open; when that is, [`online`](super::online)
//! knows: as soon as something is put there, when the other side comes by, and from time to time.

use crate::Twin;
use crate::door::Failure;
use didymos_base::Did;

/// One kind of thing that waits for contacts.
pub(crate) struct Errand {
    /// Whether something waits for them.
    pub(crate) waits: fn(&Twin, &Did) -> bool,
    /// Carries it, in order. What cannot be delivered goes on waiting; an error ends this round for this contact.
    pub(crate) run: fn(&Twin, &Did) -> Result<(), Failure>,
}

/// Every kind, in the order in which they are run. The first is of contracts.
static ERRANDS: [Errand; 5] = [
    super::contracts::ERRAND,
    super::guards::ERRAND,
    super::witnesses::ERRAND,
    crate::capability::talk::ERRAND,
    super::spreading::ERRAND,
];

/// What is carried to `did`: to whoever was forgotten only the ends of what was agreed.
fn errands(twin: &Twin, did: &Did) -> &'static [Errand] {
    let is_contact = super::look(twin, |book| book.contacts.get(did).is_some()).unwrap_or(false);
    if is_contact { &ERRANDS } else { &ERRANDS[..1] }
}

/// Whether anything waits for `did`.
pub(crate) fn waits(twin: &Twin, did: &Did) -> bool {
    errands(twin, did).iter().any(|errand| (errand.waits)(twin, did))
}

/// Runs every errand to `did`. One that fails leaves the others to be tried; the first failure is told.
pub(crate) fn run(twin: &Twin, did: &Did) -> Result<(), Failure> {
    let mut first = Ok(());
    for errand in errands(twin, did).iter().filter(|errand| (errand.waits)(twin, did)) {
        let ran = (errand.run)(twin, did);
        first = first.and(ran);
    }
    first
}
