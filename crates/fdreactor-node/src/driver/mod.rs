//! Who takes the turns: the host's loop or a thread beside it. The manual driver is none: the user calls `poll`.

mod loop_;
mod thread;

use crate::{env::RawEnv, reactor::Inner};
use fdreactor::Blocking;
use std::{os::fd::RawFd, rc::Weak};

pub(crate) use loop_::LoopDriver;
pub(crate) use thread::ThreadDriver;

/// A running driver. Dropping it stops it: no call comes from it any more.
pub(crate) enum Driver {
    Loop(LoopDriver),
    Thread(ThreadDriver),
}

impl Driver {
    pub(crate) fn on_loop(env: RawEnv, target: Weak<Inner>, fd: RawFd) -> Option<Self> {
        LoopDriver::start(env, target, fd).map(Self::Loop)
    }

    pub(crate) fn in_thread(env: RawEnv, target: Weak<Inner>, blocking: Blocking) -> Option<Self> {
        ThreadDriver::start(env, target, blocking).map(Self::Thread)
    }

    pub(crate) fn set_ref(&self, keep: bool) {
        match self {
            Self::Loop(driver) => driver.set_ref(keep),
            Self::Thread(driver) => driver.set_ref(keep),
        }
    }
}
