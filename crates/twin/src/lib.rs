//! The one door of a twin.
pub mod door;
pub mod moment;
pub mod request;
pub mod response;

pub use didymos_consent::Principal;
pub use door::{Door, Failure, FailureCode, Progress, Watch};
pub use moment::Moment;
pub use request::Request;
pub use response::Response;
