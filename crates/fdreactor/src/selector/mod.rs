//! The contract that every backend keeps, and the choice of one at run time.
//!
//! A backend has two halves. The `Selector` stays with the registry and changes what is watched; the `Waiter` blocks and
//! may live in another thread. They share what they must, so that a change made while the waiter blocks takes effect.

mod deadline;
mod mio;
mod poll;
mod select;

use crate::{
    backend::{Backend, Capabilities},
    error::{Error, Result},
    event::Event,
    token::Token,
    trigger::Arming,
};
use std::{os::fd::RawFd, time::Duration};

/// How a selector behaves where the reactor must know, beyond what users may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Traits {
    /// A second `add` of one open file under one number fails with `EEXIST`, so that a stale entry can be told from a double one.
    pub(crate) refuses_doubles: bool,
    /// The kernel itself falls silent after a oneshot event and keeps the descriptor in its set.
    pub(crate) kernel_oneshot: bool,
    /// A change made while the waiter blocks is seen by that very wait.
    pub(crate) live: bool,
}

/// The half of a backend that changes what is watched.
pub(crate) trait Selector: Send {
    fn capabilities(&self) -> Capabilities;
    fn traits(&self) -> Traits;

    /// Starts watching. The interest is not empty and within the capabilities.
    fn add(&mut self, fd: RawFd, token: Token, arming: Arming) -> Result<()>;
    /// Changes what is watched, from `old`; the events found from now on carry the new token.
    fn modify(&mut self, fd: RawFd, token: Token, arming: Arming, old: Arming) -> Result<()>;
    /// Stops watching. Whatever the result, the selector has forgotten the descriptor.
    fn remove(&mut self, fd: RawFd) -> Result<()>;

    /// How many system calls have changed the kernel's set, if there is one.
    fn changes(&self) -> u64 {
        0
    }

    /// The other half. Called once, or once more after each [`rebuild`](Self::rebuild).
    fn waiter(&mut self, limit: usize) -> Box<dyn Waiter>;
    /// Throws the kernel's set away and makes one that watches `kept` alone, if the kernel holds a set at all. When it fails,
    /// everything is as it was.
    ///
    /// The only cure for an entry whose descriptor was closed while a duplicate lives: no number reaches it any more.
    fn rebuild(&mut self, kept: RawFd, token: Token, arming: Arming) -> Result<bool>;
    /// After a [`rebuild`](Self::rebuild): whether the set that was thrown away had this number's present file.
    fn had(&self, fd: RawFd) -> bool;
    /// The descriptor that is readable while the set has something to report.
    fn fd(&self) -> Option<RawFd>;
}

/// The half of a backend that blocks.
pub(crate) trait Waiter: Send {
    /// Waits for at most `timeout` (`None`: for ever) and appends what was found: at most one event per token, and at
    /// most as many as the limit the waiter was made with. A signal ends nothing, and it never returns empty-handed early.
    fn wait(&mut self, timeout: Option<Duration>, found: &mut Vec<Event>) -> Result<()>;
}

/// Makes a selector.
///
/// # Errors
/// [`Error::BackendUnsupported`], or what the system says when it cannot make one more epoll or kqueue descriptor.
pub(crate) fn open(backend: Backend, unbounded_select: bool) -> Result<Box<dyn Selector>> {
    if !backend.is_supported() {
        return Err(Error::BackendUnsupported(backend));
    }
    Ok(match backend {
        Backend::Epoll | Backend::Kqueue => Box::new(mio::MioSelector::new()?),
        Backend::Poll => Box::new(poll::PollSelector::default()),
        Backend::Select => Box::new(select::SelectSelector::new(unbounded_select)),
    })
}
