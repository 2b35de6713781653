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
    /// Whether it is carried to whoever was forgotten, too.
    pub(crate) to_forgotten: bool,
}

/// Every kind, in the order in which they are run.
const ERRANDS: [Errand; 5] = [
    super::contracts::ERRAND,
    super::guards::ERRAND,
    super::witnesses::ERRAND,
    crate::capability::talk::ERRAND,
    super::spreading::ERRAND,
];

/// What waits for `did`.
fn waiting(twin: &Twin, did: &Did) -> impl Iterator<Item = Errand> {
    let is_contact = super::look(twin, |book| book.contacts.get(did).is_some()).unwrap_or(false);
    let carried = move |errand: &Errand| is_contact || errand.to_forgotten;
    ERRANDS.into_iter().filter(carried).filter(|errand| (errand.waits)(twin, did))
}

/// Whether anything waits for `did`.
pub(crate) fn waits(twin: &Twin, did: &Did) -> bool {
    waiting(twin, did).next().is_some()
}

/// Runs every errand to `did`. One that fails leaves the others to be tried; the first failure is told.
pub(crate) fn run(twin: &Twin, did: &Did) -> Result<(), Failure> {
    let mut first = Ok(());
    for errand in waiting(twin, did) {
        let ran = (errand.run)(twin, did);
        first = first.and(ran);
    }
    first
}
