//! Why a verb is refused: what the model foretells and what the reactor says, in one form.

use fdreactor::Error;
use rustix::io::Errno;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    System(i32),
    Closed,
    Trigger,
    Interest,
}

impl From<Errno> for Refusal {
    fn from(error: Errno) -> Self {
        Self::System(error.raw_os_error())
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::Closed => Self::Closed,
            Error::TriggerUnsupported(_) => Self::Trigger,
            Error::InterestUnsupported(_) => Self::Interest,
            _ => Self::System(error.errno()),
        }
    }
}
