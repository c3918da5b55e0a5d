//! One record of a batch.

use crate::{readiness::Readiness, token::Token};

/// What one turn found on one registration: readable and writable merged into one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Whose event it is.
    pub token: Token,
    /// What was found.
    pub readiness: Readiness,
}
