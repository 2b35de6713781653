//! `twin openapi`: the API's own description.

use crate::exit::Exit;
use crate::output;
use crate::trouble::Trouble;

pub(crate) fn run() -> Result<Exit, Trouble> {
    // A server's session cookie ends in its port, so that two twins on one machine do not log each other out.
    output::json(&didymos_gateway::openapi_document("twin_session_PORT"))?;
    Ok(Exit::Done)
}
