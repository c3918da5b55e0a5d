//! The batch: records in memory that JavaScript allocated, and the one call that announces them.

use crate::{
    buffer,
    env::{AsyncContext, HandleScope, RawEnv, Reference},
    failure::Refusal,
};
use fdreactor::Event;
use napi::sys;

/// A record is a slot, a generation and a readiness.
pub(crate) const RECORD_WORDS: u32 = 3;
const _: () = assert!(RECORD_WORDS as usize * size_of::<u32>() == size_of::<[u32; 3]>());

/// Where the events of one turn go.
pub(crate) struct Batch {
    env: RawEnv,
    records: Reference,
    dispatch: Reference,
    context: AsyncContext,
}

impl Batch {
    /// Takes the array and the dispatcher. The dispatcher is held weakly until something is registered: it holds the
    /// reactor, which must stay collectable while nothing can happen on it.
    pub(crate) fn new(env: RawEnv, records: sys::napi_value, dispatch: sys::napi_value) -> Option<Self> {
        Some(Self {
            env,
            records: Reference::new(env, records, true)?,
            dispatch: Reference::new(env, dispatch, false)?,
            context: AsyncContext::new(env, c"FDREACTOR")?,
        })
    }

    pub(crate) fn keep_alive(&self, keep: bool) {
        self.dispatch.set_strong(keep);
    }

    /// Writes the records of a turn. Returns their number, or a failure.
    pub(crate) fn write(&self, events: &[Event]) -> i64 {
        if events.is_empty() {
            return 0;
        }
        let write = || {
            let _scope = HandleScope::open(self.env)?;
            let records = self.records.get()?;
            let words = events
                .iter()
                .map(|event| [event.token.slot(), event.token.generation(), event.readiness.bits()]);
            buffer::write_words(self.env, records, words)?;
            i64::try_from(events.len()).ok()
        };
        write().unwrap_or(Refusal::Internal.into())
    }

    /// Calls the dispatcher with a number of records, or a failure.
    pub(crate) fn announce(&self, number: i64) {
        let call = || {
            let _scope = HandleScope::open(self.env)?;
            self.context.call(self.dispatch.get()?, number)
        };
        // If it could not run, the environment is ending; if it threw, that has been told.
        let _ = call();
    }
}
