//! Who takes the turns: the host's loop or a thread beside it. The manual driver is none: the user calls `poll`.

mod libuv;
mod loop_;
mod thread;

use crate::{env::RawEnv, failure::Refusal, inner::Inner};
use std::rc::Rc;

use loop_::LoopDriver;
use thread::ThreadDriver;

/// A running driver. Dropping it stops it: no call comes from it any more.
pub(crate) enum Driver {
    Loop(LoopDriver),
    Thread(ThreadDriver),
}

impl Driver {
    /// Starts what takes the turns of `inner`: 0 the loop, 1 a thread, 2 nobody.
    ///
    /// # Errors
    /// What is to be told, as a number.
    pub(crate) fn start(env: RawEnv, inner: &Rc<Inner>, kind: u32) -> Result<Option<Self>, i64> {
        let target = Rc::downgrade(inner);
        Ok(Some(match kind {
            0 => {
                let fd = inner.with(|core| Ok(core.fd())).ok().flatten().ok_or(Refusal::Internal)?;
                Self::Loop(LoopDriver::start(env, target, fd)?)
            }
            1 => {
                let lent = inner.with(|core| {
                    core.set_blocked_elsewhere(true);
                    Ok(core.lend())
                });
                let blocking = lent.ok().flatten().ok_or(Refusal::Internal)?;
                Self::Thread(ThreadDriver::start(env, target, blocking)?)
            }
            _ => return Ok(None),
        }))
    }

    pub(crate) fn set_ref(&self, keep: bool) {
        match self {
            Self::Loop(driver) => driver.set_ref(keep),
            Self::Thread(driver) => driver.set_ref(keep),
        }
    }
}
