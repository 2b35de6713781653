//! Circles and messages.

use crate::door::{Failure, FailureCode, Watch};
use crate::{Request, Response, Twin};
use didymos_consent::Principal;

/// Answers what is about circles.
pub(crate) fn answer(_: &Twin, _: &Principal, request: Request, _: Watch<'_>) -> Result<Response, Failure> {
    Err(Failure::new(FailureCode::Invalid, format!("{}: this twin speaks to no circles yet", request.name())))
}
