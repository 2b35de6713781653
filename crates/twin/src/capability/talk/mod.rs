//! Circles and messages: what the owner asks of them, and what members' twins ask of each other.

mod book;
mod exchange;
mod files;
mod owner;
mod shown;

pub(crate) use book::Talk;
pub(crate) use exchange::ERRAND;
pub(crate) use owner::find;

use crate::door::{Failure, FailureCode, Watch};
use crate::payload::Payload;
use crate::{Request, Response, Twin};
use didymos_base::Did;
use didymos_consent::Principal;

/// Answers what is about circles.
pub(crate) fn answer(
    twin: &Twin,
    principal: &Principal,
    request: Request,
    payload: &mut Payload<'_>,
    watch: Watch<'_>,
) -> Result<Response, Failure> {
    match request {
        Request::CircleCreate(asked) => owner::create(twin, &asked).map(Response::Circles),
        Request::Circles => owner::list(twin).map(Response::Circles),
        Request::CircleInvite(asked) => owner::invite(twin, &asked).map(Response::Circles),
        Request::CircleRemove(asked) => owner::remove(twin, &asked).map(Response::Circles),
        Request::CircleLeave(asked) => owner::leave(twin, &asked).map(Response::Circles),
        Request::CircleRename(asked) => owner::rename(twin, &asked).map(Response::Circles),
        Request::CircleAdmin(asked) => owner::admin(twin, &asked).map(Response::Circles),
        Request::CircleRenew(asked) => owner::renew(twin, &asked).map(Response::Circles),
        Request::MessageSend(asked) => owner::send(twin, &asked).map(Box::new).map(Response::Messages),
        Request::Messages(asked) => owner::messages(twin, &asked).map(Box::new).map(Response::Messages),
        Request::MessageRead(asked) => owner::read(twin, &asked).map(Box::new).map(Response::Messages),
        Request::FileStage(asked) => files::stage(twin, &asked).map(Response::FileStaged),
        Request::FileTake(asked) => files::take_in(twin, &asked).map(Response::FileStaged),
        Request::FileFetch(asked) => files::fetch(twin, &asked).map(Response::File),
        Request::FileSave(asked) => files::save(twin, &asked, watch).map(Response::FileSaved),
        Request::FileRead(asked) => files::read(twin, &asked).map(Response::FilePart),
        Request::KeyPackage(_) => exchange::give_package(twin, other(principal)?).map(Response::KeyPackage),
        Request::Welcome(_) => exchange::welcome(twin, other(principal)?, payload).map(Response::Nothing),
        Request::CircleSync(asked) => {
            exchange::synchronise(twin, other(principal)?, &asked, payload).map(Response::Synced)
        }
        Request::Piece(asked) => files::piece(twin, other(principal)?, &asked, payload).map(Response::Piece),
        other => Err(Failure::new(FailureCode::Invalid, format!("{} is not about circles", other.name()))),
    }
}

/// Whose twin asks.
fn other(principal: &Principal) -> Result<&Did, Failure> {
    match principal {
        Principal::Twin(did) => Ok(did),
        _ => Err(Failure::new(FailureCode::Invalid, "other twins ask this: `twin send` and `twin circle` are yours")),
    }
}
