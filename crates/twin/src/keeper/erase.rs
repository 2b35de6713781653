//! Deleting everything: the keys first, since what they sealed is noise without them, and then the sealed files.
//!
//! Only files that a twin makes are touched, by their names; what else lies in the folder stays. Copies elsewhere stay
//! too: they are where the owner put them, and the 24 words still open them.

use super::{Keeper, Standing};
use crate::capability::profile;
use crate::door::{Failure, FailureCode};
use crate::home;

impl Keeper {
    /// Erases the home's files. `confirm` has to be the owner's name or DID, which only an open twin can tell.
    pub fn erase(&self, confirm: &str) -> Result<(), Failure> {
        let _turn = self.turn();
        {
            let lease = self.lease()?;
            let twin = lease.twin()?;
            let named = profile::name(twin).is_some_and(|name| name == confirm.trim());
            if !named && twin.did().as_str() != confirm.trim() {
                let words = "type the twin's name, or its DID, to confirm that everything is to be deleted";
                return Err(Failure::new(FailureCode::Invalid, words));
            }
        }
        self.let_go();
        // Nobody else may be writing while it goes.
        let lock = home::lock(&self.home)?;
        home::erase(&self.home)?;
        drop(lock);
        debug_assert_eq!(self.standing(), Standing::New);
        Ok(())
    }
}
